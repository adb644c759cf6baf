//! What the queue of `moderation` carries.

use serde::{Deserialize, Serialize};

use crate::ids::OpenId;

/// A message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// WeChat has looked at a picture, or could not.
    MediaVerdict {
        /// What WeChat called the check when it was asked for. Nothing else tells which picture is meant.
        trace_id: String,
        /// What it says.
        verdict: Verdict,
    },
    /// A person has withdrawn their consent to some of their data.
    ConsentRevoked {
        /// The person.
        openid: OpenId,
        /// What is to be removed.
        data: Vec<PersonalData>,
    },
    /// A person's WeChat account is gone.
    AccountCancelled {
        /// The person.
        openid: OpenId,
    },
    /// WeChat has found a risk in a person's profile and changed it.
    ProfileModified {
        /// The person.
        openid: OpenId,
    },
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

/// Data that a person can withdraw their consent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalData {
    /// The nickname.
    Nickname,
    /// The profile's picture.
    Avatar,
    /// The phone number.
    Phone,
    /// The e-mail address.
    Email,
    /// Pictures that the person chose from their album.
    Uploads,
}
