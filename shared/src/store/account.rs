//! The user item: what it says of an account, and what every change of it has in common.

use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::ids::{Epoch, OpenId, UserId};
use crate::profile::{Email, Username};
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::fence::{self, Fence};
use crate::store::item::{self, Item, n, s};
use crate::store::nickname;
use crate::store::schema;
use crate::store::transaction::{Cancelled, Slot};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::user::{Avatar, Role, Status, User};

/// What reading an account takes, but for the openid: without sessions, which are most of an item.
pub(super) const PROJECTION: &str = "pk, epoch, #status, #role, version, username, email, nickname, nickname_pending, \
     nickname_status, avatar_key, avatar_version, phone, created_at, updated_at";

/// What the attribute `status` of a user item says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountState {
    /// Its owner is let in.
    Active,
    /// An administrator has shut it.
    Disabled,
    /// The account generation has ended; `purge` has yet to remove what it left behind.
    Deleting,
    /// Nothing is left of the account generation.
    Deleted,
}

impl AccountState {
    const ALL: [Self; 4] = [Self::Active, Self::Disabled, Self::Deleting, Self::Deleted];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => Status::Active.as_str(),
            Self::Disabled => Status::Disabled.as_str(),
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// The state of the account, if the item is one.
    pub(super) fn from_item(item: &Item) -> Result<Option<Self>, StoreError> {
        item::opt_parsed(item, "status")
    }
}

impl From<Status> for AccountState {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Disabled => Self::Disabled,
        }
    }
}

impl FromStr for AccountState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(())
    }
}

/// An account in any state.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user whose account it is, or was.
    pub id: UserId,
    /// Which account generation the item is in: after a deletion, the one that is to come.
    pub epoch: Epoch,
    /// The person at WeChat; unknown where only a part of the item was read.
    pub openid: Option<OpenId>,
    /// Whether there is a user.
    pub lifecycle: Lifecycle,
    /// What orders writes; unknown where only a part of the item was read.
    pub(super) fence: Fence,
}

/// What there is of an account.
#[derive(Clone, Debug)]
pub enum Lifecycle {
    /// A user, active or disabled.
    Live(Box<User>),
    /// What the last account generation left behind, for `purge` to remove.
    Deleting,
    /// Nothing, until the person registers again.
    Deleted,
}

/// Why an account does not let its owner in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token belongs to an earlier account generation, or to none.
    Gone,
    /// An administrator has shut the account.
    Disabled,
}

impl Account {
    /// The user, if a token of `epoch` lets them in.
    ///
    /// # Errors
    /// If the account is of another epoch, deleted, or disabled.
    pub fn admit(self, epoch: Epoch) -> Result<User, Refusal> {
        match self.lifecycle {
            Lifecycle::Live(user) if user.epoch == epoch => match user.status {
                Status::Active => Ok(*user),
                Status::Disabled => Err(Refusal::Disabled),
            },
            _ => Err(Refusal::Gone),
        }
    }

    /// The user, unless the account is deleted.
    pub fn user(&self) -> Option<&User> {
        match &self.lifecycle {
            Lifecycle::Live(user) => Some(user),
            Lifecycle::Deleting | Lifecycle::Deleted => None,
        }
    }

    /// As [`Account::user`].
    pub fn into_user(self) -> Option<User> {
        match self.lifecycle {
            Lifecycle::Live(user) => Some(*user),
            Lifecycle::Deleting | Lifecycle::Deleted => None,
        }
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, StoreError> {
        let id = schema::user_in_partition(item::str(item, "pk")?);
        let id = id.ok_or(StoreError::Corrupt("pk"))?;
        let epoch = Epoch::try_from(item::num::<u64>(item, "epoch")?)
            .map_err(|_| StoreError::Corrupt("epoch"))?;
        let live = |status| user_from_item(item, id.clone(), epoch, status).map(Box::new);
        let lifecycle = match item::parsed(item, "status")? {
            AccountState::Active => Lifecycle::Live(live(Status::Active)?),
            AccountState::Disabled => Lifecycle::Live(live(Status::Disabled)?),
            AccountState::Deleting => Lifecycle::Deleting,
            AccountState::Deleted => Lifecycle::Deleted,
        };
        Ok(Self {
            id,
            epoch,
            openid: item::opt_parsed(item, "openid")?,
            lifecycle,
            fence: Fence::from_item(item),
        })
    }
}

fn user_from_item(
    item: &Item,
    id: UserId,
    epoch: Epoch,
    status: Status,
) -> Result<User, StoreError> {
    Ok(User {
        avatar: avatar_from_item(item)?,
        id,
        epoch,
        status,
        version: item::num(item, "version")?,
        role: item::parsed(item, "role")?,
        username: item::opt_str(item, "username").map(Username::stored),
        email: item::opt_str(item, "email").map(Email::stored),
        nickname: nickname::visible(item),
        pending_nickname: nickname::pending(item)?,
        phone: item::opt_str(item, "phone").map(str::to_owned),
        created_at: Timestamp::from_millis(item::num(item, "created_at")?),
        updated_at: Timestamp::from_millis(item::num(item, "updated_at")?),
    })
}

fn avatar_from_item(item: &Item) -> Result<Option<Avatar>, StoreError> {
    let key: Option<ObjectKey> = item::opt_parsed(item, "avatar_key")?;
    let version = item::opt_str(item, "avatar_version").map(str::to_owned);
    Ok(key.map(|key| Avatar {
        upload: key.upload,
        key,
        version,
    }))
}

/// That the account is of this generation, and has not been deleted.
pub(super) fn is_live(epoch: Epoch) -> Condition {
    let states = [AccountState::Active, AccountState::Disabled];
    let states = states.map(|state| s(state.as_str()));
    Condition::one_of("status", ":live", states)
        .and(Condition::new("epoch = :epoch").value(":epoch", n(epoch.get())))
}

/// Holds while the account lets its owner in with a token of `epoch`.
pub(super) fn is_open(epoch: Epoch) -> Condition {
    Condition::new("#status = :active AND epoch = :epoch")
        .value(":active", s(AccountState::Active.as_str()))
        .value(":epoch", n(epoch.get()))
}

/// Why the account does not let a token of `epoch` in, if the transaction was cancelled for that.
pub(super) fn refusal(cancelled: &Cancelled, epoch: Epoch) -> Result<Option<Refusal>, StoreError> {
    if !cancelled.refused(&Slot::Account) {
        return Ok(None);
    }
    let account = cancelled.item(&Slot::Account).map(Account::from_item);
    let refusal = account
        .transpose()?
        .and_then(|account| account.admit(epoch).err());
    Ok(Some(refusal.unwrap_or(Refusal::Gone)))
}

/// A change of the user item that the API shows: it raises the version, and most of them say when they were made.
#[derive(Debug)]
pub(super) struct AccountUpdate(UpdateExpression);

impl AccountUpdate {
    /// A change at `now`, which has to be later than the last one.
    pub(super) fn at(now: Timestamp) -> Self {
        let mut update = Self::without_timestamp();
        update.set("updated_at", n(now.millis()));
        update
    }

