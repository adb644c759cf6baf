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
/// The object goes first: if S3 fails, the record still stands and the client can repeat the request. Then the record
/// becomes a tombstone, which makes the event of an object that arrives later remove it.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<StatusCode, Error> {
    let record = app
        .store
        .upload(&caller, id)
        .await??
        .ok_or_else(|| Error::new(Code::NotFound))?;
    erase(&app, &record).await?;
    if record.state == UploadState::Gone {
        return Err(Error::new(Code::NotFound));
    }
    if id.purpose() == Purpose::Avatar {
        app.store.clear_avatar(&record.key).await?;
    }
    let buried = app.store.bury_upload(&record.key).await?;
    // An event may have made the record ready since it was read: then there is one more version to remove.
    if let Some(buried) = buried.filter(|buried| buried.version != record.version) {
        erase(&app, &buried).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the object that the record knows of. A record that knows of none waits for its object, which the event will
/// remove, or has lost it.
async fn erase(app: &App, record: &Record) -> Result<(), Error> {
    if record.state != UploadState::Ready && record.version.is_none() {
        return Ok(());
    }
    let version = record.version.as_deref();
    let erased = app.eraser.erase(&record.key, version).await;
    erased.map_err(|error| Error::new(Code::TemporarilyUnavailable).caused_by(error))
}
