//! Administrators: what they write is checked with the write itself, known afterwards, and bound to what they saw.

mod administrators;
mod audit;
mod authority;
mod deletion;
mod uploads;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::{Answer, Session, World, samples};

fn path_of(id: &str) -> String {
    format!("/v1/users/{id}")
}

async fn audit(_world: &World, admin: &Session, query: &str) -> Answer {
    admin.get(&format!("/v1/audit{query}")).await
}

/// The entries of the audit, newest first, without what differs from run to run.
async fn entries(world: &World, admin: &Session) -> Vec<Value> {
    let page = audit(world, admin, "?limit=100").await.expect(200).json;
    let mut entries = page["items"].as_array().unwrap().clone();
    for entry in &mut entries {
        let entry = entry.as_object_mut().unwrap();
        assert!(entry.remove("id").is_some());
        assert!(entry.remove("created_at").unwrap().is_string());
    }
    entries
}

/// Somebody who is an administrator because another one made them so.
async fn second_admin(world: &World, admin: &Session) -> Session {
    let body = json!({"openid": "second", "role": "admin"});
    admin.create_user(&body).await.expect(201);
    world.log_in("second").await
}

/// Changes attributes of a user item behind the functions' back.
async fn set(world: &World, user: &str, attributes: &[(&str, AttributeValue)]) {
    let mut update = world.emulator.dynamodb().update_item();
    let mut expression = Vec::new();
    for (i, (name, value)) in attributes.iter().enumerate() {
        expression.push(format!("#n{i} = :v{i}"));
        update = update
            .expression_attribute_names(format!("#n{i}"), *name)
            .expression_attribute_values(format!(":v{i}"), value.clone());
    }
    update
        .table_name(&world.table)
        .key("pk", AttributeValue::S(format!("U#{user}")))
        .key("sk", AttributeValue::S("A".into()))
        .update_expression(format!("SET {}", expression.join(", ")))
        .send()
        .await
        .unwrap();
}

/// Stores an object for a new upload, as its event would find it, and returns upload and key.
async fn stored(world: &World, owner: &Session, purpose: &str) -> (String, String) {
    let bytes = samples::png();
    let body = json!({"content_type": "image/png", "size": bytes.len(), "purpose": purpose});
    let issued = owner.post("/v1/uploads", &body).await.expect(201).json;
    let key = issued["ticket"]["fields"]["key"].as_str().unwrap();
    let put = world.emulator.s3().put_object().bucket(&world.bucket);
    let put = put.key(key).content_type("image/png").body(bytes.into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let body = json!({"Records": [record]}).to_string();
    let batch = json!({"Records": [{"messageId": "m", "body": body}]});
    assert_eq!(world.deliver(batch).await, [""; 0]);
    let id = issued["upload"]["id"].as_str().unwrap();
    (id.to_owned(), key.to_owned())
}
