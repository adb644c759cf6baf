//! Carries out what is said of a version: the record and the profile first, then the bucket.

use shared::queue::RetryError;
use shared::store::upload::{
    CloseUploadOutcome, CompleteUploadOutcome, ObjectVersion, RecordConflict,
};
use shared::telemetry::{self, Metric};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{Judgement, Ruling, Snapshot, UploadStatus, judge};

use crate::App;

/// How often a ruling is judged again because the record changed. A record changes three times in its lifetime.
const ATTEMPTS: u32 = 5;

/// What became of a ruling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ruled {
    /// The upload is ready.
    Shown,
    /// The upload waits for a moderator.
    Held,
    /// The upload is rejected, and its version removed.
    Withdrawn,
    /// The account has ended; its purge does the rest.
    OwnerGone,
    /// The record is in this state, in which the ruling changes nothing; `None` if there is none that references the version.
    Unchanged(Option<UploadStatus>),
}

impl Ruled {
    /// What is logged of it.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Shown => "upload is ready",
            Self::Held => "upload waits for a moderator",
            Self::Withdrawn => "upload is rejected",
            Self::OwnerGone => "the account has ended",
            Self::Unchanged(Some(_)) => "the upload has been decided on",
            Self::Unchanged(None) => "no record references the version",
        }
    }
}

/// The result of one attempt to change a record.
enum Attempt {
    Done(Ruled),
    Conflict(RecordConflict),
}

/// Judges by the record that `ruling` expects, which saves a read; if the conditional write is refused, again by the
/// record that came back with the refusal.
pub(crate) async fn apply(
    app: &App,
    key: &ObjectKey,
    version: &str,
    ruling: Ruling,
) -> Result<Ruled, RetryError> {
    let mut record = Some(Snapshot {
        status: ruling.expected_status(),
        version: Some(version.to_owned()),
        declared_size: None,
    });
    for _ in 0..ATTEMPTS {
        let judgement = judge(record.as_ref(), version, ruling);
        let referencing = record.filter(|record| record.version.as_deref() == Some(version));
        let status = referencing.map(|record| record.status);
        let attempt = match (judgement, status) {
            (Judgement::Show, Some(was)) => show(app, key, version, was).await?,
            (Judgement::Hold, Some(was)) => {
                closed(app.store.hold_upload(key, version, was).await, Ruled::Held)?
            }
            (Judgement::Withdraw, Some(was)) => withdraw(app, key, version, was).await?,
            (_, status) => return Ok(Ruled::Unchanged(status)),
        };
        let conflict = match attempt {
            Attempt::Done(ruled) => return Ok(ruled),
            Attempt::Conflict(conflict) => conflict,
        };
        remove_listed(app, key, &conflict).await?;
        record = conflict.record;
    }
    Err(RetryError::new("the record kept changing"))
}

async fn show(
    app: &App,
    key: &ObjectKey,
    version: &str,
    was: UploadStatus,
) -> Result<Attempt, RetryError> {
    let outcome = app.store.clear_upload(key, version, was).await;
    Ok(match outcome.map_err(RetryError::new)? {
        CompleteUploadOutcome::Completed { replaced } => {
            if let Some(replaced) = replaced {
                remove(app, &replaced).await?;
            }
            telemetry::count(Metric::UploadsReady);
            Attempt::Done(Ruled::Shown)
        }
        CompleteUploadOutcome::OwnerGone => Attempt::Done(Ruled::OwnerGone),
        CompleteUploadOutcome::Conflict(conflict) => Attempt::Conflict(conflict),
    })
}

/// Rejects the record first and then removes the version: if this is cut off in between, the record still lists it.
async fn withdraw(
    app: &App,
    key: &ObjectKey,
    version: &str,
    was: UploadStatus,
) -> Result<Attempt, RetryError> {
    let outcome = app.store.withdraw_upload(key, version, was).await;
    let attempt = closed(outcome, Ruled::Withdrawn)?;
    if matches!(attempt, Attempt::Done(_)) {
        telemetry::count(Metric::UploadsRejected);
        remove_own(app, key, version).await?;
    }
    Ok(attempt)
}

fn closed(
    outcome: Result<CloseUploadOutcome, shared::store::StoreError>,
    ruled: Ruled,
) -> Result<Attempt, RetryError> {
    Ok(match outcome.map_err(RetryError::new)? {
        CloseUploadOutcome::Closed => Attempt::Done(ruled),
        CloseUploadOutcome::Conflict(conflict) => Attempt::Conflict(conflict),
    })
}

/// Removes what a record lists: a ruling before this one may have been cut off.
async fn remove_listed(
    app: &App,
    key: &ObjectKey,
    conflict: &RecordConflict,
) -> Result<(), RetryError> {
    for listed in &conflict.versions_to_delete {
        match &listed.version {
            Some(version) if listed.key == *key => remove_own(app, key, version).await?,
            _ => remove(app, listed).await?,
        }
    }
    Ok(())
}

async fn remove_own(app: &App, key: &ObjectKey, version: &str) -> Result<(), RetryError> {
    let deleted = app.deleter.delete(key, version).await;
    deleted.map_err(RetryError::new)?;
    let forgotten = app.store.forget_removed_version(key, version).await;
    forgotten.map_err(RetryError::new)
}

async fn remove(app: &App, object: &ObjectVersion) -> Result<(), RetryError> {
    let Some(version) = &object.version else {
        return Ok(());
    };
    let deleted = app.deleter.delete(&object.key, version).await;
    deleted.map_err(RetryError::new)
}
