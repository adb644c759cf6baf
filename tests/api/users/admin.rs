//! What administrators change about others, and what a change of role or status does.

use serde_json::json;
use support::api::refused;
use support::{Session, World, samples, wanted};

use super::{calls_of_a_user, id_of};

#[tokio::test]
async fn an_administrator_edits_others_and_only_those_who_are_there() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let body = json!({"username": "named", "email": "n@x.cn", "nickname": "by admin"});
    let edited = admin.edit_user(&alice.id, body).await.expect(200);
    assert_eq!(alice.profile().await, edited.json);
    let before = world.items().await;
    let (nobody, upper_case) = (id_of(&world, "nobody"), alice.id.to_uppercase());
    for id in [&nobody, &upper_case, "x", "%ff"] {
        let calls = [
            admin.edit_user(id, json!({})),
            admin.edit_user(id, json!({"nickname": "x"})),
            admin.edit_user(id, json!({"username": "other"})),
            admin.edit_user(id, json!({"status": "disabled"})),
            admin.delete_user(id),
            admin.user(id),
        ];
        refused(calls, 404, "not_found").await;
    }
    assert_eq!(world.items().await, before);
}

#[tokio::test]
async fn a_role_counts_from_the_next_refresh() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let set_role = async |role: &str| {
        let edited = admin.edit_user(&alice.id, json!({"role": role})).await;
        assert_eq!(edited.expect(200)["role"], role);
    };
    set_role("admin").await;
    alice.list_users("").await.expect_problem(403, "forbidden");
    let promoted = alice.refreshed().await;
    promoted.list_users("").await.expect(200);
    set_role("user").await;
    let demoted = promoted.refreshed().await;
    assert_eq!(demoted.json["user"]["role"], "user");
    let refused = demoted.list_users("").await;
    refused.expect_problem(403, "forbidden");
    let refused = demoted.edit(json!({"role": "admin"})).await;
    refused.expect_invalid(["role"]);
}

/// What only an administrator may do.
fn calls_of_an_administrator(session: &Session, other: &str) -> Vec<support::api::Call> {
    let accomplice = json!({"openid": "accomplice", "role": "admin"});
    vec![
        session.list_users(""),
        session.list_users("?username=alice"),
        session.create_user(accomplice),
        session.edit_user(other, json!({})),
        session.edit_user(other, json!({"nickname": "x"})),
        session.edit_user(other, json!({"role": "admin"})),
        session.edit_user(other, json!({"status": "disabled"})),
        session.edit_user(other, json!({"username": "x-name"})),
        session.delete_user(other),
    ]
}

#[tokio::test]
async fn an_administrator_who_is_one_no_more_can_do_nothing_with_an_old_token() {
    let world = World::new().await;
    let [root, alice] = world.log_in_all(["admin", "alice"]).await;
    for (how, status, code) in [
        ("delete", 401, "unauthorized"),
        ("disable", 403, "account_disabled"),
        ("demote", 403, "forbidden"),
    ] {
        let admin = json!({"openid": how, "role": "admin"});
        root.create_user(admin).await.expect(201);
        let former = world.log_in(how).await;
        former.list_users("").await.expect(200);
        let end = match how {
            "delete" => root.delete_user(&former.id),
            "disable" => root.edit_user(&former.id, json!({"status": "disabled"})),
            _ => root.edit_user(&former.id, json!({"role": "user"})),
        };
        assert!(end.await.status.is_success());
        let before = world.items().await;
        refused(calls_of_an_administrator(&former, &alice.id), status, code).await;
        for (field, value) in [("role", "admin"), ("status", "active")] {
            let refused = former.edit(json!({field: value})).await;
            refused.expect_invalid([field]);
        }
        assert_eq!(world.items().await, before, "{how}");
    }
}

async fn set_status(admin: &Session, user: &str, status: &str) {
    let edited = admin.edit_user(user, json!({"status": status})).await;
    assert_eq!(edited.expect(200)["status"], status);
}

#[tokio::test]
async fn a_disabled_account_is_shut_everywhere() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    alice.edit(json!({"username": "alice"})).await.expect(200);
    let upload = world.upload(&alice, "file", &samples::png()).await;
    for _ in 0..2 {
        set_status(&admin, &alice.id, "disabled").await;
        let shut = world.try_log_in("alice").await;
        shut.expect_problem(403, "account_disabled");
        let mut calls = calls_of_a_user(&alice, &bob.id, &upload.id);
        calls.extend([alice.refresh(), alice.delete_account()]);
        refused(calls, 403, "account_disabled").await;
        let seen = admin.user(&alice.id).await.expect(200);
        assert_eq!(seen["status"], "disabled");
        // The name and the person stay taken.
        let refused = bob.edit(json!({"username": "ALICE"})).await;
        refused.expect_problem(409, "username_taken");
        let refused = admin.create_user(json!({"openid": "alice"})).await;
        refused.expect_problem(409, "user_exists");
    }
}

#[tokio::test]
async fn an_account_that_is_enabled_again_goes_on_as_before() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    alice.edit(json!({"username": "alice"})).await.expect(200);
    for status in ["disabled", "active"] {
        let refused = alice.edit(json!({"status": status})).await;
        refused.expect_invalid(["status"]);
    }
    set_status(&admin, &alice.id, "disabled").await;
    set_status(&admin, &alice.id, "active").await;
    let again = alice.refreshed().await;
    for session in [&alice, &again, &world.log_in("alice").await] {
        assert_eq!(session.profile().await["username"], "alice");
        session.get("/v1/uploads").await.expect(200);
        session.issue(&wanted("file", &samples::png())).await;
        session.edit(json!({"nickname": "back"})).await.expect(200);
    }
    // Whoever is shut out can still be deleted, which does not let them back in as a disabled person.
    set_status(&admin, &alice.id, "disabled").await;
    admin.delete_user(&alice.id).await.expect(204);
    assert_eq!(world.log_in("alice").await.json["is_new"], true);
}
