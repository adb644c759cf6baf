//! Texts that are to be checked.
//!
//! A change is announced to the queue of `moderation` first, and stored then: a change that was stored unannounced would
//! never be checked. The message comes again until the change is stored, a few times.

use std::time::Duration;

use crate::aws::Aws;
use crate::config::Vars;
use crate::content_check::CheckId;
use crate::ids::UserId;
use crate::moderation::{Checks, Task};
use crate::profile::Nickname;
use crate::queue::{SendError, Sender};
use crate::random::Random;
use crate::store::own::TextChange;
use crate::user::NewNickname;

/// How long an announcement waits. The change is stored meanwhile, or has failed.
const ANNOUNCEMENT_DELAY: Duration = Duration::from_secs(5);

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
