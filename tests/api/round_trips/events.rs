//! What `s3-event` asks AWS for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::moderation::{enforced, verdict};
use support::proxy::{Fault, Matching, Proxy, Service, peak};
use support::world::Settings;
use support::{Session, World, samples};

use super::{NOTHING, counted, names, upload_request};

/// A ticket is issued and its object is stored: what remains is the event, which is returned.
async fn stored(world: &World, owner: &Session, purpose: &str) -> (String, Value) {
    let bytes = samples::jpeg();
    let issued = owner
        .post("/v1/uploads", upload_request(purpose, &bytes))
        .await
        .expect(201)
        .json;
    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    let key = format!("u/{}/{id}.jpg", owner.id);
    let put = world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(&key);
    let put = put
        .content_type("image/jpeg")
        .body(bytes.into())
        .send()
        .await;
    let version = put.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    (id, json!({"Records": [record]}))
}

fn batch(events: impl IntoIterator<Item = Value>) -> Value {
    let message = |(i, event): (usize, Value)| json!({"messageId": format!("m{i}"), "body": event.to_string()});
    json!({"Records": events.into_iter().enumerate().map(message).collect::<Vec<_>>()})
}

#[tokio::test]
async fn an_upload_is_verified_with_one_look_and_one_write() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let (_, event) = stored(&world, &alice, "file").await;
    proxy.take();
    assert_eq!(world.deliver(batch([event])).await, NOTHING);
    let seen = proxy.take();
    assert_eq!(names(&seen), ["GetObject", "UpdateItem"]);
    assert_eq!(peak(&seen), 1);
    assert_eq!(seen[0].range.as_deref(), Some("bytes=0-511"));
    assert!(seen[0].target.contains("versionId="), "{}", seen[0].target);
}

#[tokio::test]
async fn an_avatar_costs_one_read_more_which_takes_no_time_of_its_own() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    for replaces in [false, true] {
        let (_, event) = stored(&world, &alice, "avatar").await;
        proxy.take();
        let slow = Fault::Slow(Duration::from_millis(200));
        proxy.fail(Matching::Of("GetObject"), slow, 1);
        assert_eq!(world.deliver(batch([event])).await, NOTHING);
        let mut seen = proxy.take();
        seen[..2].sort_by(|a, b| a.operation.cmp(&b.operation));
        let mut calls = vec!["GetItem", "GetObject", "TransactWriteItems"];
        if replaces {
            calls.push("DeleteObject");
        }
        assert_eq!(names(&seen), calls);
        let (read, look, write) = (&seen[0], &seen[1], &seen[2]);
        assert!(read.overlaps(look), "the profile is read while S3 is asked");
        assert!(!look.overlaps(write));
    }
}

#[tokio::test]
async fn a_check_costs_one_message_more_and_a_verdict_two_writes() {
    let proxy = Proxy::start().await;
    let checks = enforced();
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..checks
    })
    .await;
    let alice = world.log_in("alice").await;
    for purpose in ["file", "avatar"] {
        let (id, event) = stored(&world, &alice, purpose).await;
        proxy.take();
        assert_eq!(world.deliver(batch([event])).await, NOTHING);
        let seen = proxy.take();
        assert_eq!(names(&seen), ["GetObject", "UpdateItem", "SendMessage"]);
        world.submit_uploads().await;
        let seen = proxy.take();
        let submission = ["BatchGetItem", "TransactWriteItems", "SendMessage"];
        assert_eq!(names(&seen), submission);
        let checks = world.wechat.media_checks();
        let check = checks.last().unwrap();
        assert!(check.media_url.contains(&id));
        let passed = verdict(&check.trace_id, "pass").to_string();
        world.moderate_all([passed]).await;
        let calls: &[&str] = match purpose {
            "file" => &["UpdateItem", "UpdateItem"],
            _ => &["UpdateItem", "GetItem", "TransactWriteItems"],
        };
        assert_eq!(names(&proxy.take()), calls, "{purpose}");
    }
}

#[tokio::test]
async fn records_of_a_batch_are_worked_on_at_the_same_time() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let mut events = Vec::new();
    for _ in 0..10 {
        events.push(stored(&world, &alice, "file").await.1);
    }
    proxy.take();
    let delay = Duration::from_millis(200);
    proxy.fail_always(Matching::To(Service::S3), Fault::Slow(delay));
    let started = Instant::now();
    assert_eq!(world.deliver(batch(events)).await, NOTHING);
    let took = started.elapsed();
    assert!(took < 4 * delay, "{took:?} for ten looks of {delay:?}");
    let (looks, writes): (Vec<_>, Vec<_>) = proxy
        .take()
        .into_iter()
        .partition(|seen| seen.service == Service::S3);
    assert_eq!((looks.len(), peak(&looks)), (10, 10));
    assert_eq!(names(&writes), ["UpdateItem"; 10]);
}
