//! A stored object: WeChat is asked to check it.

use shared::moderation::Task;
use shared::queue::{Outcome, RetryError};
use shared::store::review::Cause;
use shared::store::upload::UploadOfAccount;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{Ruling, UploadStatus};

use crate::App;
use crate::ruling;
use crate::submission::{submit, watch};
use crate::verdict::{self, rule};

pub(crate) async fn check(
    app: &App,
    task: &Task,
    key: &str,
    version: &str,
) -> Result<Outcome, RetryError> {
    let Ok(key) = key.parse::<ObjectKey>() else {
        return Ok(Outcome::Discarded("the key is no upload's"));
    };
    let upload = app.store.upload_with_account(&key).await;
    let upload = upload.map_err(RetryError::new)?;
    let Some(upload) = upload else {
        return Ok(Outcome::Done("the upload is gone"));
    };
    if !is_to_be_checked(&upload, version) {
        return finish(app, &upload, version, Cause::Unsupported).await;
    }
    match &upload.record.check {
        None => submit(app, &upload, version, task).await,
        Some(trace_id) => go_on(app, &upload, version, trace_id).await,
    }
}

/// Whether the record still references the version and can still be changed by a verdict, and the account goes on. What is
/// ready already is checked for the record alone.
pub(crate) fn is_to_be_checked(upload: &UploadOfAccount, version: &str) -> bool {
    let record = &upload.record;
    let waits = matches!(record.status, UploadStatus::Checking | UploadStatus::Ready);
    waits && upload.is_live() && record.version.as_deref() == Some(version)
}

/// Finishes what an earlier delivery has decided, if it was cut off after the record: a review that is still to be opened, or
/// a version that is still to be removed.
pub(crate) async fn finish(
    app: &App,
    upload: &UploadOfAccount,
    version: &str,
    cause: Cause,
) -> Result<Outcome, RetryError> {
    let record = &upload.record;
    match record.status {
        UploadStatus::Review if upload.is_live() => {
            rule(app, &record.key, version, Ruling::Unsure, cause).await
        }
        UploadStatus::Rejected if !record.versions_to_delete.is_empty() => {
            ruling::apply(app, &record.key, version, Ruling::Risky).await?;
            Ok(Outcome::Done("what was rejected is removed"))
        }
        _ => Ok(Outcome::Done("there is nothing to check any more")),
    }
}

/// WeChat was asked already, by a delivery of the message that may have been cut off after that.
async fn go_on(
    app: &App,
    upload: &UploadOfAccount,
    version: &str,
    trace_id: &str,
) -> Result<Outcome, RetryError> {
    let key = &upload.record.key;
    let verdict = app.store.verdict(trace_id).await;
    if let Some(verdict) = verdict.map_err(RetryError::new)? {
        return verdict::apply_to(app, key, version, trace_id, verdict).await;
    }
    watch(app, &upload.record, version, trace_id).await?;
    Ok(Outcome::Done("WeChat was asked already"))
}
