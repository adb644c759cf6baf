//! The function `sample-things`, which works on a queue's messages.

use serde_json::{Value, json};
use support::{Session, World};

const NAME: &str = "sample-things";

fn task(owner: &Session, title: &str) -> Value {
    json!({"user": owner.id, "epoch": 1, "title": title})
}

/// Delivers messages, each with its id; returns the ids of those that failed.
async fn deliver(world: &World, messages: &[(&str, &Value)]) -> Vec<String> {
    let record = |(id, body): &(&str, &Value)| json!({"messageId": id, "body": body.to_string()});
    let records: Vec<_> = messages.iter().map(record).collect();
    let worker = world.worker(NAME);
    worker.handle(json!({"Records": records}), world.soon()).await
}

/// The titles that are kept for the person.
async fn kept(world: &World, owner: &Session) -> Vec<String> {
    let scan = world.emulator.dynamodb().scan().table_name(&world.table);
    let page = scan.consistent_read(true).send().await.expect("a page");
    let text = |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>, name: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.cloned().unwrap_or_default()
    };
    let items = page.items.unwrap_or_default();
    let own = items.iter().filter(|item| {
        text(item, "pk") == format!("OI#{}", owner.id) && text(item, "sk").starts_with(&format!("{NAME}#"))
    });
    let mut titles: Vec<_> = own
        .map(|item| {
            let content: Value = serde_json::from_str(&text(item, "content")).expect("JSON");
            content["title"].as_str().expect("a title").to_owned()
        })
        .collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn a_message_that_comes_again_changes_nothing() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let (first, second) = (task(&alice, "First"), task(&alice, "Second"));
    assert!(deliver(&world, &[("1", &first), ("2", &second)]).await.is_empty());
    assert!(deliver(&world, &[("1", &first)]).await.is_empty());
    assert_eq!(kept(&world, &alice).await, ["First", "Second"]);
    assert!(kept(&world, &bob).await.is_empty());
}

#[tokio::test]
async fn what_is_no_task_is_discarded_and_costs_the_others_nothing() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let (good, bad) = (task(&alice, "First"), json!({"title": 1}));
    assert!(deliver(&world, &[("1", &bad), ("2", &good)]).await.is_empty());
    assert_eq!(kept(&world, &alice).await, ["First"]);
}

#[tokio::test]
async fn nothing_is_kept_for_an_account_that_has_ended() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    alice.delete_account().await.expect(204);
    assert!(deliver(&world, &[("1", &task(&alice, "Late"))]).await.is_empty());
    assert!(kept(&world, &alice).await.is_empty());
}
