//! A text of an own function's item.

use shared::moderation::{CheckId, Task, TextStatus};
use shared::own::AnnouncedText;
use shared::queue::{Outcome, RetryError};
use shared::store::review::{Cause, Finding, Subject};
use shared::store::user::VerdictOutcome;
use shared::wechat::content::{Scene, TextToCheck};

use crate::App;
use crate::nickname::GIVE_UP_RECEIVES;
use crate::postpone::postpone;
use crate::text_check::{self, Answer};

const DONE: Outcome = Outcome::Done("text is checked");

/// Where an item is, and which of its checks is meant.
struct Item<'a> {
    pk: &'a str,
    sk: &'a str,
    check: &'a CheckId,
}

/// Has WeChat check the text, unless it was changed since, and shows it to others if it passes.
pub(crate) async fn check(
    app: &App,
    task: &Task,
    pk: &str,
    sk: &str,
    check: &CheckId,
    receives: u32,
) -> Result<Outcome, RetryError> {
    let announced = app.store.announced_text(pk, sk, check).await;
    let Some(announced) = announced.map_err(RetryError::new)? else {
        // The message is sent before the text is stored, which may yet happen, or have failed.
        return if receives < GIVE_UP_RECEIVES {
            Err(RetryError::new("the text is not stored yet"))
        } else {
            Ok(Outcome::Discarded(
                "the text was not stored, was changed since, or is checked",
            ))
        };
    };
    ask(app, task, &announced, &Item { pk, sk, check }).await
}

async fn ask(
    app: &App,
    task: &Task,
    announced: &AnnouncedText,
    item: &Item<'_>,
) -> Result<Outcome, RetryError> {
    let text = TextToCheck {
        content: &announced.text,
        nickname: None,
        scene: Scene::Social,
        openid: &announced.openid,
    };
    let is_hidden = announced.status != TextStatus::Ready;
    let (status, found) = match text_check::ask(app, &text).await? {
        Answer::Pass => (TextStatus::Ready, None),
        Answer::Risky(_) if is_hidden => (TextStatus::Rejected, None),
        // One that everybody sees already stays visible: what was found is reported.
        Answer::Risky(finding) => (TextStatus::Ready, Some((Cause::ContentCheck, finding))),
        Answer::Review(cause, finding) if is_hidden => (TextStatus::Review, Some((cause, finding))),
        Answer::Review(cause, finding) => (TextStatus::Ready, Some((cause, finding))),
        Answer::Later(error) => return postpone(app, task, &error).await,
    };
    // Before the check ends: with a review that was opened twice nothing is lost.
    if let Some((cause, finding)) = found {
        review(app, announced, item, cause, &finding).await?;
    }
    let Item { pk, sk, check } = item;
    let ended = app.store.end_text_check(pk, sk, check, status).await;
    Ok(match ended.map_err(RetryError::new)? {
        VerdictOutcome::Applied => DONE,
        VerdictOutcome::Outdated => Outcome::Done("the text was changed since"),
    })
}

async fn review(
    app: &App,
    announced: &AnnouncedText,
    item: &Item<'_>,
    cause: Cause,
    finding: &Finding,
) -> Result<(), RetryError> {
    let subject = Subject::Text {
        user: announced.user.clone(),
        epoch: announced.epoch,
        pk: item.pk.to_owned(),
        sk: item.sk.to_owned(),
        check: item.check.to_string(),
    };
    let opened = app.store.open_review(&subject, cause, finding).await;
    opened.map_err(RetryError::new)
}

/// Lists an item that somebody has reported for a moderator, if it is still as it was seen.
pub(crate) async fn review_reported(
    app: &App,
    pk: &str,
    sk: &str,
    version: u64,
    text: &str,
) -> Result<Outcome, RetryError> {
    let seen = app.store.visible_item(pk, sk, version).await;
    let Some((user, epoch)) = seen.map_err(RetryError::new)? else {
        return Ok(Outcome::Discarded("nobody sees it any more"));
    };
    let subject = Subject::Text {
        user,
        epoch,
        pk: pk.to_owned(),
        sk: sk.to_owned(),
        check: CheckId::of_version(version).to_string(),
    };
    let finding = Finding {
        text: Some(text.to_owned()),
        ..Finding::default()
    };
    let opened = app.store.open_review(&subject, Cause::Report, &finding);
    opened.await.map_err(RetryError::new)?;
    Ok(Outcome::Done("the item is listed for review"))
}
