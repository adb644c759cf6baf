//! Tickets, what S3 admits with them, and what events make of records, through the routes and against the emulator's S3.

mod avatar;
mod delete;
mod events;
mod file_types;
mod former_records;
mod list;
mod quota;
mod repeats;
mod requests;
mod tickets;
mod verdicts;

use std::time::Duration;

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use support::{Answer, Session, World};

/// A ticket's form with the file last; `change` edits the fields first.
fn form(ticket: &Value, bytes: &[u8], change: impl Fn(&str, &str) -> Option<String>) -> Form {
    let fields = ticket["fields"].as_object().unwrap();
    let form = fields.iter().fold(Form::new(), |form, (name, value)| {
        match change(name, value.as_str().unwrap()) {
            Some(value) => form.text(name.clone(), value),
            None => form,
        }
    });
    form.part("file", Part::bytes(bytes.to_vec()).file_name("x"))
}

fn as_issued(_: &str, value: &str) -> Option<String> {
    Some(value.to_owned())
}

async fn post(ticket: &Value, form: Form) -> reqwest::StatusCode {
    let http = support::http_client(Duration::from_secs(10));
    http.post(ticket["url"].as_str().unwrap())
        .multipart(form)
        .send()
        .await
        .unwrap()
        .status()
}

async fn put(ticket: &Value, bytes: &[u8], content_type: &str) -> reqwest::StatusCode {
    let http = support::http_client(Duration::from_secs(10));
    let request = http
        .put(ticket["url"].as_str().unwrap())
        .header("content-type", content_type);
    request.body(bytes.to_vec()).send().await.unwrap().status()
}

fn request(bytes: &[u8], content_type: &str, purpose: &str) -> Value {
    json!({"content_type": content_type, "size": bytes.len(), "purpose": purpose})
}

async fn issue(world: &World, session: &Session, body: &Value) -> Value {
    world
        .presign
        .post("/v1/uploads", body)
        .bearer(&session.token)
        .send()
        .await
        .expect(201)
        .json
}

async fn read(world: &World, session: &Session, id: &Value) -> Answer {
    let path = format!("/v1/uploads/{}", id.as_str().unwrap());
    world.presign.get(&path).bearer(&session.token).send().await
}

/// The versions of an upload's object that the bucket holds, oldest first, and whether any is left.
async fn versions(world: &World, issued: &Value) -> Vec<String> {
    let key = object_key(issued);
    let listed = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(key)
        .send()
        .await
        .unwrap();
    let mut versions: Vec<_> = listed
        .versions()
        .iter()
        .filter_map(|version| version.version_id().map(str::to_owned))
        .collect();
    versions.reverse();
    versions
}

fn object_key(issued: &Value) -> String {
    issued["ticket"]["fields"]["key"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A notification as S3 sends it, in a message of its own.
fn event(world: &World, name: &str, key: &str, version: Option<&str>, sequencer: &str) -> Value {
    let object =
        json!({"key": key, "size": 1, "eTag": "e", "versionId": version, "sequencer": sequencer});
    let record = json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2026-01-31T09:30:00.000Z",
        "eventName": name, "s3": {"bucket": {"name": world.bucket}, "object": object}});
    message(&json!({"Records": [record]}).to_string(), 1)
}

fn message(body: &str, receives: u32) -> Value {
    json!({"messageId": "m", "body": body, "attributes": {"ApproximateReceiveCount": receives.to_string()}})
}

fn batch(messages: impl IntoIterator<Item = Value>) -> Value {
    let numbered = messages.into_iter().enumerate().map(|(i, mut message)| {
        message["messageId"] = json!(format!("m{i}"));
        message
    });
    json!({"Records": numbered.collect::<Vec<_>>()})
}

/// Sends the bytes and delivers the event, as S3 would.
async fn upload(world: &World, session: &Session, body: &Value, bytes: &[u8]) -> Value {
    let issued = issue(world, session, body).await;
    assert_eq!(
        post(&issued["ticket"], form(&issued["ticket"], bytes, as_issued)).await,
        201
    );
    let version = versions(world, &issued).await.pop();
    let created = event(
        world,
        "ObjectCreated:Post",
        &object_key(&issued),
        version.as_deref(),
        "01",
    );
    assert!(world.deliver(batch([created])).await.is_empty());
    issued
}

async fn issue_batch(world: &World, session: &Session, key: &str, body: &Value) -> Answer {
    let call = world
        .presign
        .post("/v1/uploads/batch", body)
        .bearer(&session.token);
    call.header("idempotency-key", key).send().await
}

async fn listed(world: &World, session: &Session) -> Vec<Value> {
    let list = world
        .presign
        .get("/v1/uploads?limit=100")
        .bearer(&session.token);
    list.send().await.expect(200).json["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn ids<'a>(uploads: impl IntoIterator<Item = &'a Value>) -> Vec<&'a Value> {
    uploads.into_iter().map(|upload| &upload["id"]).collect()
}

/// Stores an object past the ticket, as somebody with the bucket's permissions could, and delivers its event.
async fn store(world: &World, key: &str, put: PutObjectFluentBuilder) -> String {
    let put = put
        .bucket(&world.bucket)
        .key(key)
        .content_type("image/jpeg");
    let version = put.send().await.unwrap().version_id.unwrap();
    let created = event(world, "ObjectCreated:Put", key, Some(&version), "01");
    assert!(world.deliver(batch([created])).await.is_empty());
    version
}
