//! A verdict that has not come in time: WeChat is asked once more, and then a person.

use std::time::Duration;

use shared::moderation::Task;
use shared::queue::{MAX_DELAY, Outcome, RetryError};
use shared::store::review::Cause;
use shared::store::upload::UploadOfAccount;
use shared::time::Timestamp;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{Ruling, UploadStatus};

use crate::App;
use crate::media::{finish, is_to_be_checked};
use crate::submission::submit;
use crate::verdict::rule;

pub(crate) async fn check_again(
    app: &App,
    task: &Task,
    key: &str,
    version: &str,
    trace_id: &str,
    due: Timestamp,
) -> Result<Outcome, RetryError> {
    if app.clock.now() < due {
        return wait_until(app, task, due).await;
    }
    let Ok(key) = key.parse::<ObjectKey>() else {
        return Ok(Outcome::Discarded("the key is no upload's"));
    };
    let upload = app.store.upload_with_account(&key).await;
    let upload = upload.map_err(RetryError::new)?;
    let Some(upload) = upload else {
        return Ok(Outcome::Done("the upload is gone"));
    };
    if !is_overdue(&upload, version, trace_id) {
        return finish(app, &upload, version, Cause::Overdue).await;
    }
    if upload.record.check_before.is_some() {
        return rule(app, &key, version, Ruling::Unsure, Cause::Overdue).await;
    }
    submit(app, &upload, version, task).await
}

/// Whether the upload still waits for the verdict of this very check.
fn is_overdue(upload: &UploadOfAccount, version: &str, trace_id: &str) -> bool {
    let record = &upload.record;
    record.status == UploadStatus::Checking
        && record.check.as_deref() == Some(trace_id)
        && is_to_be_checked(upload, version)
}

/// Sends the task once more, as late as the queue can, and no later than at `due`.
async fn wait_until(app: &App, task: &Task, due: Timestamp) -> Result<Outcome, RetryError> {
    let left = due.since(app.clock.now());
    let delay = left.clamp(Duration::from_secs(1), MAX_DELAY);
    app.queue.send(task.to_message(), Some(delay)).await?;
    Ok(Outcome::Done("the verdict is not due yet"))
}
