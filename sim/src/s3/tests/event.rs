use s3_event::{EventKind, parse};

use super::super::message;
use super::*;

const DAY: i64 = 24 * 60 * MINUTE;

/// Name, key, version and size of each event.
fn taken(s3: &mut S3) -> Vec<(String, String, String, Option<u64>)> {
    let events = s3.take_events();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let event = |event: &Value| {
        let object = &event["s3"]["object"];
        let size = object.get("size").and_then(Value::as_u64);
        (
            text(&event["eventName"]),
            text(&object["key"]),
            text(&object["versionId"]),
            size,
        )
    };
    events.iter().map(event).collect()
}

fn delete(s3: &mut S3, key: &str, version: &str) {
    let request = Request::delete(format!("http://aws/uploads/{key}?versionId={version}"))
        .header("authorization", "…")
        .body(Bytes::new());
    s3.call(&request.unwrap(), NOW);
}

#[test]
fn each_change_of_an_upload_is_one_event() {
    let mut s3 = bucket();
    s3.call(&upload("hello"), NOW);
    let key = key().to_string();
    let version = s3.versions(&key)[0].id.clone();
    let marker = hidden(&mut s3, &key);
    delete(&mut s3, &key, &version);
    delete(&mut s3, &key, &version);
    delete(&mut s3, &key, &marker);
    let put = stored(&mut s3, "u/x y", "1");
    stored(&mut s3, "other", "1");
    let event = |name: &str, key: &str, version: &str, size| {
        (name.to_owned(), key.to_owned(), version.to_owned(), size)
    };
    assert_eq!(
        taken(&mut s3),
        [
            event("ObjectCreated:Post", &key, &version, Some(5)),
            event("ObjectRemoved:DeleteMarkerCreated", &key, &marker, None),
            event("ObjectRemoved:Delete", &key, &version, None),
            event("ObjectRemoved:Delete", &key, &marker, None),
            event("ObjectCreated:Put", "u/x+y", &put, Some(1)),
        ]
    );
    assert!(s3.take_events().is_empty(), "they are taken once");
}

#[test]
fn the_function_understands_the_messages() {
    let mut s3 = bucket();
    s3.call(&upload("hello"), NOW);
    hidden(&mut s3, &key().to_string());
    let version = s3.versions(&key().to_string())[0].id.clone();
    delete(&mut s3, &key().to_string(), &version);
    let events = s3.take_events();
    assert_eq!(events[0]["eventTime"], "2026-01-02T13:34:28Z");
    let kinds = [
        EventKind::Created,
        EventKind::MarkerCreated,
        EventKind::Removed,
    ];
    for (event, kind) in events.iter().zip(kinds) {
        let parsed = parse(&message(event), BUCKET).unwrap();
        let [parsed] = parsed.as_slice() else {
            panic!("one event")
        };
        assert_eq!((parsed.kind, &parsed.key), (kind, &key()));
        assert!(parsed.version.is_some());
    }
    let sequencers: Vec<_> = events
        .iter()
        .map(|event| event["s3"]["object"]["sequencer"].to_string())
        .collect();
    assert!(sequencers.is_sorted(), "{sequencers:?}");
}

#[test]
fn old_versions_go_at_the_midnight_after_31_days() {
    let mut s3 = bucket();
    let old = stored(&mut s3, "u/a", "1");
    stored(&mut s3, "u/a", "2");
    stored(&mut s3, "u/b", "1");
    s3.take_events();
    let midnight = NOW - NOW % DAY + 32 * DAY;
    s3.expire(midnight - 1);
    assert!(s3.take_events().is_empty());
    s3.expire(midnight);
    let expected = (
        "LifecycleExpiration:Delete".to_owned(),
        "u/a".to_owned(),
        old,
        None,
    );
    assert_eq!(taken(&mut s3), [expected]);
    assert_eq!(s3.versions("u/a").len(), 1);
    assert_eq!(s3.versions("u/b").len(), 1);
}

#[test]
fn a_marker_goes_when_it_hides_nothing() {
    let mut s3 = bucket();
    stored(&mut s3, "u/a", "1");
    hidden(&mut s3, "u/a");
    s3.expire(NOW + DAY);
    assert_eq!(s3.versions("u/a").len(), 2);
    s3.expire(NOW + 40 * DAY);
    assert_eq!(s3.objects().count(), 0);
}
