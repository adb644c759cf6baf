//! What an event does to a record and to the bucket. [`decide`] says what; this carries it out.

use shared::ids::Purpose;
use shared::queue::{Outcome, RetryError};
use shared::store::upload::{Closed, Leftover, Named, Refused};
use shared::telemetry::{self, Metric};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{
    Change, Decision, Event as UploadEvent, RejectionReason, Snapshot, StoredVersion, UploadStatus,
    decide,
};
use shared::upload::sniff;
use shared::user::User;

use crate::App;
use crate::notification::{Event, Kind};
use crate::objects::{KeyVersion, ObjectHead};

/// How often an event is decided anew because the record had changed. A record changes twice in its life.
const ATTEMPTS: u32 = 4;

/// What was read to work on an event.
#[derive(Debug)]
struct Subject<'a> {
    key: &'a ObjectKey,
    /// The owner of an avatar.
    owner: Option<User>,
    /// Every version of a key that is hidden.
    versions: Vec<KeyVersion>,
    receives: u32,
}

impl<'a> Subject<'a> {
    const fn new(key: &'a ObjectKey, receives: u32) -> Self {
        Self {
            key,
            owner: None,
            versions: Vec::new(),
            receives,
        }
    }
}

/// Brings record and bucket in line with an event. Safe to repeat, and to do in any order.
pub(crate) async fn apply(app: &App, event: &Event, receives: u32) -> Result<Outcome, RetryError> {
    telemetry::count(Metric::UploadEvents);
    if let Some(handled) = apply_to_settled(app, event).await? {
        return Ok(handled);
    }
    match (event.kind, &event.version) {
        (Kind::Created, _) => created(app, event, receives).await,
        (Kind::Removed, Some(version)) => {
            let subject = Subject::new(&event.key, receives);
            settle(app, subject, UploadEvent::Removed(version)).await
        }
        (Kind::MarkerCreated, Some(version)) => marker_created(app, event, version, receives).await,
        (_, None) => Ok(Outcome::Discarded("it names no version")),
    }
}

/// The short way for a key whose record this environment has seen settled.
async fn apply_to_settled(app: &App, event: &Event) -> Result<Option<Outcome>, RetryError> {
    let (Some(version), Some(named)) = (&event.version, app.settled.named(&event.key)) else {
        return Ok(None);
    };
    let is_named = named.as_ref() == Some(version);
    match event.kind {
        // It may be a tombstone's by now that lists this version: the long way finds out.
        Kind::Created if is_named => Ok(None),
        Kind::Created => remove_surplus(app, &event.key, version).await.map(Some),
        Kind::Removed if !is_named => Ok(Some(Outcome::Done("removal changed nothing"))),
        Kind::Removed | Kind::MarkerCreated => Ok(None),
    }
}

/// Removes a version that no record will ever name. The line tells whose it was: whoever sends objects again and again
/// can be found.
async fn remove_surplus(app: &App, key: &ObjectKey, version: &str) -> Result<Outcome, RetryError> {
    telemetry::field("user", key.user.as_str());
    app.objects.remove(key, version).await?;
    Ok(Outcome::Done("surplus version was removed"))
}

async fn created(app: &App, event: &Event, receives: u32) -> Result<Outcome, RetryError> {
    let key = &event.key;
    // The profile is read while S3 is asked: an avatar's write needs to know which picture it replaces.
    let head = app.objects.inspect(key, event.version.as_deref());
    let (head, owner) = tokio::join!(head, owner(app, key));
    let Some(head) = head? else {
        return gone(app, event, receives).await;
    };
    let inspection = check(app, key, &head).map(|()| UploadStatus::Ready);
    let Some(id) = event.version.clone().or(head.version) else {
        return Ok(Outcome::Discarded("the bucket keeps no versions"));
    };
    let version = StoredVersion {
        id,
        size: head.size,
        etag: head.etag,
    };
    let mut subject = Subject::new(key, receives);
    subject.owner = owner?;
    settle(app, subject, UploadEvent::Stored(&version, inspection)).await
}

