//! Notifications of every version and make.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_s3::types::{Event as Subscription, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use s3_event::{EventKind, NotificationError};
use serde_json::{Value, json};
use support::{World, samples};

const KEY: &str = "u/u5esjy36duo2g3uwfwiew2hluhz/06dqxtn6t20037sw59rx81dyd0.jpg";

fn parsed(
    notification: &Value,
    bucket: &str,
) -> Result<Vec<s3_event::ObjectEvent>, NotificationError> {
    s3_event::parse(&notification.to_string(), bucket)
}

/// The sample as it is belongs to somebody else; about one of our keys it is an event of ours.
fn assert_ours_once_the_key_is(sample: &Value, kind: EventKind, version: Option<&str>) {
    let bucket = sample["Records"][0]["s3"]["bucket"]["name"]
        .as_str()
        .unwrap();
    assert_eq!(
        parsed(sample, bucket),
        Err(NotificationError::NoUploadEvent),
        "{sample}"
    );
    for key in [KEY.to_owned(), KEY.replace('/', "%2F")] {
        let mut ours = sample.clone();
        ours["Records"][0]["s3"]["object"]["key"] = json!(key);
        let events = parsed(&ours, bucket).unwrap();
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!((event.kind, event.key.to_string()), (kind, KEY.to_owned()));
        assert_eq!(event.version.as_deref(), version);
        assert_eq!(
            parsed(&ours, "another"),
            Err(NotificationError::NoUploadEvent)
        );
    }
}

#[test]
fn the_sample_of_sam_s_generator_is_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/s3-event-bare.json");
    let sample: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // That of `make dev`, so that `make invoke-s3-event` looks for the object.
    let bucket = std::env::var("STACK_BUCKET_NAME").expect("run `make test`");
    let events = parsed(&sample, &bucket).unwrap();
    assert_eq!(
        (events[0].kind, events[0].key.to_string()),
        (EventKind::Created, KEY.to_owned())
    );
    let mut foreign = sample;
    foreign["Records"][0]["s3"]["object"]["key"] = json!("test%2Fkey");
    assert_ours_once_the_key_is(&foreign, EventKind::Created, None);
}

#[test]
fn samples_of_every_version_and_make_are_understood() {
    let record = |version: &str, source: &str, name: &str, object: Value| {
        json!({"eventVersion": version, "eventSource": source, "eventName": name,
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "b"}, "object": object}})
    };
    // AWS's documentation.
    let mut documented = record(
        "2.1",
        "aws:s3",
        "ObjectCreated:Put",
        json!({"key": "HappyFace.jpg", "size": 1024,
        "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "sequencer": "0055AED6DCD90281E5"}),
    );
    documented["awsRegion"] = json!("us-west-2");
    documented["eventTime"] = json!("1970-01-01T00:00:00.000Z");
    documented["userIdentity"] = json!({"principalId": "AIDAJDPLRKLG7UEXAMPLE"});
    documented["requestParameters"] = json!({"sourceIPAddress": "127.0.0.1"});
    documented["responseElements"] = json!({"x-amz-request-id": "C3D13FE58DE4C810",
        "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"});
    documented["s3"]["configurationId"] = json!("testConfigRule");
    documented["s3"]["bucket"]["ownerIdentity"] = json!({"principalId": "A3NL1KOZZKExample"});
    documented["s3"]["bucket"]["arn"] = json!("arn:aws:s3:::b");
    let documented = json!({"Records": [documented]});
    assert_ours_once_the_key_is(
        &documented,
        EventKind::Created,
        Some("096fKKXTRTtl3on89fVO.nfljtsv6qko"),
    );

    // Version 2.3, with what it adds for other kinds of events.
    let mut extended = record(
        "2.3",
        "aws:s3",
        "ObjectCreated:CompleteMultipartUpload",
        json!({"key": "a", "size": 9,
        "eTag": "0123456789abcdef0123456789abcdef-2", "sequencer": "006"}),
    );
    extended["glacierEventData"] = json!({"restoreEventData": {"lifecycleRestorationExpiryTime":
        "1970-01-01T00:01:00.000Z", "lifecycleRestoreStorageClass": "GLACIER"}});
    extended["replicationEventData"] = json!(null);
    assert_ours_once_the_key_is(&json!({"Records": [extended]}), EventKind::Created, None);

    // Version 2.6, with members that nobody knows yet.
    let mut future = record(
        "2.6",
        "aws:s3",
        "ObjectCreated:Copy",
        json!({"key": "a", "size": 9, "eTag": "e",
        "versionId": "v", "sequencer": "006", "checksums": [{"algorithm": "CRC64NVME"}], "size2": {"bytes": 9}}),
    );
    future["intelligentTieringEventData"] = json!({"destinationAccessTier": "ARCHIVE_ACCESS"});
    future["s3"]["accessPoint"] = json!({"arn": "x"});
    let future = json!({"Records": [future], "Batch": {"of": 1}});
    assert_ours_once_the_key_is(&future, EventKind::Created, Some("v"));

    // A removal as AWS sends it: neither size nor ETag. Another make leaves out the sequencer and the time, too.
    for object in [
        json!({"key": "a", "versionId": "m", "sequencer": "00A"}),
        json!({"key": "a", "versionId": "m", "size": 0, "eTag": "", "sequencer": "00A"}),
        json!({"key": "a", "versionId": "m"}),
    ] {
        for (name, kind) in [
            (
                "ObjectRemoved:DeleteMarkerCreated",
                EventKind::MarkerCreated,
            ),
            ("ObjectRemoved:Delete", EventKind::Removed),
            ("s3:ObjectRemoved:Delete", EventKind::Removed),
        ] {
            let removal = json!({"Records": [record("2.3", "aws:s3", name, object.clone())]});
            assert_ours_once_the_key_is(&removal, kind, Some("m"));
        }
    }

    // MinIO: its own envelope, names with a prefix, keys encoded to the last slash, a version of "null".
    let minio = record(
        "2.0",
        "minio:s3",
        "s3:ObjectCreated:Put",
        json!({"key": "a%2Fb", "size": 9, "eTag": "e",
        "contentType": "image/jpeg", "userMetadata": {"content-type": "image/jpeg"}, "versionId": "null",
        "sequencer": "16F2C8B2A6B7F4D3"}),
    );
    let minio = json!({"EventName": "s3:ObjectCreated:Put", "Key": "b/a/b", "Records": [minio]});
    assert_ours_once_the_key_is(&minio, EventKind::Created, None);

    // NooBaa: hardly anything.
    let noobaa = json!({"Records": [{"eventVersion": "2.3", "eventSource": "noobaa:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": "a", "size": 1024}}}]});
    assert_ours_once_the_key_is(&noobaa, EventKind::Created, None);

    // An expiry by the bucket's lifecycle removes a version as anybody's removal does.
    let mut expiry = record(
        "2.3",
        "aws:s3",
        "LifecycleExpiration:Delete",
        json!({"key": "a", "versionId": "v", "sequencer": "00A"}),
    );
    expiry["lifecycleEventData"] =
        json!({"transitionEventData": {"destinationStorageClass": "GLACIER"}});
    assert_ours_once_the_key_is(&json!({"Records": [expiry]}), EventKind::Removed, Some("v"));
}

