//! What the three policies do.

use serde_json::json;
use support::moderation::{verdict, with_policy};
use support::storage::text;
use support::{World, samples};

use super::{record, reviews, submitted};

#[tokio::test]
async fn nothing_is_checked_unless_it_is_asked_for() {
    for world in [World::new().await, World::with(with_policy("off")).await] {
        let alice = world.log_in("alice").await;
        for purpose in ["file", "avatar"] {
            let upload = world.upload(&alice, purpose, &samples::jpeg()).await;
            assert_eq!(alice.status(&upload).await, "ready");
            let created = world.created(&upload).await;
            world.deliver_all([created]).await;
        }
        assert!(world.moderation_messages().await.is_empty());
    }
}

#[tokio::test]
async fn log_shows_what_it_checks_and_lists_what_is_found() {
    let world = World::with(with_policy("log")).await;
    let alice = world.log_in("alice").await;
    for (at, (says, waits)) in [("pass", 0), ("risky", 1), ("review", 2), ("failed", 2)]
        .into_iter()
        .enumerate()
    {
        let upload = submitted(&world, &alice, "file").await;
        assert_eq!(alice.status(&upload).await, "ready", "{says}");
        assert_eq!(world.wechat.media_checks().len(), at + 1);
        world.judge(&upload, says).await;
        let shown = alice.read(&upload).await.expect(200);
        assert_eq!(shown["status"], "ready", "{says}");
        assert!(shown["download_url"].is_string(), "{says}");
        assert_eq!(reviews(&world, &alice).await.len(), waits, "{says}");
    }
    let avatar = submitted(&world, &alice, "avatar").await;
    let shown = alice.profile().await["avatar_url"].to_string();
    assert!(shown.contains(&avatar.key), "it is shown at once");
    let webp = world.upload(&alice, "file", &samples::webp()).await;
    world.submit_uploads().await;
    assert_eq!(alice.status(&webp).await, "ready");
    assert_eq!(reviews(&world, &alice).await.len(), 2, "nothing was found");
    assert_eq!(
        world.delayed(&world.moderation_queue).await,
        0,
        "nobody waits for a verdict"
    );
}

#[tokio::test]
async fn log_asks_again_for_what_may_not_have_been_asked_for() {
    let world = World::with(with_policy("log")).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let first = world.moderation_messages().await;
    assert_eq!(first.len(), 1);
    let created = world.created(&upload).await;
    world.deliver_all([created]).await;
    assert_eq!(world.moderation_messages().await, first);
}

#[tokio::test]
async fn what_waits_is_decided_after_checks_are_turned_off() {
    let world = World::with(with_policy("enforce")).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let record = record(&world, &alice, &upload).await;
    let trace_id = text(&record, "check_id").expect("a check");
    // The worker knows no policy: what the record says counts.
    let message = verdict(trace_id, "pass");
    assert_eq!(
        message,
        json!({"task": "media_verdict", "trace_id": trace_id, "verdict": "pass"})
    );
    world.moderate_all([message.to_string()]).await;
    assert_eq!(alice.status(&upload).await, "ready");
}
