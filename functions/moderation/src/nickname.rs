//! A nickname that has changed.

use shared::ids::UserId;
use shared::moderation::{CheckId, Task};
use shared::queue::{Outcome, RetryError};
use shared::store::review::{Cause, Finding, Subject};
use shared::store::user::{AnnouncedNickname, NicknameStage, NicknameVerdict, VerdictOutcome};
use shared::user::NicknameStatus;
use shared::wechat::content::{Scene, TextToCheck};

use crate::App;
use crate::postpone::postpone;
use crate::text_check::{self, Answer};

/// At this receive, the change that was announced is taken never to have been stored.
pub(crate) const GIVE_UP_RECEIVES: u32 = 3;

const DONE: Outcome = Outcome::Done("nickname is checked");

/// Has WeChat check the nickname, unless it was changed since, and shows it to others if it passes.
pub(crate) async fn check(
    app: &App,
    task: &Task,
    user: &UserId,
    check: &CheckId,
    receives: u32,
) -> Result<Outcome, RetryError> {
    let announced = app.store.announced_nickname(user, check).await;
    let Some(announced) = announced.map_err(RetryError::new)? else {
        // The message is sent before the nickname is stored, which may yet happen, or have failed.
        return if receives < GIVE_UP_RECEIVES {
            Err(RetryError::new("the nickname is not stored yet"))
        } else {
            Ok(Outcome::Discarded(
                "the nickname was not stored, or was changed since",
            ))
        };
    };
    match announced.stage {
        NicknameStage::Visible | NicknameStage::Pending(NicknameStatus::Checking) => {
            ask(app, task, &announced, check).await
        }
        NicknameStage::Unchanged => {
            apply(app, &announced, check, NicknameVerdict::Approved).await?;
            Ok(Outcome::Done("the nickname is the one that is visible"))
        }
        NicknameStage::Pending(NicknameStatus::Review) => {
            let finding = Finding {
                text: Some(announced.nickname.as_str().to_owned()),
                ..Finding::default()
            };
            review(app, &announced, check, Cause::ContentCheck, &finding).await?;
            Ok(DONE)
        }
        NicknameStage::Pending(NicknameStatus::Rejected) => Ok(DONE),
    }
}

async fn ask(
    app: &App,
    task: &Task,
    announced: &AnnouncedNickname,
    check: &CheckId,
) -> Result<Outcome, RetryError> {
    let text = TextToCheck {
        content: announced.nickname.as_str(),
        nickname: Some(announced.nickname.as_str()),
        scene: Scene::Profile,
        openid: &announced.openid,
    };
    let is_pending = announced.stage != NicknameStage::Visible;
    match text_check::ask(app, &text).await? {
        Answer::Pass => {
            apply(app, announced, check, NicknameVerdict::Approved).await?;
        }
        Answer::Risky(_) if is_pending => {
            apply(app, announced, check, NicknameVerdict::Rejected).await?;
        }
        // One that everybody sees already stays visible: what was found is reported.
        Answer::Risky(finding) => {
            review(app, announced, check, Cause::ContentCheck, &finding).await?;
        }
        Answer::Review(cause, finding) => {
            let outcome = apply(app, announced, check, NicknameVerdict::Undecided).await?;
            if outcome == VerdictOutcome::Applied {
                review(app, announced, check, cause, &finding).await?;
            }
        }
        Answer::Later(error) => return postpone(app, task, &error).await,
    }
    Ok(DONE)
}

async fn apply(
    app: &App,
    announced: &AnnouncedNickname,
    check: &CheckId,
    verdict: NicknameVerdict,
) -> Result<VerdictOutcome, RetryError> {
    let user = &announced.user.id;
    let applied = app.store.apply_nickname_verdict(user, check, verdict).await;
    applied.map_err(RetryError::new)
}

async fn review(
    app: &App,
    announced: &AnnouncedNickname,
    check: &CheckId,
    cause: Cause,
    finding: &Finding,
) -> Result<(), RetryError> {
    let subject = Subject::Nickname {
        user: announced.user.id.clone(),
        epoch: announced.user.epoch,
        check: check.to_string(),
    };
    let opened = app.store.open_review(&subject, cause, finding).await;
    opened.map_err(RetryError::new)
}
