//! What is left of a deleted account, and what its owner gets who comes back.

use std::time::Duration;

use futures_util::future::{join, join_all};
use http::Method;
use serde_json::{Value, json};
use support::{World, samples};

use super::{
    assert_claims_are_whole, calls_of_a_user, create, delete, edit, ids, list, list_uploads, patch,
    purge, read, snapshot, text, ticket, upload,
};

#[tokio::test]
async fn a_deleted_account_is_unusable_at_once() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let elsewhere = world.log_in("alice").await;
    edit(
        &world,
        &alice,
        json!({"username": "alice", "email": "a@x.cn", "nickname": "A"}),
    )
    .await
    .expect(200);
    let uploaded = upload(&world, &alice, "avatar", &samples::png()).await;
    let announced = json!({"uid": alice.id, "epoch": 1});
    let messages = async || {
        let bodies = world.purge_messages().await;
        bodies
            .iter()
            .map(|body| serde_json::from_str::<Value>(body).unwrap())
            .collect::<Vec<_>>()
    };
    let answer = delete(&world, &alice, "me").await.expect(204);
    assert_eq!(answer.json, Value::Null);
    assert_eq!(messages().await, std::slice::from_ref(&announced));
    for session in [&alice, &elsewhere] {
        for call in calls_of_a_user(&world, session, &bob.id, &uploaded) {
            call.send().await.expect_error(401, "unauthorized");
        }
        let logout = world
            .login
            .call(Method::POST, "/v1/logout")
            .bearer(&session.token)
            .send();
        logout.await.expect_error(401, "unauthorized");
        world
            .refresh(&session.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
        // Whoever did not get the answer asks again, and so does whoever asks on another device.
        for id in ["me", &*alice.id] {
            delete(&world, session, id).await.expect(204);
            assert_eq!(messages().await, std::slice::from_ref(&announced));
        }
    }
    edit(
        &world,
        &bob,
        json!({"username": "Alice", "email": "A@x.cn"}),
    )
    .await
    .expect(200);
    read(&world, &admin, &alice.id)
        .await
        .expect_error(404, "not_found");
    read(&world, &bob, &alice.id)
        .await
        .expect_error(404, "not_found");
    for body in [
        json!({}),
        json!({"nickname": "x"}),
        json!({"username": "y-name"}),
        json!({"status": "active"}),
        json!({"role": "admin"}),
    ] {
        patch(&world, &admin, &alice.id, &body)
            .send()
            .await
            .expect_error(409, "account_deleting");
    }
    create(&world, &admin, json!({"openid": "alice"}))
        .await
        .expect_error(409, "account_deleting");
    delete(&world, &admin, &alice.id).await.expect(204);
    assert_eq!(messages().await, [announced]);
    assert!(!ids(&list(&world, &admin, "?limit=100").await).contains(&alice.id));
    let profiles = world
        .users
        .get(&format!("/v1/profiles?ids={}", alice.id))
        .bearer(&bob.token)
        .send()
        .await;
    assert_eq!(profiles.expect(200).json["items"], json!([]));
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn deletion_leaves_nothing_personal_on_the_user_item() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world.log_in("alice").await;
    edit(
        &world,
        &alice,
        json!({"username": "alice", "email": "a@x.cn", "nickname": "A"}),
    )
    .await
    .expect(200);
    let phone = world.login.post(
        "/v1/users/me/phone",
        &json!({"code": "phone-13800138000-1"}),
    );
    phone.bearer(&alice.token).send().await.expect(200);
    upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    let items = snapshot(&world).await;
    let mut left: Vec<_> = items[&(format!("U#{}", alice.id), "A".to_owned())]
        .keys()
        .map(String::as_str)
        .collect();
    left.sort_unstable();
    assert_eq!(
        left,
        [
            "epoch",
            "fence",
            "pk",
            "sessions_ended_at",
            "sk",
            "status",
            "version"
        ]
    );
    assert!(
        !items
            .keys()
            .any(|(pk, _)| pk.starts_with("UN#") || pk.starts_with("EM#"))
    );
}

