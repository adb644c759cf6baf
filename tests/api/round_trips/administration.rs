//! What an administrator's requests cost.

use std::time::Duration;

use serde_json::json;
use support::api::Call;
use support::proxy::{Fault, Matching};
use support::samples;

use super::{costs, counted, names, upload_request};

#[tokio::test]
async fn what_an_administrator_writes_costs_one_read_and_a_transaction() {
    let (proxy, world) = counted().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let alices = format!("/v1/users/{}", alice.id);
    let as_admin = |call: Call| call.bearer(&admin.token);
    let calls = ["BatchGetItem", "TransactWriteItems"];
    for change in [
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
        json!({"nickname": "A", "username": "alice_1"}),
    ] {
        costs(&proxy, as_admin(world.users.put(&alices, &change)), &calls).await;
    }
    let nothing = as_admin(world.users.put(&alices, &json!({})));
    costs(&proxy, nothing, &["BatchGetItem"]).await;
    let create = as_admin(world.users.post("/v1/users", &json!({"openid": "carol"})));
    costs(&proxy, create, &calls).await;
    let delete = as_admin(world.users.delete(&alices));
    let calls = ["BatchGetItem", "SendMessage", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}

#[tokio::test]
async fn a_page_of_somebodys_uploads_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let two = json!({"items": vec![upload_request("file", &samples::jpeg()); 2]});
    let issued = alice.post("/v1/uploads/batch", &two).await.expect(201).json;
    let mut path = format!("/v1/users/{}/uploads?limit=1", alice.id);
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = admin.get(&path).await;
        if let Some(cursor) = page.expect(200).json["next_cursor"].as_str() {
            path = format!("{path}&cursor={cursor}");
        }
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["BatchGetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
    let upload = issued["items"][0]["upload"]["id"].as_str().unwrap();
    let path = format!("/v1/users/{}/uploads/{upload}", alice.id);
    let delete = admin.delete(&path);
    let calls = ["BatchGetItem", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}

#[tokio::test]
async fn a_page_of_the_audit_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let admin = world.log_in("admin").await;
    for openid in ["alice", "bob", "carol"] {
        admin
            .post("/v1/users", json!({"openid": openid}))
            .await
            .expect(201);
    }
    let mut path = "/v1/audit?limit=1".to_owned();
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = admin.get(&path).await;
        let cursor = page.expect(200).json["next_cursor"].clone();
        path = format!("/v1/audit?limit=1&cursor={}", cursor.as_str().unwrap());
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["GetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
}

#[tokio::test]
async fn a_page_of_reviews_costs_a_query_and_a_read_of_what_is_on_it() {
    let (proxy, world) = counted().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let empty = admin.get("/v1/reviews");
    let calls = ["Query", "BatchGetItem"];
    costs(&proxy, empty, &calls).await;
    let upload = world.upload(&bob, "file", &samples::jpeg()).await;
    let body = json!({"user": bob.id, "upload": upload.id, "reason": "spam"});
    let report = alice.post("/v1/reports", &body);
    let writes = ["BatchGetItem", "TransactWriteItems"];
    costs(&proxy, report, &writes).await;
    let body = json!({"user": bob.id, "reason": "spam"});
    let report = alice.post("/v1/reports", &body);
    costs(&proxy, report, &writes).await;
    let page = costs(&proxy, admin.get("/v1/reviews"), &calls).await;
    let [_, review] = page.items() else {
        panic!("{}", page.json);
    };
    let path = format!("/v1/reviews/{}", review["id"].as_str().unwrap());
    let decide = admin.post(&path, json!({"decision": "reject"}));
    costs(&proxy, decide, &["SendMessage", "TransactWriteItems"]).await;
}

/// Whether or not it is there, so that the time tells nothing.
#[tokio::test]
async fn a_report_of_what_is_not_there_costs_the_same() {
    let (proxy, world) = counted().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let unknown = format!("u{}", "a".repeat(26));
    let upload = "0".repeat(26);
    for body in [
        json!({"user": unknown, "reason": "spam"}),
        json!({"user": bob.id, "upload": upload, "reason": "spam"}),
    ] {
        proxy.take();
        let refused = alice.post("/v1/reports", &body).await;
        refused.expect_problem(404, "not_found");
        let seen = proxy.take();
        assert_eq!(names(&seen), ["BatchGetItem", "TransactWriteItems"]);
    }
}
