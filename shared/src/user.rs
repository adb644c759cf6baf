//! A user.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, UploadId, UserId};
use crate::profile::{Email, Nickname, Username};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Their own things.
    User,
    /// Everybody's things.
    Admin,
}

impl Role {
    /// The role's name in the API and in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => Err("must be user or admin"),
        }
    }
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can.
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
    /// The object.
    pub key: ObjectKey,
    /// The object's version, in a versioned bucket.
    pub version: Option<String>,
}

/// An account that is neither deleted nor being deleted.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Which life of the account.
    pub epoch: Epoch,
    /// Counts the changes of what the API shows.
    pub version: u64,
    /// Whether the account can be used.
    pub status: Status,
    /// What the user may do.
    pub role: Role,
    /// The unique name.
    pub username: Option<Username>,
    /// The unique e-mail address.
    pub email: Option<Email>,
    /// The display name.
    pub nickname: Option<Nickname>,
    /// The picture.
    pub avatar: Option<Avatar>,
    /// The phone number, as WeChat gave it.
    pub phone: Option<String>,
    /// When the account began.
    pub created_at: Timestamp,
    /// When what the API shows last changed.
    pub updated_at: Timestamp,
}
