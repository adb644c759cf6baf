//! Who is an administrator: by configuration, and how one gets back in.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::Epoch;
use support::{Session, World};

use super::{create, delete, entries, patch, read, second_admin, snapshot};

#[tokio::test]
async fn a_login_that_is_not_to_create_needs_an_account_that_is_there() {
    let world = World::new().await;
    let silent = async |openid: &str| {
        let body = json!({"code": world.code(openid), "create": false});
        world.login.post("/v1/login", &body).send().await
    };
    let required = async || {
        let before = snapshot(&world).await;
        let refused = silent("alice").await;
        refused.expect_error(401, "login_required");
        assert_eq!(snapshot(&world).await, before);
    };
    required().await;
    let alice = world.log_in("alice").await;
    let again = Session::of(silent("alice").await.expect(200).json);
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(false))
    );
    world.refresh(&again.refresh_token).await.expect(200);

    // Deleted, by the person themselves: it stays so, before and after `purge`.
    delete(&world, &again, "me").send().await.expect(204);
    required().await;
    world
        .store
        .finish_purge(&alice.id.parse().unwrap(), Epoch::FIRST)
        .await
        .unwrap();
    required().await;

    // Registered ahead is registered.
    let admin = world.log_in("admin").await;
    let body = json!({"openid": "bob"});
    let bob = create(&world, &admin, &body).send().await.expect(201).json;
    assert_eq!(silent("bob").await.expect(200).json["is_new"], true);
    let id = bob["id"].as_str().unwrap();
    let disable = patch(&world, &admin, id, &json!({"status": "disabled"}));
    disable.send().await.expect(200);
    silent("bob").await.expect_error(403, "account_disabled");

    for create in [json!("false"), json!(0), json!([])] {
        let body = json!({"code": world.code("alice"), "create": create});
        let refused = world.login.post("/v1/login", &body).send().await;
        let refused = refused.expect_error(400, "invalid_request");
        assert_eq!(refused.fields(), ["create"]);
    }
    for create in [json!(true), Value::Null] {
        let body = json!({"code": world.code("carol"), "create": create});
        world
            .login
            .post("/v1/login", &body)
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn whoever_configuration_makes_an_administrator_gets_back_in() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let second = second_admin(&world, &admin).await;
    let ticket = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let uploads = async |session: &Session| {
        let call = world.presign.post("/v1/uploads", &ticket);
        call.bearer(&session.token).send().await
    };
    let list = async |session: &Session| {
        let call = world.presign.get("/v1/uploads").bearer(&session.token);
        call.send().await
    };
    uploads(&admin).await.expect(201);
    for role in ["admin", "user"] {
        let shut = json!({"status": "disabled", "role": role});
        let shut = patch(&world, &second, &admin.id, &shut).send().await;
        let shut = shut.expect(200).json;
        uploads(&admin).await.expect_error(403, "account_disabled");
        list(&admin).await.expect_error(403, "account_disabled");
        // A client that logs in by itself changes nothing; the person does.
        let body = json!({"code": world.code("admin"), "create": false});
        let silent = world.login.post("/v1/login", &body).send().await;
        silent.expect_error(403, "account_disabled");
        let back = world.log_in("admin").await;
        let user = &back.json["user"];
        assert_eq!(
            (&user["role"], &user["status"], &back.json["is_new"]),
            (&json!("admin"), &json!("active"), &json!(false))
        );
        assert_eq!(
            user["version"].as_u64().unwrap(),
            shut["version"].as_u64().unwrap() + 1
        );
        assert_eq!(&read(&world, &back, "me").await.expect(200).json, user);
        world.refresh(&back.refresh_token).await.expect(200);
        uploads(&back).await.expect(201);
        list(&back).await.expect(200);
        entries(&world, &back).await;
    }
    // A role that an administrator gave is no reason.
    let admin = world.log_in("admin").await;
    let shut = json!({"status": "disabled"});
    let shut = patch(&world, &admin, &second.id, &shut).send().await;
    shut.expect(200);
    let refused = world.try_log_in("second").await;
    refused.expect_error(403, "account_disabled");
}

#[tokio::test]
async fn a_disabled_administrator_has_five_sessions_at_most_as_everybody_has() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let second = second_admin(&world, &admin).await;
    for _ in 0..4 {
        world.advance(Duration::from_secs(1));
        world.log_in("admin").await;
    }
    let shut = json!({"status": "disabled"});
    let shut = patch(&world, &second, &admin.id, &shut).send().await;
    shut.expect(200);
    world.advance(Duration::from_secs(1));
    world.log_in("admin").await;
    let first = world.refresh(&admin.refresh_token).await;
    first.expect_error(401, "refresh_invalid");
}
