//! An upload as an answer.

use serde_json::{Value, json};
use shared::store::upload::Record;
use shared::time::Timestamp;
use shared::upload::link::Links;

/// The upload's JSON, for its owner. There is a link to its object as long as the record names a version, and to that
/// version of it.
pub(crate) fn upload(record: &Record, links: &Links, now: Timestamp) -> Value {
    let version = record.status.names_version();
    let link = version.then(|| links.download(&record.key, record.version.as_deref(), now));
    json!({
        "id": record.key.upload.to_string(),
        "purpose": record.key.upload.purpose().as_str(),
        "status": record.status.as_str(),
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
