//! The user item, and whether it lets its owner in.

use crate::error::{Code, Error};
use crate::ids::{Epoch, OpenId, UserId};
use crate::profile::{Email, Nickname, Username};
use crate::store::StoreError;
use crate::store::claim::StoredForms;
use crate::store::fence::Fence;
use crate::store::item::{self, Item, Projection};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::user::{Avatar, Status, User};

/// A user item in any state of its life.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which life it is in.
    pub epoch: Epoch,
    /// The user; `None` from deletion to the next registration.
    pub user: Option<User>,
    /// Whether `purge` has yet to remove what the last life left behind.
    pub deleting: bool,
    /// The person at WeChat.
    pub openid: Option<OpenId>,
    /// What orders writes; unknown where only a part of the item was read.
    pub(super) fence: Fence,
    /// Under which forms the user's names are claimed.
    pub(super) claims: StoredForms,
}

/// Why an account does not let its owner in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token belongs to an earlier life of the account, or to none.
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
        match self.user {
            Some(user) if user.epoch == epoch => match user.status {
                Status::Active => Ok(user),
                Status::Disabled => Err(Refusal::Disabled),
            },
            _ => Err(Refusal::Gone),
        }
    }

    /// What reading an account takes, but for the openid: without sessions, which are most of an item.
    pub(super) fn projection() -> Projection {
        Projection {
            expression: "pk, epoch, #status, #role, version, username, email, nickname, avatar_key, avatar_version, \
                         phone, created_at, updated_at",
            names: item::names([("#status", "status"), ("#role", "role")]),
        }
    }

    pub(super) fn of_item(item: &Item) -> Result<Self, StoreError> {
        Self::identified(item).map(|(_, account)| account)
    }

    /// The account, and whose it is.
    pub(super) fn identified(item: &Item) -> Result<(UserId, Self), StoreError> {
        let id: UserId = item::str(item, "pk")?
            .strip_prefix("U#")
            .and_then(|text| text.parse().ok())
            .ok_or(StoreError::Corrupt("pk"))?;
        let epoch = Epoch::try_from(item::num::<u64>(item, "epoch")?)
            .map_err(|_| StoreError::Corrupt("epoch"))?;
        let state = item::str(item, "status")?;
        let user = match state.parse::<Status>() {
            Ok(status) => Some(user_of_item(item, id.clone(), epoch, status)?),
            Err(_) => None,
        };
        let account = Self {
            epoch,
            user,
            deleting: state == "deleting",
            openid: item::opt_parsed(item, "openid")?,
            fence: Fence::of_item(item),
            claims: StoredForms::of_item(item),
        };
        Ok((id, account))
    }
}

fn user_of_item(item: &Item, id: UserId, epoch: Epoch, status: Status) -> Result<User, StoreError> {
    Ok(User {
        avatar: avatar_of_item(item)?,
        id,
        epoch,
        status,
        version: item::num(item, "version")?,
        role: item::parsed(item, "role")?,
        username: item::opt_str(item, "username").map(Username::stored),
        email: item::opt_str(item, "email").map(Email::stored),
        nickname: item::opt_str(item, "nickname").map(Nickname::stored),
        phone: item::opt_str(item, "phone").map(str::to_owned),
        created_at: Timestamp::from_millis(item::num(item, "created_at")?),
        updated_at: Timestamp::from_millis(item::num(item, "updated_at")?),
    })
}

fn avatar_of_item(item: &Item) -> Result<Option<Avatar>, StoreError> {
    let key: Option<ObjectKey> = item::opt_parsed(item, "avatar_key")?;
    let version = item::opt_str(item, "avatar_version").map(str::to_owned);
    Ok(key.map(|key| Avatar {
        upload: key.upload,
        key,
        version,
    }))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::Gone => Code::Unauthorized,
            Refusal::Disabled => Code::AccountDisabled,
        })
    }
}
