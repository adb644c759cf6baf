//! Who edits while a nickname waits, and what that does to the check.

use serde_json::{Value, json};
use support::events::Message;
use support::storage::{self, user_key};
use support::{Session, World};
use wechat_standin::Endpoint;

use super::{
    NICKNAME_ATTRIBUTES, announced, announcement, check_nickname, enforcing, give_nickname,
    left_of_check, moderate, nickname, seen_by,
};

#[tokio::test]
async fn a_message_comes_again_until_its_change_is_stored() {
    let world = enforcing().await;
    let alice = world.log_in("alice").await;
    let message = announcement(&alice.id, "not-stored");
    for (receives, failed) in [(1, vec!["m0"]), (2, vec!["m0"]), (3, vec![])] {
        let message = Message::new(&*message).received(receives);
        assert_eq!(world.moderate([message]).await, failed);
    }
    assert_eq!(world.wechat.count(Endpoint::TextCheck), 0);
    assert_eq!(world.lines.last()["hopeless_messages"], 1.0);
}

#[tokio::test]
async fn what_is_found_out_about_an_older_change_changes_nothing() {
    let world = enforcing().await;
    let [phone, tablet] = [world.log_in("alice").await, world.log_in("alice").await];
    phone.edit(json!({"nickname": "fine"})).await.expect(200);
    let older = announced(&world, &phone.id).await;
    tablet.edit(json!({"nickname": "risky"})).await.expect(200);
    let later = announced(&world, &phone.id).await;
    assert_ne!(older, later);
    assert_eq!(world.moderate([&*older]).await, ["m0"]);
    let both = (json!("risky"), json!("checking"));
    assert_eq!(nickname(&phone.profile().await), (&both.0, &both.1));
    moderate(&world, &*later).await;
    moderate(&world, Message::new(&*older).received(3)).await;
    let read = phone.profile().await;
    assert_eq!(nickname(&read), (&json!("risky"), &json!("rejected")));
}

#[tokio::test]
async fn a_cleared_nickname_is_gone_at_once_and_so_is_the_one_that_waits() {
    let world = enforcing().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    give_nickname(&world, &alice, "Old").await;
    alice.edit(json!({"nickname": "New"})).await.expect(200);
    let message = announced(&world, &alice.id).await;
    let cleared = alice.edit(json!({"nickname": null})).await.expect(200);
    assert_eq!(nickname(&cleared.json), (&Value::Null, &Value::Null));
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
    moderate(&world, Message::new(message).received(3)).await;
    assert_eq!(seen_by(&bob, &alice).await, Value::Null);
}

#[tokio::test]
async fn to_go_back_to_what_is_visible_needs_no_check() {
    let world = enforcing().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    give_nickname(&world, &alice, "Old").await;
    let asked = world.wechat.count(Endpoint::TextCheck);
    alice.edit(json!({"nickname": "New"})).await.expect(200);
    let names = json!({"nickname": "Old", "username": "alice_1"});
    for back in [json!({"nickname": "Old"}), names] {
        let edited = alice.edit(back).await.expect(200);
        assert_eq!(nickname(&edited.json), (&json!("Old"), &Value::Null));
        let tag = alice.tag_of("me").await;
        check_nickname(&world, &alice).await;
        assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
        // Nobody sees a difference, so that whoever edits has what is true.
        assert_eq!(alice.tag_of("me").await, tag);
    }
    assert_eq!(seen_by(&bob, &alice).await, "Old");
    assert_eq!(world.wechat.count(Endpoint::TextCheck), asked);
}

#[tokio::test]
async fn what_an_administrator_writes_is_checked_too() {
    let world = enforcing().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let edit = admin.edit_user(&alice.id, json!({"nickname": "New"}));
    let edited = edit.await.expect(200).json;
    assert_eq!(nickname(&edited), (&json!("New"), &json!("checking")));
    assert_eq!(seen_by(&bob, &alice).await, Value::Null);
    check_nickname(&world, &alice).await;
    assert_eq!(seen_by(&bob, &alice).await, "New");

    let new = admin.create_user(json!({"openid": "carol", "nickname": "risky"}));
    let created = new.await.expect(201).json;
    assert_eq!(nickname(&created), (&json!("risky"), &json!("checking")));
    let carol = world.log_in("carol").await;
    assert_eq!(nickname(&carol.json["user"]), nickname(&created));
    check_nickname(&world, &carol).await;
    assert_eq!(carol.profile().await["nickname_status"], "rejected");
    assert_eq!(seen_by(&bob, &carol).await, Value::Null);
}

#[tokio::test]
async fn a_version_that_is_not_the_last_one_stores_nothing() {
    let world = enforcing().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    give_nickname(&world, &alice, "Old").await;
    let (own, strangers) = (alice.tag_of("me").await, bob.tag_of(&alice.id).await);
    let edit = |name: &str| alice.edit(json!({"nickname": name})).if_match(&own);
    edit("New").await.expect(200);
    edit("Newer").await.expect_problem(412, "version_mismatch");
    assert_eq!(alice.profile().await["nickname"], "New");
    // A stranger's tag is a digest of what they are shown.
    assert_eq!(bob.tag_of(&alice.id).await, strangers);

    let checking = alice.tag_of("me").await;
    check_nickname(&world, &alice).await;
    assert_ne!(alice.tag_of("me").await, checking);
    assert_ne!(bob.tag_of(&alice.id).await, strangers);
    let stale = alice
        .edit(json!({"email": "a@mail.example"}))
        .if_match(&checking);
    stale.await.expect_problem(412, "version_mismatch");
}

#[tokio::test]
async fn a_disabled_account_gets_its_verdict() {
    let world = enforcing().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    alice.edit(json!({"nickname": "New"})).await.expect(200);
    let disable = admin.edit_user(&alice.id, json!({"status": "disabled"}));
    disable.await.expect(200);
    check_nickname(&world, &alice).await;
    assert_eq!(seen_by(&bob, &alice).await, "New");
}

#[tokio::test]
async fn a_deleted_account_keeps_nothing_and_gets_nothing() {
    for verdict in ["fine", "risky", "review"] {
        let world = enforcing().await;
        let alice = world.log_in("alice").await;
        alice.edit(json!({"nickname": verdict})).await.expect(200);
        let message = announced(&world, &alice.id).await;
        alice.delete_account().await.expect(204);
        assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
        late(&world, &alice, &message).await;
        world.purge_announced().await;
        late(&world, &alice, &message).await;
        let again = world.log_in("alice").await;
        late(&world, &alice, &message).await;
        assert_eq!(again.profile().await["nickname"], Value::Null);
        assert_eq!(world.wechat.count(Endpoint::TextCheck), 0);
    }
}

/// Delivers a message that has come to nothing, and changes nothing.
async fn late(world: &World, user: &Session, message: &str) {
    let before = world.item(user_key(&user.id)).await;
    moderate(world, Message::new(message).received(3)).await;
    assert_eq!(world.item(user_key(&user.id)).await, before);
}

#[tokio::test]
async fn a_purge_removes_what_the_former_release_left() {
    let world = enforcing().await;
    let alice = world.log_in("alice").await;
    alice.edit(json!({"nickname": "New"})).await.expect(200);
    let pending = world.item(user_key(&alice.id)).await;
    alice.delete_account().await.expect(204);
    // The former release did not know of these attributes.
    for name in NICKNAME_ATTRIBUTES {
        let value = [(":left", storage::s(storage::text(&pending, name).unwrap()))];
        let set = format!("SET {name} = :left");
        world.update(user_key(&alice.id), &set, &value).await;
    }
    world.purge_announced().await;
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
}
