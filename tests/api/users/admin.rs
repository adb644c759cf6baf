//! What administrators change about others, and what a change of role or status does.

use serde_json::json;
use support::{Session, World, samples};

use super::{
    calls_of_a_user, create, delete, edit, id_of, list, list_uploads, own, patch, read, snapshot,
    ticket, upload,
};

#[tokio::test]
async fn an_administrator_edits_others_and_only_those_who_are_there() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let body = json!({"username": "named", "email": "n@x.cn", "nickname": "by admin"});
    let edited = patch(&world, &admin, &alice.id, &body)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(own(&world, &alice).await.json, edited);
    let before = snapshot(&world).await;
    for id in [
        &*id_of(&world, "nobody"),
        "x",
        "%ff",
        &alice.id.to_uppercase(),
    ] {
        for body in [
            json!({}),
            json!({"nickname": "x"}),
            json!({"username": "other"}),
            json!({"status": "disabled"}),
        ] {
            patch(&world, &admin, id, &body)
                .send()
                .await
                .expect_error(404, "not_found");
        }
        delete(&world, &admin, id)
            .await
            .expect_error(404, "not_found");
        read(&world, &admin, id)
            .await
            .expect_error(404, "not_found");
    }
    assert_eq!(snapshot(&world).await, before);
}

#[tokio::test]
async fn a_role_counts_from_the_next_refresh() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let set_role = async |role: &str| {
        let answer = patch(&world, &admin, &alice.id, &json!({"role": role}))
            .send()
            .await
            .expect(200);
        assert_eq!(answer.json["role"], role);
    };
    set_role("admin").await;
    list(&world, &alice, "")
        .await
        .expect_error(403, "forbidden");
    let promoted = Session::of(world.refresh(&alice.refresh_token).await.expect(200).json);
    list(&world, &promoted, "").await.expect(200);
    set_role("user").await;
    let demoted = Session::of(
        world
            .refresh(&promoted.refresh_token)
            .await
            .expect(200)
            .json,
    );
    assert_eq!(demoted.json["user"]["role"], "user");
    list(&world, &demoted, "")
        .await
        .expect_error(403, "forbidden");
    let refused = edit(&world, &demoted, json!({"role": "admin"})).await;
    assert_eq!(
        refused.expect_error(400, "invalid_request").fields(),
        ["role"]
    );
}

#[tokio::test]
async fn an_administrator_who_is_one_no_more_can_do_nothing_with_an_old_token() {
    let world = World::new().await;
    let (root, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    for (how, status, code) in [
        ("delete", 401, "unauthorized"),
        ("disable", 403, "account_disabled"),
        ("demote", 403, "forbidden"),
    ] {
        create(&world, &root, json!({"openid": how, "role": "admin"}))
            .await
            .expect(201);
        let former = world.log_in(how).await;
        list(&world, &former, "").await.expect(200);
        match how {
            "delete" => drop(delete(&world, &root, &former.id).await.expect(204)),
            "disable" => drop(
                patch(&world, &root, &former.id, &json!({"status": "disabled"}))
                    .send()
                    .await
                    .expect(200),
            ),
            _ => drop(
                patch(&world, &root, &former.id, &json!({"role": "user"}))
                    .send()
                    .await
                    .expect(200),
            ),
        }
        let before = snapshot(&world).await;
        list(&world, &former, "").await.expect_error(status, code);
        list(&world, &former, "?username=alice")
            .await
            .expect_error(status, code);
        create(
            &world,
            &former,
            json!({"openid": "accomplice", "role": "admin"}),
        )
        .await
        .expect_error(status, code);
        for body in [
            json!({}),
            json!({"nickname": "x"}),
            json!({"role": "admin"}),
            json!({"status": "disabled"}),
            json!({"username": "x-name"}),
        ] {
            patch(&world, &former, &alice.id, &body)
                .send()
                .await
                .expect_error(status, code);
        }
        for field in ["role", "status"] {
            let own = json!({field: if field == "role" { "admin" } else { "active" }});
            let refused = edit(&world, &former, own).await;
            assert_eq!(
                refused.expect_error(400, "invalid_request").fields(),
                [field]
            );
        }
        delete(&world, &former, &alice.id)
            .await
            .expect_error(status, code);
        assert_eq!(snapshot(&world).await, before, "{how}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_shut_everywhere_until_it_is_enabled() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    edit(&world, &alice, json!({"username": "alice"}))
        .await
        .expect(200);
    let uploaded = upload(&world, &alice, "file", &samples::png()).await;
    for status in ["disabled", "active"] {
        let refused = patch(&world, &alice, "me", &json!({"status": status}))
            .send()
            .await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["status"]
        );
    }
    let set_status = async |status: &str| {
        let answer = patch(&world, &admin, &alice.id, &json!({"status": status}))
            .send()
            .await
            .expect(200);
        assert_eq!(answer.json["status"], status);
    };
    for _ in 0..2 {
        set_status("disabled").await;
        let shut = world.try_log_in("alice").await;
        shut.expect_error(403, "account_disabled");
        world
            .refresh(&alice.refresh_token)
            .await
            .expect_error(403, "account_disabled");
        for call in calls_of_a_user(&world, &alice, &bob.id, &uploaded) {
            call.send().await.expect_error(403, "account_disabled");
        }
        delete(&world, &alice, "me")
            .await
            .expect_error(403, "account_disabled");
        assert_eq!(
            read(&world, &admin, &alice.id).await.expect(200).json["status"],
            "disabled"
        );
        edit(&world, &bob, json!({"username": "ALICE"}))
            .await
            .expect_error(409, "username_taken");
        create(&world, &admin, json!({"openid": "alice"}))
            .await
            .expect_error(409, "user_exists");
    }
    set_status("active").await;
    let again = Session::of(world.refresh(&alice.refresh_token).await.expect(200).json);
    for session in [&alice, &again, &world.log_in("alice").await] {
        assert_eq!(own(&world, session).await.json["username"], "alice");
        list_uploads(&world, session).await.expect(200);
        ticket(&world, session, "file", 10).await;
        edit(&world, session, json!({"nickname": "back"}))
            .await
            .expect(200);
    }
    // Whoever is shut out can still be deleted, which does not let them back in as a disabled person.
    set_status("disabled").await;
    delete(&world, &admin, &alice.id).await.expect(204);
    assert_eq!(world.log_in("alice").await.json["is_new"], true);
}
