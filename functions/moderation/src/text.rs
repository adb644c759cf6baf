//! A text of an own function's item.

use shared::moderation::{CheckId, Task, TextStatus};
use shared::queue::{Outcome, RetryError};
use shared::store::own::AnnouncedText;
use shared::store::review::{Cause, Finding, Subject};
use shared::store::user::{NicknameVerdict, VerdictOutcome};
use shared::wechat::content::{Scene, TextToCheck};

use crate::App;
use crate::nickname::GIVE_UP_RECEIVES;
use crate::postpone::postpone;
use crate::text_check::{self, Answer};

/// What WeChat takes at a time.
const MAX_CHARACTERS: usize = 2500;
/// How much of a piece the next one repeats.
const OVERLAP: usize = 100;

const DONE: Outcome = Outcome::Done("text is checked");

/// The item that a task names, and the change that it is about.
#[derive(Clone, Copy)]
struct Change<'a> {
    pk: &'a str,
    sk: &'a str,
    check: &'a CheckId,
}

/// Has WeChat check the text, unless it was changed since, and shows the item to others if it passes.
pub(crate) async fn check(
    app: &App,
    task: &Task,
    pk: &str,
    sk: &str,
    check: &CheckId,
    receives: u32,
) -> Result<Outcome, RetryError> {
    let change = Change { pk, sk, check };
    let announced = app.store.announced_text(pk, sk, check).await;
    let Some(announced) = announced.map_err(RetryError::new)? else {
        // The message is sent before the text is stored, which may yet happen, or have failed.
        return if receives < GIVE_UP_RECEIVES {
            Err(RetryError::new("the text is not stored yet"))
        } else {
            Ok(Outcome::Discarded(
                "the text was not stored, or was changed since",
            ))
        };
    };
    match announced.status {
        None | Some(TextStatus::Checking) => ask(app, task, &announced, change).await,
        Some(TextStatus::Review) => {
            let finding = Finding {
                text: Some(announced.text.clone()),
                ..Finding::default()
            };
            review(app, &announced, change, Cause::ContentCheck, &finding).await?;
            Ok(DONE)
        }
        Some(TextStatus::Rejected) => Ok(DONE),
    }
}

async fn ask(
    app: &App,
    task: &Task,
    announced: &AnnouncedText,
    change: Change<'_>,
) -> Result<Outcome, RetryError> {
    match ask_piecewise(app, announced).await? {
        Answer::Pass => {
            apply(app, change, NicknameVerdict::Approved).await?;
        }
        Answer::Risky(_) if announced.status.is_some() => {
            apply(app, change, NicknameVerdict::Rejected).await?;
        }
        // One that everybody sees already stays visible: what was found is reported.
        Answer::Risky(finding) => {
            review(app, announced, change, Cause::ContentCheck, &finding).await?;
        }
        Answer::Review(cause, finding) => {
            let outcome = apply(app, change, NicknameVerdict::Undecided).await?;
            if outcome == VerdictOutcome::Applied {
                review(app, announced, change, cause, &finding).await?;
            }
        }
        Answer::Later(error) => return postpone(app, task, &error).await,
    }
    Ok(DONE)
}

/// Asks about one piece after the other, as many characters of it as WeChat takes, until one does not pass.
async fn ask_piecewise(app: &App, announced: &AnnouncedText) -> Result<Answer, RetryError> {
    for piece in pieces(&announced.text) {
        let text = TextToCheck {
            content: &piece,
            nickname: None,
            scene: Scene::Social,
            openid: &announced.openid,
        };
        match text_check::ask(app, &text).await? {
            Answer::Pass => {}
            other => return Ok(other),
        }
    }
    Ok(Answer::Pass)
}

/// The text in pieces, each of which begins with the end of the one before: what stands across a cut is seen whole.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut start = 0;
    loop {
        let end = characters.len().min(start + MAX_CHARACTERS);
        pieces.extend(characters.get(start..end).map(String::from_iter));
        if end == characters.len() {
            return pieces;
        }
        start = end - OVERLAP;
    }
}

async fn apply(
    app: &App,
    Change { pk, sk, check }: Change<'_>,
    verdict: NicknameVerdict,
) -> Result<VerdictOutcome, RetryError> {
    let applied = app.store.apply_text_verdict(pk, sk, check, verdict).await;
    applied.map_err(RetryError::new)
}

async fn review(
    app: &App,
    announced: &AnnouncedText,
    Change { pk, sk, check }: Change<'_>,
    cause: Cause,
    finding: &Finding,
) -> Result<(), RetryError> {
    let subject = Subject::Text {
        user: announced.owner.clone(),
        epoch: announced.epoch,
        pk: pk.to_owned(),
        sk: sk.to_owned(),
        check: check.to_string(),
    };
    let opened = app.store.open_review(&subject, cause, finding).await;
    opened.map_err(RetryError::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_in_a_piece_that_wechat_takes() {
        for length in [1, 2499, 2500, 2501, 4900, 4901, 10_000] {
            let text: String = ('\u{4e00}'..).take(length).collect();
            let pieces = pieces(&text);
            let mut whole = pieces[0].clone();
            for piece in &pieces {
                assert!((1..=MAX_CHARACTERS).contains(&piece.chars().count()));
            }
            for piece in &pieces[1..] {
                let (repeated, rest) = piece.split_at(OVERLAP * 3);
                assert!(whole.ends_with(repeated));
                whole.push_str(rest);
            }
            assert_eq!(whole, text, "{length}");
        }
    }
}
