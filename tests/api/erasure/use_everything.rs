//! A person who uses everything.

use serde_json::{Value, json};
use shared::store::upload::NewCheck;
use shared::upload::lifecycle::UploadStatus;
use support::storage::{s, user_key};
use support::{Session, Upload, World, samples, wanted};

/// Writes an item of every kind about `person`.
pub(super) async fn use_everything(
    world: &World,
    person: &Session,
    admin: &Session,
    other: &Session,
) {
    let names = json!({"nickname": "canary-nick", "username": "canary-name", "email": "canary-mail@mail.example"});
    person.edit(names).await.expect(200);
    person.set_phone("13912345678").await.expect(200);
    use_uploads(world, person, admin).await;
    use_own_function(world, person).await;
    for (reporter, reported) in [(person, other), (other, person)] {
        let report = json!({"user": reported.id, "reason": "spam"});
        reporter.post("/v1/reports", report).await.expect(201);
    }
    for change in [
        json!({"nickname": "canary-nick-2"}),
        json!({"status": "disabled"}),
        json!({"status": "active"}),
    ] {
        admin.edit_user(&person.id, change).await.expect(200);
    }
    // As a check of nicknames leaves it that a person has to decide on.
    let pending = [
        (":text", "canary-pending"),
        (":status", "review"),
        (":check", "check"),
    ];
    let pending = pending.map(|(name, value)| (name, s(value)));
    let set = "SET nickname_pending = :text, nickname_status = :status, nickname_check = :check";
    world.update(user_key(&person.id), set, &pending).await;
}

async fn use_uploads(world: &World, person: &Session, admin: &Session) {
    let bytes = samples::jpeg();
    let _ = world.upload(person, "avatar", &bytes).await;
    let file = world.upload(person, "file", &bytes).await;
    submit(world, &file).await;
    let issued = person.issue_once("key", &wanted("file", &bytes)).await;
    issued.expect(201);
    let deleted = person.issue(&wanted("avatar", &bytes)).await;
    let path = format!("{}/uploads/{}", person.path(), deleted.id);
    admin.delete(&path).await.expect(204);
}

/// Asks for a check of a file.
async fn submit(world: &World, file: &Upload) {
    let versions = world.versions(&file.key).await;
    let check = NewCheck {
        key: &file.key.parse().unwrap(),
        version: &versions[0],
        was: UploadStatus::Ready,
        trace_id: "trace",
        before: None,
    };
    world.store.note_check(&check).await.unwrap();
}

async fn use_own_function(world: &World, person: &Session) {
    let api = world.own_function().await;
    let write = async |path: &str, body: Value| {
        let call = api.post(path, &body).bearer(&person.token);
        call.idempotency_key(path).send().await.expect(201);
    };
    write("/v1/notes", json!({"text": "canary-note"})).await;
    write("/v1/walls/hall", json!({"text": "canary-post"})).await;
}
