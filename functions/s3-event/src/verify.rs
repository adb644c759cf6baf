//! From an S3 event to the lifecycle event that it stands for: reads the object or the key's versions, as the kind of
//! event requires.

use shared::ids::Purpose;
use shared::moderation::Checks;
use shared::queue::{Outcome, RetryError};
use shared::store::Account;
use shared::telemetry::{self, Metric};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{
    Event as UploadEvent, RejectionReason, StoredVersion, UploadStatus,
};
use shared::upload::sniff;
use shared::user::User;

use crate::App;
use crate::apply::{EventContext, apply, remove_surplus};
use crate::notification::{EventKind, ObjectEvent};
use crate::objects::ObjectHead;

/// Brings record and bucket in line with an event. Idempotent, and independent of the order of events.
pub(crate) async fn process(
    app: &App,
    event: &ObjectEvent,
    receives: u32,
) -> Result<Outcome, RetryError> {
    telemetry::count(Metric::UploadEvents);
    if let Some(outcome) = process_settled(app, event).await? {
        return Ok(outcome);
    }
    let context = EventContext::new(&event.key, receives);
    match (event.kind, &event.version) {
        (EventKind::Created, _) => object_created(app, event, context).await,
        (EventKind::Removed, Some(version)) => {
            apply(app, context, UploadEvent::Removed(version)).await
        }
        (EventKind::MarkerCreated, Some(marker)) => marker_created(app, marker, context).await,
        (_, None) => Ok(Outcome::Discarded("the event has no version id")),
    }
}

/// The shortcut for a key whose record this environment has seen settled.
async fn process_settled(app: &App, event: &ObjectEvent) -> Result<Option<Outcome>, RetryError> {
    let (Some(version), Some(referenced)) = (&event.version, app.settled.version_of(&event.key))
    else {
        return Ok(None);
    };
    let is_referenced = referenced.as_ref() == Some(version);
    match event.kind {
        // By now the record can be a tombstone that lists this version, so it has to be read.
        EventKind::Created if is_referenced => Ok(None),
        EventKind::Created => remove_surplus(app, &event.key, version).await.map(Some),
        EventKind::Removed if !is_referenced => Ok(Some(Outcome::Done("removal changed nothing"))),
        EventKind::Removed | EventKind::MarkerCreated => Ok(None),
    }
}

async fn object_created(
    app: &App,
    event: &ObjectEvent,
    mut context: EventContext<'_>,
) -> Result<Outcome, RetryError> {
    let key = &event.key;
    // Concurrently with S3, the profile is read: the write that shows an avatar needs the picture that it replaces.
    let head = app.objects.inspect(key, event.version.as_deref());
    let (head, owner) = tokio::join!(head, avatar_owner(app, key));
    let Some(head) = head? else {
        return object_missing(app, event, context).await;
    };
    let inspection = check(app, key, &head).map(|()| verified_status(app));
    let Some(id) = event.version.clone().or(head.version) else {
        return Ok(Outcome::Discarded("the bucket is not versioned"));
    };
    let version = StoredVersion {
        id,
        size: head.size,
        etag: head.etag,
    };
    context.owner = owner?;
    apply(app, context, UploadEvent::Stored(&version, inspection)).await
}

/// An object that was removed before it was inspected. An avatar's record can still list the picture that it replaced, if
/// the first delivery of this event was cut off, so the event counts as a removal.
async fn object_missing(
    app: &App,
    event: &ObjectEvent,
    context: EventContext<'_>,
) -> Result<Outcome, RetryError> {
    match &event.version {
        Some(version) if event.key.upload.purpose() == Purpose::Avatar => {
            apply(app, context, UploadEvent::Removed(version)).await
        }
        _ => Ok(Outcome::Done("object was removed before it was inspected")),
    }
}

async fn marker_created(
    app: &App,
    marker: &str,
    mut context: EventContext<'_>,
) -> Result<Outcome, RetryError> {
    let versions = app.objects.versions(context.key).await?;
    let is_latest = versions
        .iter()
        .any(|version| version.is_latest && version.id == marker);
    if !is_latest {
        return Ok(Outcome::Done("the delete marker is not the latest version"));
    }
    context.versions = versions;
    apply(app, context, UploadEvent::DeleteMarker).await
}

/// What a verified upload becomes.
const fn verified_status(app: &App) -> UploadStatus {
    match app.checks {
        Checks::Enforce(_) => UploadStatus::Checking,
        Checks::Off | Checks::Log(_) => UploadStatus::Ready,
    }
}

/// The owner of an avatar that is to be shown; `None` for other uploads, and for an owner whose account is deleted.
async fn avatar_owner(app: &App, key: &ObjectKey) -> Result<Option<User>, RetryError> {
    if key.upload.purpose() != Purpose::Avatar || verified_status(app) != UploadStatus::Ready {
        return Ok(None);
    }
    let account = app
        .store
        .account(&key.user)
        .await
        .map_err(RetryError::new)?;
    Ok(account.and_then(Account::into_user))
}

/// Whether the object is what its ticket allowed, as far as key, headers and first bytes tell. The exact size is in the
/// record.
fn check(app: &App, key: &ObjectKey, head: &ObjectHead) -> Result<(), RejectionReason> {
    let declared = key.content_type;
    if head.size > app.limits.max_bytes(key.upload.purpose()) {
        return Err(RejectionReason::TOO_LARGE);
    }
    // S3 serves an object with this type, whatever its bytes are.
    if head.size > 0 && head.content_type.as_deref() != Some(declared.as_str()) {
        return Err(RejectionReason::TYPE_MISMATCH);
    }
    if head.has_foreign_headers {
        return Err(RejectionReason::HEADERS_NOT_ALLOWED);
    }
    sniff::check(&head.bytes, declared).map_err(|mismatch| RejectionReason(mismatch.as_str()))
}
