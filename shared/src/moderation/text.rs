//! Texts that are to be checked.
//!
//! A change is announced to the queue of `moderation` first, and stored then: a change that was stored unannounced would
//! never be checked. The message comes again until the change is stored, a few times.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::config::Vars;
use crate::ids::UserId;
use crate::moderation::{Checks, Task};
use crate::profile::Nickname;
use crate::queue::{SendError, Sender};
use crate::random::Random;
use crate::store::own::TextChange;
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

    /// Whether texts are checked.
    pub fn are_on(&self) -> bool {
        self.checks.queue().is_some()
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

    /// Announces that the item of an own function is about to get the text; returns what is to be stored of that.
    ///
    /// # Errors
    /// If the queue does not take the message. Then the text must not be stored.
    pub(crate) async fn announce_text(
        &self,
        (pk, sk): (String, String),
        text: String,
    ) -> Result<TextChange, SendError> {
        let (queue, is_hidden) = match &self.checks {
            Checks::Off => return Ok(TextChange::Drop),
            Checks::Log(queue) => (queue, false),
            Checks::Enforce(queue) => (queue, true),
        };
        let check = CheckId::new(&self.random);
        let task = Task::TextChanged {
            pk,
            sk,
            check: check.clone(),
        };
        let delay = Some(ANNOUNCEMENT_DELAY);
        queue.send(task.to_message(), delay).await?;
        Ok(TextChange::Announced {
            check,
            text,
            is_hidden,
        })
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
