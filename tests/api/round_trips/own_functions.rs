//! Own functions, and the export of what they keep.

use std::time::Duration;

use serde_json::json;
use support::proxy::{Fault, Matching};

use super::{costs, counted, names};

#[tokio::test]
async fn an_item_takes_one_call_and_its_change_two() {
    let (proxy, world) = counted().await;
    let api = world.own_function().await;
    let alice = world.log_in("alice").await;
    let create = || {
        let create = api.post("/v1/notes", &json!({"text": "milk"}));
        create.bearer(&alice.token).idempotency_key("key")
    };
    let created = costs(&proxy, create(), &["TransactWriteItems"]).await;
    let again = ["TransactWriteItems", "BatchGetItem"];
    costs(&proxy, create(), &again).await;
    let path = format!("/v1/notes/{}", created.text("id"));
    let get = api.get(&path).bearer(&alice.token);
    costs(&proxy, get, &["BatchGetItem"]).await;
    let change = api.put(&path, &json!({"stars": 1})).bearer(&alice.token);
    let calls = ["BatchGetItem", "TransactWriteItems"];
    costs(&proxy, change, &calls).await;
    let delete = api.delete(&path).bearer(&alice.token);
    costs(&proxy, delete, &["TransactWriteItems"]).await;
    let post = api.post("/v1/walls/hall", &json!({"text": "hello"}));
    let post = post.bearer(&alice.token);
    costs(&proxy, post, &["TransactWriteItems"]).await;
}

#[tokio::test]
async fn a_list_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let api = world.own_function().await;
    let alice = world.log_in("alice").await;
    proxy.take();
    proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
    let list = api.get("/v1/notes").bearer(&alice.token);
    list.send().await.expect(200);
    let mut seen = proxy.take();
    seen.sort_by(|a, b| a.operation.cmp(&b.operation));
    assert_eq!(names(&seen), ["GetItem", "Query"]);
    assert!(seen[0].overlaps(&seen[1]));
}

#[tokio::test]
async fn a_page_of_an_export_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let first = alice.get("/v1/users/me/export");
    let first = costs(&proxy, first, &["GetItem"]).await;
    let cursor = first.text("next_cursor");
    proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
    let next = alice.get(&format!("/v1/users/me/export?cursor={cursor}"));
    next.await.expect(200);
    let mut seen = proxy.take();
    seen.sort_by(|a, b| a.operation.cmp(&b.operation));
    assert_eq!(names(&seen), ["GetItem", "Query"]);
    assert!(seen[0].overlaps(&seen[1]));
}
