//! Registering a user ahead of their first login.

use crate::ids::{Epoch, OpenId, UserId};
use crate::profile::{Email, Username};
use crate::store::Store;
use crate::store::account::{Account, AccountState, AccountUpdate, Lifecycle};
use crate::store::actor::Actor;
use crate::store::audit::{Action, AdminError, AdminWrite, NotAdmin, RoleAndStatus};
use crate::store::editor::Editor;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, n, s};
use crate::store::reservation::{
    OthersReservations, ReservationConflict, StoredForms, UserReservations,
};
use crate::store::schema::{Key, USERS_SHARD, UniqueField, age_key};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::time::Timestamp;
use crate::user::{NewNickname, Role, Status, User};

/// A user to register ahead of their first login.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id that a login with the openid leads to.
    pub id: UserId,
    /// The person at WeChat.
    pub openid: OpenId,
    /// Reserved in the same transaction.
    pub username: Option<Username>,
    /// The unique e-mail address.
    pub email: Option<Email>,
    /// Need not be unique.
    pub nickname: Option<NewNickname>,
    /// What the user may do.
    pub role: Role,
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Whoever wanted to create them is no administrator any more.
    #[error("the actor is no administrator")]
    NotAdmin(NotAdmin),
    /// The person has an account.
    #[error("the user exists")]
    Exists,
    /// The person's last account is still being deleted.
    #[error("the account is being deleted")]
    Deleting,
    /// Somebody else has the username.
    #[error("somebody else has the username")]
    UsernameTaken,
    /// Somebody else has the e-mail address.
    #[error("somebody else has the e-mail address")]
    EmailTaken,
    /// The table gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdminError> for CreateUserError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotAdmin(refusal) => Self::NotAdmin(refusal),
            AdminError::Store(error) => Self::Store(error),
        }
    }
}

impl NewUser {
    /// The fields that are set, by their names in the API.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("username", self.username.is_some()),
            ("email", self.email.is_some()),
            ("nickname", self.nickname.is_some()),
            ("role", true),
        ]
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
    }

    /// The user as the transaction that registers them leaves it, which returns nothing itself.
    fn created(&self, former: Option<&Former>, now: Timestamp) -> User {
        let mut user = User {
            id: self.id.clone(),
            epoch: former.map_or(Epoch::FIRST, |former| former.account.epoch),
            version: former.map_or(0, |former| former.version) + 1,
            status: Status::Active,
            role: self.role,
            username: self.username.clone(),
            email: self.email.clone(),
            nickname: None,
            pending_nickname: None,
            avatar: None,
            phone: None,
            created_at: now,
            updated_at: now,
        };
        if let Some(nickname) = &self.nickname {
            user.store_nickname(nickname);
        }
        user
    }
}

/// The item of a deleted account, which the new one takes over.
struct Former {
    account: Account,
    version: u64,
    forms: StoredForms,
}

impl Store {
    /// Registers a user ahead of their first login.
    ///
    /// What is there is read before the write and not after it: once the user is created, nothing is left that could
    /// fail and have a repetition refused.
    ///
    /// # Errors
    /// If the user was not created.
    pub async fn create_user(
        &self,
        new: &NewUser,
        actor: Actor<'_>,
    ) -> Result<User, CreateUserError> {
        let editor = Editor::Admin(actor);
        let mut foreign = OthersReservations::new();
        let mut attempts = self.attempts();
        loop {
            let former = self.former(new, editor).await?;
            let now = self.clock.now();
            let user = new.created(former.as_ref(), now);
            let write = AdminWrite {
                action: Action::CreateUser,
                target: &new.id,
                upload: None,
                fields: new.fields(),
                before: None,
                after: Some(RoleAndStatus::from(&user)),
            };
            let transaction = creation(new, former.as_ref(), now, &foreign);
            let cancelled = match self.transact_by(editor, &write, transaction).await? {
                Transacted::Done => return Ok(user),
                Transacted::Cancelled(cancelled) => cancelled,
            };
            match ReservationConflict::from_cancelled(&cancelled, &mut foreign) {
                // Somebody registered, or began to be deleted, in the meantime: look again.
                ReservationConflict::Changed => {}
                ReservationConflict::Taken(UniqueField::Username) => {
                    return Err(CreateUserError::UsernameTaken);
                }
                ReservationConflict::Taken(UniqueField::Email) => {
                    return Err(CreateUserError::EmailTaken);
                }
            }
            attempts.start_over().await?;
        }
    }

    async fn former(
        &self,
        new: &NewUser,
        editor: Editor<'_>,
    ) -> Result<Option<Former>, CreateUserError> {
        let Some(item) = self.read_as(editor, &new.id, None).await?.user else {
            return Ok(None);
        };
        let account = Account::from_item(&item)?;
        match account.lifecycle {
            Lifecycle::Live(_) => Err(CreateUserError::Exists),
            Lifecycle::Deleting => Err(CreateUserError::Deleting),
            Lifecycle::Deleted => Ok(Some(Former {
                account,
                version: item::opt_num(&item, "version").unwrap_or(0),
                forms: StoredForms::from_item(&item),
            })),
        }
    }
}

fn creation(
    new: &NewUser,
    former: Option<&Former>,
    now: Timestamp,
    foreign: &OthersReservations,
) -> Transaction {
    let mut update = AccountUpdate::at(now);
    update.set("created_at", n(now.millis()));
    update.set_if_absent("epoch", n(Epoch::FIRST.get()));
    update.set_status(AccountState::Active);
    update.set("openid", s(new.openid.as_str()));
    update.set("gsi1pk", s(USERS_SHARD));
    update.set("gsi1sk", s(age_key(now, &new.id)));
    update.set_role(new.role);
    if let Some(username) = &new.username {
        update.set_username(username);
    }
    if let Some(email) = &new.email {
        update.set_email(email);
    }
    if let Some(nickname) = &new.nickname {
        update.set_nickname(nickname);
    }
    require_former(&mut update, former, now);
    let transaction = Transaction::new().update(Slot::Account, Key::user(&new.id), update);
    let none = StoredForms::default();
    let held = UserReservations {
        user: &new.id,
        stored: former.map_or(&none, |former| &former.forms),
        foreign,
    };
    let username = new.username.as_ref();
    let transaction = held.change(transaction, UniqueField::Username, None, username);
    held.change(transaction, UniqueField::Email, None, new.email.as_ref())
}

/// Lets the registration through only while the account is as it was read.
fn require_former(update: &mut AccountUpdate, former: Option<&Former>, now: Timestamp) {
    update.require(match former {
        Some(former) => Condition::new("#status = :deleted AND epoch = :former_epoch")
            .value(":deleted", s(AccountState::Deleted.as_str()))
            .value(":former_epoch", n(former.account.epoch.get())),
        None => Condition::new("attribute_not_exists(pk)"),
    });
    let fence = former.map(|former| former.account.fence);
    update.raise_fence(fence.unwrap_or_default(), now);
}
