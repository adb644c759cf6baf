//! What a file is, from ticket to verdict: real encoders' files, each declared as its name says.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use shared::upload::content_type::ContentType;
use support::world::Settings;
use support::{Session, World};

const EVERY_TYPE: &str = "image/jpeg,image/png,image/webp,image/gif,image/heif,image/avif,image/bmp,video/mp4,\
                          video/quicktime,video/webm,audio/mpeg,audio/m4a,application/pdf";

#[tokio::test]
async fn each_file_gets_the_verdict_that_its_name_says() {
    let world = World::with(Settings {
        limits: vec![("UPLOAD_TYPES", EVERY_TYPE)],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tests/uploads/encoded");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut parts = name.split('-');
        let declared = ContentType::of_extension(parts.next().unwrap()).unwrap();
        let wanted = parts.next().unwrap();
        let upload = upload(&world, &alice, declared, fs::read(&path).unwrap()).await;
        let found = match upload["reason"].as_str() {
            Some(reason) => reason,
            None => upload["status"].as_str().unwrap(),
        };
        assert_eq!(found, wanted, "{name}");
    }
}

/// Gets a ticket, uses it, delivers the event, and reads what has become of the upload.
async fn upload(world: &World, owner: &Session, declared: ContentType, bytes: Vec<u8>) -> Value {
    let body = json!({"content_type": declared.as_str(), "size": bytes.len(), "purpose": "file"});
    let ask = world.presign.post("/v1/uploads", &body);
    let issued = ask.bearer(&owner.token).send().await.expect(201).json;
    let ticket = &issued["ticket"];
    let key = ticket["fields"]["key"].as_str().unwrap();
    assert!(
        key.ends_with(&format!(".{}", declared.extension())),
        "{key}"
    );
    let fields = ticket["fields"].as_object().unwrap();
    let form = fields.iter().fold(Form::new(), |form, (name, value)| {
        form.text(name.clone(), value.as_str().unwrap().to_owned())
    });
    let http = support::http_client(Duration::from_secs(10));
    let post = http
        .post(ticket["url"].as_str().unwrap())
        .multipart(form.part("file", Part::bytes(bytes).file_name("x")));
    let stored = post.send().await.unwrap();
    assert_eq!(stored.status(), 201);
    let version = stored.headers()["x-amz-version-id"].to_str().unwrap();
    let created = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
        "eventTime": "2026-01-31T09:30:00.000Z", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": {"key": key, "size": 1, "eTag": "e",
        "versionId": version, "sequencer": "01"}}}]});
    let message = json!({"messageId": "m", "body": created.to_string(),
        "attributes": {"ApproximateReceiveCount": "1"}});
    let failed = world.deliver(json!({"Records": [message]})).await;
    assert!(failed.is_empty());
    let path = format!("/v1/uploads/{}", issued["upload"]["id"].as_str().unwrap());
    let read = world.presign.get(&path).bearer(&owner.token);
    read.send().await.expect(200).json
}
