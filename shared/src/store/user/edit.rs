//! Changing a user.

use crate::ids::{Purpose, UserId};
use crate::patch::Patch;
use crate::store::Store;
use crate::store::account::{Account, AccountUpdate};
use crate::store::audit::{Action, AdminError, AdminWrite, RoleAndStatus};
use crate::store::editor::{AccessError, Editor};
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::fence::Fence;
use crate::store::item::{Item, s};
use crate::store::owner_state::set_owner_states;
use crate::store::reservation::{
    OthersReservations, ReservationConflict, StoredForms, UserReservations,
};
use crate::store::schema::{Key, UniqueField};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::Record;
use crate::store::user::Changes;
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::user::{Avatar, Status, User};

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditUserError {
    /// The editor may not change the account.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Somebody else has the username.
    #[error("somebody else has the username")]
    UsernameTaken,
    /// Somebody else has the e-mail address.
    #[error("somebody else has the e-mail address")]
    EmailTaken,
    /// The upload is not a verified avatar of the user's.
    #[error("the upload is not a verified avatar of the user's")]
    AvatarUnusable,
}

impl From<StoreError> for EditUserError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl From<AdminError> for EditUserError {
    fn from(error: AdminError) -> Self {
        Self::Access(error.into())
    }
}

/// What is known of a user who is to be changed.
struct Current {
    item: Item,
    user: User,
    avatar: Option<Avatar>,
    /// Whether the editor asks for the version that was read.
    is_matched: bool,
}

/// What of an account has to be as it was read for a change to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basis {
    /// All of it: what the change leaves behind is known without reading it.
    Version,
    /// Role and status alone. Nothing that its owner does can hold off such a change.
    Access,
}

