//! Events, submissions and verdicts that come twice, late or never.

use serde_json::json;
use std::time::Duration;
use support::moderation::{enforced, verdict};
use support::storage::text;
use support::{World, samples, wanted};

use super::{record, reviews, submitted};

#[tokio::test]
async fn the_first_verdict_counts_however_often_one_comes() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for (first, status) in [
        ("pass", "ready"),
        ("risky", "rejected"),
        ("review", "review"),
    ] {
        let upload = submitted(&world, &alice, "file").await;
        let waiting = reviews(&world, &alice).await.len();
        for says in [first, first, "risky", "pass", "review", "not_fetched"] {
            world.judge(&upload, says).await;
            assert_eq!(alice.status(&upload).await, status, "{first} and {says}");
        }
        let opened = reviews(&world, &alice).await.len() - waiting;
        assert_eq!(opened, usize::from(first == "review"), "{first}");
    }
}

#[tokio::test]
async fn events_and_submissions_that_come_twice_do_no_harm() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let created = world.created(&upload).await;
    let messages = world.moderation_messages().await;
    for _ in 0..2 {
        world.moderate_all(&messages).await;
        assert_eq!(world.traces(&upload).len(), 1, "submitted once");
    }
    // The event comes again, and an environment that does not know the key looks at it.
    for environment in [world.s3_event.clone(), world.new_s3_event().await] {
        let event = support::events::batch([created.clone()]);
        let answer = environment.handle(event, world.soon()).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
        let again = world.moderation_messages().await;
        assert_eq!(again, messages[..1], "it is announced again");
        world.moderate_all(again).await;
        assert_eq!(world.traces(&upload).len(), 1);
    }
    // Another object for the same ticket changes nothing.
    let other = world.store(&upload.key, &samples::jpeg()).await;
    let surplus = world.notification("ObjectCreated:Post", &upload.key, Some(&other));
    world.deliver_all([surplus]).await;
    assert_eq!(world.versions(&upload.key).await.len(), 1);
    world.judge(&upload, "pass").await;
    assert_eq!(alice.status(&upload).await, "ready");
    world.deliver_all([created]).await;
    assert!(
        world.moderation_messages().await.is_empty(),
        "it is decided"
    );
}

#[tokio::test]
async fn of_two_submissions_at_once_one_is_noted() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let messages = world.moderation_messages().await;
    world.moderate_all(messages.iter().chain(&messages)).await;
    let traces = world.traces(&upload);
    for trace_id in &traces {
        world
            .moderate_all([verdict(trace_id, "pass").to_string()])
            .await;
    }
    assert_eq!(alice.status(&upload).await, "ready");
}

#[tokio::test]
async fn a_version_that_is_removed_while_it_is_checked_ends_the_upload() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let created = world.created(&upload).await;
    world
        .remove(&upload.key, created.version.as_deref().unwrap())
        .await;
    world
        .deliver_all([created.event("ObjectRemoved:Delete")])
        .await;
    world.judge(&upload, "pass").await;
    alice.read(&upload).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn without_a_verdict_wechat_is_asked_once_more_and_then_a_person() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let first = world.trace(&upload);
    let now = world.clock.now();
    let due = now.after(Duration::from_secs(60));
    let early = world.overdue(&upload, &first, due.millis()).await;
    world.moderate_all([early.clone()]).await;
    assert_eq!(world.traces(&upload).len(), 1, "it is not due yet");

    world.advance(Duration::from_secs(60));
    for _ in 0..2 {
        world.moderate_all([early.clone()]).await;
        assert_eq!(world.traces(&upload).len(), 2, "once more, and once only");
    }
    assert_eq!(alice.status(&upload).await, "checking");

    let late = world
        .overdue(&upload, &world.trace(&upload), due.millis())
        .await;
    world.moderate_all([late.clone()]).await;
    world.moderate_all([late]).await;
    assert_eq!(alice.status(&upload).await, "review");
    let [review] = &reviews(&world, &alice).await[..] else {
        panic!("one review");
    };
    assert_eq!(text(review, "cause"), Some("overdue"));
    // Now that a person has been asked, it is theirs to decide.
    world
        .moderate_all([verdict(&first, "pass").to_string()])
        .await;
    assert_eq!(alice.status(&upload).await, "review");
}

#[tokio::test]
async fn the_first_checks_verdict_counts_after_the_second_was_asked_for() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let first = world.trace(&upload);
    let overdue = world.overdue(&upload, &first, 0).await;
    world.moderate_all([overdue]).await;
    world
        .moderate_all([verdict(&first, "pass").to_string()])
        .await;
    assert_eq!(alice.status(&upload).await, "ready");
    world.judge(&upload, "pass").await;
    assert_eq!(alice.status(&upload).await, "ready");
}

#[tokio::test]
async fn a_submission_waits_for_its_verdict() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let waiting = world.delayed(&world.moderation_queue).await;
    assert_eq!(waiting, 1, "somebody looks whether it came");
    let record = record(&world, &alice, &upload).await;
    assert_eq!(text(&record, "check_id"), Some(&*world.trace(&upload)));
}

#[tokio::test]
async fn messages_that_are_about_nothing_are_acknowledged() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let pending = alice.issue(&wanted("file", &samples::jpeg())).await;
    let stored =
        |key: &str| json!({"task": "media_stored", "key": key, "version": "v"}).to_string();
    let other_type = pending.key.replace(".jpg", ".png");
    world
        .moderate_all([
            String::new(),
            "{}".to_owned(),
            json!({"task": "media_stored"}).to_string(),
            stored("u/x"),
            stored(&pending.key),
            stored(&other_type),
            verdict("", "pass").to_string(),
            verdict(&"x".repeat(200), "pass").to_string(),
            world.overdue(&pending, "t", 0).await,
        ])
        .await;
    assert!(world.wechat.media_checks().is_empty());
    assert_eq!(alice.status(&pending).await, "pending");
}
