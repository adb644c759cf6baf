//! `DELETE /v1/uploads/{id}`: record and object.

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::PathId;
use shared::ids::{Purpose, UploadId};
use shared::store::upload::{Record, State as UploadState};

use crate::App;

/// Deletes an upload.
///
/// The record becomes a tombstone first, so that the event of an object that arrives from now on removes it. Then the
/// object goes. If S3 fails in between, or the answer is lost, the repeated request finds the tombstone and goes on there.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<StatusCode, Error> {
    let not_found = || Error::new(Code::NotFound);
    let record = app
        .store
        .upload(&caller, id)
        .await??
        .ok_or_else(not_found)?;
    if record.state == UploadState::Gone {
        erase(&app, &record).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    let record = app
        .store
        .bury_upload(&record.key)
        .await?
        .ok_or_else(not_found)?;
    if id.purpose() == Purpose::Avatar {
        app.store.clear_avatar(&record.key, None).await?;
    }
    erase(&app, &record).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the versions that the record knows of. A record that knows of none waits for its object, which the event
/// will remove, or has lost it.
pub(crate) async fn erase(app: &App, record: &Record) -> Result<(), Error> {
    let failed = |error| Error::new(Code::TemporarilyUnavailable).caused_by(error);
    if record.state == UploadState::Ready || record.version.is_some() {
        let version = record.version.as_deref();
        app.eraser
            .erase(&record.key, version)
            .await
            .map_err(failed)?;
    }
    // A ticket can be used more than once while it lives: what lies under the newest version must not come to light.
    if record.previous_version.is_some() || record.state == UploadState::Rejected {
        app.eraser.erase(&record.key, None).await.map_err(failed)?;
    }
    Ok(())
}
