//! Transactions that conflict.

use serde_json::json;
use support::proxy::{Fault, Matching};
use support::samples;

use super::{
    NOTHING, deliver, edit, faulty, in_time, me, owners, settled, status, stored, ticket_request,
};

#[tokio::test]
async fn conflicts_of_transactions_are_tried_again_for_some_seconds() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    let transactions = Matching::Of("TransactWriteItems");
    for (conflicts, served) in [(1, true), (8, true), (1000, false)] {
        let person = world.log_in(&format!("person{conflicts}")).await;
        let as_person = |call: support::api::Call| call.bearer(&person.token);
        let names = json!({"username": format!("name_{conflicts}")});
        let created = json!({"openid": format!("other{conflicts}")});
        let file = ticket_request("file", &samples::jpeg());
        let calls = [
            (as_person(world.users.put("/v1/users/me", &names)), 200),
            (as_person(world.presign.post("/v1/uploads", &file)), 201),
            (admin.post("/v1/users", &created), 201),
            (as_person(world.users.delete("/v1/users/me")), 204),
        ];
        let attempts = if served { conflicts + 1 } else { 10 };
        let calls = calls.into_iter().take(if served { 4 } else { 1 });
        for (call, status) in calls {
            proxy.take();
            proxy.fail(transactions, Fault::TransactionConflict, conflicts);
            let answer = call.send().await;
            assert!(proxy.count(transactions) >= attempts);
            if served {
                answer.expect(status);
            } else {
                answer.expect_problem(429, "rate_limited");
            }
            proxy.heal();
        }
    }
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_tried_again() {
    let (proxy, world) = faulty().await;
    let conflict = || proxy.fail(Matching::Of("UpdateItem"), Fault::TransactionConflict, 1);
    conflict();
    let alice = world.log_in("alice").await;
    conflict();
    let alice = alice.refreshed().await;
    conflict();
    edit(&world, &alice, &json!({"nickname": "A"}))
        .await
        .expect(200);
    conflict();
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    settled(&proxy).await;
}

#[tokio::test]
async fn a_conflict_after_a_lost_answer_does_not_hide_that_the_transaction_was_written() {
    let (proxy, world) = faulty().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let file = ticket_request("file", &samples::jpeg());
    let as_alice = |call: support::api::Call| call.bearer(&alice.token);
    let created = json!({"openid": "carol", "username": "carol_1"});
    let names = json!({"username": "alice_1", "email": "alice@example.com"});
    let etag = me(&world, &alice).await.expect(200);
    let rename = as_alice(world.users.put("/v1/users/me", &names));
    for (call, status) in [
        (rename.header("if-match", etag.header("etag")), 200),
        (as_alice(world.presign.post("/v1/uploads", &file)), 201),
        (admin.post("/v1/users", &created), 201),
        (as_alice(world.users.delete("/v1/users/me")), 204),
    ] {
        let transactions = Matching::Of("TransactWriteItems");
        proxy.fail(transactions, Fault::DropAfterCommit, 1);
        proxy.fail(transactions, Fault::TransactionConflict, 2);
        let answer = in_time(call.send()).await.expect(status);
        settled(&proxy).await;
        if status == 200 {
            assert_eq!(answer.json["version"], 2);
            assert_eq!(me(&world, &alice).await.json, answer.json);
        }
    }
    assert_eq!(owners(&world, &admin, "alice_1").await, NOTHING);
    assert_eq!(owners(&world, &admin, "carol_1").await.len(), 1);
}

#[tokio::test]
async fn an_avatar_that_meets_transactions_waits_for_them() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    let transactions = Matching::Of("TransactWriteItems");
    proxy.fail(transactions, Fault::TransactionConflict, 5);
    assert_eq!(deliver(&world, &avatar.event).await, NOTHING);
    assert_eq!(status(&world, &alice, &avatar.id).await, "ready");
}
