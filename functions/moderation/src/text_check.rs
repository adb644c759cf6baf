//! Asking WeChat about a text.

use std::sync::Arc;
use std::time::Duration;

use shared::moderation::Verdict;
use shared::store::review::{Cause, Finding};
use shared::telemetry::{self, Metric, causes};
use shared::wechat::AppSecret;
use shared::wechat::content::{TextToCheck, TextVerdict};

use crate::App;
use crate::postpone::wait_after;

/// How long to wait before the app secret is asked for again.
const UNTIL_SECRET: Duration = Duration::from_secs(60);

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing was found.
    Pass,
    /// It must not be shown.
    Risky(Finding),
    /// A person has to decide: WeChat is not sure, or does not check it.
    Review(Cause, Finding),
    /// WeChat is not to be had; it can be asked again after this time.
    Later(Duration),
}

/// Asks WeChat, which never passes a text by its errcode alone.
pub(crate) async fn ask(app: &App, text: &TextToCheck<'_>) -> Answer {
    let secret = match app.app_secret.get().await {
        Ok(secret) => secret,
        Err(error) => {
            telemetry::field("cause", causes(&error));
            return Answer::Later(UNTIL_SECRET);
        }
    };
    let check =
        |secret: Arc<AppSecret>| async move { app.wechat.msg_sec_check(text, &secret).await };
    telemetry::count(Metric::ChecksAsked);
    match app.app_secret.call(secret, check).await {
        Ok(verdict) => answer(verdict, text),
        Err(failure) => {
            telemetry::field("cause", causes(&failure));
            match wait_after(&failure) {
                Some(wait) => Answer::Later(wait),
                None => {
                    telemetry::count(Metric::ChecksToReview);
                    Answer::Review(Cause::Unsupported, finding(text, &[]))
                }
            }
        }
    }
}

fn answer(verdict: TextVerdict, text: &TextToCheck<'_>) -> Answer {
    let finding = finding(text, &verdict.labels);
    match verdict.verdict {
        Verdict::Pass => {
            telemetry::count(Metric::ChecksPassed);
            Answer::Pass
        }
        Verdict::Risky => {
            telemetry::count(Metric::ChecksRisky);
            Answer::Risky(finding)
        }
        Verdict::Review | Verdict::NotFetched | Verdict::Failed => {
            telemetry::count(Metric::ChecksToReview);
            Answer::Review(Cause::ContentCheck, finding)
        }
    }
}

fn finding(text: &TextToCheck<'_>, labels: &[i64]) -> Finding {
    Finding {
        labels: labels.iter().map(i64::to_string).collect(),
        text: Some(text.content.to_owned()),
    }
}
