//! Decisions: who takes them, what is known of them, and what is done about them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::store::review::Finding;
use shared::store::upload::CloseUploadOutcome;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::UploadStatus;
use support::events::Message;
use support::storage::{text, upload_key};
use support::uploads::download;
use support::{Upload, World, samples};

use super::{
    announcement, decide, decide_now, ids, moderate, of_profile, of_upload, open, open_nickname,
    report_upload, report_user, waiting,
};

#[tokio::test]
async fn a_decision_leaves_the_list_and_is_in_the_audit() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let review = open(&world, &of_upload(&upload)).await;
    let other = open(&world, &of_profile(&alice)).await;
    decide(&admin, &review, "reject").await.expect(204);
    assert_eq!(ids(&waiting(&admin).await), [other.as_str()]);
    // What was decided cannot be decided otherwise, and to decide the same changes nothing.
    decide(&admin, &review, "reject").await.expect(204);
    let otherwise = decide(&admin, &review, "approve").await;
    otherwise.expect_problem(404, "not_found");
    let page = admin.get("/v1/audit").await.expect(200);
    let [entry] = page.items() else {
        panic!("{:#?}", page.items());
    };
    assert_eq!(entry["action"], "decide_review");
    assert_eq!(entry["decision"], "reject");
    assert_eq!(entry["actor"], admin.id);
    assert_eq!(entry["target"], alice.id);
    assert_eq!(entry["upload"], upload.id);
    assert_eq!(entry["fields"], json!([]));
    assert_eq!(entry["before"], Value::Null);
}

#[tokio::test]
async fn what_does_not_wait_cannot_be_decided() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let review = of_profile(&alice).review().to_string();
    let before = world.items().await;
    for id in [&review, "x", "-", &alice.id, &format!("{review}0")] {
        let answer = decide(&admin, id, "approve").await;
        answer.expect_problem(404, "not_found");
    }
    for body in [
        json!({}),
        json!({"decision": "maybe"}),
        json!({"decision": true}),
        json!({"decision": null}),
    ] {
        let answer = admin.post(&format!("/v1/reviews/{review}"), &body).await;
        answer.expect_invalid(["decision"]);
    }
    assert_eq!(world.items().await, before);
}

/// Has an upload wait for a moderator, as `moderation` leaves it, and returns the review's id.
async fn hold(world: &World, upload: &Upload) -> String {
    let key: ObjectKey = upload.key.parse().unwrap();
    let versions = world.versions(&upload.key).await;
    let ready = UploadStatus::Ready;
    let held = world.store.hold_upload(&key, &versions[0], ready).await;
    assert_eq!(held.unwrap(), CloseUploadOutcome::Closed);
    open(world, &of_upload(upload)).await
}

#[tokio::test]
async fn moderation_is_told_of_a_decision() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let review = open(&world, &of_profile(&alice)).await;
    decide(&admin, &review, "approve").await.expect(204);
    // After the delay, in which the decision is stored.
    let end = Instant::now() + Duration::from_secs(30);
    let message = loop {
        if let Some(message) = world.messages(&world.moderation_queue).await.pop() {
            break message;
        }
        assert!(Instant::now() < end, "there is no message");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(message, announcement(&review));
}

#[tokio::test]
async fn an_upload_that_waits_is_shown_or_removed_as_was_decided() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let picture = samples::jpeg();
    for (decision, status, reason, versions) in [
        ("approve", "ready", Value::Null, 1),
        ("reject", "rejected", json!("content"), 0),
    ] {
        let upload = world.upload(&alice, "file", &picture).await;
        let review = hold(&world, &upload).await;
        // Whoever decides sees it, and so does its owner.
        let link = waiting(&admin).await[0]["upload"]["download_url"].clone();
        assert_eq!(download(link.as_str().unwrap()).await.0, 200);
        decide_now(&world, &admin, &review, decision).await;
        let read = alice.read(&upload).await.expect(200).json;
        assert_eq!(
            (&read["status"], &read["reason"]),
            (&json!(status), &reason)
        );
        assert_eq!(world.versions(&upload.key).await.len(), versions);
        // Again changes nothing.
        let before = world.items().await;
        assert!(moderate(&world, announcement(&review)).await);
        assert_eq!(world.items().await, before);
    }
}

#[tokio::test]
async fn a_picture_that_was_approved_is_on_the_profile() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let avatar = world.upload(&alice, "avatar", &samples::jpeg()).await;
    let review = hold(&world, &avatar).await;
    alice
        .edit(json!({"avatar_upload_id": null}))
        .await
        .expect(200);
    decide_now(&world, &admin, &review, "approve").await;
    assert!(alice.profile().await["avatar_url"].is_string());
}

