//! Carries out what [`decide`] decides about an event, in the table and in the bucket.

use shared::ids::Purpose;
use shared::moderation::{Checks, Task};
use shared::queue::{Outcome, RetryError};
use shared::store::upload::{
    CloseUploadOutcome, CompleteUploadOutcome, ObjectVersion, RecordConflict,
};
use shared::telemetry::{self, Metric};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{
    Change, Decision, Event, RejectionReason, Snapshot, StoredVersion, UploadStatus, decide,
};
use shared::user::User;

use crate::App;
use crate::objects::KeyVersion;

/// How often an event is decided again because the record changed. A record changes twice in its lifetime.
const ATTEMPTS: u32 = 4;

/// The key that an event is about, and what was read of it.
#[derive(Debug)]
pub(crate) struct EventContext<'a> {
    pub(crate) key: &'a ObjectKey,
    /// The owner of an avatar.
    pub(crate) owner: Option<User>,
    /// Every version of a key that is hidden by a delete marker.
    pub(crate) versions: Vec<KeyVersion>,
    receives: u32,
}

/// The result of one attempt to change a record.
enum ChangeOutcome {
    Applied(Outcome),
    Conflict(RecordConflict),
}

impl<'a> EventContext<'a> {
    pub(crate) const fn new(key: &'a ObjectKey, receives: u32) -> Self {
        Self {
            key,
            owner: None,
            versions: Vec::new(),
            receives,
        }
    }
}

/// Decides on the record that the event expects, which saves a read; if the conditional write is refused, decides again
/// on the record that came back with the refusal.
pub(crate) async fn apply(
    app: &App,
    mut context: EventContext<'_>,
    event: Event<'_>,
) -> Result<Outcome, RetryError> {
    let mut record = Some(Snapshot::expected_by(&event));
    for _ in 0..ATTEMPTS {
        let change = match decide(record.as_ref(), &event, context.receives) {
            Decision::Change(change) => change,
            decision => {
                announce_again(app, &context, record.as_ref(), &event).await?;
                return conclude(app, &context, record, decision).await;
            }
        };
        let conflict = match change_record(app, &mut context, change).await? {
            ChangeOutcome::Applied(outcome) => return Ok(outcome),
            ChangeOutcome::Conflict(conflict) => conflict,
        };
        remove_versions(app, conflict.versions_to_delete).await?;
        record = conflict.record;
    }
    Err(RetryError::new("the record kept changing"))
}

/// Changes the record, then removes from the bucket what the change leaves without a record.
async fn change_record(
    app: &App,
    context: &mut EventContext<'_>,
    change: Change<'_>,
) -> Result<ChangeOutcome, RetryError> {
    match change {
        Change::Complete(version, status) => complete(app, context, version, status).await,
        Change::Reject(version, reason) => reject(app, context.key, version, reason).await,
        Change::Tombstone(version) => tombstone(app, context.key, version).await,
        Change::MarkDeleted => mark_deleted(app, context).await,
    }
}

async fn complete(
    app: &App,
    context: &mut EventContext<'_>,
    version: &StoredVersion,
    status: UploadStatus,
) -> Result<ChangeOutcome, RetryError> {
    let (key, store) = (context.key, &app.store);
    let is_avatar = key.upload.purpose() == Purpose::Avatar;
    let outcome = if is_avatar && status == UploadStatus::Ready {
        store
            .complete_avatar(key, version, context.owner.take())
            .await
    } else {
        store.complete_upload(key, version, status).await
    };
    match outcome.map_err(RetryError::new)? {
        CompleteUploadOutcome::Completed { replaced } => {
            remove_versions(app, replaced).await?;
            announce(app, key, &version.id).await?;
            app.settled.remember(key, Some(version.id.clone()));
            if status != UploadStatus::Ready {
                return Ok(ChangeOutcome::Applied(Outcome::Done("upload is checked")));
            }
            telemetry::count(Metric::UploadsReady);
            Ok(ChangeOutcome::Applied(Outcome::Done("upload is ready")))
        }
        CompleteUploadOutcome::OwnerGone => {
            app.objects.remove(key, &version.id).await?;
            Ok(ChangeOutcome::Applied(Outcome::Done(
                "object of a deleted account was removed",
            )))
        }
        CompleteUploadOutcome::Conflict(conflict) => Ok(ChangeOutcome::Conflict(conflict)),
    }
}

/// Asks for the check of a version that a record references. The record is written first: if this is cut off, the message
/// comes again, and finds it.
async fn announce(app: &App, key: &ObjectKey, version: &str) -> Result<(), RetryError> {
    let Some(queue) = app.checks.queue() else {
        return Ok(());
    };
    let task = Task::MediaStored {
        key: key.to_string(),
        version: version.to_owned(),
    };
    Ok(queue.send(task.to_message(), None).await?)
}

