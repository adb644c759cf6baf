//! An administrator's deletion of an account, and what `purge` reads of it.

use serde_json::json;
use shared::ids::{Epoch, OpenId, UserId};
use shared::store::Actor;
use shared::store::editor::Editor;
use support::proxy::Proxy;
use support::world::Settings;
use support::{World, samples};

#[tokio::test]
async fn an_administrators_deletion_ends_the_life_that_was_announced_and_no_later_one() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let openid: OpenId = "admin".parse().unwrap();
    let admin_id = UserId::derive(&world.wechat.app_id(), &openid);
    assert_eq!(admin_id.as_str(), admin.id);
    let actor = Actor {
        user: &admin_id,
        epoch: Epoch::FIRST,
    };
    let id: UserId = alice.id.parse().unwrap();
    let editor = Editor::Admin(actor);
    let read = world
        .store
        .read_for_deletion(&id, editor, None)
        .await
        .unwrap();
    assert_eq!(read.deleted.epoch, Epoch::FIRST);
    // Now it is announced. Meanwhile the person deletes the account themselves, and registers anew.
    alice.delete_account().await.expect(204);
    let again = world.log_in("alice").await;
    assert_eq!(again.json["is_new"], true);
    let before = world.items().await;
    let deleted = world.store.delete_user(read, editor, None).await;
    deleted.unwrap();
    assert_eq!(world.items().await, before);
    again.get("/v1/users/me").await.expect(200);

    // A login alone does not protect from it.
    let read = world
        .store
        .read_for_deletion(&id, editor, None)
        .await
        .unwrap();
    let third = world.log_in("alice").await;
    let deleted = world.store.delete_user(read, editor, None).await;
    deleted.unwrap();
    third
        .get("/v1/users/me")
        .await
        .expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn purge_reads_what_is_true_now() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let ticket =
        json!({"content_type": "image/png", "size": samples::png().len(), "purpose": "file"});
    alice.post("/v1/uploads", &ticket).await.expect(201);
    alice.delete_account().await.expect(204);
    let announced = world.purge_messages().await;
    proxy.take();
    let batch = json!({"Records": [{"messageId": "m", "body": announced[0]}]});
    let answer = world.purge.handle(batch, world.soon()).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    let reads: Vec<_> = proxy
        .take()
        .into_iter()
        .filter(|seen| ["GetItem", "Query"].contains(&seen.operation.as_str()))
        .collect();
    assert!(reads.iter().any(|read| read.operation == "Query"));
    for read in reads {
        assert!(read.consistent_read, "{read:?}");
    }
}