/// An object that is not there any more. The record of an avatar may have to remove the picture before it yet, if this
/// event was cut off when it came first.
async fn gone(app: &App, event: &Event, receives: u32) -> Result<Outcome, RetryError> {
    match &event.version {
        Some(version) if event.key.upload.purpose() == Purpose::Avatar => {
            let subject = Subject::new(&event.key, receives);
            settle(app, subject, UploadEvent::Removed(version)).await
        }
        _ => Ok(Outcome::Done("object was gone before it was inspected")),
    }
}

/// The owner of an avatar; `None` for anything else, and for an owner who is gone.
async fn owner(app: &App, key: &ObjectKey) -> Result<Option<User>, RetryError> {
    if key.upload.purpose() != Purpose::Avatar {
        return Ok(None);
    }
    let account = app
        .store
        .account(&key.user)
        .await
        .map_err(RetryError::new)?;
    Ok(account.and_then(|account| account.user))
}

/// Whether the object is what its ticket allowed, as far as its bytes and headers tell. The exact size is the record's to
/// know.
fn check(app: &App, key: &ObjectKey, head: &ObjectHead) -> Result<(), RejectionReason> {
    let declared = key.content_type;
    if head.size > app.limits.max_bytes(key.upload.purpose()) {
        return Err(RejectionReason::TOO_LARGE);
    }
    // S3 serves an object with this type, whatever its bytes.
    if head.size > 0 && head.content_type.as_deref() != Some(declared.as_str()) {
        return Err(RejectionReason::TYPE_MISMATCH);
    }
    if head.has_foreign_headers {
        return Err(RejectionReason::HEADERS_NOT_ALLOWED);
    }
    sniff::check(&head.bytes, declared).map_err(|mismatch| RejectionReason(mismatch.as_str()))
}

async fn marker_created(
    app: &App,
    event: &Event,
    marker: &str,
    receives: u32,
) -> Result<Outcome, RetryError> {
    let versions = app.objects.versions(&event.key).await?;
    if !versions
        .iter()
        .any(|version| version.is_latest && version.id == marker)
    {
        return Ok(Outcome::Done("the delete marker is not the latest version"));
    }
    let mut subject = Subject::new(&event.key, receives);
    subject.versions = versions;
    settle(app, subject, UploadEvent::Hidden).await
}

/// Carries out what [`decide`] says: first of the record that the event expects, which saves a read, and if the write is
/// refused, of the record as it is.
async fn settle(
    app: &App,
    mut subject: Subject<'_>,
    event: UploadEvent<'_>,
) -> Result<Outcome, RetryError> {
    let mut record = Some(Snapshot::expected_by(&event));
    for _ in 0..ATTEMPTS {
        let outcome = match decide(record.as_ref(), &event, subject.receives) {
            Decision::Change(change) => change_record(app, &mut subject, change).await?,
            decision => return conclude(app, &subject, record, decision).await,
        };
        let refused = match outcome {
            Ok(handled) => return Ok(handled),
            Err(refused) => refused,
        };
        remove_leftovers(app, refused.leftovers).await?;
        record = refused.record;
    }
    Err(RetryError::new("the record kept changing"))
}

/// Makes one change and does what follows from it; `Err` in the inner result if the record was not as it had to be.
async fn change_record(
    app: &App,
    subject: &mut Subject<'_>,
    change: Change<'_>,
) -> Result<Result<Outcome, Refused>, RetryError> {
    let (key, store) = (subject.key, &app.store);
    match change {
        Change::Name(version, status) => name(app, subject, version, status).await,
        Change::Reject(version, reason) => {
            let change = store.reject_upload(key, reason).await;
            match change.map_err(RetryError::new)? {
                Closed::Done => rejected(app, key, version, reason).await.map(Ok),
                Closed::Refused(refused) => Ok(Err(refused)),
            }
        }
        Change::Tombstone(version) => {
            let change = store.tombstone_version(key, version).await;
            match change.map_err(RetryError::new)? {
                Closed::Done => Ok(Ok(closed(app, key, "upload is deleted"))),
                Closed::Refused(refused) => Ok(Err(refused)),
            }
        }
        Change::MarkDeleted => {
            let change = store.mark_deleted(key).await;
            match change.map_err(RetryError::new)? {
                Closed::Done => {
                    remove_all(app, subject).await?;
                    Ok(Ok(closed(app, key, "upload is deleted by a delete marker")))
                }
                Closed::Refused(refused) => Ok(Err(refused)),
            }
        }
    }
}

