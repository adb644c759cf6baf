//! S3's event notifications, versions 2.1 to 2.x, as they stand in a message.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
//!
//! Only what is used is required: senders leave things out, and add others.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use shared::upload::key::ObjectKey;

/// How deep one sender's envelope may lie in another's.
const MAX_ENVELOPES: usize = 3;

/// What happened to an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// The object.
    pub key: ObjectKey,
    /// The version that the event is about; of a delete marker, its own.
    pub version: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object was stored, by whatever means.
    Created,
    /// A version was removed for good, by whomever.
    Removed,
    /// An object was hidden behind a delete marker.
    MarkerCreated,
}

/// Why a message can never do any work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationError {
    /// It is no S3 notification.
    Unreadable,
    /// It is S3's test of the notification itself.
    Test,
    /// It holds no event about an upload in our bucket.
    Foreign,
}

impl NotificationError {
    /// The reason, for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "it is no S3 notification",
            Self::Test => "it is S3's test event",
            Self::Foreign => "it holds no event of an upload",
        }
    }
}

/// What a message may hold: S3's own notification, the same in SNS's envelope, or EventBridge's form of it.
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

/// The events about uploads in `bucket` that a message's text holds.
///
/// # Errors
/// If it holds none, and never will.
pub fn parse(body: &str, bucket: &str) -> Result<Vec<Event>, NotificationError> {
    parse_in_envelopes(body, bucket, MAX_ENVELOPES)
}

fn parse_in_envelopes(
    body: &str,
    bucket: &str,
    depth: usize,
) -> Result<Vec<Event>, NotificationError> {
    let notification: Notification =
        serde_json::from_str(body).map_err(|_| NotificationError::Unreadable)?;
    if notification.event.as_deref() == Some("s3:TestEvent") {
        return Err(NotificationError::Test);
    }
    if let Some(records) = notification.records {
        // A record of another shape does not spoil its neighbours.
        let records = records.into_iter();
        let records = records.filter_map(|record| serde_json::from_value(record).ok());
        let events = records.filter_map(|record| event(record, bucket));
        return some(events.collect());
    }
    match (
        notification.message,
        notification.detail_type,
        notification.detail,
    ) {
        (Some(message), _, _) if depth > 0 => parse_in_envelopes(&message, bucket, depth - 1),
        (_, Some(detail_type), Some(detail)) => {
            let detail = serde_json::from_value(detail).map_err(|_| NotificationError::Foreign)?;
            some(bridged(&detail_type, detail, bucket).into_iter().collect())
        }
        _ => Err(NotificationError::Unreadable),
    }
}

fn some(events: Vec<Event>) -> Result<Vec<Event>, NotificationError> {
    if events.is_empty() {
        Err(NotificationError::Foreign)
    } else {
        Ok(events)
    }
}

fn event(record: Record, bucket: &str) -> Option<Event> {
    let supported = record
        .event_version
        .as_deref()
        .is_none_or(|version| version.starts_with("2."));
    if !supported || record.s3.bucket.name != bucket {
        return None;
    }
    let name = record.event_name.trim_start_matches("s3:");
    let kind = match name.split_once(':')? {
        ("ObjectCreated", _) => Kind::Created,
        ("ObjectRemoved" | "LifecycleExpiration", "DeleteMarkerCreated") => Kind::MarkerCreated,
        ("ObjectRemoved" | "LifecycleExpiration", _) => Kind::Removed,
        _ => return None,
    };
    let Object { key, version } = record.s3.object;
    Some(Event {
        kind,
        key: decode(&key)?.parse().ok()?,
        version: version.filter(|version| is_version(version)),
    })
}

/// An event as EventBridge tells it: the key is not encoded there.
fn bridged(detail_type: &str, detail: Detail, bucket: &str) -> Option<Event> {
    if detail.bucket.name != bucket {
        return None;
    }
    let kind = match (detail_type, detail.deletion_type.as_deref()) {
        ("Object Created", _) => Kind::Created,
        ("Object Deleted", Some("Delete Marker Created")) => Kind::MarkerCreated,
        ("Object Deleted", _) => Kind::Removed,
        _ => return None,
    };
    Some(Event {
        kind,
        key: detail.object.key.parse().ok()?,
        version: detail.object.version.filter(|version| is_version(version)),
    })
}

/// `null` is what objects from before versioning are called.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text != "null"
}

