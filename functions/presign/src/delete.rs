//! `DELETE /v1/uploads/{id}`: record and object.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error, causes};
use shared::http::PathId;
use shared::ids::UploadId;
use shared::store::upload::{Closed, Leftover, Record, Refused};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::UploadStatus;

use crate::App;

/// How often the deletion starts over because the record changed. A record changes twice in its life.
const ATTEMPTS: u32 = 4;

/// Deletes an upload.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<UploadId>,
) -> Result<StatusCode, Error> {
    let record = app.store.upload(&caller, id).await??;
    let record = record.ok_or_else(|| Error::new(Code::NotFound))?;
    delete_record(&app, record).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the version that the record names, then writes the tombstone. If the second is not reached, the event of the
/// removal does it, or the repeated request. Versions that were not inspected yet go with their own events, which find
/// the tombstone.
pub(crate) async fn delete_record(app: &App, record: Record) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if let Some(version) = &record.version {
            delete_object(app, &record.key, version).await?;
        }
        if record.status == UploadStatus::Tombstone {
            return erase_leftovers(app, &record).await;
        }
        let refused = match app.store.tombstone_record(&record).await? {
            Closed::Done => {
                note_freed_bytes(app, &record).await;
                return Ok(());
            }
            Closed::Refused(refused) => refused,
        };
        if !update_from(&mut record, refused) {
            return Ok(());
        }
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

/// Deletes an upload in the name of an administrator. The tombstone comes first: its write is what tells whether they
/// still are one. It lists the version that is to be removed, and a repetition finds it there.
pub(crate) async fn delete_record_as(
    app: &App,
    actor: &Caller,
    record: Record,
) -> Result<(), Error> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if record.status == UploadStatus::Tombstone {
            return erase_leftovers(app, &record).await;
        }
        let refused = match app.store.tombstone_record_as(actor, &record).await?? {
            Closed::Done => {
                let Some(version) = &record.version else {
                    return Ok(());
                };
                let deleting = delete_object(app, &record.key, version);
                let (deleted, ()) = tokio::join!(deleting, note_freed_bytes(app, &record));
                return deleted;
            }
            Closed::Refused(refused) => refused,
        };
        if !update_from(&mut record, refused) {
            return Ok(());
        }
    }
    Err(Error::new(Code::TemporarilyUnavailable))
}

/// Takes over what the table said of a record; `false` if there is none any more.
fn update_from(record: &mut Record, refused: Refused) -> bool {
    let Some(found) = refused.record else {
        return false;
    };
    record.status = found.status;
    record.version = found.version;
    record.leftovers = refused.leftovers;
    true
}

async fn erase_leftovers(app: &App, record: &Record) -> Result<(), Error> {
    for Leftover { key, version } in &record.leftovers {
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

/// What is not noted is found out later: the upload is deleted either way.
async fn note_freed_bytes(app: &App, record: &Record) {
    if app.limits.total_bytes.is_none() {
        return;
    }
    if let Err(error) = app.store.note_freed_bytes(&record.key.user).await {
        tracing::warn!(cause = causes(&error), "freed bytes were not noted");
    }
}
