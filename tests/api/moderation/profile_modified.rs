//! A profile in which WeChat has found a risk.

use serde_json::{Value, json};
use support::World;
use support::events::Message;
use support::storage::user_key;

use super::{announced, check_nickname, enforcing, give_nickname, moderate, nickname, seen_by};

fn modified(openid: &str) -> String {
    json!({"task": "profile_modified", "openid": openid}).to_string()
}

#[tokio::test]
async fn a_nickname_is_hidden_until_it_has_passed() {
    // Whatever the policy: WeChat asks for it.
    for world in [enforcing().await, World::new().await] {
        let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
        alice.edit(json!({"nickname": "Alice"})).await.expect(200);
        if seen_by(&bob, &alice).await.is_null() {
            check_nickname(&world, &alice).await;
        }
        moderate(&world, modified("alice")).await;
        assert_eq!(seen_by(&bob, &alice).await, Value::Null);
        let read = alice.profile().await;
        assert_eq!(nickname(&read), (&json!("Alice"), &json!("checking")));
        let hidden = world.item(user_key(&alice.id)).await;
        // A repeated event finds nothing to hide.
        moderate(&world, modified("alice")).await;
        assert_eq!(world.item(user_key(&alice.id)).await, hidden);

        check_nickname(&world, &alice).await;
        assert_eq!(seen_by(&bob, &alice).await, "Alice");
    }
}

#[tokio::test]
async fn a_nickname_that_waits_already_goes_on_waiting() {
    let world = enforcing().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    give_nickname(&world, &alice, "Old").await;
    for waiting in ["New", "Old"] {
        give_nickname(&world, &alice, "Old").await;
        alice.edit(json!({"nickname": waiting})).await.expect(200);
        let message = announced(&world, &alice.id).await;
        moderate(&world, modified("alice")).await;
        assert_eq!(seen_by(&bob, &alice).await, Value::Null);
        assert_eq!(announced(&world, &alice.id).await, message);
        moderate(&world, &*message).await;
        assert_eq!(seen_by(&bob, &alice).await, waiting);
    }
}

#[tokio::test]
async fn one_that_was_rejected_gives_way_to_the_one_that_was_visible() {
    let world = enforcing().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    give_nickname(&world, &alice, "Old").await;
    alice.edit(json!({"nickname": "risky"})).await.expect(200);
    check_nickname(&world, &alice).await;
    let rejected = announced(&world, &alice.id).await;
    moderate(&world, modified("alice")).await;
    let read = alice.profile().await;
    assert_eq!(nickname(&read), (&json!("Old"), &json!("checking")));
    moderate(&world, Message::new(rejected).received(3)).await;
    check_nickname(&world, &alice).await;
    assert_eq!(seen_by(&bob, &alice).await, "Old");
}

#[tokio::test]
async fn who_shows_no_nickname_has_nothing_to_hide() {
    let world = enforcing().await;
    let alice = world.log_in("alice").await;
    let before = world.item(user_key(&alice.id)).await;
    for openid in ["alice", "nobody"] {
        moderate(&world, modified(openid)).await;
    }
    assert_eq!(world.item(user_key(&alice.id)).await, before);
    assert!(world.messages(&world.moderation_queue).await.is_empty());
}
