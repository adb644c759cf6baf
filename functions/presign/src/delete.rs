//! `DELETE /v1/uploads/{id}`: record and object.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::PathId;
use shared::ids::UploadId;
use shared::store::Actor;
use shared::store::upload::{CloseUploadOutcome, ObjectVersion, Record, RecordConflict};
use shared::telemetry::causes;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::UploadStatus;

use crate::App;

/// How often a deletion starts over because the record changed. A record changes twice in its lifetime.
const ATTEMPTS: u32 = 4;

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<StatusCode, Error> {
    let record = app.store.upload(caller.actor(), id).await?;
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    delete_upload(&app, record).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the version that the record references, then writes the tombstone. If the tombstone is not reached, the event
/// of the removal writes it, or a repeated request. Versions that were not inspected yet are removed by their own events,
/// which find the tombstone.
pub(crate) async fn delete_upload(app: &App, record: Record) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if let Some(version) = &record.version {
            delete_object(app, &record.key, version).await?;
        }
        if record.status == UploadStatus::Tombstone {
            return delete_listed_versions(app, &record).await;
        }
        let conflict = match app.store.tombstone_upload(&record).await? {
            CloseUploadOutcome::Closed => {
                note_freed_bytes(app, &record).await;
                return Ok(());
            }
            CloseUploadOutcome::Conflict(conflict) => conflict,
        };
        if !update_from(&mut record, conflict) {
            return Ok(());
        }
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

/// Confirms the administrator by a transaction that writes the audit entry, then deletes the upload as its owner would:
/// whatever stops that halfway leaves the upload as it is, or an event that finishes the deletion.
pub(crate) async fn delete_upload_as_admin(
    app: &App,
    actor: Actor<'_>,
    record: Record,
) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if record.status == UploadStatus::Tombstone {
            return delete_upload(app, record).await;
        }
        let Some(conflict) = app.store.audit_deletion(actor, &record).await? else {
            return delete_upload(app, record).await;
        };
        if !update_from(&mut record, conflict) {
            return Ok(());
        }
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

/// Brings `record` up to date with the table; `false` if the table no longer holds it.
fn update_from(record: &mut Record, conflict: RecordConflict) -> bool {
    let Some(found) = conflict.record else {
        return false;
    };
    record.status = found.status;
    record.version = found.version;
    record.versions_to_delete = conflict.versions_to_delete;
    true
}

async fn delete_listed_versions(app: &App, record: &Record) -> Result<(), Error> {
    for ObjectVersion { key, version } in &record.versions_to_delete {
        if let Some(version) = version {
            delete_object(app, key, version).await?;
        }
    }
    Ok(())
}

async fn delete_object(app: &App, key: &ObjectKey, version: &str) -> Result<(), Error> {
    let deleted = app.deleter.delete(key, version).await;
    deleted.map_err(|error| Error::new(Code::TemporarilyUnavailable).caused_by(error))
}

/// Best effort: without the note, the next recount still finds the bytes, and the upload is deleted either way.
async fn note_freed_bytes(app: &App, record: &Record) {
    if app.limits.total_bytes.is_none() {
        return;
    }
    if let Err(error) = app.store.note_freed_bytes(&record.key.user).await {
        tracing::warn!(cause = causes(&error), "freed bytes were not noted");
    }
}
