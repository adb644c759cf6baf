//! What `presign` asks AWS for.

use std::time::Duration;

use serde_json::{Value, json};
use support::proxy::{Fault, Matching};
use support::samples;

use super::{costs, counted, names, upload_request};

#[tokio::test]
async fn tickets_cost_one_transaction_be_it_one_or_twenty() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let one = upload_request("file", &samples::jpeg());
    let issue = |path: &str, body: &Value| alice.post(path, body);
    let transaction = ["TransactWriteItems"];
    costs(&proxy, issue("/v1/uploads", &one), &transaction).await;
    let with_key = issue("/v1/uploads", &one).header("idempotency-key", "k");
    costs(&proxy, with_key, &transaction).await;
    let twenty = json!({"items": vec![one.clone(); 20]});
    costs(&proxy, issue("/v1/uploads/batch", &twenty), &transaction).await;

    // A repetition is told by the refused write; what it renews costs one more.
    let repetition = |key: &str| issue("/v1/uploads", &one).header("idempotency-key", key);
    costs(&proxy, repetition("k"), &transaction).await;
    world.advance(Duration::from_secs(301));
    costs(&proxy, repetition("k"), &[transaction[0]; 2]).await;
    costs(&proxy, repetition("k"), &transaction).await;
}

#[tokio::test]
async fn uploads_are_read_and_listed_in_one_call() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let nine = json!({"items": vec![upload_request("file", &samples::jpeg()); 9]});
    let issued = alice
        .post("/v1/uploads/batch", &nine)
        .await
        .expect(201)
        .json;
    let get = |path: &str| alice.get(path);
    let id = issued["items"][0]["upload"]["id"].as_str().unwrap();
    let one = get(&format!("/v1/uploads/{id}"));
    costs(&proxy, one, &["BatchGetItem"]).await;
    costs(&proxy, get("/v1/uploads?limit=4"), &["Query"]).await;
}

#[tokio::test]
async fn a_later_page_of_uploads_takes_no_longer_than_the_first() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let nine = json!({"items": vec![upload_request("file", &samples::jpeg()); 9]});
    alice.post("/v1/uploads/batch", &nine).await.expect(201);
    let get = |path: &str| alice.get(path);
    let page = get("/v1/uploads?limit=4").send().await.expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    proxy.take();
    proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
    get(&format!("/v1/uploads?limit=4&cursor={cursor}"))
        .send()
        .await
        .expect(200);
    // The owner state is on the first page only; later it is read at the same time as the page.
    let mut seen = proxy.take();
    seen.sort_by(|a, b| a.operation.cmp(&b.operation));
    assert_eq!(names(&seen), ["BatchGetItem", "Query"]);
    assert!(seen[0].overlaps(&seen[1]));
}
