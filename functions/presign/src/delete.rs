//! `DELETE /v1/uploads/{id}`: record and object.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::PathId;
use shared::ids::{UploadId, UserId};
use shared::store::Actor;
use shared::store::upload::Record;
use shared::telemetry::causes;
use shared::upload::lifecycle::UploadStatus;
use shared::upload_removal::{ATTEMPTS, RemoveUploadError, Removed, remove_upload};

use crate::App;

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

/// Deletes an upload in its owner's name.
pub(crate) async fn delete_upload(app: &App, record: Record) -> Result<(), Error> {
    let owner = record.key.user.clone();
    let removed = remove_upload(&app.store, &app.deleter, record).await;
    if removed.map_err(not_removed)? == Removed::Now {
        note_freed_bytes(app, &owner).await;
    }
    Ok(())
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
        if !record.update_from(conflict) {
            return Ok(());
        }
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

fn not_removed(error: RemoveUploadError) -> Error {
    match error {
        RemoveUploadError::Store(error) => error.into(),
        error => Error::new(Code::TemporarilyUnavailable).caused_by(error),
    }
}

/// Best effort: without the note, the next recount still finds the bytes, and the upload is deleted either way.
async fn note_freed_bytes(app: &App, owner: &UserId) {
    if app.limits.total_bytes.is_none() {
        return;
    }
    if let Err(error) = app.store.note_freed_bytes(owner).await {
        tracing::warn!(cause = causes(&error), "freed bytes were not noted");
    }
}
