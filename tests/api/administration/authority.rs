//! A former administrator loses access at once, also in the middle of a request.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use serde_json::json;
use shared::ids::Epoch;
use shared::store::review::{Cause, Finding, Subject};
use support::api::Call;
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Session, World};

use super::{path_of, second_admin, set};

#[tokio::test]
async fn whoever_is_no_administrator_any_more_sees_what_a_stranger_sees_at_once() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = second_admin(&world, &admin).await;
    let named = alice.edit(json!({"email": "a@x.cn"}));
    named.send().await.expect(200);
    let before = second.user(&alice.id).await.expect(200);
    assert_eq!(before.json["email"], "a@x.cn");
    let demote = admin.edit_user(&second.id, json!({"role": "user"}));
    demote.send().await.expect(200);
    let stranger = json!({"id": alice.id, "nickname": null, "avatar_url": null});
    let after = second.user(&alice.id).await.expect(200);
    assert_eq!(after.json, stranger);
    assert_eq!(
        second
            .get(&path_of(&alice.id))
            .header("if-none-match", before.header("etag"))
            .await
            .expect(200)
            .json,
        stranger
    );
    // A role that was given is seen from the next refresh on, as before.
    let promote = admin.edit_user(&alice.id, json!({"role": "admin"}));
    promote.send().await.expect(200);
    let seen = alice.user(&second.id).await.expect(200).json;
    assert_eq!(seen.as_object().unwrap().len(), 3);
}

/// Every administrative write, and the status that it gets.
fn writes(_world: &World, admin: &Session, target: &str) -> Vec<(Call, u16)> {
    let edits = [
        json!({"nickname": "x"}),
        json!({"username": "x-name", "email": "x@x.cn"}),
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
    ];
    let edits = edits.map(|body| (admin.edit_user(target, &body), 200));
    let review = format!("/v1/reviews/{target}-account-1");
    let others = [
        (admin.post(&review, json!({"decision": "reject"})), 204),
        (admin.create_user(json!({"openid": "new"})), 201),
        (admin.delete_user(target), 204),
    ];
    edits.into_iter().chain(others).collect()
}

#[tokio::test]
async fn a_write_asks_whether_its_actor_is_an_administrator_when_it_is_written() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = second_admin(&world, &admin).await;
    let profile = Subject::Account {
        user: alice.id.parse().unwrap(),
        epoch: Epoch::FIRST,
    };
    let (cause, finding) = (Cause::Report, Finding::default());
    let opened = world.store.open_review(&profile, cause, &finding).await;
    opened.unwrap();
    let text = |text: &str| AttributeValue::S(text.into());
    let ends = [
        (vec![("role", text("user"))], 403, "forbidden"),
        (vec![("status", text("disabled"))], 403, "account_disabled"),
        (
            vec![
                ("status", text("deleting")),
                ("epoch", AttributeValue::N("2".into())),
            ],
            401,
            "unauthorized",
        ),
    ];
    let transactions = Matching::Of("TransactWriteItems");
    for (end, status, code) in ends {
        for (call, _) in writes(&world, &second, &alice.id) {
            let before = world.items().await;
            proxy.take();
            proxy.fail(transactions, Fault::Slow(Duration::from_millis(300)), 1);
            let demoted = async {
                // What the write needs to know has been read.
                while proxy.count(transactions) == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                set(&world, &second.id, &end).await;
            };
            let (answer, ()) = join(call.send(), demoted).await;
            answer.expect_problem(status, code);
            let was = [
                ("role", text("admin")),
                ("status", text("active")),
                ("epoch", AttributeValue::N("1".into())),
            ];
            set(&world, &second.id, &was).await;
            assert_eq!(world.items().await, before);
        }
    }
    for (call, status) in writes(&world, &second, &alice.id) {
        call.send().await.expect(status);
    }
}

#[tokio::test]
async fn of_two_administrators_who_demote_one_another_one_remains() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let [mut won, mut lost] = [0, 0];
    for round in 0..5 {
        let openids = [format!("a{round}"), format!("b{round}")];
        for openid in &openids {
            let body = json!({"openid": openid, "role": "admin"});
            admin.create_user(&body).await.expect(201);
        }
        let [a, b] = [
            world.log_in(&openids[0]).await,
            world.log_in(&openids[1]).await,
        ];
        let demoted = json!({"role": "user"});
        let of_b = a.edit_user(&b.id, &demoted).send();
        let of_a = b.edit_user(&a.id, &demoted).send();
        let (of_b, of_a) = join(of_b, of_a).await;
        for answer in [of_b, of_a] {
            match answer.status.as_u16() {
                200 => won += 1,
                _ => {
                    answer.expect_problem(403, "forbidden");
                    lost += 1;
                }
            }
        }
    }
    assert_eq!([won, lost], [5, 5]);
}

#[tokio::test]
async fn nobody_sets_their_own_role_or_status() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let before = world.items().await;
    for session in [&admin, &alice] {
        for id in ["me", &session.id] {
            for (field, value) in [
                ("role", "admin"),
                ("role", "user"),
                ("status", "active"),
                ("status", "disabled"),
            ] {
                let body = json!({"nickname": "x", field: value});
                let refused = session.edit_user(id, &body).await;
                let refused = refused.expect_problem(400, "invalid_request");
                assert_eq!(refused.fields(), [field]);
                assert_eq!(refused.json["errors"][0]["code"], "not_allowed");
            }
        }
    }
    assert_eq!(world.items().await, before);
}
