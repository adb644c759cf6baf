//! S3's event notifications, versions 2.1 to 2.x, as they stand in a message.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
//!
//! Only what is used is required: senders leave things out, and add others.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use shared::auth::refresh::sha256;
use shared::upload::key::ObjectKey;

/// The length of a sequencer once padded.
const SEQUENCE_DIGITS: usize = 64;

/// What happened to an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// The object.
    pub key: ObjectKey,
    /// Its version, in a versioned bucket.
    pub version: Option<String>,
    /// Orders the events of one key: upper-case hexadecimal, padded on the right so that text order is S3's order.
    pub sequence: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object was stored, by whatever means.
    Created,
    /// An object was removed, or hidden behind a delete marker.
    Removed,
}

/// Why a message can never do any work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOurs {
    /// It is no S3 notification.
    Unreadable,
    /// It is S3's test of the notification itself.
    Test,
    /// It holds no event about an upload in our bucket.
    Foreign,
}

impl NotOurs {
    /// The reason, for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "it is no S3 notification",
            Self::Test => "it is S3's test event",
            Self::Foreign => "it holds no event of an upload",
        }
    }
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Option<Vec<Value>>,
    #[serde(rename = "Event")]
    event: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: Option<String>,
    event_time: Option<String>,
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
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

/// The events about uploads in `bucket` that a message's text holds.
///
/// # Errors
/// If it holds none, and never will.
pub fn parse(body: &str, bucket: &str) -> Result<Vec<Event>, NotOurs> {
    let notification: Notification = serde_json::from_str(body).map_err(|_| NotOurs::Unreadable)?;
    if notification.event.as_deref() == Some("s3:TestEvent") {
        return Err(NotOurs::Test);
    }
    let records = notification.records.ok_or(NotOurs::Unreadable)?;
    // A record of another shape does not spoil its neighbours.
    let records = records
        .into_iter()
        .filter_map(|record| serde_json::from_value(record).ok());
    let events: Vec<_> = records.filter_map(|record| event(record, bucket)).collect();
    if events.is_empty() {
        Err(NotOurs::Foreign)
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
    let kind = match name.split_once(':')?.0 {
        "ObjectCreated" => Kind::Created,
        "ObjectRemoved" => Kind::Removed,
        _ => return None,
    };
    let Object {
        key,
        e_tag,
        version_id,
        sequencer,
    } = record.s3.object;
    let key = decode(&key)?.parse().ok()?;
    let version = version_id.filter(|version| !version.is_empty() && version != "null");
    let sequence = sequencer.as_deref().and_then(padded).unwrap_or_else(|| {
        derived(
            record.event_time.as_deref(),
            version.as_deref().or(e_tag.as_deref()).unwrap_or_default(),
        )
    });
    Some(Event {
        kind,
        key,
        version,
        sequence,
    })
}

/// Keys are form-encoded: `+` is a space, then `%XX`, once.
fn decode(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

/// Sequencers are hexadecimal strings of differing length, compared after padding the shorter one with zeros on the
/// right.
fn padded(sequencer: &str) -> Option<String> {
    let fits = (1..=SEQUENCE_DIGITS).contains(&sequencer.len())
        && sequencer.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| format!("{:0<SEQUENCE_DIGITS$}", sequencer.to_ascii_uppercase()))
}

/// What stands in for a missing sequencer: the time, in the form that S3's own begin with, and what tells two events of
/// one moment apart.
fn derived(time: Option<&str>, tie: &str) -> String {
    let at = time.and_then(|time| DateTime::from_str(time, Format::DateTimeWithOffset).ok());
    let (secs, nanos) = at.map_or((0, 0), |at| (at.secs().max(0), at.subsec_nanos()));
    let tie = data_encoding::HEXUPPER.encode(&sha256(tie.as_bytes())[..8]);
    let text = format!("00{secs:08X}{nanos:08X}{tie}");
    format!("{text:0<SEQUENCE_DIGITS$}")
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
            Err(NotOurs::Foreign)
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
            assert_eq!(foreign(key), Err(NotOurs::Foreign), "{key}");
        }
        assert_eq!(
            parse(&notification(&json!({"key": KEY})), "other"),
            Err(NotOurs::Foreign)
        );
        let old = notification(&json!({"key": KEY})).replace("2.6", "1.0");
        assert_eq!(parse(&old, "b"), Err(NotOurs::Foreign));
        assert_eq!(
            parse(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#, "b"),
            Err(NotOurs::Test)
        );
        for body in ["", "{", "null", "[]", "{}", "\"x\"", r#"{"Records":1}"#] {
            assert_eq!(parse(body, "b"), Err(NotOurs::Unreadable), "{body}");
        }
        assert_eq!(parse(r#"{"Records":[]}"#, "b"), Err(NotOurs::Foreign));
    }

    #[test]
    fn a_missing_sequencer_is_made_up_from_the_time() {
        let of = |time: &str| {
            let body = notification(&json!({"key": KEY, "eTag": "e"}))
                .replace("2026-01-31T09:30:00.000Z", time);
            parse(&body, "b").unwrap()[0].sequence.clone()
        };
        assert!(of("2026-01-31T09:30:00.000Z") < of("2026-01-31T09:30:00.001Z"));
        assert!(of("2026-01-31T09:30:00.001Z") < padded("00FFFFFFFF").unwrap());
        assert_eq!(of("yesterday").len(), SEQUENCE_DIGITS);
    }

    proptest! {
        #[test]
        fn padded_sequencers_sort_as_s3_says(a in "[0-9A-F]{1,20}", b in "[0-9a-f]{1,20}") {
            let width = a.len().max(b.len());
            let by_rule = format!("{a:0<width$}").cmp(&format!("{:0<width$}", b.to_uppercase()));
            prop_assert_eq!(padded(&a).unwrap().cmp(&padded(&b).unwrap()), by_rule);
        }

        #[test]
        fn nothing_panics(body in "\\PC{0,200}") {
            let _ = parse(&body, "b");
        }
    }
}
