//! What is known of a check of content: by which name, how far it has come, and what it says.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::random::Random;

pub use crate::user::NicknameStatus as TextStatus;

/// No random id begins like this.
const VERSION_PREFIX: &str = "version-";

/// Names one change of one text. What was found out about a text counts only while the item still names the same change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckId(String);

impl CheckId {
    /// An id that no other change has.
    pub fn new(random: &Random) -> Self {
        Self(data_encoding::HEXLOWER.encode(&random.bytes::<16>()))
    }

    /// What stands for a check if a version of an item was reported, and none was announced.
    pub fn of_version(version: u64) -> Self {
        Self(format!("{VERSION_PREFIX}{version}"))
    }

    /// The version that was reported, if that is what the id stands for.
    pub fn version(&self) -> Option<u64> {
        self.0.strip_prefix(VERSION_PREFIX)?.parse().ok()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CheckId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a check says of a picture or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Pass,
    /// A person has to look at it.
    Review,
    /// It must not be shown.
    Risky,
    /// WeChat could not fetch it.
    NotFetched,
    /// WeChat could not check it, for another reason.
    Failed,
}

impl Verdict {
    const ALL: [Self; 5] = [
        Self::Pass,
        Self::Review,
        Self::Risky,
        Self::NotFetched,
        Self::Failed,
    ];

    /// The verdict's name in the table and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Review => "review",
            Self::Risky => "risky",
            Self::NotFetched => "not_fetched",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or(())
    }
}

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be shown.
    Approve,
    /// It must not be shown.
    Reject,
}

impl Decision {
    /// The decision's name in the table and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

impl FromStr for Decision {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "approve" => Ok(Self::Approve),
            "reject" => Ok(Self::Reject),
            _ => Err("must be approve or reject"),
        }
    }
}
