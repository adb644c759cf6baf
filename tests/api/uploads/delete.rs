//! A deleted upload leaves neither record nor object.

use serde_json::Value;
use support::{World, samples, wanted};

#[tokio::test]
async fn somebody_elses_delete_marker_deletes_the_upload() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "avatar", &samples::jpeg()).await;
    let marker = world.hide(&upload.key).await;
    let event = "ObjectRemoved:DeleteMarkerCreated";
    let marked = world.notification(event, &upload.key, Some(&marker));
    let marked = marked.sequencer("02");
    for _ in 0..2 {
        world.deliver_all([marked.clone()]).await;
    }
    let shown = alice.read(&upload).await.expect(200);
    assert_eq!(shown["status"], "deleted");
    assert_eq!(shown["download_url"], Value::Null);
    assert!(world.keys(&upload.key).await.is_empty());
    assert_eq!(alice.profile().await["avatar_url"], Value::Null);
}

#[tokio::test]
async fn a_ticket_used_twice_leaves_nothing_readable_behind_when_its_upload_is_deleted() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let upload = alice.issue(&wanted("file", &bytes)).await;
    for sequencer in ["01", "02"] {
        assert_eq!(upload.post(&bytes).await, 201);
        let created = world.created(&upload).await;
        world.deliver_all([created.sequencer(sequencer)]).await;
    }
    alice.delete_upload(&upload).await.expect(204);
    let get = world.emulator.s3().get_object().bucket(&world.bucket);
    let left = get.key(&upload.key).send().await;
    assert!(left.is_err(), "an older version has come to light");
}

#[tokio::test]
async fn a_deleted_upload_leaves_neither_record_nor_object() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let ready = world.upload(&alice, "file", &bytes).await;
    alice.delete_upload(&ready).await.expect(204);
    alice.read(&ready).await.expect_problem(404, "not_found");
    assert!(world.versions(&ready.key).await.is_empty());
    // A phone that missed the answer repeats the request.
    alice.delete_upload(&ready).await.expect(204);

    // The object arrives after the deletion.
    let raced = alice.issue(&wanted("file", &bytes)).await;
    assert_eq!(raced.post(&bytes).await, 201);
    let late = world.created(&raced).await;
    alice.delete_upload(&raced).await.expect(204);
    world.deliver_all([late]).await;
    assert!(world.versions(&raced.key).await.is_empty());
    assert!(alice.uploads().await.is_empty());
}
