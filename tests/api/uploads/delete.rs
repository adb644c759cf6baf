//! A deleted upload leaves neither record nor object.

use serde_json::{Value, json};
use support::{World, samples};

use super::{
    as_issued, batch, event, form, issue, object_key, post, read, request, upload, versions,
};

#[tokio::test]
async fn somebody_elses_delete_marker_deletes_the_upload() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = upload(
        &world,
        &alice,
        &request(&bytes, "image/jpeg", "avatar"),
        &bytes,
    )
    .await;
    let key = object_key(&issued);
    let hide = world
        .emulator
        .s3()
        .delete_object()
        .bucket(&world.bucket)
        .key(&key);
    let marker = hide.send().await.unwrap().version_id.unwrap();
    let marked = event(
        &world,
        "ObjectRemoved:DeleteMarkerCreated",
        &key,
        Some(&marker),
        "02",
    );
    for _ in 0..2 {
        assert!(world.deliver(batch([marked.clone()])).await.is_empty());
    }
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&upload["status"], &upload["download_url"]),
        (&json!("deleted"), &Value::Null)
    );
    let list = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(&key);
    let left = list.send().await.unwrap();
    assert!(
        left.versions().is_empty() && left.delete_markers().is_empty(),
        "{left:?}"
    );
    let me = world
        .users
        .get("/v1/users/me")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json["avatar_url"], Value::Null);
}

#[tokio::test]
async fn a_ticket_used_twice_leaves_nothing_readable_behind_when_its_upload_is_deleted() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let key = object_key(&issued);
    for sequencer in ["01", "02"] {
        assert_eq!(
            post(
                &issued["ticket"],
                form(&issued["ticket"], &bytes, as_issued)
            )
            .await,
            201
        );
        let version = versions(&world, &issued).await.pop();
        let created = event(
            &world,
            "ObjectCreated:Post",
            &key,
            version.as_deref(),
            sequencer,
        );
        assert!(world.deliver(batch([created])).await.is_empty());
    }
    let path = format!("/v1/uploads/{}", issued["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    let left = world
        .emulator
        .s3()
        .get_object()
        .bucket(&world.bucket)
        .key(&key)
        .send()
        .await;
    assert!(left.is_err(), "an older version has come to light");
}

#[tokio::test]
async fn a_deleted_upload_leaves_neither_record_nor_object() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let delete = async |issued: &Value| {
        let path = format!("/v1/uploads/{}", issued["upload"]["id"].as_str().unwrap());
        world
            .presign
            .delete(&path)
            .bearer(&alice.token)
            .send()
            .await
    };
    let ready = upload(&world, &alice, &body, &bytes).await;
    delete(&ready).await.expect(204);
    read(&world, &alice, &ready["upload"]["id"])
        .await
        .expect_error(404, "not_found");
    assert!(versions(&world, &ready).await.is_empty());
    // A phone that missed the answer repeats the request.
    delete(&ready).await.expect(204);

    // The object arrives after the deletion.
    let raced = issue(&world, &alice, &body).await;
    assert_eq!(
        post(&raced["ticket"], form(&raced["ticket"], &bytes, as_issued)).await,
        201
    );
    delete(&raced).await.expect(204);
    let version = versions(&world, &raced).await.pop();
    let late = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&raced),
        version.as_deref(),
        "01",
    );
    assert!(world.deliver(batch([late])).await.is_empty());
    assert!(versions(&world, &raced).await.is_empty());
    let listed = world
        .presign
        .get("/v1/uploads")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json["items"], json!([]));
}
