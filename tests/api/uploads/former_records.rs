//! What the previous release stored, and what it would do beside this one.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::{World, samples};

use super::{issue, object_key, read, request, store, upload, versions};

/// What the previous release stored, and what it would do beside this one.
#[tokio::test]
async fn records_of_the_previous_release_keep_working() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let dynamodb = world.emulator.dynamodb();
    let change = async |issued: &Value, update: &str, values: &[(&str, AttributeValue)]| {
        let mut request = dynamodb.update_item().table_name(&world.table);
        request = request
            .key("pk", AttributeValue::S(format!("UP#{}", alice.id)))
            .key(
                "sk",
                AttributeValue::S(issued["upload"]["id"].as_str().unwrap().into()),
            );
        for (name, value) in values {
            request = request.expression_attribute_values(*name, value.clone());
        }
        request.update_expression(update).send().await.unwrap();
    };
    let s = |text: &str| AttributeValue::S(text.to_owned());

    // A pending record knew no end of its ticket.
    let pending = issue(&world, &alice, &body).await;
    change(&pending, "REMOVE ticket_until", &[]).await;
    let put = world.emulator.s3().put_object().body(bytes.clone().into());
    store(&world, &object_key(&pending), put).await;
    let read_status = async |issued: &Value| {
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        upload["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(read_status(&pending).await, "ready");

    // A ready one carried a sequencer and what came before it; a rejected one kept a version.
    let old = [(":seq", s("00AF")), (":old", s("earlier"))];
    let update = "SET seq = :seq, previous_version = :old REMOVE ticket_until";
    let ready = upload(&world, &alice, &body, &bytes).await;
    change(&ready, update, &old).await;
    assert_eq!(read_status(&ready).await, "ready");
    let path = format!("/v1/uploads/{}", ready["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    assert!(versions(&world, &ready).await.is_empty());
    let rejected = upload(&world, &alice, &body, &vec![b'x'; bytes.len()]).await;
    change(&rejected, "SET version_id = :old", &old[1..]).await;
    let shown = read(&world, &alice, &rejected["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&shown["status"], &shown["download_url"]),
        (&json!("rejected"), &Value::Null)
    );

    // It looks for an answered request's upload under this name.
    let call = world.presign.post("/v1/uploads", &body);
    let call = call.header("idempotency-key", "k").bearer(&alice.token);
    let issued = call.send().await.expect(201).json;
    let stored = dynamodb.scan().table_name(&world.table);
    let stored = stored.send().await.unwrap().items.unwrap_or_default();
    let mut memories = stored
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("RL#IK#"));
    assert_eq!(
        memories.next().unwrap().get("upload"),
        Some(&s(issued["upload"]["id"].as_str().unwrap()))
    );

    // The condition under which the previous release applies an event, whatever its sequencer.
    let settled = upload(&world, &alice, &body, &bytes).await;
    let applied = dynamodb
        .update_item()
        .table_name(&world.table)
        .key("pk", AttributeValue::S(format!("UP#{}", alice.id)))
        .key("sk", s(settled["upload"]["id"].as_str().unwrap()))
        .update_expression("SET version_id = :version")
        .condition_expression("attribute_not_exists(seq) OR seq < :seq")
        .expression_attribute_values(":version", s("later"))
        .expression_attribute_values(":seq", s(&"F".repeat(64)));
    assert!(
        applied.send().await.is_err(),
        "an event of the previous release changes the record"
    );
}
