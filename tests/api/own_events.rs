//! What own functions are told.

use shared::events::Event;
use support::topic::Topic;
use support::{World, samples};

/// What was published, as id and event.
async fn published(world: &World, topic: &Topic) -> Vec<(String, Event)> {
    let events = world.published(topic).await.into_iter();
    events.map(|event| (event.id, event.event)).collect()
}

#[tokio::test]
async fn an_upload_that_is_ready_is_published_and_again_with_its_event() {
    let topic = Topic::new().await;
    let world = World::limited(&[("EVENTS_TOPIC_ARN", &topic.arn)]).await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let upload = world.upload(&alice, "avatar", &bytes).await;
    let first = published(&world, &topic).await;
    let [
        (
            _,
            Event::UploadReady {
                user, upload: id, ..
            },
        ),
    ] = &first[..]
    else {
        panic!("{first:?}")
    };
    assert_eq!(
        (user.as_str(), id.to_string()),
        (alice.id.as_str(), upload.id.clone())
    );
    // An environment that does not know the key: as after a crash between write and event.
    let created = world.created(&upload).await;
    let fresh = world.new_s3_event().await;
    let batch = support::events::batch([created]);
    let answer = fresh.handle(batch, world.soon()).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(published(&world, &topic).await, first);
    // What is rejected is nobody's business.
    world.upload(&alice, "file", b"<html>").await;
    assert_eq!(published(&world, &topic).await, []);
}

#[tokio::test]
async fn an_upload_that_is_checked_is_published_once_it_has_passed() {
    let topic = Topic::new().await;
    let settings = [
        ("EVENTS_TOPIC_ARN", topic.arn.as_str()),
        ("CONTENT_CHECK_MEDIA", "enforce"),
    ];
    let world = World::limited(&settings).await;
    let alice = world.log_in("alice").await;
    let passed = world.upload(&alice, "file", &samples::jpeg()).await;
    let risky = world.upload(&alice, "file", &samples::jpeg()).await;
    world.submit_uploads().await;
    assert_eq!(published(&world, &topic).await, []);
    world.judge(&risky, "risky").await;
    assert_eq!(published(&world, &topic).await, []);
    for _ in 0..2 {
        world.judge(&passed, "pass").await;
        let events = published(&world, &topic).await;
        let [(_, Event::UploadReady { upload, .. })] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(upload.to_string(), passed.id);
    }
}

#[tokio::test]
async fn a_deleted_account_is_published_when_its_data_is_gone() {
    let topic = Topic::new().await;
    let world = World::limited(&[("EVENTS_TOPIC_ARN", &topic.arn)]).await;
    let alice = world.log_in("alice").await;
    alice.delete_account().await.expect(204);
    assert_eq!(published(&world, &topic).await, []);
    world.purge_announced().await;
    let events = published(&world, &topic).await;
    let [(id, Event::AccountDeleted { user, epoch })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((user.as_str(), epoch.get()), (alice.id.as_str(), 1));
    assert_eq!(*id, format!("account.deleted:{}:1", alice.id));
}