async fn name(
    app: &App,
    subject: &mut Subject<'_>,
    version: &StoredVersion,
    status: UploadStatus,
) -> Result<Result<Outcome, Refused>, RetryError> {
    let key = subject.key;
    let named = if status == UploadStatus::Ready && key.upload.purpose() == Purpose::Avatar {
        app.store
            .name_avatar(key, version, subject.owner.take())
            .await
    } else {
        app.store.name_version(key, version, status).await
    };
    match named.map_err(RetryError::new)? {
        Named::Done(leftover) => {
            remove_leftovers(app, leftover).await?;
            app.settled.remember(key, Some(version.id.clone()));
            telemetry::count(Metric::UploadsReady);
            Ok(Ok(Outcome::Done("upload is ready")))
        }
        Named::OwnerGone => {
            app.objects.remove(key, &version.id).await?;
            Ok(Ok(Outcome::Done("object of a deleted account was removed")))
        }
        Named::Refused(refused) => Ok(Err(refused)),
    }
}

/// The record is rejected first and the version removed then: cut off in between, the repetition removes it.
async fn rejected(
    app: &App,
    key: &ObjectKey,
    version: &StoredVersion,
    reason: RejectionReason,
) -> Result<Outcome, RetryError> {
    telemetry::field("reason", reason.0);
    telemetry::count(Metric::UploadsRejected);
    app.objects.remove(key, &version.id).await?;
    Ok(closed(app, key, "upload is rejected"))
}

fn closed(app: &App, key: &ObjectKey, done: &'static str) -> Outcome {
    app.settled.remember(key, None);
    Outcome::Done(done)
}

/// Carries out a decision that leaves the record as it is.
async fn conclude(
    app: &App,
    subject: &Subject<'_>,
    record: Option<Snapshot>,
    decision: Decision<'_>,
) -> Result<Outcome, RetryError> {
    let handled = match decision {
        Decision::Retry(reason) => return Err(RetryError::new(reason)),
        Decision::RemoveVersion(version) => remove_surplus(app, subject.key, version).await?,
        Decision::RemoveAllVersions => {
            remove_all(app, subject).await?;
            Outcome::Done("versions behind a delete marker were removed")
        }
        Decision::Ignore(reason) => Outcome::Done(reason),
        Decision::Change(_) => return Err(RetryError::new("a change was not carried out")),
    };
    match record {
        Some(record) if record.status == UploadStatus::Pending => {}
        Some(record) => app.settled.remember(subject.key, record.version),
        None if matches!(decision, Decision::Ignore(_)) => {}
        None => {
            telemetry::count(Metric::OrphansRemoved);
            return Ok(Outcome::Discarded(
                "the upload is unknown; its object was removed",
            ));
        }
    }
    Ok(handled)
}

async fn remove_leftovers(
    app: &App,
    leftovers: impl IntoIterator<Item = Leftover>,
) -> Result<(), RetryError> {
    for Leftover { key, version } in leftovers {
        if let Some(version) = version {
            app.objects.remove(&key, &version).await?;
        }
    }
    Ok(())
}

/// Removes a hidden key's versions, then its delete markers, and the latest one last: while it is there, a repetition knows
/// that it has work to do.
async fn remove_all(app: &App, subject: &Subject<'_>) -> Result<(), RetryError> {
    let mut versions: Vec<_> = subject.versions.iter().collect();
    versions.sort_by_key(|version| (version.is_marker, version.is_latest));
    for version in versions {
        app.objects.remove(subject.key, &version.id).await?;
    }
    Ok(())
}