    /// The end of an account generation: a user who is no longer shown has no time of change.
    pub(super) fn without_timestamp() -> Self {
        let mut update = Self(UpdateExpression::new());
        update.increase("version");
        update
    }

    /// A change that comes after the last one, whenever that was.
    pub(super) fn after_the_last() -> Self {
        let mut update = Self::without_timestamp();
        update.increase("updated_at");
        update
    }

    pub(super) fn set_status(&mut self, state: AccountState) {
        self.set("status", s(state.as_str()));
    }

    pub(super) fn set_role(&mut self, role: Role) {
        self.set("role", s(role.as_str()));
    }

    /// Sets a name with its compared form, under which it is reserved.
    pub(super) fn set_username(&mut self, name: &Username) {
        self.set("username", s(name.as_str()));
        self.set("username_key", s(name.compared()));
    }

    /// As [`AccountUpdate::set_username`].
    pub(super) fn set_email(&mut self, email: &Email) {
        self.set("email", s(email.as_str()));
        self.set("email_key", s(email.compared()));
    }

    pub(super) fn clear_username(&mut self) {
        self.remove("username");
        self.remove("username_key");
    }

    pub(super) fn clear_email(&mut self) {
        self.remove("email");
        self.remove("email_key");
    }

    pub(super) fn set_avatar(&mut self, avatar: &Avatar) {
        self.set("avatar_key", s(avatar.key.to_string()));
        self.set("avatar_upload_id", s(avatar.upload.to_string()));
        match &avatar.version {
            Some(version) => self.set("avatar_version", s(version)),
            None => self.remove("avatar_version"),
        }
    }

    pub(super) fn clear_avatar(&mut self) {
        for attribute in ["avatar_key", "avatar_version", "avatar_upload_id"] {
            self.remove(attribute);
        }
    }

    /// Raises the fence, and lets the change through only while nobody else does.
    pub(super) fn raise_fence(&mut self, fence: Fence, now: Timestamp) {
        self.set("fence", n(fence.next(now).millis()));
        self.require(fence.unchanged());
    }

    /// Raises the fence so far that whoever raises it meanwhile does not get there first.
    pub(super) fn overtake_fence(&mut self, fence: Fence, now: Timestamp) {
        let number = fence.next(now.after(fence::LEAD));
        self.set("fence", n(number.millis()));
        self.require(Condition::new(fence::LOWER));
    }

    /// Lets the change through only while the account is as it was read.
    pub(super) fn require_unchanged(&mut self, user: &User) {
        let read = Condition::new("version = :version AND epoch = :epoch")
            .value(":version", n(user.version))
            .value(":epoch", n(user.epoch.get()));
        self.require(read);
    }

    /// Lets the change through only while these attributes are as they were read.
    pub(super) fn require_as_read(&mut self, item: &Item, attributes: &[&str]) {
        for attribute in attributes {
            self.require(Condition::as_read(attribute, item));
        }
    }

    /// Counts a change of role or status, so that one which was decided on before it is refused.
    pub(super) fn raise_access_version(&mut self) {
        self.increase("access_version");
    }

    /// Lets the change through only after every other that has been made.
    pub(super) fn require_latest(&mut self) {
        self.require(Condition::new("updated_at < :updated_at"));
    }

    pub(super) fn require(&mut self, condition: Condition) {
        self.0.require(condition);
    }

    pub(super) fn set(&mut self, attribute: &str, value: AttributeValue) {
        self.0.set(attribute, value);
    }

    pub(super) fn set_if_absent(&mut self, attribute: &str, value: AttributeValue) {
        self.0.set_if_absent(attribute, value);
    }

    pub(super) fn set_to(&mut self, attribute: &str, operand: &str) {
        self.0.set_to(attribute, operand);
    }

    /// Raises a number by one.
    pub(super) fn increase(&mut self, attribute: &str) {
        self.0.increase(attribute, 1);
    }

    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.0.value(placeholder, value);
    }

    pub(super) fn remove(&mut self, attribute: &str) {
        self.0.remove(attribute);
    }
}

impl From<AccountUpdate> for UpdateExpression {
    fn from(update: AccountUpdate) -> Self {
        update.0
    }
}
