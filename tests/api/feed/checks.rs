//! Texts and pictures that are checked before others see them.

use serde_json::{Value, json};
use support::feed::Feed;
use support::moderation::enforced;
use support::storage::text;
use support::world::Settings;
use support::{Session, World, samples};
use wechat_standin::Endpoint;

/// A world in which texts are checked by this policy.
async fn checked(policy: &'static str) -> World {
    World::with(Settings::default().limits(&[("CONTENT_CHECK_TEXT", policy)])).await
}

/// The message that announced the one text that is checked.
async fn announcement(world: &World) -> String {
    let items = world.items().await;
    let mut checks = items.iter().filter_map(|((pk, sk), item)| {
        let check = text(item, "text_check")?;
        Some(json!({"task": "text_changed", "pk": pk, "sk": sk, "check": check}).to_string())
    });
    checks.next().expect("a text that is checked")
}

async fn status(feed: &Feed, author: &Session, post: &str) -> String {
    feed.read(author, post).await.expect(200).text("status")
}

async fn reviews(admin: &Session) -> Vec<Value> {
    let listed = admin.get("/v1/reviews").await.expect(200);
    listed.items().to_vec()
}

async fn decide(world: &World, admin: &Session, decision: &str) {
    let review = reviews(admin).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/reviews/{review}");
    let decided = admin.post(&path, json!({"decision": decision})).await;
    decided.expect(204);
    let message = json!({"task": "review_decided", "review": review});
    world.moderate_all([message.to_string()]).await;
    assert!(reviews(admin).await.is_empty());
}

#[tokio::test]
async fn without_checks_a_post_is_visible_at_once_and_nobody_is_asked() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    feed.post(&alice, "risky").await;
    assert_eq!(feed.texts(&bob).await, ["risky"]);
    assert_eq!(world.delayed(&world.moderation_queue).await, 0);
    let items = world.items().await;
    assert!(items.values().all(|item| !item.contains_key("text_check")));
}

#[tokio::test]
async fn others_see_a_text_once_it_has_passed() {
    for (said, then) in [
        ("fine", "ready"),
        ("risky", "rejected"),
        ("review", "review"),
    ] {
        let world = checked("enforce").await;
        let feed = world.feed().await;
        let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
        let post = feed.post(&alice, said).await;
        assert_eq!(world.delayed(&world.moderation_queue).await, 1);
        assert_eq!(status(&feed, &alice, &post).await, "checking");
        assert!(feed.texts(&bob).await.is_empty());
        feed.read(&bob, &post)
            .await
            .expect_problem(404, "not_found");
        feed.like(&bob, &post)
            .await
            .expect_problem(404, "not_found");

        let message = announcement(&world).await;
        world.moderate_all([&message]).await;
        assert_eq!(status(&feed, &alice, &post).await, then);
        assert_eq!(feed.texts(&alice).await, [said]);
        assert_eq!(feed.texts(&bob).await.len(), usize::from(then == "ready"));
        assert_eq!(reviews(&admin).await.len(), usize::from(then == "review"));
        // A message that comes again changes nothing.
        world.moderate([&message]).await;
        assert_eq!(status(&feed, &alice, &post).await, then);
    }
}

#[tokio::test]
async fn what_a_person_decides_is_done() {
    for (decision, then) in [("approve", "ready"), ("reject", "rejected")] {
        let world = checked("enforce").await;
        let feed = world.feed().await;
        let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
        let post = feed.post(&alice, "review").await;
        world.moderate_all([announcement(&world).await]).await;
        assert_eq!(reviews(&admin).await[0]["text"], "review");
        decide(&world, &admin, decision).await;
        assert_eq!(status(&feed, &alice, &post).await, then);
        assert_eq!(feed.texts(&bob).await.len(), usize::from(then == "ready"));
    }
}

#[tokio::test]
async fn with_log_a_finding_is_listed_and_the_post_stays() {
    let world = checked("log").await;
    let feed = world.feed().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let post = feed.post(&alice, "risky").await;
    assert_eq!(feed.texts(&bob).await, ["risky"]);
    world.moderate_all([announcement(&world).await]).await;
    assert_eq!(feed.texts(&bob).await, ["risky"]);
    decide(&world, &admin, "reject").await;
    assert_eq!(status(&feed, &alice, &post).await, "rejected");
    assert!(feed.texts(&bob).await.is_empty());
}

#[tokio::test]
async fn a_check_of_a_post_that_is_gone_is_given_up() {
    let world = checked("enforce").await;
    let feed = world.feed().await;
    let alice = world.log_in("alice").await;
    let post = feed.post(&alice, "risky").await;
    let message = announcement(&world).await;
    feed.delete(&alice, &post).await.expect(204);
    assert_eq!(
        world.moderate([&message]).await.len(),
        1,
        "it may yet be stored"
    );
    let last = support::events::Message::from(&message).received(3);
    world.moderate_all([last]).await;
    assert_eq!(world.wechat.count(Endpoint::TextCheck), 0);
}

#[tokio::test]
async fn others_see_a_picture_once_it_has_passed() {
    let world = World::with(enforced()).await;
    let feed = world.feed().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let picture = world.upload(&alice, "file", &samples::jpeg()).await;
    let body = json!({"text": "look", "pictures": [picture.id]});
    let post = feed.send(&alice, &body).await.expect(201).text("id");
    let shown = async |reader: &Session| {
        let post = feed.read(reader, &post).await.expect(200);
        post["pictures"].as_array().unwrap().len()
    };
    assert_eq!((shown(&alice).await, shown(&bob).await), (1, 0));
    world.submit_uploads().await;
    world.judge(&picture, "pass").await;
    assert_eq!((shown(&alice).await, shown(&bob).await), (1, 1));
    alice.delete_upload(&picture).await.expect(204);
    assert_eq!((shown(&alice).await, shown(&bob).await), (0, 0));
}