/// Asks again for a check that may not have been asked for, because the event that completed the record was cut off.
async fn announce_again(
    app: &App,
    context: &EventContext<'_>,
    record: Option<&Snapshot>,
    event: &Event<'_>,
) -> Result<(), RetryError> {
    let (Event::Stored(version, _), Some(record)) = (event, record) else {
        return Ok(());
    };
    let waits = match app.checks {
        Checks::Log(_) => matches!(record.status, UploadStatus::Ready | UploadStatus::Checking),
        Checks::Off | Checks::Enforce(_) => record.status == UploadStatus::Checking,
    };
    if waits && record.version.as_deref() == Some(&version.id) {
        announce(app, context.key, &version.id).await?;
    }
    Ok(())
}

/// Rejects the record first and then removes the version: if it is cut off in between, a repetition removes it.
async fn reject(
    app: &App,
    key: &ObjectKey,
    version: &StoredVersion,
    reason: RejectionReason,
) -> Result<ChangeOutcome, RetryError> {
    let outcome = app.store.reject_upload(key, reason).await;
    match outcome.map_err(RetryError::new)? {
        CloseUploadOutcome::Closed => {
            telemetry::field("reason", reason.0);
            telemetry::count(Metric::UploadsRejected);
            app.objects.remove(key, &version.id).await?;
            Ok(closed(app, key, "upload is rejected"))
        }
        CloseUploadOutcome::Conflict(conflict) => Ok(ChangeOutcome::Conflict(conflict)),
    }
}

async fn tombstone(app: &App, key: &ObjectKey, version: &str) -> Result<ChangeOutcome, RetryError> {
    let outcome = app.store.tombstone_removed_version(key, version).await;
    Ok(match outcome.map_err(RetryError::new)? {
        CloseUploadOutcome::Closed => closed(app, key, "upload is deleted"),
        CloseUploadOutcome::Conflict(conflict) => ChangeOutcome::Conflict(conflict),
    })
}

async fn mark_deleted(app: &App, context: &EventContext<'_>) -> Result<ChangeOutcome, RetryError> {
    let outcome = app.store.mark_deleted(context.key).await;
    match outcome.map_err(RetryError::new)? {
        CloseUploadOutcome::Closed => {
            remove_all_versions(app, context).await?;
            Ok(closed(
                app,
                context.key,
                "upload is deleted by a delete marker",
            ))
        }
        CloseUploadOutcome::Conflict(conflict) => Ok(ChangeOutcome::Conflict(conflict)),
    }
}

/// Notes that the key's record is final and references no version.
fn closed(app: &App, key: &ObjectKey, done: &'static str) -> ChangeOutcome {
    app.settled.remember(key, None);
    ChangeOutcome::Applied(Outcome::Done(done))
}

/// Carries out a decision that leaves the record as it is.
async fn conclude(
    app: &App,
    context: &EventContext<'_>,
    record: Option<Snapshot>,
    decision: Decision<'_>,
) -> Result<Outcome, RetryError> {
    let outcome = match decision {
        Decision::Retry(reason) => return Err(RetryError::new(reason)),
        Decision::RemoveVersion(version) => remove_surplus(app, context.key, version).await?,
        Decision::RemoveAllVersions => {
            remove_all_versions(app, context).await?;
            Outcome::Done("versions behind a delete marker were removed")
        }
        Decision::Ignore(reason) => Outcome::Done(reason),
        Decision::Change(_) => return Err(RetryError::new("a change was not carried out")),
    };
    match record {
        Some(record) if record.status == UploadStatus::Pending => {}
        Some(record) => app.settled.remember(context.key, record.version),
        None if matches!(decision, Decision::Ignore(_)) => {}
        None => {
            telemetry::count(Metric::OrphansRemoved);
            return Ok(Outcome::Discarded(
                "the upload is unknown, and its object was removed",
            ));
        }
    }
    Ok(outcome)
}

/// Removes a version that no record references or ever will. The log line has the user, so that an operator finds who
/// stores one ticket's object again and again.
pub(crate) async fn remove_surplus(
    app: &App,
    key: &ObjectKey,
    version: &str,
) -> Result<Outcome, RetryError> {
    telemetry::field("user", key.user.as_str());
    app.objects.remove(key, version).await?;
    Ok(Outcome::Done("surplus version was removed"))
}

async fn remove_versions(
    app: &App,
    versions: impl IntoIterator<Item = ObjectVersion>,
) -> Result<(), RetryError> {
    for ObjectVersion { key, version } in versions {
        if let Some(version) = version {
            app.objects.remove(&key, &version).await?;
        }
    }
    Ok(())
}

/// Removes a hidden key's versions, then its delete markers, and the latest marker last: as long as that is there, a
/// repeated event knows that it has work to do.
async fn remove_all_versions(app: &App, context: &EventContext<'_>) -> Result<(), RetryError> {
    let mut versions: Vec<_> = context.versions.iter().collect();
    versions.sort_by_key(|version| (version.is_marker, version.is_latest));
    for version in versions {
        app.objects.remove(context.key, &version.id).await?;
    }
    Ok(())
}
