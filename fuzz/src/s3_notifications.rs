//! S3's notifications: an event is about a key and a bucket that the message names; envelopes change nothing, up to three;
//! and what S3 would write about an event is read as that event.

use s3_event::{EventKind, NotificationError, ObjectEvent, parse};
use serde_json::{Value, json};

use crate::{Target, repository};

pub(crate) const TARGET: Target = Target {
    name: "s3_notifications",
    seeds,
    tokens: &[
        "\"Records\":",
        "\"Message\":",
        "\"Event\":\"s3:TestEvent\",",
        "\"detail-type\":",
        "\"detail\":",
        "null",
        "{}",
        "[]",
        ",",
        "%2F",
        "+",
        "%",
        "%00",
        "\\u0000",
        "ObjectCreated:",
        "ObjectRemoved:",
        "DeleteMarkerCreated",
        "\"3.0\"",
        "\"null\"",
        "s3:",
    ],
    check,
    cases: 1500,
};

const BUCKET: &str = "local-uploads-000000000000-us-east-1";
const KEY: &str = "u/u5esjy36duo2g3uwfwiew2hluhz/06dqxtn6t20037sw59rx81dyd0.jpg";

fn seeds() -> Vec<Vec<u8>> {
    let messages = repository::events("aws:s3").into_iter();
    let bodies = messages.flat_map(|event| -> Vec<Vec<u8>> {
        let event: Value = serde_json::from_slice(&event).expect("a sample is JSON");
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let bodies = records
            .iter()
            .filter_map(|record| Some(record["body"].as_str()?.as_bytes().to_vec()));
        bodies.chain([event.to_string().into_bytes()]).collect()
    });
    let eventbridge = json!({"version": "0", "source": "aws.s3", "detail-type": "Object Deleted", "detail": {"bucket": {"name": BUCKET},
        "object": {"key": KEY, "version-id": "096f"}, "deletion-type": "Delete Marker Created"}});
    let sns =
        json!({"Type": "Notification", "Message": notification(&[event(EventKind::Removed)])});
    bodies
        .chain([eventbridge, sns].map(|body| body.to_string().into_bytes()))
        .collect()
}

fn event(kind: EventKind) -> ObjectEvent {
    ObjectEvent {
        kind,
        key: KEY.parse().expect("a key"),
        version: Some("096f".to_owned()),
    }
}

fn check(bytes: &[u8]) -> bool {
    let Ok(body) = std::str::from_utf8(bytes) else {
        return false;
    };
    let found = parse(body, BUCKET);
    assert_eq!(
        parse(&in_sns(body), BUCKET).is_ok(),
        found.is_ok() && is_bare(body)
    );
    assert!(parse(body, "another-bucket").is_err() || body.contains("another-bucket"));
    if let Err(error) = &found {
        assert_eq!(
            *error == NotificationError::NotANotification,
            !is_notification(body),
            "{body}"
        );
        return false;
    }
    let events = found.expect("events");
    assert!(!events.is_empty() && body.contains("object"));
    for event in &events {
        assert!(
            event
                .version
                .as_deref()
                .is_none_or(|version| !version.is_empty() && version != "null")
        );
    }
    assert_eq!(parse(&notification(&events), BUCKET).as_ref(), Ok(&events));
    true
}

/// With three envelopes around it, the most that are opened.
fn in_sns(body: &str) -> String {
    (0..3).fold(body.to_owned(), |inner, _| {
        json!({"Type": "Notification", "Message": inner}).to_string()
    })
}

/// Whether it has no envelope itself.
fn is_bare(body: &str) -> bool {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    value["Records"].is_array() || value["Message"].is_null()
}

/// Whether it is JSON of one of the four kinds, as far as their outermost members tell.
fn is_notification(body: &str) -> bool {
    is_notification_in(body, 3)
}

fn is_notification_in(body: &str, envelopes: usize) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return false;
    };
    let is_text_or_absent = |name: &str| value[name].is_null() || value[name].is_string();
    let texts = ["Event", "Message", "detail-type"];
    let is_list_or_absent = value["Records"].is_null() || value["Records"].is_array();
    if !value.is_object() || !texts.into_iter().all(is_text_or_absent) || !is_list_or_absent {
        return false;
    }
    if value["Event"] == "s3:TestEvent" || value["Records"].is_array() {
        return true;
    }
    match value["Message"].as_str() {
        Some(inner) if envelopes > 0 => is_notification_in(inner, envelopes - 1),
        _ => value["detail-type"].is_string() && !value["detail"].is_null(),
    }
}

/// What S3 writes about these events.
fn notification(events: &[ObjectEvent]) -> String {
    let records = events.iter().map(|event| {
        let name = match event.kind {
            EventKind::Created => "ObjectCreated:Post",
            EventKind::Removed => "ObjectRemoved:Delete",
            EventKind::MarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
        };
        json!({"eventVersion": "2.1", "eventName": name, "s3": {"bucket": {"name": BUCKET},
            "object": {"key": event.key.to_string(), "versionId": event.version}}})
    });
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}
