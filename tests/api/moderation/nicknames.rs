//! A nickname on its way to others.

use serde_json::{Value, json};
use support::World;
use wechat_standin::Endpoint;

use super::{check_nickname, enforcing, give_nickname, left_of_check, nickname, reviews, seen_by};

#[tokio::test]
async fn others_see_a_nickname_when_it_has_passed() {
    let world = enforcing().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    give_nickname(&world, &alice, "Old").await;
    let edited = alice.edit(json!({"nickname": "New"})).await.expect(200);
    assert_eq!(nickname(&edited.json), (&json!("New"), &json!("checking")));
    for reader in [&alice, &admin] {
        let read = reader.user(&alice.id).await.expect(200).json;
        assert_eq!(nickname(&read), (&json!("New"), &json!("checking")));
    }
    assert_eq!(seen_by(&bob, &alice).await, "Old");

    check_nickname(&world, &alice).await;
    assert_eq!(seen_by(&bob, &alice).await, "New");
    assert_eq!(
        nickname(&alice.profile().await),
        (&json!("New"), &Value::Null)
    );
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
}

#[tokio::test]
async fn wechat_is_asked_about_the_nickname_in_the_persons_name() {
    let world = enforcing().await;
    let alice = world.log_in("alice").await;
    give_nickname(&world, &alice, "Alice").await;
    let calls = world.wechat.calls();
    let asked: Vec<_> = calls
        .iter()
        .filter(|call| call.endpoint == Endpoint::TextCheck)
        .collect();
    let [asked] = asked[..] else {
        panic!("asked {} times", asked.len())
    };
    assert_eq!(
        asked.body,
        json!({"version": 2, "scene": 1, "openid": "alice", "content": "Alice", "nickname": "Alice"})
    );
}

#[tokio::test]
async fn a_risky_nickname_is_rejected_for_good() {
    let world = enforcing().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    give_nickname(&world, &alice, "Old").await;
    alice.edit(json!({"nickname": "risky"})).await.expect(200);
    let message = super::announced(&world, &alice.id).await;
    // The second delivery finds the rejection, and asks nobody.
    for _ in 0..2 {
        super::moderate(&world, &message).await;
        let read = alice.profile().await;
        assert_eq!(nickname(&read), (&json!("risky"), &json!("rejected")));
        assert_eq!(seen_by(&bob, &alice).await, "Old");
    }
    assert_eq!(world.wechat.count(Endpoint::TextCheck), 2);
    assert_eq!(reviews(&admin).await, [Value::Null; 0]);

    give_nickname(&world, &alice, "Better").await;
    assert_eq!(seen_by(&bob, &alice).await, "Better");
}

#[tokio::test]
async fn a_person_decides_what_wechat_does_not() {
    let world = enforcing().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    alice
        .edit(json!({"nickname": "review me"}))
        .await
        .expect(200);
    let message = super::announced(&world, &alice.id).await;
    for _ in 0..2 {
        super::moderate(&world, &message).await;
        let read = alice.profile().await;
        assert_eq!(nickname(&read), (&json!("review me"), &json!("review")));
        assert_eq!(seen_by(&bob, &alice).await, Value::Null);
    }
    assert_eq!(world.wechat.count(Endpoint::TextCheck), 1);
    let waiting = reviews(&admin).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["subject"], "nickname");
    assert_eq!(waiting[0]["text"], "review me");
    assert_eq!(waiting[0]["cause"], "content_check");
    assert_eq!(waiting[0]["labels"], json!(["20001"]));
}

#[tokio::test]
async fn with_the_policy_log_a_finding_is_only_reported() {
    let world = World::limited(&[("CONTENT_CHECK_TEXT", "log")]).await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    for (name, found) in [("risky", true), ("fine", false), ("review", true)] {
        let edited = alice.edit(json!({"nickname": name})).await.expect(200);
        assert_eq!(nickname(&edited.json), (&json!(name), &Value::Null));
        check_nickname(&world, &alice).await;
        assert_eq!(seen_by(&bob, &alice).await, name);
        assert_eq!(
            nickname(&alice.profile().await),
            (&json!(name), &Value::Null)
        );
        let waiting = reviews(&admin).await;
        let texts: Vec<_> = waiting.iter().map(|review| &review["text"]).collect();
        assert_eq!(texts, vec![name; usize::from(found)]);
    }
}

#[tokio::test]
async fn without_checks_nothing_more_is_stored_or_sent() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let edited = alice.edit(json!({"nickname": "risky"})).await.expect(200);
    assert_eq!(nickname(&edited.json), (&json!("risky"), &Value::Null));
    assert!(edited.json.get("nickname_status").is_none());
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
}
