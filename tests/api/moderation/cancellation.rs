//! A WeChat account that is gone.

use serde_json::json;
use support::World;
use support::proxy::Proxy;
use support::storage::user_key;

use super::moderate;

fn cancelled(openid: &str) -> String {
    json!({"task": "account_cancelled", "openid": openid}).to_string()
}

#[tokio::test]
async fn the_account_is_deleted_as_if_by_its_owner() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let names = json!({"username": "alice_1", "email": "alice@mail.example"});
    alice.edit(names.clone()).await.expect(200);
    moderate(&world, cancelled("alice")).await;
    alice.me().await.expect_problem(401, "unauthorized");
    alice.refresh().await.expect(401);
    bob.edit(names).await.expect(200);
    world.purge_announced().await;
    let left = world.item(user_key(&alice.id)).await;
    assert!(!left.contains_key("openid"));
    assert_eq!(bob.user(&alice.id).await.status, 404);
}

#[tokio::test]
async fn the_purge_is_announced_first() {
    let proxy = Proxy::start().await;
    let world = World::behind(&proxy).await;
    world.log_in("alice").await;
    proxy.take();
    moderate(&world, cancelled("alice")).await;
    let seen = proxy.take();
    let seen: Vec<_> = seen.iter().map(|seen| seen.operation.as_str()).collect();
    assert_eq!(
        seen,
        ["GetItem", "GetItem", "SendMessage", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_disabled_account_is_deleted_too() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let disable = admin.edit_user(&alice.id, json!({"status": "disabled"}));
    disable.await.expect(200);
    moderate(&world, cancelled("alice")).await;
    assert_eq!(admin.user(&alice.id).await.status, 404);
}

#[tokio::test]
async fn a_repeated_event_ends_one_account() {
    let world = World::new().await;
    world.log_in("alice").await;
    for _ in 0..2 {
        moderate(&world, cancelled("alice")).await;
    }
    let announced = world.purge_messages().await;
    assert_eq!(announced.len(), 2);
    assert_eq!(announced[0], announced[1]);
    world.deliver_to_purge(&announced).await;
    moderate(&world, cancelled("alice")).await;
    moderate(&world, cancelled("nobody")).await;
    assert!(world.purge_messages().await.is_empty());
}
