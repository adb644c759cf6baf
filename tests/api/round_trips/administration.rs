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
    // The audit entry first, then the record; that bytes are free is noted last.
    let calls = [
        "BatchGetItem",
        "TransactWriteItems",
        "UpdateItem",
        "UpdateItem",
    ];
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
