//! What is left of a deleted account, and what its owner gets who comes back.

use std::slice::from_ref;
use std::time::Duration;

use futures_util::future::{join, join_all};
use http::Method;
use serde_json::{Value, json};
use support::api::{refused, time};
use support::storage::user_key;
use support::{World, samples, wanted};

use super::{assert_reservations_are_whole, calls_of_a_user, ids};

/// The announcements in the purge queue, which are taken out of it.
async fn announced(world: &World) -> Vec<Value> {
    let bodies = world.purge_messages().await.into_iter();
    let parsed = bodies.map(|body| serde_json::from_str(&body).unwrap());
    parsed.collect()
}

#[tokio::test]
async fn a_deleted_account_is_unusable_at_once() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let elsewhere = world.log_in("alice").await;
    let upload = world.upload(&alice, "avatar", &samples::png()).await;
    let announcement = json!({"uid": alice.id, "epoch": 1});
    let answer = alice.delete_account().await.expect(204);
    assert_eq!(answer.json, Value::Null);
    assert_eq!(announced(&world).await, from_ref(&announcement));
    for session in [&alice, &elsewhere] {
        let mut calls = calls_of_a_user(session, &bob.id, &upload.id);
        calls.push(session.call(Method::POST, "/v1/logout"));
        refused(calls, 401, "unauthorized").await;
        let refused = session.refresh().await;
        refused.expect_problem(401, "refresh_invalid");
        // Whoever did not get the answer asks again, and so does whoever asks on another device.
        for id in ["me", &*alice.id] {
            session.delete_user(id).await.expect(204);
            assert_eq!(announced(&world).await, from_ref(&announcement));
        }
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_for_others_at_once() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let named = json!({"username": "alice", "email": "a@x.cn", "nickname": "A"});
    alice.edit(named).await.expect(200);
    alice.delete_account().await.expect(204);
    let its_names = json!({"username": "Alice", "email": "A@x.cn"});
    bob.edit(its_names).await.expect(200);
    for reader in [&admin, &bob] {
        let refused = reader.user(&alice.id).await;
        refused.expect_problem(404, "not_found");
    }
    let calls = [
        admin.edit_user(&alice.id, json!({})),
        admin.edit_user(&alice.id, json!({"nickname": "x"})),
        admin.put(&alice.path(), json!({"nickname": "x"})),
        admin.edit_user(&alice.id, json!({"username": "y-name"})),
        admin.edit_user(&alice.id, json!({"status": "active"})),
        admin.edit_user(&alice.id, json!({"role": "admin"})),
        admin.create_user(json!({"openid": "alice"})),
    ];
    refused(calls, 409, "account_deleting").await;
    announced(&world).await;
    admin.delete_user(&alice.id).await.expect(204);
    let again = json!({"uid": alice.id, "epoch": 1});
    assert_eq!(announced(&world).await, [again]);
    let listed = admin.list_users("?limit=100").await.expect(200);
    assert!(!ids(&listed).contains(&alice.id));
    let profiles = bob.get(&format!("/v1/profiles?ids={}", alice.id)).await;
    assert!(profiles.expect(200).items().is_empty());
    assert_reservations_are_whole(&world).await;
}

#[tokio::test]
async fn deletion_leaves_nothing_personal_on_the_user_item() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world.log_in("alice").await;
    let named = json!({"username": "alice", "email": "a@x.cn", "nickname": "A"});
    alice.edit(named).await.expect(200);
    alice.set_phone("13800138000").await.expect(200);
    world.upload(&alice, "avatar", &samples::png()).await;
    alice.delete_account().await.expect(204);
    let items = world.items().await;
    let mut left: Vec<_> = items[&user_key(&alice.id)].keys().collect();
    left.sort_unstable();
    let impersonal = [
        "epoch",
        "fence",
        "pk",
        "sessions_ended_at",
        "sk",
        "status",
        "version",
    ];
    assert_eq!(left, impersonal);
    let is_name = |pk: &str| pk.starts_with("UN#") || pk.starts_with("EM#");
    assert!(!items.keys().any(|(pk, _)| is_name(pk)));
}

