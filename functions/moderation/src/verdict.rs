//! WeChat's verdict on an upload.

use shared::moderation::{Task, Verdict};
use shared::queue::{Outcome, RetryError};
use shared::store::review::{Cause, Finding, Subject};
use shared::telemetry::{self, Metric};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{Ruling, UploadStatus};

use crate::App;
use crate::media::is_to_be_checked;
use crate::ruling::{self, Ruled};
use crate::submission::submit;

/// What WeChat calls a check is not longer than this, in bytes.
const TRACE_ID_MAX_LEN: usize = 128;

/// Acts on the first verdict on a check. One that comes before the check is noted waits there.
pub(crate) async fn apply(
    app: &App,
    trace_id: &str,
    verdict: Verdict,
) -> Result<Outcome, RetryError> {
    if !(1..=TRACE_ID_MAX_LEN).contains(&trace_id.len()) {
        return Ok(Outcome::Discarded("no check is called that"));
    }
    let noted = app.store.note_verdict(trace_id, verdict).await;
    let Some(checked) = noted.map_err(RetryError::new)? else {
        return Ok(Outcome::Done("the verdict waits for its check"));
    };
    let (key, version) = (&checked.key, &checked.version);
    apply_to(app, key, version, trace_id, checked.verdict).await
}

/// Acts on the verdict on a check of this version.
pub(crate) async fn apply_to(
    app: &App,
    key: &ObjectKey,
    version: &str,
    trace_id: &str,
    verdict: Verdict,
) -> Result<Outcome, RetryError> {
    let (ruling, cause) = match verdict {
        Verdict::Pass => (Ruling::Passed, Cause::ContentCheck),
        Verdict::Risky => (Ruling::Risky, Cause::ContentCheck),
        Verdict::Review => (Ruling::Unsure, Cause::ContentCheck),
        Verdict::Failed => (Ruling::Unsure, Cause::Unsupported),
        Verdict::NotFetched => return not_fetched(app, key, version, trace_id).await,
    };
    rule(app, key, version, ruling, cause).await
}

/// Asks once more, with another link; if WeChat could not fetch the object by that either, a person has to look at it.
async fn not_fetched(
    app: &App,
    key: &ObjectKey,
    version: &str,
    trace_id: &str,
) -> Result<Outcome, RetryError> {
    let upload = app.store.upload_with_account(key).await;
    let upload = upload.map_err(RetryError::new)?;
    let is_of_check = |check: &Option<String>| check.as_deref() == Some(trace_id);
    let upload = upload.filter(|upload| is_to_be_checked(upload, version));
    match upload {
        Some(upload) if is_of_check(&upload.record.check_before) => {
            Ok(Outcome::Done("WeChat was asked again already"))
        }
        Some(upload) if upload.record.check_before.is_none() => {
            let task = Task::MediaVerdict {
                trace_id: trace_id.to_owned(),
                verdict: Verdict::NotFetched,
            };
            submit(app, &upload, version, &task).await
        }
        _ => rule(app, key, version, Ruling::Unsure, Cause::Unsupported).await,
    }
}

/// Carries out a ruling, and has a person look at what it leaves to one. What is shown already stays so: with the policy
/// `log`, a finding goes to the moderators and changes nothing else.
pub(crate) async fn rule(
    app: &App,
    key: &ObjectKey,
    version: &str,
    ruling: Ruling,
    cause: Cause,
) -> Result<Outcome, RetryError> {
    telemetry::count(match ruling {
        Ruling::Passed | Ruling::Approved => Metric::ChecksPassed,
        Ruling::Risky | Ruling::Denied => Metric::ChecksRisky,
        Ruling::Unsure => Metric::ChecksToReview,
    });
    let ruled = ruling::apply(app, key, version, ruling).await?;
    let is_for_moderators = match ruled {
        Ruled::Held => true,
        // Held by an earlier delivery, which may have been cut off.
        Ruled::Unchanged(Some(UploadStatus::Review)) => ruling == Ruling::Unsure,
        Ruled::Unchanged(Some(UploadStatus::Ready)) => {
            cause == Cause::ContentCheck && ruling != Ruling::Passed
        }
        _ => false,
    };
    if is_for_moderators {
        let subject = Subject::Upload(key.clone());
        let opened = app
            .store
            .open_review(&subject, cause, &finding(ruling))
            .await;
        opened.map_err(RetryError::new)?;
    }
    Ok(Outcome::Done(ruled.as_str()))
}

fn finding(ruling: Ruling) -> Finding {
    let labels = if ruling == Ruling::Risky {
        vec![Verdict::Risky.as_str().to_owned()]
    } else {
        Vec::new()
    };
    Finding { labels, text: None }
}
