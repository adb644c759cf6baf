//! S3's event notifications, versions 2.1 to 2.x, as they stand in a message.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
//!
//! Only what is used is required: senders leave things out, and add others.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use shared::upload::key::ObjectKey;

/// How many SNS envelopes may lie in each other.
const MAX_ENVELOPES: usize = 3;

/// What happened to an object of the uploads bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// Whether a version came or went.
    pub kind: EventKind,
    /// The object's key, which names its user and its upload.
    pub key: ObjectKey,
    /// The version that the event is about; of a delete marker, its own.
    pub version: Option<String>,
}

/// The kinds of events that an upload depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A version was stored, by PUT, POST or copy.
    Created,
    /// A version was removed for good, by a call or by the bucket's lifecycle.
    Removed,
    /// A delete marker was placed, which hides the object.
    MarkerCreated,
}

/// A message without an event to process; retrying does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationError {
    /// Neither S3's own format nor one of the known envelopes.
    NotANotification,
    /// What S3 sends once when notifications are configured.
    TestEvent,
    /// A notification, but not about an upload in this bucket.
    NoUploadEvent,
}

impl NotificationError {
    /// The reason as the log has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotANotification => "not an S3 notification",
            Self::TestEvent => "S3's test event",
            Self::NoUploadEvent => "no event of an upload",
        }
    }
}

/// A message's body: S3's own notification, the same in an SNS envelope, or an EventBridge event.
#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Option<Vec<Value>>,
    #[serde(rename = "Event")]
    event: Option<String>,
    /// SNS. <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
    #[serde(rename = "Message")]
    message: Option<String>,
    /// EventBridge. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    detail: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: Option<String>,
    event_name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(alias = "versionId", alias = "version-id")]
    version: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
    #[serde(rename = "deletion-type")]
    deletion_type: Option<String>,
}

/// The events about uploads in `bucket` that a message's body holds.
///
/// # Errors
/// If it holds none.
pub fn parse(body: &str, bucket: &str) -> Result<Vec<ObjectEvent>, NotificationError> {
    parse_in_envelopes(body, bucket, MAX_ENVELOPES)
}

fn parse_in_envelopes(
    body: &str,
    bucket: &str,
    depth: usize,
) -> Result<Vec<ObjectEvent>, NotificationError> {
    let notification: Notification =
        serde_json::from_str(body).map_err(|_| NotificationError::NotANotification)?;
    if notification.event.as_deref() == Some("s3:TestEvent") {
        return Err(NotificationError::TestEvent);
    }
    if let Some(records) = notification.records {
        // A record of another shape does not spoil its neighbours.
        let records = records.into_iter();
        let records = records.filter_map(|record| serde_json::from_value(record).ok());
        let events = records.filter_map(|record| from_record(record, bucket));
        return non_empty(events.collect());
    }
    match (
        notification.message,
        notification.detail_type,
        notification.detail,
    ) {
        (Some(message), _, _) if depth > 0 => parse_in_envelopes(&message, bucket, depth - 1),
        (_, Some(detail_type), Some(detail)) => {
            let detail =
                serde_json::from_value(detail).map_err(|_| NotificationError::NoUploadEvent)?;
            let event = from_eventbridge(&detail_type, detail, bucket);
            non_empty(event.into_iter().collect())
        }
        _ => Err(NotificationError::NotANotification),
    }
}

fn non_empty(events: Vec<ObjectEvent>) -> Result<Vec<ObjectEvent>, NotificationError> {
    if events.is_empty() {
        Err(NotificationError::NoUploadEvent)
    } else {
        Ok(events)
    }
}

fn from_record(record: Record, bucket: &str) -> Option<ObjectEvent> {
    let supported = record
        .event_version
        .as_deref()
        .is_none_or(|version| version.starts_with("2."));
    if !supported || record.s3.bucket.name != bucket {
        return None;
    }
    let name = record.event_name.trim_start_matches("s3:");
    let kind = match name.split_once(':')? {
        ("ObjectCreated", _) => EventKind::Created,
        ("ObjectRemoved" | "LifecycleExpiration", "DeleteMarkerCreated") => {
            EventKind::MarkerCreated
        }
        ("ObjectRemoved" | "LifecycleExpiration", _) => EventKind::Removed,
        _ => return None,
    };
    let Object { key, version } = record.s3.object;
    Some(ObjectEvent {
        kind,
        key: decode(&key)?.parse().ok()?,
        version: version.filter(|version| is_version(version)),
    })
}

/// In EventBridge events the key is not URL-encoded.
fn from_eventbridge(detail_type: &str, detail: Detail, bucket: &str) -> Option<ObjectEvent> {
    if detail.bucket.name != bucket {
        return None;
    }
    let kind = match (detail_type, detail.deletion_type.as_deref()) {
        ("Object Created", _) => EventKind::Created,
        ("Object Deleted", Some("Delete Marker Created")) => EventKind::MarkerCreated,
        ("Object Deleted", _) => EventKind::Removed,
        _ => return None,
    };
    Some(ObjectEvent {
        kind,
        key: detail.object.key.parse().ok()?,
        version: detail.object.version.filter(|version| is_version(version)),
    })
}

/// S3 gives objects from before versioning the version id `null`.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text != "null"
}

/// Keys in S3's own notifications are form-encoded, once.
fn decode(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
