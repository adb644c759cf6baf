//! Changing a user.

use crate::ids::{UploadId, UserId};
use crate::patch::Patch;
use crate::profile::{Email, Nickname, Username};
use crate::store::Store;
use crate::store::account::{AccountState, AccountUpdate};
use crate::store::audit::{Action, AdminError, AdminWrite, Standing};
use crate::store::editor::{AccessError, Editor};
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::fence::Fence;
use crate::store::item::s;
use crate::store::owner_state::owner_state;
use crate::store::reservation::{Foreign, Held, Obstacle, StoredForms};
use crate::store::schema::{Key, UniqueField};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::user::{ATTEMPTS, kept_changing};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::user::{Avatar, Role, Status, User};

/// What is to change about a user.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The unique name.
    pub username: Patch<Username>,
    /// The unique e-mail address.
    pub email: Patch<Email>,
    /// The display name.
    pub nickname: Patch<Nickname>,
    /// The picture: one of the user's own, verified uploads.
    pub avatar: Patch<UploadId>,
    /// What the user may do.
    pub role: Option<Role>,
    /// Whether the account can be used.
    pub status: Option<Status>,
}

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

impl Changes {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// Whether the user item alone is to change, so that one write without a read will do.
    fn is_plain(&self) -> bool {
        self.username.is_keep()
            && self.email.is_keep()
            && self.status.is_none()
            && !matches!(self.avatar, Patch::Set(_))
    }

    /// The fields that are set or cleared, by their names in the API.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("username", !self.username.is_keep()),
            ("email", !self.email.is_keep()),
            ("nickname", !self.nickname.is_keep()),
            ("avatar_upload_id", !self.avatar.is_keep()),
            ("role", self.role.is_some()),
            ("status", self.status.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
    }

    /// Writes the changes; `avatar` is the picture that is set.
    fn write_to(&self, update: &mut AccountUpdate, avatar: Option<&Avatar>) {
        match &self.username {
            Patch::Keep => {}
            Patch::Clear => update.clear_username(),
            Patch::Set(name) => update.set_username(name),
        }
        match &self.email {
            Patch::Keep => {}
            Patch::Clear => update.clear_email(),
            Patch::Set(email) => update.set_email(email),
        }
        match &self.nickname {
            Patch::Keep => {}
            Patch::Clear => update.remove("nickname"),
            Patch::Set(nickname) => update.set("nickname", s(nickname.as_str())),
        }
        match (&self.avatar, avatar) {
            (Patch::Set(_), Some(avatar)) => update.set_avatar(avatar),
            (Patch::Clear, _) => update.clear_avatar(),
            _ => {}
        }
        if let Some(role) = self.role {
            update.set_role(role);
        }
        if let Some(status) = self.status {
            update.set_status(status.into());
        }
    }

    /// The user as the transaction left them, which returns nothing itself.
    fn applied_to(&self, mut user: User, avatar: Option<Avatar>, now: Timestamp) -> User {
        self.username.apply_to(&mut user.username);
        self.email.apply_to(&mut user.email);
        self.nickname.apply_to(&mut user.nickname);
        if !self.avatar.is_keep() {
            user.avatar = avatar;
        }
        user.role = self.role.unwrap_or(user.role);
        user.status = self.status.unwrap_or(user.status);
        user.version += 1;
        user.updated_at = now;
        user
    }
}

/// What is known of a user who is to be changed.
struct Current {
    user: User,
    avatar: Option<Avatar>,
    fence: Fence,
    forms: StoredForms,
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
        let mut foreign = Foreign::new();
        for _ in 0..ATTEMPTS {
            let current = self.current(user, changes, editor, if_match).await?;
            let outcome = self.edit_once(current, changes, editor, &mut foreign);
            if let Some(user) = outcome.await? {
                return Ok(user);
            }
        }
        Err(kept_changing().into())
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
        let item = found.user.as_ref();
        let (fence, forms) = (item.map(Fence::from_item), item.map(StoredForms::from_item));
        let avatar = found.avatar(user)?;
        let user = editor.admit(found.account()?, if_match)?;
        let avatar = avatar.filter(|avatar| avatar.upload.epoch() == user.epoch);
        if upload.is_some() && avatar.is_none() {
            return Err(EditUserError::AvatarUnusable);
        }
        Ok(Current {
            user,
            avatar,
            fence: fence.unwrap_or_default(),
            forms: forms.unwrap_or_default(),
        })
    }

    /// `None` if the user has changed meanwhile.
    async fn edit_once(
        &self,
        current: Current,
        changes: &Changes,
        editor: Editor<'_>,
        foreign: &mut Foreign,
    ) -> Result<Option<User>, EditUserError> {
        let now = self.clock.now().following(current.user.updated_at);
        let transaction = edit(&current, changes, now, foreign);
        let (before, id) = (Standing::from(&current.user), current.user.id.clone());
        let after = changes.applied_to(current.user, current.avatar, now);
        let write = AdminWrite {
            action: Action::ChangeUser,
            target: &id,
            upload: None,
            fields: changes.fields(),
            before: Some(before),
            after: Some(Standing::from(&after)),
        };
        let cancelled = match self.transact_by(editor, &write, transaction).await? {
            Transacted::Done => return Ok(Some(after)),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        match Obstacle::of(&cancelled, foreign) {
            Obstacle::Changed => Ok(None),
            Obstacle::Taken(UniqueField::Username) => Err(EditUserError::UsernameTaken),
            Obstacle::Taken(UniqueField::Email) => Err(EditUserError::EmailTaken),
        }
    }
}

/// The user first, then reservations to take and to release, then what else has to hold.
fn edit(current: &Current, changes: &Changes, now: Timestamp, foreign: &Foreign) -> Transaction {
    let user = &current.user;
    let mut update = AccountUpdate::at(now);
    changes.write_to(&mut update, current.avatar.as_ref());
    if changes.status.is_some() {
        update.raise_fence(current.fence, now);
    }
    update.require_unchanged(user);
    let was = AccountState::from(user.status).as_str();
    update.require(Condition::new("#status = :status_was").value(":status_was", s(was)));
    let transaction = Transaction::new().update(Slot::Account, Key::user(&user.id), update);
    let held = Held {
        user: &user.id,
        stored: &current.forms,
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
        let state = owner_state(&user.id, user.epoch, status == Status::Disabled);
        transaction = transaction.put(Slot::OwnerState, state);
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