impl Store {
    /// Changes a user. Plain fields of one's own take one write; names, status and picture a read and a transaction, and
    /// so does whatever an administrator changes.
    ///
    /// # Errors
    /// If the change was refused, or the table is not available.
    pub async fn edit_user(
        &self,
        user: &UserId,
        changes: &Changes,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<User, EditUserError> {
        if changes.is_empty() {
            let account = self.read_as(editor, user, None).await?.account()?;
            return Ok(editor.admit(account, if_match)?);
        }
        if let Editor::Owner(epoch) = editor
            && changes.is_plain()
        {
            let change = |update: &mut AccountUpdate| changes.write_to(update, None);
            let edited = self.edit_unread(user, change, epoch, if_match).await;
            return Ok(edited?);
        }
        let mut foreign = OthersReservations::new();
        let mut attempts = self.attempts();
        loop {
            let current = self.current(user, changes, editor, if_match).await?;
            let basis = if attempts.is_first() || !changes.are_about_access() {
                Basis::Version
            } else {
                Basis::Access
            };
            let outcome = self.edit_once(current, changes, editor, basis, &mut foreign);
            match outcome.await? {
                Some(after) if basis == Basis::Version => return Ok(after),
                Some(after) => return Ok(self.as_left(after).await),
                None => attempts.start_over().await?,
            }
        }
    }

    /// The user whom a change that did not ask for a version has left as `written`, or as something later. That the user
    /// cannot be read must not make a change fail that was made.
    async fn as_left(&self, written: User) -> User {
        let read = self.account(&written.id).await.ok().flatten();
        let read = read.and_then(Account::into_user);
        read.filter(|read| read.epoch == written.epoch)
            .unwrap_or(written)
    }

    async fn current(
        &self,
        user: &UserId,
        changes: &Changes,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<Current, EditUserError> {
        let upload = match changes.avatar {
            Patch::Set(upload) => Some(upload),
            Patch::Keep | Patch::Clear => None,
        };
        let found = self.read_as(editor, user, upload).await?;
        let avatar = picture(found.upload.as_ref(), user)?;
        let user = editor.admit(found.account()?, if_match)?;
        let avatar = avatar.filter(|avatar| avatar.upload.epoch() == user.epoch);
        if upload.is_some() && avatar.is_none() {
            return Err(EditUserError::AvatarUnusable);
        }
        Ok(Current {
            item: found.user.unwrap_or_default(),
            user,
            avatar,
            is_matched: if_match.is_some(),
        })
    }

    /// `None` if the user has changed meanwhile.
    async fn edit_once(
        &self,
        current: Current,
        changes: &Changes,
        editor: Editor<'_>,
        basis: Basis,
        foreign: &mut OthersReservations,
    ) -> Result<Option<User>, EditUserError> {
        let now = self.clock.now().following(current.user.updated_at);
        let update = account_update(&current, changes, basis, now);
        let transaction = edit(&current, changes, update, foreign);
        let (before, id) = (RoleAndStatus::from(&current.user), current.user.id.clone());
        let after = changes.applied_to(current.user, current.avatar, now);
        let write = AdminWrite {
            action: Action::ChangeUser,
            target: &id,
            upload: None,
            fields: changes.fields(),
            before: Some(before),
            after: Some(RoleAndStatus::from(&after)),
        };
        let cancelled = match self.transact_by(editor, &write, transaction).await? {
            Transacted::Done => return Ok(Some(after)),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        match ReservationConflict::from_cancelled(&cancelled, foreign) {
            ReservationConflict::Changed => Ok(None),
            ReservationConflict::Taken(UniqueField::Username) => Err(EditUserError::UsernameTaken),
            ReservationConflict::Taken(UniqueField::Email) => Err(EditUserError::EmailTaken),
        }
    }
}

/// What changes in the user item.
fn account_update(
    current: &Current,
    changes: &Changes,
    basis: Basis,
    now: Timestamp,
) -> AccountUpdate {
    let (item, user) = (&current.item, &current.user);
    let mut update = match basis {
        Basis::Version => AccountUpdate::at(now),
        Basis::Access => AccountUpdate::after_the_last(),
    };
    changes.write_to(&mut update, current.avatar.as_ref());
    if changes.change_access() {
        update.raise_access_version();
    }
    if basis == Basis::Version || current.is_matched {
        update.require_unchanged(user);
    }
    match basis {
        Basis::Version => {
            update.require_as_read(item, &["status"]);
            if changes.status.is_some() {
                update.raise_fence(Fence::from_item(item), now);
            }
        }
        Basis::Access => {
            update.require_as_read(item, &["epoch", "status", "role", "access_version"]);
            if changes.status.is_some() {
                update.increase("fence");
            }
        }
    }
    update
}

/// The user first, then reservations to take and to release, then what else has to hold.
fn edit(
    current: &Current,
    changes: &Changes,
    update: AccountUpdate,
    foreign: &OthersReservations,
) -> Transaction {
    let user = &current.user;
    let transaction = Transaction::new().update(Slot::Account, Key::user(&user.id), update);
    let held = UserReservations {
        user: &user.id,
        stored: &StoredForms::from_item(&current.item),
        foreign,
    };
    let mut transaction = transaction;
    if !changes.username.is_keep() {
        let (now, next) = (user.username.as_ref(), changes.username.value());
        transaction = held.change(transaction, UniqueField::Username, now, next);
    }
    if !changes.email.is_keep() {
        let (now, next) = (user.email.as_ref(), changes.email.value());
        transaction = held.change(transaction, UniqueField::Email, now, next);
    }
    if let Some(avatar) = &current.avatar {
        let key = Key::upload(&user.id, avatar.upload);
        transaction = transaction.check(Slot::Upload(avatar.upload), key, is_still(avatar));
    }
    if let Some(status) = changes.status {
        let disabled = status == Status::Disabled;
        transaction = set_owner_states(transaction, &user.id, user.epoch, disabled);
    }
    transaction
}

/// The picture is still what was read: ready, and that version, which is the one that the profile will name.
fn is_still(avatar: &Avatar) -> Condition {
    let version = match &avatar.version {
        Some(version) => Condition::new("version_id = :version").value(":version", s(version)),
        None => Condition::new("attribute_not_exists(version_id)"),
    };
    Condition::new("#status = :ready")
        .value(":ready", s(UploadStatus::Ready.as_str()))
        .and(version)
}

/// The upload as a picture, if it can be one.
fn picture(upload: Option<&Item>, user: &UserId) -> Result<Option<Avatar>, StoreError> {
    let record = upload.map(|item| Record::from_item(item, user));
    let usable = record.transpose()?.filter(|record| {
        record.status == UploadStatus::Ready && record.key.upload.purpose() == Purpose::Avatar
    });
    Ok(usable.map(|record| Avatar {
        upload: record.key.upload,
        key: record.key,
        version: record.version,
    }))
}
