//! A user.

mod role;

use crate::content_check::CheckId;
use crate::ids::{Epoch, UploadId, UserId};
use crate::profile::{Email, Nickname, Username};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;

pub use role::{ParseRoleError, Role, RoleName, Roles};

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The owner may log in and use it.
    Active,
    /// An administrator has shut it.
    Disabled,
}

impl Status {
    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err("must be active or disabled"),
        }
    }
}

/// The picture that a profile shows: always one version of an object, the one that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// The upload it came from.
    pub upload: UploadId,
    /// Where the picture is in the bucket.
    pub key: ObjectKey,
    /// The object's version, in a versioned bucket.
    pub version: Option<String>,
}

/// How far a nickname has come that others do not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicknameStatus {
    /// It waits to be checked.
    Checking,
    /// It waits for a person's decision.
    Review,
    /// It is not shown to others, and stays until its owner changes it.
    Rejected,
}

impl NicknameStatus {
    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

impl std::str::FromStr for NicknameStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Checking, Self::Review, Self::Rejected];
        all.into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

/// A nickname that its owner and administrators see, while others see the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingNickname {
    /// What others will see if it passes.
    pub nickname: Nickname,
    /// How far it has come.
    pub status: NicknameStatus,
}

/// A nickname to store.
#[derive(Clone, Debug)]
pub enum NewNickname {
    /// Everybody sees it, and nothing checks it.
    Unchecked(Nickname),
    /// Everybody sees it; the announced check only reports what it finds.
    Reported(Nickname, CheckId),
    /// Others see it when the announced check has passed it.
    Pending(Nickname, CheckId),
}

/// An account that is neither deleted nor being deleted.
#[derive(Clone, Debug)]
pub struct User {
    /// Derived from the openid; stays the same after deletion and return.
    pub id: UserId,
    /// The account generation that tokens have to name.
    pub epoch: Epoch,
    /// Counts the changes of what the API shows.
    pub version: u64,
    /// Whether the account can be used.
    pub status: Status,
    /// What the user may do.
    pub role: Role,
    /// Unique over all users, as it was written.
    pub username: Option<Username>,
    /// The unique e-mail address.
    pub email: Option<Email>,
    /// What others are shown; need not be unique.
    pub nickname: Option<Nickname>,
    /// What others are not shown, or not yet.
    pub pending_nickname: Option<PendingNickname>,
    /// A verified upload of their own.
    pub avatar: Option<Avatar>,
    /// The phone number, as WeChat gave it.
    pub phone: Option<String>,
    /// When the account began.
    pub created_at: Timestamp,
    /// When what the API shows last changed.
    pub updated_at: Timestamp,
}
