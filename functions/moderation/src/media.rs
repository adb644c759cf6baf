//! A stored object: WeChat is asked to check it.

use shared::moderation::Task;
use shared::queue::{Outcome, RetryError};
use shared::store::upload::UploadOfAccount;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::UploadStatus;

use crate::App;
use crate::submission::{submit, watch};
use crate::verdict;

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
    let Some(upload) = upload.filter(|upload| is_to_be_checked(upload, version)) else {
        return Ok(Outcome::Done("there is nothing to check any more"));
    };
    match &upload.record.check {
        None => submit(app, &upload, version, task).await,
        Some(trace_id) => go_on(app, &upload, version, trace_id).await,
    }
}

/// Whether the record still references the version and can still be changed by a verdict, and the account goes on. What is
/// ready already is checked for the record alone.
pub(crate) fn is_to_be_checked(upload: &UploadOfAccount, version: &str) -> bool {
    let (record, account) = (&upload.record, &upload.account);
    let waits = matches!(record.status, UploadStatus::Checking | UploadStatus::Ready);
    let is_live = account.epoch == record.key.upload.epoch() && account.user().is_some();
    waits && is_live && record.version.as_deref() == Some(version)
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
