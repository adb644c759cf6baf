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
            (EventKind::Created, Some("v"))
        );
    }
    assert_eq!(
        parse(
            &notification(&json!({"key": KEY.replace('/', "%252F")})),
            "b"
        ),
        Err(NotificationError::NoUploadEvent)
    );
}

#[test]
fn a_message_without_an_upload_event_says_why() {
    let other = |key: &str| parse(&notification(&json!({"key": key})), "b");
    for key in [
        "photos/2026/%E5%9B%BE+1.jpg",
        "a+b%2Bc",
        "%FF",
        "",
        "u/x/y.jpg",
    ] {
        assert_eq!(other(key), Err(NotificationError::NoUploadEvent), "{key}");
    }
    assert_eq!(
        parse(&notification(&json!({"key": KEY})), "other"),
        Err(NotificationError::NoUploadEvent)
    );
    let old = notification(&json!({"key": KEY})).replace("2.6", "1.0");
    assert_eq!(parse(&old, "b"), Err(NotificationError::NoUploadEvent));
    assert_eq!(
        parse(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#, "b"),
        Err(NotificationError::TestEvent)
    );
    for body in ["", "{", "null", "[]", "{}", "\"x\"", r#"{"Records":1}"#] {
        assert_eq!(
            parse(body, "b"),
            Err(NotificationError::NotANotification),
            "{body}"
        );
    }
    assert_eq!(
        parse(r#"{"Records":[]}"#, "b"),
        Err(NotificationError::NoUploadEvent)
    );
}

#[test]
fn the_kind_tells_versions_from_delete_markers() {
    for (name, kind) in [
        ("ObjectCreated:Post", EventKind::Created),
        ("s3:ObjectCreated:Put", EventKind::Created),
        ("ObjectRemoved:Delete", EventKind::Removed),
        (
            "ObjectRemoved:DeleteMarkerCreated",
            EventKind::MarkerCreated,
        ),
        ("LifecycleExpiration:Delete", EventKind::Removed),
        (
            "LifecycleExpiration:DeleteMarkerCreated",
            EventKind::MarkerCreated,
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
        (sns(&plain), EventKind::Created),
        (bridge("Object Created", None), EventKind::Created),
        (
            bridge("Object Deleted", Some("Permanently Deleted")),
            EventKind::Removed,
        ),
        (
            bridge("Object Deleted", Some("Delete Marker Created")),
            EventKind::MarkerCreated,
        ),
        (sns(&bridge("Object Created", None)), EventKind::Created),
    ] {
        let events = parse(&body, "b").unwrap();
        assert_eq!(events[0].key.to_string(), KEY);
        assert_eq!(
            (events[0].kind, events[0].version.as_deref()),
            (kind, Some("v"))
        );
        assert_eq!(parse(&body, "other"), Err(NotificationError::NoUploadEvent));
    }
    let test = sns(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#);
    assert_eq!(parse(&test, "b"), Err(NotificationError::TestEvent));
    let endless = (0..20).fold(plain, |body, _| sns(&body));
    assert_eq!(
        parse(&endless, "b"),
        Err(NotificationError::NotANotification)
    );
    assert_eq!(
        parse(&bridge("Object Restore Completed", None), "b"),
        Err(NotificationError::NoUploadEvent)
    );
}

proptest! {
    #[test]
    fn nothing_panics(body in "\\PC{0,200}") {
        let _ = parse(&body, "b");
    }
}
