//! A user.

mod role;

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
    /// A verified upload of their own.
    pub avatar: Option<Avatar>,
    /// The phone number, as WeChat gave it.
    pub phone: Option<String>,
    /// When the account began.
    pub created_at: Timestamp,
    /// When what the API shows last changed.
    pub updated_at: Timestamp,
}
