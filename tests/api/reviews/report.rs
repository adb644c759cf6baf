//! Reports: what can be reported, how often, and by whom.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{Session, World, samples, wanted};

use super::{decide, ids, of_profile, report_upload, report_user, waiting};

#[tokio::test]
async fn what_people_report_waits_for_a_decision() {
    let world = World::new().await;
    let [admin, alice, bob, carol] = world.log_in_all(["admin", "alice", "bob", "carol"]).await;
    let upload = world.upload(&alice, "avatar", &samples::jpeg()).await;
    let made = report_upload(&bob, &alice, &upload, "porn")
        .await
        .expect(201)
        .json;
    assert_eq!(made["user"], alice.id);
    assert_eq!(made["upload"], upload.id);
    assert_eq!(made["reason"], "porn");
    world.advance(Duration::from_millis(5));
    report_upload(&carol, &alice, &upload, "abuse")
        .await
        .expect(201);
    let profile = report_user(&bob, &alice.id, "fraud").await.expect(201).json;
    assert_eq!(profile["upload"], Value::Null);

    let found = waiting(&admin).await;
    let [of_upload, of_alice] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(of_upload["subject"], "upload");
    assert_eq!(of_upload["cause"], "report");
    assert_eq!(of_upload["reports"], 2);
    assert_eq!(of_upload["report_reasons"], json!(["abuse", "porn"]));
    assert_eq!(of_alice["subject"], "profile");
    assert_eq!(of_alice["reports"], 1);
    // Who has reported it is nobody's business.
    for review in &found {
        let text = review.to_string();
        assert!(
            !text.contains(&bob.id) && !text.contains(&carol.id),
            "{text}"
        );
    }
}

#[tokio::test]
async fn to_report_something_again_changes_nothing() {
    let world = World::new().await;
    let [admin, alice, bob] = world.log_in_all(["admin", "alice", "bob"]).await;
    let first = report_user(&bob, &alice.id, "porn").await.expect(201).json;
    let before = world.items().await;
    world.advance(Duration::from_secs(1));
    let again = report_user(&bob, &alice.id, "abuse").await.expect(201).json;
    assert_eq!(again, first);
    assert_eq!(world.items().await, before);
    assert_eq!(waiting(&admin).await[0]["reports"], 1);
}

#[tokio::test]
async fn reports_at_the_same_time_all_count() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let others = ["a", "b", "c", "d", "e"];
    let reporters = world.log_in_all(others).await;
    let calls = reporters
        .iter()
        .map(|reporter| report_user(reporter, &alice.id, "spam").send());
    for answer in join_all(calls).await {
        answer.expect(201);
    }
    assert_eq!(waiting(&admin).await[0]["reports"], 5);
}

#[tokio::test]
async fn only_what_others_can_see_can_be_reported() {
    let world = World::new().await;
    let [alice, bob, carol] = world.log_in_all(["alice", "bob", "carol"]).await;
    let pending = alice.issue(&wanted("file", &samples::jpeg())).await;
    let ready = world.upload(&alice, "file", &samples::jpeg()).await;
    let deleted = world.upload(&alice, "file", &samples::png()).await;
    alice.delete_upload(&deleted).await.expect(204);
    let unknown = format!("u{}", "a".repeat(26));
    for (user, upload) in [
        (&alice.id, Some(&pending)),
        (&alice.id, Some(&deleted)),
        // It is somebody else's.
        (&carol.id, Some(&ready)),
        (&unknown, Some(&ready)),
        (&unknown, None),
    ] {
        let mut body = json!({"user": user, "reason": "other"});
        if let Some(upload) = upload {
            body["upload"] = json!(upload.id);
        }
        let answer = bob.post("/v1/reports", &body).await;
        answer.expect_problem(404, "not_found");
    }
    world.advance(Duration::from_secs(1));
    carol.delete_account().await.expect(204);
    let gone = report_user(&bob, &carol.id, "other").await;
    gone.expect_problem(404, "not_found");
    let items = world.items().await;
    let stored: Vec<_> = items
        .keys()
        .filter(|(pk, _)| pk.starts_with("RV#"))
        .collect();
    assert!(stored.is_empty(), "{stored:?}");
}

#[tokio::test]
async fn a_report_names_somebody_else_and_a_reason() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let before = world.items().await;
    let send = |body: Value| bob.post("/v1/reports", body);
    for own in [
        json!({"user": bob.id, "reason": "other"}),
        json!({"user": bob.id, "upload": upload.id, "reason": "other"}),
    ] {
        let answer = send(own).await.expect_invalid(["user"]);
        assert_eq!(answer.json["errors"][0]["code"], "not_allowed");
    }
    let alone = send(json!({"upload": upload.id, "reason": "other"})).await;
    let alone = alone.expect_invalid(["user"]);
    let message = alone.json["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("owner"), "{message}");
    let nothing = send(json!({})).await;
    nothing.expect_invalid(["user", "reason"]);
    for (name, value) in [
        ("user", json!("me")),
        ("upload", json!("x")),
        ("reason", json!("ugly")),
        ("surprise", json!(1)),
    ] {
        let mut body = json!({"user": alice.id, "reason": "other"});
        body[name] = value;
        send(body).await.expect_invalid([name]);
    }
    assert_eq!(world.items().await, before);
}

async fn report_unknown(reporter: &Session, number: usize) -> u16 {
    let user = format!("u{}{}", "a".repeat(25), ["b", "c", "d"][number % 3]);
    report_user(reporter, &user, "other").await.status.as_u16()
}

#[tokio::test]
async fn a_person_reports_twenty_times_a_day_whether_or_not_it_is_there() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    report_user(&bob, &alice.id, "other").await.expect(201);
    for i in 0..19 {
        assert_eq!(report_unknown(&bob, i).await, 404);
    }
    assert_eq!(report_unknown(&bob, 0).await, 429);
    let carol = world.log_in("carol").await;
    let refused = report_user(&bob, &carol.id, "other").await;
    let refused = refused.expect_problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    // What was reported already is no new report.
    report_user(&bob, &alice.id, "other").await.expect(201);
    assert_eq!(report_unknown(&carol, 0).await, 404);

    world.advance(Duration::from_secs(wait));
    let bob = world.log_in("bob").await;
    report_user(&bob, &carol.id, "other").await.expect(201);
}

#[tokio::test]
async fn what_was_decided_waits_again_when_somebody_else_reports_it() {
    let world = World::new().await;
    let people = ["admin", "alice", "bob", "carol", "dave"];
    let [admin, alice, bob, carol, dave] = world.log_in_all(people).await;
    report_user(&bob, &alice.id, "abuse").await.expect(201);
    let subject = of_profile(&alice);
    let review = subject.review().to_string();
    decide(&admin, &review, "approve").await.expect(204);
    // The decision is being carried out: it was about this, too.
    report_user(&carol, &alice.id, "spam").await.expect(201);
    assert_eq!(ids(&waiting(&admin).await), [""; 0]);
    decide(&admin, &review, "approve").await.expect(204);

    world.store.close_review(&subject.review()).await.unwrap();
    report_user(&bob, &alice.id, "abuse").await.expect(201);
    assert_eq!(ids(&waiting(&admin).await), [""; 0]);
    report_user(&dave, &alice.id, "fraud").await.expect(201);
    let found = waiting(&admin).await;
    assert_eq!(ids(&found), [review.as_str()]);
    assert_eq!(found[0]["reports"], 2);
    decide(&admin, &review, "reject").await.expect(204);
}
