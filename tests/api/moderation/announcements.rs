//! What reaches the queue, and when.

use std::time::{Duration, Instant};

use serde_json::json;
use support::World;
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;

use super::{announced, left_of_check, nickname};

const LONG_ENOUGH: Duration = Duration::from_secs(20);

async fn behind(proxy: &Proxy) -> World {
    let settings = Settings::behind(proxy);
    World::with(settings.limits(&[("CONTENT_CHECK_TEXT", "enforce")])).await
}

#[tokio::test]
async fn a_nickname_is_announced_before_it_is_stored() {
    let proxy = Proxy::start().await;
    let world = behind(&proxy).await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let transaction = ["SendMessage", "GetItem", "TransactWriteItems"];
    let by_admin = ["SendMessage", "BatchGetItem", "TransactWriteItems"];
    for (call, calls) in [
        (
            alice.edit(json!({"nickname": "A"})),
            &["SendMessage", "UpdateItem"][..],
        ),
        (alice.edit(json!({"nickname": null})), &["UpdateItem"]),
        (
            alice.edit(json!({"email": "a@mail.example"})),
            &["GetItem", "TransactWriteItems"],
        ),
        (
            alice.edit(json!({"nickname": "A", "username": "alice_1"})),
            &transaction,
        ),
        (
            admin.edit_user(&alice.id, json!({"nickname": "B"})),
            &by_admin,
        ),
        (
            admin.create_user(json!({"openid": "bob", "nickname": "B"})),
            &by_admin,
        ),
        (
            admin.create_user(json!({"openid": "carol"})),
            &["BatchGetItem", "TransactWriteItems"],
        ),
    ] {
        proxy.take();
        let answer = call.await;
        assert!(answer.status.is_success(), "{}", answer.json);
        let seen = proxy.take();
        let seen: Vec<_> = seen.iter().map(|seen| seen.operation.as_str()).collect();
        assert_eq!(seen, calls);
    }
}

#[tokio::test]
async fn what_cannot_be_announced_is_not_stored() {
    let proxy = Proxy::start().await;
    let world = behind(&proxy).await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let fail = || proxy.fail(Matching::Of("SendMessage"), Fault::InternalError, 10);
    fail();
    let edit = alice.edit(json!({"nickname": "A"})).await;
    edit.expect_problem(503, "temporarily_unavailable");
    fail();
    let create = admin
        .create_user(json!({"openid": "bob", "nickname": "B"}))
        .await;
    create.expect_problem(503, "temporarily_unavailable");
    let read = alice.profile().await;
    assert_eq!(nickname(&read), (&json!(null), &json!(null)));
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
}

#[tokio::test]
async fn the_announcement_waits_until_the_nickname_is_stored() {
    let world = super::enforcing().await;
    let alice = world.log_in("alice").await;
    alice.edit(json!({"nickname": "A"})).await.expect(200);
    let start = Instant::now();
    assert!(world.messages(&world.moderation_queue).await.is_empty());
    let messages = loop {
        let messages = world.messages(&world.moderation_queue).await;
        if !messages.is_empty() {
            break messages;
        }
        assert!(start.elapsed() < LONG_ENOUGH, "no message");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(messages, [announced(&world, &alice.id).await]);
}
