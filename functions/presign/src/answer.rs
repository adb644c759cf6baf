//! An upload as an answer.

use serde_json::{Value, json};
use shared::seams::Timestamp;
use shared::store::upload::{NewUpload, Record, State};
use shared::upload::link::Links;

/// The upload's JSON. There is a link to its object once the object was verified, and to that version of it.
pub(crate) fn upload(record: &Record, links: &Links, now: Timestamp) -> Value {
    let ready = record.state == State::Ready;
    let link = ready.then(|| links.download(&record.key, record.version.as_deref(), now));
    json!({
        "id": record.key.upload.to_string(),
        "purpose": record.key.upload.purpose().as_str(),
        "status": record.state.as_str(),
        "content_type": record.key.content_type.as_str(),
        "size": record.size.unwrap_or(record.declared_size),
        "etag": record.etag,
        "reason": record.reason,
        "created_at": record.key.upload.issued_at().to_rfc3339(),
        "ready_at": record.ready_at.map(Timestamp::to_rfc3339),
        "download_url": link.as_ref().map(|link| link.url.as_str()),
        "download_expires_at": link.as_ref().and_then(|link| link.expires_at).map(Timestamp::to_rfc3339),
    })
}

/// The record that was written for a new upload.
pub(crate) fn pending(new: &NewUpload) -> Record {
    Record {
        key: new.key.clone(),
        state: State::Pending,
        declared_size: new.size,
        size: None,
        etag: None,
        version: None,
        reason: None,
        ready_at: None,
        previous_version: None,
    }
}
