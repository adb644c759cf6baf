//! What the queue of `moderation` carries.

mod text;

use serde::{Deserialize, Serialize};

use crate::ids::{OpenId, UserId};
use crate::time::Timestamp;

pub use text::CheckId;

/// A message of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// A verified picture waits to be checked.
    MediaStored {
        /// The object's key.
        key: String,
        /// The S3 version id that the record references.
        version: String,
    },
    /// A check was asked for; if there is no verdict by now, it is time to do without.
    MediaOverdue {
        /// The object's key.
        key: String,
        /// The S3 version id that was submitted.
        version: String,
        /// What WeChat called the check.
        trace_id: String,
        /// When the verdict should have come.
        due: Timestamp,
    },
    /// A nickname has changed, or is about to: announced before it is stored.
    NicknameChanged {
        /// Whose it is.
        user: UserId,
        /// Which change it is: a later one has another.
        check: CheckId,
    },
    /// A text of an own function's item has changed, or is about to.
    TextChanged {
        /// The partition key of the item.
        pk: String,
        /// The sort key of the item.
        sk: String,
        /// Which change it is: a later one has another.
        check: CheckId,
    },
    /// A moderator has decided, or is about to: announced before the decision is stored.
    ReviewDecided {
        /// The id of the review.
        review: String,
    },
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
