//! Deletion's second half: what `purge` removes, and what it leaves alone.

use serde_json::{Value, json};
use support::{Session, World, samples};

fn batch(bodies: &[String]) -> Value {
    let record = |(i, body): (usize, &String)| json!({"messageId": format!("m{i}"), "body": body});
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

async fn delete_account(_world: &World, session: &Session) {
    session.delete("/v1/users/me").await.expect(204);
}

/// Writes the records of `count` uploads and puts their objects into the bucket.
async fn upload_many(world: &World, session: &Session, count: usize) -> Vec<String> {
    let mut keys = Vec::new();
    let body = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    for _ in 0..count {
        let issued = session.post("/v1/uploads", &body).await.expect(201).json;
        let key = issued["ticket"]["fields"]["key"]
            .as_str()
            .unwrap()
            .to_owned();
        let bytes = aws_sdk_s3::primitives::ByteStream::from(samples::png());
        world
            .emulator
            .s3()
            .put_object()
            .bucket(&world.bucket)
            .key(&key)
            .body(bytes)
            .send()
            .await
            .unwrap();
        keys.push(key);
    }
    keys
}

async fn objects(world: &World) -> Vec<String> {
    let listed = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .send()
        .await
        .unwrap();
    let markers = listed
        .delete_markers()
        .iter()
        .filter_map(|marker| marker.key().map(str::to_owned));
    let mut keys: Vec<_> = listed
        .versions()
        .iter()
        .filter_map(|version| version.key().map(str::to_owned))
        .chain(markers)
        .collect();
    keys.sort();
    keys
}

async fn upload_items(world: &World, user: &str) -> usize {
    let query = world
        .emulator
        .dynamodb()
        .query()
        .table_name(&world.table)
        .key_condition_expression("pk = :pk");
    let pk = aws_sdk_dynamodb::types::AttributeValue::S(format!("UP#{user}"));
    let found = query
        .expression_attribute_values(":pk", pk)
        .send()
        .await
        .unwrap();
    found
        .items()
        .iter()
        .filter(|item| item["sk"].as_s().unwrap() != "~")
        .count()
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_and_others_are_left_alone() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let alices = upload_many(&world, &alice, 5).await;
    let mut bobs = upload_many(&world, &bob, 2).await;
    // A second version and a delete marker are removed as well.
    let again = aws_sdk_s3::primitives::ByteStream::from(samples::png());
    world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(&alices[0])
        .body(again)
        .send()
        .await
        .unwrap();
    world
        .emulator
        .s3()
        .delete_object()
        .bucket(&world.bucket)
        .key(&alices[1])
        .send()
        .await
        .unwrap();
    delete_account(&world, &alice).await;
    let messages = world.purge_messages().await;
    assert_eq!(messages.len(), 1);
    for _ in 0..2 {
        let answer = world
            .purge
            .handle(batch(&messages), world.soon())
            .await
            .unwrap();
        assert!(answer.batch_item_failures.is_empty());
        bobs.sort();
        assert_eq!(objects(&world).await, bobs);
        assert_eq!(
            (
                upload_items(&world, &alice.id).await,
                upload_items(&world, &bob.id).await
            ),
            (0, 2)
        );
    }
}

#[tokio::test]
async fn who_registers_again_during_the_purge_loses_nothing() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    upload_many(&world, &alice, 3).await;
    delete_account(&world, &alice).await;
    let again = world.log_in("alice").await;
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(true))
    );
    let mut kept = upload_many(&world, &again, 2).await;
    let answer = world
        .purge
        .handle(batch(&world.purge_messages().await), world.soon())
        .await
        .unwrap();
    assert!(answer.batch_item_failures.is_empty());
    kept.sort();
    assert_eq!(objects(&world).await, kept);
    assert_eq!(upload_items(&world, &alice.id).await, 2);
    again.get("/v1/users/me").await.expect(200);
    alice
        .get("/v1/users/me")
        .await
        .expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_purge_that_is_cut_off_goes_on_in_another_invocation() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    upload_many(&world, &alice, 20).await;
    delete_account(&world, &alice).await;
    let messages = world.purge_messages().await;
    // No time for more than one step: the rest is announced anew.
    let hurried = world.clock.now().after(std::time::Duration::from_secs(5));
    let answer = world.purge.handle(batch(&messages), hurried).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    let rest = world.purge_messages().await;
    assert_eq!(rest, messages);
    world
        .purge
        .handle(batch(&rest), world.soon())
        .await
        .unwrap();
    assert!(objects(&world).await.is_empty());
    assert_eq!(upload_items(&world, &alice.id).await, 0);
}

#[tokio::test]
async fn nothing_of_a_living_account_is_touched() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let mut kept = upload_many(&world, &alice, 2).await;
    kept.sort();
    let body = json!({"uid": alice.id, "epoch": 1}).to_string();
    for (receives, failures) in [("1", 1), ("2", 1), ("3", 0)] {
        let mut early = batch(std::slice::from_ref(&body));
        early["Records"][0]["attributes"] = json!({"ApproximateReceiveCount": receives});
        let answer = world.purge.handle(early, world.soon()).await.unwrap();
        assert_eq!(
            answer.batch_item_failures.len(),
            failures,
            "received {receives} times"
        );
    }
    assert_eq!(objects(&world).await, kept);
    assert_eq!(upload_items(&world, &alice.id).await, 2);
    alice.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn messages_that_name_nobody_are_acknowledged() {
    let world = World::new().await;
    let bodies = ["", "{", "{}", r#"{"uid":"x","epoch":1}"#, r#"{"uid":1}"#].map(str::to_owned);
    let answer = world
        .purge
        .handle(batch(&bodies), world.soon())
        .await
        .unwrap();
    assert!(answer.batch_item_failures.is_empty());
    assert!(world.purge.handle(json!({}), world.soon()).await.is_err());
}
