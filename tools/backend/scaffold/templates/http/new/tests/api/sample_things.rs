//! The function `sample-things`: every person has their own.

use serde_json::{Value, json};
use support::api::Call;
use support::{Session, World};

use crate::round_trips::{costs, counted};

const PATH: &str = "/v1/sample-things";

fn create(session: &Session, title: &str) -> Call {
    session.post(PATH, json!({"title": title}))
}

fn path_of(item: &Value) -> String {
    format!("{PATH}/{}", item["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn an_item_is_created_read_changed_and_deleted() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let body = json!({"title": "First", "note": "A note"});
    let created = alice.post(PATH, &body).await.expect(201);
    let path = path_of(&created.json);
    assert_eq!(created.header("location"), path);
    assert_eq!((&created["title"], &created["version"]), (&json!("First"), &json!(1)));

    let read = alice.get(&path).await.expect(200);
    assert_eq!(read.json, created.json);
    alice.get(&path).if_none_match(&read.etag()).await.expect(304);

    let changed = alice.put(&path, json!({"note": null})).await.expect(200);
    assert_eq!((&changed["title"], &changed["note"]), (&json!("First"), &Value::Null));
    let untitled = alice.put(&path, json!({"title": null}));
    untitled.await.expect_problem(400, "invalid_request");
    let titled = alice.put(&path, json!({"title": "Second"})).await.expect(200);
    assert_eq!((&titled["title"], &titled["version"]), (&json!("Second"), &json!(3)));

    alice.delete(&path).await.expect(204);
    alice.get(&path).await.expect_problem(404, "not_found");
    alice.delete(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_change_of_an_older_version_is_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let created = create(&alice, "First").await.expect(201);
    let (path, tag) = (path_of(&created.json), created.etag());
    let change = |title: &str| alice.put(&path, json!({"title": title})).if_match(&tag);
    change("Second").await.expect(200);
    change("Third").await.expect_problem(412, "version_mismatch");
    let delete = || alice.delete(&path);
    delete().if_match(&tag).await.expect_problem(412, "version_mismatch");
    delete().if_match("?").await.expect_problem(400, "invalid_request");
    let current = alice.get(&path).await.expect(200);
    assert_eq!(current["title"], "Second");
    delete().if_match(&current.etag()).await.expect(204);
}

#[tokio::test]
async fn a_repeated_request_creates_one() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let create = |title: &str| create(&alice, title).idempotency_key("a key");
    let first = create("First").await.expect(201);
    let again = create("First").await.expect(201);
    assert_eq!(again.json, first.json);
    create("Second").await.expect_problem(422, "idempotency_mismatch");
    alice.delete(&path_of(&first.json)).await.expect(204);
    create("First").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn pages_are_the_callers_own_and_the_newest_come_first() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    for title in ["1", "2", "3"] {
        world.advance(std::time::Duration::from_millis(1));
        create(&alice, title).await.expect(201);
    }
    create(&bob, "of another").await.expect(201);
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = alice.get(&format!("{PATH}?limit=2&cursor={cursor}"));
        let page = page.await.expect(200);
        let items = page["items"].as_array().expect("items");
        titles.extend(items.iter().map(|item| item["title"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        let others = bob.get(&format!("{PATH}?cursor={cursor}"));
        others.await.expect_problem(400, "invalid_cursor");
    }
    assert_eq!(titles, ["3", "2", "1"]);
}

#[tokio::test]
async fn each_request_costs_what_it_should() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let write = ["TransactWriteItems"];
    let created = costs(&proxy, create(&alice, "First"), &write).await;
    let path = path_of(&created.json);
    costs(&proxy, alice.get(&path), &["BatchGetItem"]).await;
    let change = alice.put(&path, json!({"title": "Second"}));
    costs(&proxy, change, &["BatchGetItem", "TransactWriteItems"]).await;
    costs(&proxy, alice.delete(&path), &write).await;
}
