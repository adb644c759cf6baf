use std::sync::{Arc, Mutex};

use aws_sdk_sqs::Client;
use serde_json::json;
use serde_yaml_ng::Value as Yaml;

use super::*;
use crate::sdk;

const UPLOADS: &str = "http://aws/queue/uploads";
const PURGE: &str = "http://aws/queue/purge";
const DEAD: &str = "http://aws/queue/dead";
const NOW: i64 = 1_767_360_868_000;
const SECOND: i64 = 1000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

fn queues() -> Sqs {
    Sqs::new()
        .with_queue(UPLOADS, Settings::upload_events(DEAD))
        .with_queue(PURGE, Settings::purge(DEAD))
        .with_queue(DEAD, Settings::dead_letters())
}

fn receive(sqs: &mut Sqs, url: &str, now: i64) -> Vec<Received> {
    sqs.receive(url, now, 10, &mut fastrand::Rng::with_seed(1))
}

fn client(sqs: Sqs) -> (Client, Arc<Mutex<Sqs>>) {
    let sqs = Arc::new(Mutex::new(sqs));
    let model = sqs.clone();
    let http = sdk::http_client(move |request| model.lock().unwrap().call(request, NOW));
    (Client::new(&sdk::config(http)), sqs)
}

#[tokio::test]
async fn the_sdk_sends_a_message_that_is_seen_after_its_delay() {
    let (client, sqs) = client(queues());
    let send = client
        .send_message()
        .queue_url(PURGE)
        .message_body("{\"ä\":1}");
    let output = send.clone().send().await.unwrap();
    assert_eq!(
        output.md5_of_message_body(),
        Some("857cb81aac5504aec0a7ca4654e35a24")
    );
    let at_once = send.delay_seconds(0).send().await.unwrap();
    let mut sqs = sqs.lock().unwrap();
    assert_eq!(
        sqs.counts(PURGE, NOW),
        Counts {
            visible: 1,
            delayed: 1,
            ..Counts::default()
        }
    );
    let received = receive(&mut sqs, PURGE, NOW + 5 * SECOND - 1);
    assert_eq!(received[0].id, at_once.message_id().unwrap());
    let received = receive(&mut sqs, PURGE, NOW + 5 * SECOND);
    let [message] = received.as_slice() else {
        panic!("one message: {received:?}")
    };
    assert_eq!(message.id, output.message_id().unwrap());
    assert_eq!(
        (&*message.body, message.receives, message.sent_at),
        ("{\"ä\":1}", 1, NOW)
    );
}

#[tokio::test]
async fn the_sdk_understands_what_a_queue_refuses() {
    let (client, sqs) = client(queues());
    let send = client
        .send_message()
        .queue_url("http://aws/queue/none")
        .message_body("a");
    let error = send.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let long = "a".repeat(1024 * 1024 + 1);
    let send = |body: &str| client.send_message().queue_url(PURGE).message_body(body);
    let codes = [
        ("", "MissingParameter"),
        (&*long, "InvalidParameterValue"),
        ("\u{1}", "InvalidMessageContents"),
    ];
    for (body, code) in codes {
        let error = send(body).send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some(code));
    }
    assert!(send(&long[1..]).send().await.is_ok());
    let error = send("a").delay_seconds(901).send().await.unwrap_err();
    assert_eq!(
        error.into_service_error().meta().code(),
        Some("InvalidParameterValue")
    );
    assert_eq!(sqs.lock().unwrap().messages(PURGE).count(), 1);
}

#[test]
fn a_message_comes_again_until_it_is_deleted() {
    let mut sqs = queues();
    sqs.send(UPLOADS, "a", NOW, NOW).unwrap();
    sqs.send(UPLOADS, "b", NOW, NOW).unwrap();
    let first = receive(&mut sqs, UPLOADS, NOW);
    assert_eq!(first.len(), 2);
    assert_eq!(sqs.counts(UPLOADS, NOW).in_flight, 2);
    let (done, failed) = (&first[0], &first[1]);
    assert_eq!(sqs.delete(UPLOADS, [&*done.id]), 1);
    assert_eq!(sqs.delete(UPLOADS, [&*done.id]), 0);
    let again_at = NOW + 180 * SECOND;
    assert_eq!(sqs.next_visible_at(UPLOADS), Some(again_at));
    assert!(receive(&mut sqs, UPLOADS, again_at - 1).is_empty());
    let again = receive(&mut sqs, UPLOADS, again_at);
    assert_eq!(again.len(), 1);
    assert_eq!((&again[0].id, again[0].receives), (&failed.id, 2));
    assert_eq!(again[0].first_received_at, NOW);
    sqs.release(UPLOADS, [&*failed.id], again_at);
    assert_eq!(receive(&mut sqs, UPLOADS, again_at)[0].receives, 3);
}

