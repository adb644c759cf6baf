//! Accounts that an administrator creates ahead of the first login.

use serde_json::{Value, json};
use support::World;
use support::api::refused;

use super::{assert_reservations_are_whole, id_of};

#[tokio::test]
async fn a_person_can_be_registered_ahead_of_their_first_login() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let profile =
        json!({"username": "Ａlice", "email": "A@x.cn", "nickname": "小A", "role": "admin"});
    let mut body = profile.clone();
    body["openid"] = json!("alice");
    let created = admin.create_user(body).await.expect(201);
    let id = id_of(&world, "alice");
    assert_eq!(created.header("location"), format!("/v1/users/{id}"));
    assert_eq!(created["id"], id);
    for (field, value) in profile.as_object().unwrap() {
        assert_eq!(&created[field], value);
    }
    assert_eq!(created["status"], "active");
    assert!(!created.json.to_string().contains("openid"));
    let read = admin.get(created.header("location")).await.expect(200);
    assert_eq!((&read.json, read.etag()), (&created.json, created.etag()));

    let alice = world.log_in("alice").await;
    assert_eq!(alice.id, id);
    assert_eq!(alice.json["is_new"], true);
    assert_eq!(alice.json["user"], created.json);
    assert_eq!(world.log_in("alice").await.json["is_new"], false);
    alice.list_users("").await.expect(200);
    let plain = json!({"openid": "plain", "username": null, "role": null});
    let plain = admin.create_user(plain).await.expect(201);
    assert_eq!(plain["username"], Value::Null);
    assert_eq!(plain["role"], "user");
    assert_reservations_are_whole(&world).await;
}

#[tokio::test]
async fn a_registration_that_cannot_be_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let [admin, bob] = world.log_in_all(["admin", "bob"]).await;
    let named = json!({"username": "Bob", "email": "bob@x.cn"});
    bob.edit(named).await.expect(200);
    let before = world.items().await;
    let calls = [
        admin.create_user(json!({"openid": "bob"})),
        admin.create_user(json!({"openid": "bob", "username": "fresh"})),
        admin.create_user(json!({"openid": "bob", "username": "bob"})),
    ];
    refused(calls, 409, "user_exists").await;
    let taken = json!({"openid": "new", "username": "Ｂｏｂ", "email": "new@x.cn"});
    refused([admin.create_user(taken)], 409, "username_taken").await;
    let taken = json!({"openid": "new", "username": "new", "email": "BOB@x.cn"});
    refused([admin.create_user(taken)], 409, "email_taken").await;
    let by_bob = bob.create_user(json!({"openid": "new"}));
    refused([by_bob], 403, "forbidden").await;
    assert_eq!(world.items().await, before);
    let nobody = admin.user(&id_of(&world, "new"));
    refused([nobody], 404, "not_found").await;
}

#[tokio::test]
async fn what_a_registration_may_hold_is_checked() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let before = world.items().await;
    for openid in [
        json!(""),
        json!("a b"),
        json!("x".repeat(129)),
        json!("é"),
        json!("a#b"),
        json!(1),
        Value::Null,
        json!(["x"]),
    ] {
        let refused = admin.create_user(json!({"openid": openid})).await;
        refused.expect_invalid(["openid"]);
    }
    let nameless = admin.create_user(json!({})).await;
    nameless.expect_invalid(["openid"]);
    for field in ["id", "phone", "status", "avatar_upload_id", "unionid"] {
        let body = json!({"openid": "new", field: "x"});
        admin.create_user(body).await.expect_invalid([field]);
    }
    assert_eq!(world.items().await, before);
}
