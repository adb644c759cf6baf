//! What the queue of `moderation` carries.

mod text;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::config::Vars;
use crate::ids::{OpenId, UserId};
use crate::queue::Sender;
use crate::time::Timestamp;

pub use crate::content_check::{CheckId, TextStatus, Verdict};
pub use text::{TextChecks, announce_nickname};

/// What is done about one kind of content, as `CONTENT_CHECK_MEDIA` and `CONTENT_CHECK_TEXT` say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is not checked.
    #[default]
    Off,
    /// It is shown as it comes, and checked: what is found is logged, counted and listed for a moderator.
    Log,
    /// It is shown once it has passed.
    Enforce,
}

impl FromStr for Policy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "log" => Ok(Self::Log),
            "enforce" => Ok(Self::Enforce),
            _ => Err("must be off, log or enforce"),
        }
    }
}

/// How a function has content checked: by which policy, and by messages to which queue.
#[derive(Clone, Debug, Default)]
pub enum Checks {
    /// Not at all.
    #[default]
    Off,
    /// By messages to this queue, after it is shown.
    Log(Sender),
    /// By messages to this queue, before it is shown.
    Enforce(Sender),
}

impl Checks {
    /// Reads the policy in the variable `name`, and `MODERATION_QUEUE_URL`, which has to be there unless the policy is off.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws, name: &str) -> Self {
        let policy: Policy = vars.optional_as(name, str::parse).unwrap_or_default();
        let url = vars.text("MODERATION_QUEUE_URL");
        if policy == Policy::Off {
            return Self::Off;
        }
        let Some(url) = url else {
            vars.reject("MODERATION_QUEUE_URL", "is missing");
            return Self::Off;
        };
        let queue = Sender::new(aws, url);
        if policy == Policy::Log {
            Self::Log(queue)
        } else {
            Self::Enforce(queue)
        }
    }

    /// The queue of `moderation`; none if nothing is checked.
    pub fn queue(&self) -> Option<&Sender> {
        match self {
            Self::Off => None,
            Self::Log(queue) | Self::Enforce(queue) => Some(queue),
        }
    }
}

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
    /// Somebody has reported an item that an own function shares.
    ItemReported {
        /// The partition key of the item.
        pk: String,
        /// The sort key of the item.
        sk: String,
        /// The version of the item that was seen.
        version: u64,
        /// The text that was seen.
        text: String,
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

impl Task {
    /// The task as the body of a message.
    pub fn to_message(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// What the log calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MediaStored { .. } => "media_stored",
            Self::MediaOverdue { .. } => "media_overdue",
            Self::NicknameChanged { .. } => "nickname_changed",
            Self::TextChanged { .. } => "text_changed",
            Self::ItemReported { .. } => "item_reported",
            Self::ReviewDecided { .. } => "review_decided",
            Self::MediaVerdict { .. } => "media_verdict",
            Self::ConsentRevoked { .. } => "consent_revoked",
            Self::AccountCancelled { .. } => "account_cancelled",
            Self::ProfileModified { .. } => "profile_modified",
        }
    }
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
