//! The items that people share by way of a function.

use std::time::Duration;

use serde_json::{Value, json};
use support::{Api, Session, World};

async fn post(api: &Api, author: &Session, wall: &str, text: &str) -> Value {
    let post = api.post(&format!("/v1/walls/{wall}"), &json!({"text": text}));
    post.bearer(&author.token).send().await.expect(201).json
}

/// The texts of a list, and of nothing else.
async fn texts(api: &Api, path: &str, reader: Option<&Session>) -> Vec<String> {
    let list = api.get(path);
    let list = match reader {
        Some(reader) => list.bearer(&reader.token),
        None => list,
    };
    let page = list.send().await.expect(200).json;
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_shared_is_read_by_all_and_changed_by_its_author() {
    let world = World::new().await;
    let api = world.own_function().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let first = post(&api, &alice, "hall", "first").await;
    world.advance(Duration::from_millis(1));
    post(&api, &bob, "hall", "second").await;
    world.advance(Duration::from_millis(1));
    post(&api, &alice, "cellar", "third").await;

    assert_eq!(
        texts(&api, "/v1/walls/hall", None).await,
        ["second", "first"]
    );
    assert_eq!(texts(&api, "/v1/walls/cellar", None).await, ["third"]);
    assert_eq!(
        texts(&api, "/v1/posts", Some(&alice)).await,
        ["third", "first"]
    );
    assert_eq!(texts(&api, "/v1/posts", Some(&bob)).await, ["second"]);

    let path = format!("/v1/walls/hall/{}", first["id"].as_str().unwrap());
    let read = api.get(&path).bearer(&bob.token).send().await.expect(200);
    assert_eq!(read.json, first);
    let tag = read.headers["etag"].to_str().unwrap();
    let elsewhere = path.replace("hall", "cellar");
    let elsewhere = api.get(&elsewhere).bearer(&alice.token).send().await;
    elsewhere.expect_problem(404, "not_found");
    let edit = || api.put(&path, &json!({"text": "changed"}));
    for request in [edit(), api.delete(&path), api.delete(&path).if_match(tag)] {
        let other = request.bearer(&bob.token).send().await;
        other.expect_problem(404, "not_found");
    }
    let changed = edit().bearer(&alice.token).if_match(tag).send().await;
    assert_eq!(changed.expect(200).json["text"], "changed");
    let late = api.delete(&path).bearer(&alice.token).if_match(tag);
    late.send().await.expect_problem(412, "version_mismatch");
    let delete = api.delete(&path).bearer(&alice.token);
    delete.send().await.expect(204);
    assert_eq!(texts(&api, "/v1/walls/hall", None).await, ["second"]);
    assert_eq!(texts(&api, "/v1/posts", Some(&alice)).await, ["third"]);
}

#[tokio::test]
async fn the_same_content_elsewhere_is_another_request() {
    let world = World::new().await;
    let api = world.own_function().await;
    let alice = world.log_in("alice").await;
    let post = |wall: &str| {
        let post = api.post(&format!("/v1/walls/{wall}"), &json!({"text": "hello"}));
        post.bearer(&alice.token).idempotency_key("key").send()
    };
    let first = post("hall").await.expect(201).json;
    assert_eq!(post("hall").await.expect(201).json, first);
    post("cellar")
        .await
        .expect_problem(422, "idempotency_mismatch");
}

#[tokio::test]
async fn nothing_is_shared_on_a_closed_account() {
    let world = World::new().await;
    let api = world.own_function().await;
    let alice = world.log_in("alice").await;
    let delete = world.users.delete("/v1/users/me").bearer(&alice.token);
    delete.send().await.expect(204);
    let post = api.post("/v1/walls/hall", &json!({"text": "late"}));
    let refused = post.bearer(&alice.token).send().await;
    refused.expect_problem(401, "unauthorized");
    assert_eq!(texts(&api, "/v1/walls/hall", None).await, [""; 0]);
}
