//! Accounts that an administrator creates ahead of the first login.

use serde_json::{Value, json};
use support::World;

use super::{assert_claims_are_whole, create, edit, id_of, list, path_of, read, snapshot, text};

#[tokio::test]
async fn a_person_can_be_registered_ahead_of_their_first_login() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let body = json!({"openid": "alice", "username": "Ａlice", "email": "A@x.cn", "nickname": "小A", "role": "admin"});
    let created = create(&world, &admin, body).await.expect(201);
    let id = id_of(&world, "alice");
    assert_eq!(created.header("location"), path_of(&id));
    let user = &created.json;
    assert_eq!(
        (
            text(user, "id"),
            text(user, "username"),
            text(user, "email")
        ),
        (&*id, "Ａlice", "A@x.cn")
    );
    assert_eq!(
        (
            text(user, "nickname"),
            text(user, "role"),
            text(user, "status")
        ),
        ("小A", "admin", "active")
    );
    assert!(!user.to_string().contains("openid"));
    let read_back = world
        .users
        .get(created.header("location"))
        .bearer(&admin.token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&read_back.json, read_back.header("etag")),
        (user, created.header("etag"))
    );

    let alice = world.log_in("alice").await;
    assert_eq!((&alice.id, &alice.json["is_new"]), (&id, &json!(true)));
    assert_eq!(&alice.json["user"], user);
    assert_eq!(world.log_in("alice").await.json["is_new"], false);
    list(&world, &alice, "").await.expect(200);
    let plain = create(
        &world,
        &admin,
        json!({"openid": "plain", "username": null, "role": null}),
    )
    .await
    .expect(201);
    assert_eq!(
        (&plain.json["username"], &plain.json["role"]),
        (&Value::Null, &json!("user"))
    );
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn a_registration_that_cannot_be_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let (admin, bob) = (world.log_in("admin").await, world.log_in("bob").await);
    edit(
        &world,
        &bob,
        json!({"username": "Bob", "email": "bob@x.cn"}),
    )
    .await
    .expect(200);
    let before = snapshot(&world).await;
    for body in [
        json!({"openid": "bob"}),
        json!({"openid": "bob", "username": "fresh"}),
        json!({"openid": "bob", "username": "bob"}),
    ] {
        create(&world, &admin, body)
            .await
            .expect_error(409, "user_exists");
    }
    let taken = json!({"openid": "new", "username": "Ｂｏｂ", "email": "new@x.cn"});
    create(&world, &admin, taken)
        .await
        .expect_error(409, "username_taken");
    let taken = json!({"openid": "new", "username": "new", "email": "BOB@x.cn"});
    create(&world, &admin, taken)
        .await
        .expect_error(409, "email_taken");
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
        let refused = create(&world, &admin, json!({"openid": openid})).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["openid"],
            "{openid}"
        );
    }
    assert_eq!(
        create(&world, &admin, json!({}))
            .await
            .expect_error(400, "invalid_request")
            .fields(),
        ["openid"]
    );
    for field in ["id", "phone", "status", "avatar_upload_id", "unionid"] {
        let refused = create(&world, &admin, json!({"openid": "new", field: "x"})).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            [field]
        );
    }
    create(&world, &bob, json!({"openid": "new"}))
        .await
        .expect_error(403, "forbidden");
    assert_eq!(snapshot(&world).await, before);
    read(&world, &admin, &id_of(&world, "new"))
        .await
        .expect_error(404, "not_found");
}
