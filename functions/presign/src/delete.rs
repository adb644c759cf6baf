//! `DELETE /v1/uploads/{id}`: record and object.

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error, causes};
use shared::http::PathId;
use shared::ids::UploadId;
use shared::store::upload::{Closed, Record};
use shared::upload::lifecycle::UploadStatus;

use crate::App;

/// How often the deletion starts over because the record changed. A record changes twice in its life.
const ATTEMPTS: u32 = 4;

/// Deletes an upload.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<StatusCode, Error> {
    let record = app.store.upload(&caller, id).await??;
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    delete_record(&app, record, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the version that the record names, then writes the tombstone: for its owner, or in the name of an
/// administrator. If the second is not reached, the event of the removal does it, or the repeated request. Versions that
/// were not inspected yet go with their own events, which find the tombstone.
pub(crate) async fn delete_record(
    app: &App,
    record: Record,
    actor: Option<&Caller>,
) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if let Some(version) = &record.version {
            erase(app, &record, version).await?;
        }
        if record.status == UploadStatus::Tombstone {
            return Ok(());
        }
        let closed = match actor {
            None => app.store.tombstone_record(&record).await?,
            Some(actor) => app.store.tombstone_record_as(actor, &record).await??,
        };
        let refused = match closed {
            Closed::Done => {
                note_freed_bytes(app, &record).await;
                return Ok(());
            }
            Closed::Refused(refused) => refused,
        };
        let Some(found) = refused.record else {
            return Ok(());
        };
        record.status = found.status;
        record.version = found.version;
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

async fn erase(app: &App, record: &Record, version: &str) -> Result<(), Error> {
    let erased = app.eraser.erase(&record.key, version).await;
    erased.map_err(|error| Error::new(Code::TemporarilyUnavailable).caused_by(error))
}

/// What is not noted is found out later: the upload is deleted either way.
async fn note_freed_bytes(app: &App, record: &Record) {
    if app.limits.total_bytes.is_none() {
        return;
    }
    if let Err(error) = app.store.note_freed_bytes(&record.key.user).await {
        tracing::warn!(cause = causes(&error), "freed bytes were not noted");
    }
}
