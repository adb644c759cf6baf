//! What `users` asks AWS for.

use std::time::Duration;

use serde_json::{Value, json};
use support::Session;
use support::proxy::{Fault, Matching};

use super::{costs, counted, names};

#[tokio::test]
async fn users_are_read_in_one_call() {
    let (proxy, world) = counted().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let admin = world.log_in("admin").await;
    let users = &world.users;
    let get = |path: &str, reader: &Session| users.get(path).bearer(&reader.token);
    let bobs = format!("/v1/users/{}", bob.id);
    costs(&proxy, get("/v1/users/me", &alice), &["GetItem"]).await;
    costs(
        &proxy,
        get(&format!("/v1/users/{}", alice.id), &alice),
        &["GetItem"],
    )
    .await;
    costs(&proxy, get(&bobs, &alice), &["BatchGetItem"]).await;
    costs(&proxy, get(&bobs, &admin), &["BatchGetItem"]).await;
}

#[tokio::test]
async fn a_page_of_users_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    for i in 0..4 {
        world.log_in(&format!("user{i}")).await;
    }
    let admin = world.log_in("admin").await;
    let mut path = "/v1/users?limit=2".to_owned();
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = admin.get(&path).await;
        let cursor = page.expect(200).json["next_cursor"].clone();
        path = format!("/v1/users?limit=2&cursor={}", cursor.as_str().unwrap());
        // Whether the caller is an administrator still is asked at the same time.
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["GetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
}

#[tokio::test]
async fn fifty_profiles_are_read_in_one_call() {
    let (proxy, world) = counted().await;
    let mut ids = Vec::new();
    for i in 0..49 {
        ids.push(world.log_in(&format!("user{i}")).await.id);
    }
    let alice = world.log_in("alice").await;
    ids.push(alice.id.clone());
    let path = format!("/v1/profiles?ids={}", ids.join(","));
    let call = alice.get(&path);
    let answer = costs(&proxy, call, &["BatchGetItem"]).await;
    assert_eq!(answer.json["items"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn plain_edits_cost_one_write_and_names_a_read_and_a_transaction() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let edit = |body: Value| alice.put("/v1/users/me", &body);
    let edited = costs(&proxy, edit(json!({"nickname": "A"})), &["UpdateItem"]).await;
    let conditional = edit(json!({"nickname": null})).header("if-match", edited.header("etag"));
    costs(&proxy, conditional, &["UpdateItem"]).await;

    let claims = ["GetItem", "TransactWriteItems"];
    costs(&proxy, edit(json!({"username": "alice_1"})), &claims).await;
    costs(&proxy, edit(json!({"username": "alice_2"})), &claims).await;
    costs(&proxy, edit(json!({"email": "alice@example.com"})), &claims).await;
    let all = json!({"username": "alice_3", "email": "a@example.com", "nickname": "A"});
    costs(&proxy, edit(all), &claims).await;
    costs(
        &proxy,
        edit(json!({"username": null, "email": null})),
        &claims,
    )
    .await;
}

#[tokio::test]
async fn deleting_an_account_costs_a_read_a_transaction_and_a_message() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let names = json!({"username": "alice_1", "email": "alice@example.com"});
    alice.put("/v1/users/me", &names).await.expect(200);
    let delete = alice.delete("/v1/users/me");
    let calls = ["GetItem", "SendMessage", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}
