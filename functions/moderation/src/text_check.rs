//! Asking WeChat about a text.

use std::sync::Arc;

use shared::moderation::Verdict;
use shared::queue::RetryError;
use shared::store::review::{Cause, Finding};
use shared::telemetry::{self, Metric};
use shared::wechat::content::{TextToCheck, TextVerdict};
use shared::wechat::{AppSecret, WechatError};

use crate::App;
use crate::postpone::Failure;

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing was found.
    Pass,
    /// It must not be shown.
    Risky(Finding),
    /// A person has to decide: WeChat is not sure, or does not check it.
    Review(Cause, Finding),
    /// WeChat is not to be had.
    Later(WechatError),
}

/// Asks WeChat, which never passes a text by its errcode alone.
pub(crate) async fn ask(app: &App, text: &TextToCheck<'_>) -> Result<Answer, RetryError> {
    let secret = app.app_secret.get().await?;
    let check =
        |secret: Arc<AppSecret>| async move { app.wechat.msg_sec_check(text, &secret).await };
    telemetry::count(Metric::ChecksAsked);
    let checked = app.app_secret.call(secret, check).await;
    match checked.map_err(Failure::from) {
        Ok(verdict) => Ok(answer(verdict, text)),
        Err(Failure::Later(error)) => Ok(Answer::Later(error)),
        Err(Failure::Broken(error)) => Err(error),
        Err(Failure::Refused) => {
            telemetry::count(Metric::ChecksToReview);
            Ok(Answer::Review(Cause::Unsupported, finding(text, &[])))
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