#[test]
fn a_message_that_was_received_seven_times_is_a_dead_letter() {
    let mut sqs = queues();
    sqs.send(UPLOADS, "a", NOW, NOW).unwrap();
    let mut now = NOW;
    for receives in 1..=7 {
        assert_eq!(receive(&mut sqs, UPLOADS, now)[0].receives, receives);
        assert_eq!(sqs.messages(DEAD).count(), 0);
        now += 180 * SECOND;
    }
    assert!(receive(&mut sqs, UPLOADS, now).is_empty());
    assert_eq!(sqs.messages(UPLOADS).count(), 0);
    assert_eq!(sqs.messages(DEAD).next().unwrap().body, "a");
    assert_eq!(sqs.redrive(DEAD, UPLOADS, now), 1);
    assert_eq!(sqs.messages(DEAD).count(), 0);
    assert_eq!(receive(&mut sqs, UPLOADS, now)[0].receives, 1);
}

#[test]
fn a_deleted_message_can_come_again() {
    let mut sqs = queues();
    sqs.send(UPLOADS, "a", NOW, NOW).unwrap();
    let received = receive(&mut sqs, UPLOADS, NOW);
    sqs.delete(UPLOADS, [&*received[0].id]);
    sqs.bring_back(UPLOADS, &received[0], NOW);
    let again = receive(&mut sqs, UPLOADS, NOW);
    assert_eq!((&again[0].id, again[0].receives), (&received[0].id, 2));
}

#[test]
fn messages_are_kept_for_their_time_only() {
    for (after, kept) in [(4 * DAY - 1, 1), (4 * DAY, 0)] {
        let mut sqs = queues();
        sqs.send(PURGE, "a", NOW, NOW).unwrap();
        assert_eq!(receive(&mut sqs, PURGE, NOW + after).len(), kept);
    }
}

#[test]
fn the_order_is_any_and_the_seeds_own() {
    let order = |seed| {
        let mut sqs = queues();
        (0..9).for_each(|n| drop(sqs.send(UPLOADS, &n.to_string(), NOW, NOW)));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut batch = || sqs.receive(UPLOADS, NOW, 4, &mut rng);
        let batches = [batch(), batch(), batch(), batch()];
        assert_eq!(batches.each_ref().map(Vec::len), [4, 4, 1, 0]);
        batches
            .concat()
            .into_iter()
            .map(|message| message.body)
            .collect::<String>()
    };
    assert_eq!(order(1), order(1));
    let orders: std::collections::BTreeSet<_> = (0..20).map(order).collect();
    assert!(orders.len() > 15, "{orders:?}");
}

#[test]
fn the_functions_understand_the_event() {
    let mut sqs = queues();
    sqs.send(UPLOADS, "a", NOW, NOW).unwrap();
    receive(&mut sqs, UPLOADS, NOW);
    let batch = receive(&mut sqs, UPLOADS, NOW + 180 * SECOND);
    let event = lambda_event(&batch, "arn:aws:sqs:us-east-1:123456789012:uploads");
    let messages = shared::queue::messages(&event).unwrap();
    assert_eq!(
        (&messages[0].id, &*messages[0].body, messages[0].receives),
        (&batch[0].id, "a", 2)
    );
    let record = &event["Records"][0];
    assert_eq!(record["md5OfBody"], "0cc175b9c0f1b6a831c399e269772661");
    assert_eq!(record["awsRegion"], json!("us-east-1"));
    let sample = include_str!("../../../events/purge.json");
    let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
    let names = |record: &serde_json::Value| -> Vec<String> {
        record.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(record), names(&sample["Records"][0]));
    assert_eq!(
        names(&record["attributes"]),
        names(&sample["Records"][0]["attributes"])
    );
}

#[test]
fn the_queues_are_the_templates() {
    let template: Yaml = serde_yaml_ng::from_str(include_str!("../../../template.yaml")).unwrap();
    let cases = [
        ("UploadEventsQueue", Settings::upload_events(DEAD)),
        ("PurgeQueue", Settings::purge(DEAD)),
        ("UploadEventsDeadLetters", Settings::dead_letters()),
        ("PurgeDeadLetters", Settings::dead_letters()),
    ];
    for (name, settings) in cases {
        let properties = &template["Resources"][name]["Properties"];
        let seconds = |name: &str, default| properties[name].as_i64().unwrap_or(default) * SECOND;
        let max_receives = properties["RedrivePolicy"]["maxReceiveCount"].as_u64();
        let expected = Settings {
            delay: seconds("DelaySeconds", 0),
            visibility_timeout: seconds("VisibilityTimeout", 30),
            retention: seconds("MessageRetentionPeriod", 345_600),
            dead_letters: max_receives.map(|max_receives| DeadLetters {
                url: DEAD.to_owned(),
                max_receives: u32::try_from(max_receives).unwrap(),
            }),
        };
        assert_eq!(settings, expected, "{name}");
    }
}