#[tokio::test]
async fn a_reported_picture_is_removed_or_stays_as_was_decided() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    let avatar = world.upload(&alice, "avatar", &samples::jpeg()).await;
    let review = of_upload(&avatar).review().to_string();
    let report = report_upload(&bob, &alice, &avatar, "porn");
    report.await.expect(201);
    decide_now(&world, &admin, &review, "approve").await;
    assert_eq!(alice.status(&avatar).await, "ready");
    assert!(alice.profile().await["avatar_url"].is_string());
    let carol = world.log_in("carol").await;
    let report = report_upload(&carol, &alice, &avatar, "porn");
    report.await.expect(201);
    decide_now(&world, &admin, &review, "reject").await;
    assert_eq!(alice.status(&avatar).await, "rejected");
    assert_eq!(alice.profile().await["avatar_url"], Value::Null);
    assert!(world.versions(&avatar.key).await.is_empty());
}

#[tokio::test]
async fn a_nickname_is_shown_or_hidden_as_was_decided() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    for (owner, decision, seen) in [
        (&alice, "approve", json!("Al")),
        (&bob, "reject", Value::Null),
    ] {
        let named = owner.edit(json!({"nickname": "Al"}));
        named.await.expect(200);
        let review = open_nickname(&world, owner, &Finding::default()).await;
        decide_now(&world, &admin, &review, decision).await;
        let shown = admin.get(&format!("/v1/profiles?ids={}", owner.id));
        assert_eq!(shown.await.expect(200).items()[0]["nickname"], seen);
    }
}

#[tokio::test]
async fn a_reported_person_loses_nickname_and_picture_once() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    let avatar = world.upload(&alice, "avatar", &samples::jpeg()).await;
    let named = json!({"nickname": "Alice", "username": "alice_1"});
    alice.edit(&named).await.expect(200);
    report_user(&bob, &alice.id, "abuse").await.expect(201);
    let review = of_profile(&alice).review().to_string();
    decide_now(&world, &admin, &review, "reject").await;
    let profile = alice.profile().await;
    assert_eq!(profile["nickname"], Value::Null);
    assert_eq!(profile["avatar_url"], Value::Null);
    assert_eq!(profile["username"], "alice_1");
    assert_eq!(alice.status(&avatar).await, "rejected");
    // What they choose afterwards has nothing to do with it.
    let named = alice.edit(json!({"nickname": "Alicia"}));
    named.await.expect(200);
    assert!(moderate(&world, announcement(&review)).await);
    assert_eq!(alice.profile().await["nickname"], "Alicia");
}

#[tokio::test]
async fn an_approved_person_keeps_nickname_and_picture() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    world.upload(&alice, "avatar", &samples::jpeg()).await;
    let named = alice.edit(json!({"nickname": "Alice"}));
    named.await.expect(200);
    report_user(&bob, &alice.id, "abuse").await.expect(201);
    let review = of_profile(&alice).review().to_string();
    let before = alice.profile().await;
    decide_now(&world, &admin, &review, "approve").await;
    assert_eq!(alice.profile().await["version"], before["version"]);
}

#[tokio::test]
async fn a_decision_that_was_announced_and_not_stored_is_waited_for_and_given_up() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let review = open(&world, &of_profile(&alice)).await;
    let before = world.items().await;
    let received = |times| Message::new(announcement(&review)).received(times);
    assert!(!moderate(&world, received(1)).await);
    assert!(!moderate(&world, received(2)).await);
    assert!(moderate(&world, received(3)).await);
    for other in ["x", &of_profile(&admin).review().to_string()] {
        assert!(moderate(&world, announcement(other)).await);
    }
    assert_eq!(world.items().await, before);
    decide(&admin, &review, "approve").await.expect(204);
    assert!(moderate(&world, received(2)).await);
}

#[tokio::test]
async fn a_decision_about_what_is_gone_does_nothing() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let reviews = [
        hold(&world, &upload).await,
        open(&world, &of_profile(&alice)).await,
    ];
    for review in &reviews {
        decide(&admin, review, "approve").await.expect(204);
    }
    alice.delete_account().await.expect(204);
    world.advance(Duration::from_secs(1));
    let back = world.log_in("alice").await;
    let named = back.edit(json!({"nickname": "Alice"}));
    named.await.expect(200);
    for review in &reviews {
        assert!(moderate(&world, announcement(review)).await);
    }
    assert_eq!(back.profile().await["nickname"], "Alice");
    let record = world.item(upload_key(&alice.id, &upload.id)).await;
    assert_ne!(text(&record, "status"), Some("ready"));
}