/// Keys are form-encoded: `+` is a space, then `%XX`, once.
fn decode(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const KEY: &str = "u/uaaaaaaaaaaaaaaaaaaaaaaaaaa/06c0000000002000000000000c.jpg";

    fn notification(object: &Value) -> String {
        json!({"Records": [{"eventVersion": "2.6", "eventTime": "2026-01-31T09:30:00.000Z", "eventName":
            "ObjectCreated:Post", "s3": {"bucket": {"name": "b"}, "object": object}, "glacierEventData": {}}]})
        .to_string()
    }

    #[test]
    fn encoded_keys_are_decoded_once() {
        for key in [
            KEY.to_owned(),
            KEY.replace('/', "%2F"),
            KEY.replace('/', "%2f").replace('u', "%75"),
        ] {
            let events = parse(
                &notification(&json!({"key": key, "sequencer": "0A", "versionId": "v"})),
                "b",
            )
            .unwrap();
            assert_eq!(events[0].key.to_string(), KEY);
            assert_eq!(
                (events[0].kind, events[0].version.as_deref()),
                (Kind::Created, Some("v"))
            );
        }
        assert_eq!(
            parse(
                &notification(&json!({"key": KEY.replace('/', "%252F")})),
                "b"
            ),
            Err(NotificationError::Foreign)
        );
    }

    #[test]
    fn what_is_no_event_of_ours_says_why() {
        let foreign = |key: &str| parse(&notification(&json!({"key": key})), "b");
        for key in [
            "photos/2026/%E5%9B%BE+1.jpg",
            "a+b%2Bc",
            "%FF",
            "",
            "u/x/y.jpg",
        ] {
            assert_eq!(foreign(key), Err(NotificationError::Foreign), "{key}");
        }
        assert_eq!(
            parse(&notification(&json!({"key": KEY})), "other"),
            Err(NotificationError::Foreign)
        );
        let old = notification(&json!({"key": KEY})).replace("2.6", "1.0");
        assert_eq!(parse(&old, "b"), Err(NotificationError::Foreign));
        assert_eq!(
            parse(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#, "b"),
            Err(NotificationError::Test)
        );
        for body in ["", "{", "null", "[]", "{}", "\"x\"", r#"{"Records":1}"#] {
            assert_eq!(
                parse(body, "b"),
                Err(NotificationError::Unreadable),
                "{body}"
            );
        }
        assert_eq!(
            parse(r#"{"Records":[]}"#, "b"),
            Err(NotificationError::Foreign)
        );
    }

    #[test]
    fn the_kind_tells_versions_from_delete_markers() {
        for (name, kind) in [
            ("ObjectCreated:Post", Kind::Created),
            ("s3:ObjectCreated:Put", Kind::Created),
            ("ObjectRemoved:Delete", Kind::Removed),
            ("ObjectRemoved:DeleteMarkerCreated", Kind::MarkerCreated),
            ("LifecycleExpiration:Delete", Kind::Removed),
            (
                "LifecycleExpiration:DeleteMarkerCreated",
                Kind::MarkerCreated,
            ),
        ] {
            let body = notification(&json!({"key": KEY, "versionId": "v"}))
                .replace("ObjectCreated:Post", name);
            assert_eq!(parse(&body, "b").unwrap()[0].kind, kind, "{name}");
        }
    }

    #[test]
    fn envelopes_of_sns_and_eventbridge_are_opened() {
        let plain = notification(&json!({"key": KEY, "versionId": "v"}));
        let sns = |message: &str| json!({"Type": "Notification", "Message": message}).to_string();
        let bridge = |kind: &str, deletion: Option<&str>| {
            json!({"version": "0", "source": "aws.s3", "detail-type": kind, "detail": {"bucket": {"name": "b"},
                "object": {"key": KEY, "version-id": "v", "sequencer": "1"}, "deletion-type": deletion}})
            .to_string()
        };
        for (body, kind) in [
            (sns(&plain), Kind::Created),
            (bridge("Object Created", None), Kind::Created),
            (
                bridge("Object Deleted", Some("Permanently Deleted")),
                Kind::Removed,
            ),
            (
                bridge("Object Deleted", Some("Delete Marker Created")),
                Kind::MarkerCreated,
            ),
            (sns(&bridge("Object Created", None)), Kind::Created),
        ] {
            let events = parse(&body, "b").unwrap();
            assert_eq!(events[0].key.to_string(), KEY);
            assert_eq!(
                (events[0].kind, events[0].version.as_deref()),
                (kind, Some("v"))
            );
            assert_eq!(parse(&body, "other"), Err(NotificationError::Foreign));
        }
        let test = sns(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#);
        assert_eq!(parse(&test, "b"), Err(NotificationError::Test));
        let endless = (0..20).fold(plain, |body, _| sns(&body));
        assert_eq!(parse(&endless, "b"), Err(NotificationError::Unreadable));
        assert_eq!(
            parse(&bridge("Object Restore Completed", None), "b"),
            Err(NotificationError::Foreign)
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(body in "\\PC{0,200}") {
            let _ = parse(&body, "b");
        }
    }
}
