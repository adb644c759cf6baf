//! Texts that are to be checked.
//!
//! A change is announced to the queue of `moderation` first, and stored then: a change that was stored unannounced would
//! never be checked. The message comes again until the change is stored, a few times.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::config::Vars;
use crate::ids::UserId;
use crate::moderation::{Checks, Task};
use crate::profile::Nickname;
use crate::queue::{SendError, Sender};
use crate::random::Random;
use crate::user::NewNickname;

/// How long an announcement waits. The change is stored meanwhile, or has failed.
const ANNOUNCEMENT_DELAY: Duration = Duration::from_secs(5);

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

/// How far the check of an own function's text has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// Others may see it.
    #[default]
    Ready,
    /// It waits for WeChat's check.
    Checking,
    /// It waits for a moderator's decision.
    Review,
    /// Others must not see it.
    Rejected,
}

impl TextStatus {
    const ALL: [Self; 4] = [Self::Ready, Self::Checking, Self::Review, Self::Rejected];

    /// The status's name in the table and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Checking => "checking",
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for TextStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(())
    }
}

/// A check of an own function's text that was announced.
#[derive(Clone, Debug)]
pub struct ItemCheck {
    /// Which check.
    pub check: CheckId,
    /// What the text is until the check is done.
    pub status: TextStatus,
}

/// Has texts checked, as `CONTENT_CHECK_TEXT` says.
#[derive(Clone, Debug)]
pub struct TextChecks {
    checks: Checks,
    random: Random,
}

impl TextChecks {
    /// Reads `CONTENT_CHECK_TEXT`, and `MODERATION_QUEUE_URL`, which has to be there unless texts are not checked.
    pub fn read(vars: &mut Vars<'_>, aws: &Aws, random: Random) -> Self {
        let checks = Checks::read(vars, aws, "CONTENT_CHECK_TEXT");
        Self { checks, random }
    }

    /// Announces that `user` is about to get the nickname, which is to be stored as what this returns.
    ///
    /// # Errors
    /// If the queue does not take the message. Then the nickname must not be stored.
    pub async fn announce_nickname(
        &self,
        user: &UserId,
        nickname: Nickname,
    ) -> Result<NewNickname, SendError> {
        let (queue, stored): (_, fn(_, _) -> _) = match &self.checks {
            Checks::Off => return Ok(NewNickname::Unchecked(nickname)),
            Checks::Log(queue) => (queue, NewNickname::Reported),
            Checks::Enforce(queue) => (queue, NewNickname::Pending),
        };
        let check = CheckId::new(&self.random);
        announce_nickname(queue, user, &check).await?;
        Ok(stored(nickname, check))
    }

    /// Announces that the item of an own function at these places is about to get a text, along with which it has to store
    /// what this returns; `None` if texts are not checked.
    ///
    /// # Errors
    /// If the queue does not take the message. Then the text must not be stored.
    pub async fn announce_item(&self, pk: &str, sk: &str) -> Result<Option<ItemCheck>, SendError> {
        let (queue, status) = match &self.checks {
            Checks::Off => return Ok(None),
            Checks::Log(queue) => (queue, TextStatus::Ready),
            Checks::Enforce(queue) => (queue, TextStatus::Checking),
        };
        let check = CheckId::new(&self.random);
        let task = Task::TextChanged {
            pk: pk.to_owned(),
            sk: sk.to_owned(),
            check: check.clone(),
        };
        let delay = Some(ANNOUNCEMENT_DELAY);
        queue.send(task.to_message(), delay).await?;
        Ok(Some(ItemCheck { check, status }))
    }
}

/// Announces that a nickname of the user's is about to name `check`.
///
/// # Errors
/// If the queue does not take the message.
pub async fn announce_nickname(
    queue: &Sender,
    user: &UserId,
    check: &CheckId,
) -> Result<(), SendError> {
    let task = Task::NicknameChanged {
        user: user.clone(),
        check: check.clone(),
    };
    queue
        .send(task.to_message(), Some(ANNOUNCEMENT_DELAY))
        .await
}