#[tokio::test]
async fn who_registers_again_is_the_same_person_without_a_past() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let body = json!({"username": "alice", "email": "a@x.cn", "nickname": "A", "role": "admin"});
    patch(&world, &admin, &alice.id, &body)
        .send()
        .await
        .expect(200);
    let phone = world.login.post(
        "/v1/users/me/phone",
        &json!({"code": "phone-13800138000-1"}),
    );
    let last = phone.bearer(&alice.token).send().await.expect(200).json;
    let uploaded = upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    world.advance(Duration::from_secs(1));
    let again = world.log_in("alice").await;
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(true))
    );
    let user = &again.json["user"];
    for field in ["username", "email", "nickname", "avatar_url", "phone"] {
        assert_eq!(user[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&user["role"], &user["status"]),
        (&json!("user"), &json!("active"))
    );
    assert!(
        user["version"].as_u64() > last["version"].as_u64(),
        "no tag of the old life fits the new one"
    );
    assert!(text(user, "created_at") > text(&last, "created_at"));
    assert!(
        text(user, "updated_at") >= text(user, "created_at"),
        "{user}"
    );
    assert_eq!(
        list_uploads(&world, &again).await.expect(200).json["items"],
        json!([])
    );

    let before = snapshot(&world).await;
    for call in calls_of_a_user(&world, &alice, &bob.id, &uploaded) {
        call.send().await.expect_error(401, "unauthorized");
    }
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    let logout = world
        .login
        .post("/v1/logout", &json!({"all": true}))
        .bearer(&alice.token)
        .send()
        .await;
    logout.expect_error(401, "unauthorized");
    world
        .refresh(&alice.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
    assert_eq!(
        snapshot(&world).await,
        before,
        "an old token has no power over the new life"
    );
    world.refresh(&again.refresh_token).await.expect(200);

    world.purge_messages().await;
    delete(&world, &again, "me").await.expect(204);
    assert_eq!(world.purge_messages().await.len(), 1);
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    assert!(world.purge_messages().await.is_empty());
    let third = world.log_in("alice").await;
    delete(&world, &third, "me").await.expect(204);
    let message: Value = serde_json::from_str(&world.purge_messages().await[0]).unwrap();
    assert_eq!(message, json!({"uid": alice.id, "epoch": 3}));
}

#[tokio::test]
async fn once_purged_a_person_can_be_registered_ahead_again() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    delete(&world, &alice, "me").await.expect(204);
    purge(&world).await;
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    read(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    patch(&world, &admin, &alice.id, &json!({"nickname": "x"}))
        .send()
        .await
        .expect_error(404, "not_found");
    delete(&world, &admin, &alice.id)
        .await
        .expect_error(404, "not_found");
    let created = create(
        &world,
        &admin,
        json!({"openid": "alice", "username": "again"}),
    )
    .await
    .expect(201);
    assert_eq!(created.json["id"], alice.id);
    read(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    let again = world.log_in("alice").await;
    assert_eq!(
        (&again.json["is_new"], &again.json["user"]["username"]),
        (&json!(true), &json!("again"))
    );
    ticket(&world, &again, "file", 10).await;
    world
        .refresh(&alice.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
}

#[tokio::test]
async fn logins_during_a_deletion_belong_to_one_life_or_the_other() {
    let world = World::new().await;
    for round in 0..5 {
        let openid = format!("p{round}");
        let first = world.log_in(&openid).await;
        edit(&world, &first, json!({"username": format!("name{round}")}))
            .await
            .expect(200);
        let logins = join_all((0..3).map(|_| world.log_in(&openid)));
        let (deleted, sessions) = join(delete(&world, &first, "me"), logins).await;
        deleted.expect(204);
        for session in &sessions {
            let refreshed = world.refresh(&session.refresh_token).await;
            let read = read(&world, session, "me").await;
            assert_eq!(
                (refreshed.status == 200, read.status == 200),
                (
                    session.json["user"]["username"].is_null(),
                    session.json["user"]["username"].is_null()
                ),
                "a session of the old life is dead, one of the new life is not"
            );
        }
        world
            .refresh(&first.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
    }
    assert_claims_are_whole(&world).await;
}
