//! Reports.

use serde_json::{Value, json};
use support::{Session, World};

async fn reviews(admin: &Session) -> Vec<Value> {
    let listed = admin.get("/v1/reviews").await.expect(200);
    listed.items().to_vec()
}

/// Lets `moderation` work on what was reported.
async fn moderate(world: &World) {
    let messages = world.moderation_messages().await;
    world.moderate_all(messages).await;
}

#[tokio::test]
async fn a_reported_post_is_listed_once_and_hidden_if_it_is_rejected() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob, carol, admin] = world.log_in_all(["alice", "bob", "carol", "admin"]).await;
    let post = feed.post(&alice, "buy this").await;
    let first = feed.report(&bob, &post, "fraud").await.expect(201);
    let again = feed.report(&bob, &post, "porn").await.expect(201);
    assert_eq!(again.json, first.json);
    assert_eq!(first["reason"], "fraud");
    feed.report(&carol, &post, "spam").await.expect(201);
    moderate(&world).await;
    let listed = reviews(&admin).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["cause"], &listed[0]["text"]),
        (&json!("report"), &json!("buy this"))
    );
    assert_eq!(listed[0]["user"], alice.id.as_str());
    assert_eq!(feed.texts(&bob).await, ["buy this"]);

    let review = listed[0]["id"].as_str().unwrap();
    let path = format!("/v1/reviews/{review}");
    let decided = admin.post(&path, json!({"decision": "reject"})).await;
    decided.expect(204);
    let message = json!({"task": "review_decided", "review": review});
    world.moderate_all([message.to_string()]).await;
    assert!(feed.texts(&bob).await.is_empty());
    assert_eq!(
        feed.read(&alice, &post).await.expect(200)["status"],
        "rejected"
    );
}

#[tokio::test]
async fn what_is_ones_own_or_gone_is_not_reported() {
    let world = World::new().await;
    let feed = world.feed().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let post = feed.post(&alice, "hello").await;
    feed.report(&alice, &post, "porn")
        .await
        .expect_invalid(["id"]);
    feed.report(&bob, &post, "boring")
        .await
        .expect_invalid(["reason"]);
    feed.report(&bob, &post, "abuse").await.expect(201);
    feed.delete(&alice, &post).await.expect(204);
    moderate(&world).await;
    assert!(reviews(&admin).await.is_empty());
    feed.report(&bob, &post, "abuse")
        .await
        .expect_problem(404, "not_found");
}
