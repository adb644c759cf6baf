//! An administrator's deletion of an account, and what `purge` reads of it.

use serde_json::json;
use shared::auth::{Caller, Role};
use shared::ids::{Epoch, OpenId, SessionId, UserId};
use shared::random::Random;
use shared::store::user::Editor;
use support::proxy::Proxy;
use support::world::Settings;
use support::{World, samples};

use super::{delete, snapshot};

#[tokio::test]
async fn an_administrators_deletion_ends_the_life_that_was_announced_and_no_later_one() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let openid: OpenId = "admin".parse().unwrap();
    let actor = Caller {
        user: UserId::derive(&world.wechat.app_id(), &openid),
        epoch: Epoch::FIRST,
        role: Role::Admin,
        session: SessionId::new(&Random::system()),
    };
    assert_eq!(actor.user.as_str(), admin.id);
    let id: UserId = alice.id.parse().unwrap();
    let editor = Editor::Admin(&actor);
    let read = world
        .store
        .doomed(&id, editor, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.deleted.epoch, Epoch::FIRST);
    // Now it is announced. Meanwhile the person deletes the account themselves, and registers anew.
    delete(&world, &alice, "me").send().await.expect(204);
    let again = world.log_in("alice").await;
    assert_eq!(again.json["is_new"], true);
    let before = snapshot(&world).await;
    let deleted = world.store.delete_user(read, editor, None).await.unwrap();
    deleted.unwrap();
    assert_eq!(snapshot(&world).await, before);
    let own = world.users.get("/v1/users/me").bearer(&again.token);
    own.send().await.expect(200);

    // A login alone does not protect from it.
    let read = world
        .store
        .doomed(&id, editor, None)
        .await
        .unwrap()
        .unwrap();
    let third = world.log_in("alice").await;
    let deleted = world.store.delete_user(read, editor, None).await.unwrap();
    deleted.unwrap();
    let own = world.users.get("/v1/users/me").bearer(&third.token);
    own.send().await.expect_error(401, "unauthorized");
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
    let ticket = world.presign.post("/v1/uploads", &ticket);
    ticket.bearer(&alice.token).send().await.expect(201);
    delete(&world, &alice, "me").send().await.expect(204);
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
