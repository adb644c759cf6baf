//! `DELETE /v1/uploads/{id}`: record and object.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::PathId;
use shared::ids::{UploadId, UserId};
use shared::store::Actor;
use shared::store::upload::{CloseUploadOutcome, Record};
use shared::telemetry::causes;
use shared::upload::lifecycle::UploadStatus;
use shared::upload_removal::{
    ATTEMPTS, RemoveUploadError, Removed, remove_listed_versions, remove_upload,
};

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

/// Writes the tombstone, which lists the referenced version, then removes that version. The tombstone comes first because
/// its transaction checks that the actor still is an administrator; a repeated request finds the listed version there.
pub(crate) async fn delete_upload_as_admin(
    app: &App,
    actor: Actor<'_>,
    record: Record,
) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if record.status == UploadStatus::Tombstone {
            let removed = remove_listed_versions(&app.deleter, &record).await;
            return removed.map_err(|error| not_removed(error.into()));
        }
        let outcome = app.store.tombstone_upload_as_admin(actor, &record).await;
        let conflict = match outcome? {
            CloseUploadOutcome::Closed => {
                let Some(version) = &record.version else {
                    return Ok(());
                };
                let deleting = app.deleter.delete(&record.key, version);
                let noting = note_freed_bytes(app, &record.key.user);
                let (deleted, ()) = tokio::join!(deleting, noting);
                return deleted.map_err(|error| not_removed(error.into()));
            }
            CloseUploadOutcome::Conflict(conflict) => conflict,
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