#[tokio::test]
async fn who_registers_again_is_the_same_person_without_a_past() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let body = json!({"username": "alice", "email": "a@x.cn", "nickname": "A", "role": "admin"});
    admin.edit_user(&alice.id, body).await.expect(200);
    let last = alice.set_phone("13800138000").await.expect(200);
    world.upload(&alice, "avatar", &samples::png()).await;
    alice.delete_account().await.expect(204);
    world.advance(Duration::from_secs(1));
    let again = world.log_in("alice").await;
    assert_eq!(again.id, alice.id);
    assert_eq!(again.json["is_new"], true);
    let user = &again.json["user"];
    for field in ["username", "email", "nickname", "avatar_url", "phone"] {
        assert_eq!(user[field], Value::Null, "{field}");
    }
    assert_eq!(user["role"], "user");
    assert_eq!(user["status"], "active");
    // No tag of the last generation fits this one.
    assert!(user["version"].as_u64() > last["version"].as_u64());
    let created = time(&user["created_at"]);
    assert!(created > time(&last["created_at"]));
    assert!(time(&user["updated_at"]) >= created, "{user}");
    assert!(again.uploads().await.is_empty());
}

#[tokio::test]
async fn an_old_token_has_no_power_over_the_next_account() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let upload = world.upload(&alice, "avatar", &samples::png()).await;
    alice.delete_account().await.expect(204);
    world.advance(Duration::from_secs(1));
    let again = world.log_in("alice").await;
    let before = world.items().await;
    let mut calls = calls_of_a_user(&alice, &bob.id, &upload.id);
    calls.push(alice.delete_account());
    calls.push(alice.post("/v1/logout", json!({"all": true})));
    refused(calls, 401, "unauthorized").await;
    let refused = alice.refresh().await;
    refused.expect_problem(401, "refresh_invalid");
    assert_eq!(world.items().await, before);
    again.refresh().await.expect(200);

    announced(&world).await;
    again.delete_account().await.expect(204);
    assert_eq!(announced(&world).await.len(), 1);
    let refused = alice.delete_account().await;
    refused.expect_problem(401, "unauthorized");
    assert!(announced(&world).await.is_empty());
    let third = world.log_in("alice").await;
    third.delete_account().await.expect(204);
    let announcement = json!({"uid": alice.id, "epoch": 3});
    assert_eq!(announced(&world).await, [announcement]);
}

#[tokio::test]
async fn once_purged_a_person_can_be_registered_ahead_again() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    let calls = [alice.delete_account(), alice.me()];
    refused(calls, 401, "unauthorized").await;
    let edit = admin.edit_user(&alice.id, json!({"nickname": "x"}));
    let calls = [edit, admin.delete_user(&alice.id)];
    refused(calls, 404, "not_found").await;
    let user = json!({"openid": "alice", "username": "again"});
    let created = admin.create_user(user).await.expect(201);
    assert_eq!(created["id"], alice.id);
    alice.me().await.expect_problem(401, "unauthorized");
    let again = world.log_in("alice").await;
    assert_eq!(again.json["is_new"], true);
    assert_eq!(again.json["user"]["username"], "again");
    again.issue(&wanted("file", &samples::png())).await;
    let refused = alice.refresh().await;
    refused.expect_problem(401, "refresh_invalid");
}

#[tokio::test]
async fn logins_during_a_deletion_belong_to_one_generation_or_the_other() {
    let world = World::new().await;
    for round in 0..5 {
        let openid = format!("p{round}");
        let first = world.log_in(&openid).await;
        let named = json!({"username": format!("name{round}")});
        first.edit(named).await.expect(200);
        let logins = join_all((0..3).map(|_| world.log_in(&openid)));
        let (deleted, sessions) = join(first.delete_account().send(), logins).await;
        deleted.expect(204);
        for session in &sessions {
            let is_of_the_new = session.json["user"]["username"].is_null();
            let refreshed = session.refresh().await;
            assert_eq!(refreshed.status == 200, is_of_the_new, "{refreshed}");
            let read = session.me().await;
            assert_eq!(read.status == 200, is_of_the_new, "{read}");
        }
        let refused = first.refresh().await;
        refused.expect_problem(401, "refresh_invalid");
    }
    assert_reservations_are_whole(&world).await;
}
