//! Who is an administrator: by configuration, and how one gets back in.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::Epoch;
use support::{Session, World};

use super::{entries, second_admin};

#[tokio::test]
async fn a_login_that_is_not_to_create_needs_an_account_that_is_there() {
    let world = World::new().await;
    let silent = async |openid: &str| {
        let body = json!({"code": world.code(openid), "create": false});
        world.login.post("/v1/login", &body).send().await
    };
    let required = async || {
        let before = world.items().await;
        let refused = silent("alice").await;
        refused.expect_problem(401, "login_required");
        assert_eq!(world.items().await, before);
    };
    required().await;
    let alice = world.log_in("alice").await;
    let again = world.session(silent("alice").await);
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(false))
    );
    again.refresh().await.expect(200);

    // Deleted, by the person themselves: it stays so, before and after `purge`.
    again.delete_account().await.expect(204);
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
    let bob = admin.create_user(&body).await.expect(201).json;
    assert_eq!(silent("bob").await.expect(200).json["is_new"], true);
    let id = bob["id"].as_str().unwrap();
    let disable = admin.edit_user(id, json!({"status": "disabled"}));
    disable.send().await.expect(200);
    silent("bob").await.expect_problem(403, "account_disabled");

    for create in [json!("false"), json!(0), json!([])] {
        let body = json!({"code": world.code("alice"), "create": create});
        let refused = world.login.post("/v1/login", &body).send().await;
        let refused = refused.expect_problem(400, "invalid_request");
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
    let uploads = async |session: &Session| session.post("/v1/uploads", &ticket).await;
    let list = async |session: &Session| session.get("/v1/uploads").await;
    uploads(&admin).await.expect(201);
    for role in ["admin", "user"] {
        let shut = json!({"status": "disabled", "role": role});
        let shut = second.edit_user(&admin.id, &shut).await;
        let shut = shut.expect(200).json;
        uploads(&admin)
            .await
            .expect_problem(403, "account_disabled");
        list(&admin).await.expect_problem(403, "account_disabled");
        // A client that logs in by itself changes nothing; the person does.
        let body = json!({"code": world.code("admin"), "create": false});
        let silent = world.login.post("/v1/login", &body).send().await;
        silent.expect_problem(403, "account_disabled");
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
        assert_eq!(&back.me().await.expect(200).json, user);
        back.refresh().await.expect(200);
        uploads(&back).await.expect(201);
        list(&back).await.expect(200);
        entries(&world, &back).await;
    }
    // A role that an administrator gave is no reason.
    let admin = world.log_in("admin").await;
    let shut = json!({"status": "disabled"});
    let shut = admin.edit_user(&second.id, &shut).await;
    shut.expect(200);
    let refused = world.try_log_in("second").await;
    refused.expect_problem(403, "account_disabled");
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
    let shut = second.edit_user(&admin.id, &shut).await;
    shut.expect(200);
    world.advance(Duration::from_secs(1));
    world.log_in("admin").await;
    let first = admin.refresh().await;
    first.expect_problem(401, "refresh_invalid");
}