#[tokio::test]
async fn foreign_keys_of_any_script_are_acknowledged() {
    let world = World::new().await;
    for key in [
        "%E5%9B%BE%E7%89%87/%E6%88%91+%E7%9A%84.jpg",
        "图片/我的.jpg",
        "a+b%2Bc.jpg",
        "a b.jpg",
        "u/%E5%B0%8F%E6%98%8E/x.jpg",
        "u%2Fu5esjy36duo2g3uwfwiew2hluhz%2F06dqxtn6t20037sw59rx81dyd0+.jpg",
        "100%.jpg",
    ] {
        for name in ["ObjectCreated:Put", "ObjectRemoved:Delete"] {
            let record = json!({"eventVersion": "2.1", "eventName": name,
                "s3": {"bucket": {"name": world.bucket}, "object": {"key": key, "sequencer": "01"}}});
            let bare = json!({"Records": [record]});
            let message = json!({"Records": [{"messageId": "m", "body": bare.to_string()}]});
            assert!(world.deliver(message).await.is_empty(), "{key}");
            assert!(world.deliver(bare).await.is_empty(), "{key}");
        }
    }
}

#[tokio::test]
async fn the_emulator_s_own_notifications_are_understood() {
    let world = World::new().await;
    let (s3, sqs) = (world.emulator.s3(), world.emulator.sqs());
    let url = world.emulator.queue("events").await;
    let describe = sqs.get_queue_attributes().queue_url(&url);
    let described = describe
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await;
    let arn = described
        .unwrap()
        .attributes
        .unwrap()
        .remove(&QueueAttributeName::QueueArn)
        .unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
        "Principal": {"Service": "s3.amazonaws.com"}, "Resource": arn}]});
    let allow = sqs.set_queue_attributes().queue_url(&url);
    let allow = allow.attributes(QueueAttributeName::Policy, policy.to_string());
    allow.send().await.unwrap();
    let queue = QueueConfiguration::builder()
        .queue_arn(arn)
        .events(Subscription::S3ObjectCreated)
        .events(Subscription::S3ObjectRemoved)
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder()
        .queue_configurations(queue)
        .build();
    let subscribe = s3
        .put_bucket_notification_configuration()
        .bucket(&world.bucket);
    subscribe
        .notification_configuration(configuration)
        .send()
        .await
        .unwrap();
    let put = s3
        .put_object()
        .bucket(&world.bucket)
        .key(KEY)
        .body(samples::jpeg().into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let hide = s3.delete_object().bucket(&world.bucket).key(KEY);
    let marker = hide.send().await.unwrap().version_id.unwrap();
    let remove = s3
        .delete_object()
        .bucket(&world.bucket)
        .key(KEY)
        .version_id(&version);
    remove.send().await.unwrap();
    let (mut events, started) = (Vec::new(), Instant::now());
    while events.len() < 3 && started.elapsed() < Duration::from_secs(10) {
        let receive = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10);
        let received = receive.wait_time_seconds(1).send().await.unwrap();
        for message in received.messages.unwrap_or_default() {
            match s3_event::parse(&message.body.unwrap(), &world.bucket) {
                Ok(found) => events.extend(found),
                Err(reason) => assert_eq!(reason, NotificationError::TestEvent),
            }
        }
    }
    let told: BTreeSet<_> = events
        .iter()
        .map(|event| {
            let version = event.version.clone().unwrap();
            (format!("{:?}", event.kind), version, event.key.to_string())
        })
        .collect();
    let expected = [
        (EventKind::Created, &version),
        (EventKind::MarkerCreated, &marker),
        (EventKind::Removed, &version),
    ];
    let expected =
        expected.map(|(kind, version)| (format!("{kind:?}"), version.clone(), KEY.to_owned()));
    assert_eq!(told, expected.into());
}
