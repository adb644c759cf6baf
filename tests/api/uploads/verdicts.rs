//! Which objects are ready and which are rejected and removed.

use serde_json::{Value, json};
use support::{World, samples};

use super::{batch, event, issue, object_key, read, request, store, upload, versions};

#[tokio::test]
async fn what_is_not_what_it_was_declared_to_be_is_rejected_and_removed() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (name, bytes) in samples::hostile() {
        if bytes.is_empty() {
            continue; // S3 itself refuses an empty file: a ticket is for at least one byte.
        }
        let issued = upload(
            &world,
            &alice,
            &request(&bytes, "image/gif", "avatar"),
            &bytes,
        )
        .await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], "rejected", "{name}");
        assert!(
            upload["reason"].is_string() && upload["download_url"].is_null(),
            "{name}: {upload}"
        );
        assert!(versions(&world, &issued).await.is_empty(), "{name}");
    }
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
async fn an_object_of_the_wrong_size_is_rejected() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    for (body, reason) in [
        (Vec::new(), "empty"),
        (samples::jpeg_of_size(5000), "size_mismatch"),
    ] {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        let put = world.emulator.s3().put_object().body(body.into());
        store(&world, &object_key(&issued), put).await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(
            (&upload["status"], &upload["reason"]),
            (&json!("rejected"), &json!(reason))
        );
        assert!(versions(&world, &issued).await.is_empty());
    }
}

#[tokio::test]
async fn headers_that_the_ticket_did_not_fix_are_rejected_and_honest_ones_are_not() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let put = || world.emulator.s3().put_object().body(bytes.clone().into());
    let foreign = [
        put().content_disposition("attachment; filename=x.exe"),
        put().content_encoding("gzip"),
        put().content_language("de"),
        put().expires(aws_sdk_s3::primitives::DateTime::from_secs(2_000_000_000)),
        put().website_redirect_location("https://example.com"),
        put().metadata("owner", "mallory"),
        put().cache_control("public, max-age=31536000"),
        put().cache_control("no-cache, immutable"),
    ];
    let honest = [
        put(),
        put().cache_control("no-cache"),
        put().cache_control("No-Store"),
        put().cache_control("no-cache, max-age=0"),
    ];
    let foreign = foreign.into_iter().map(|put| (put, "rejected"));
    let all = foreign.chain(honest.into_iter().map(|put| (put, "ready")));
    for (at, (put, status)) in all.enumerate() {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        store(&world, &object_key(&issued), put).await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], status, "object {at}");
        if status == "rejected" {
            assert_eq!(upload["reason"], "headers_not_allowed");
            assert!(versions(&world, &issued).await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_rejection_that_was_cut_off_is_finished_by_the_repetition() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let issued = issue(
        &world,
        &alice,
        &request(&samples::jpeg(), "image/jpeg", "file"),
    )
    .await;
    let key = object_key(&issued);
    let put = |bytes: Vec<u8>| {
        let put = world
            .emulator
            .s3()
            .put_object()
            .bucket(&world.bucket)
            .key(&key)
            .content_type("image/jpeg");
        put.body(bytes.into()).send()
    };
    let version = put(samples::jpeg_of_size(3000))
        .await
        .unwrap()
        .version_id
        .unwrap();
    let created = batch([event(
        &world,
        "ObjectCreated:Put",
        &key,
        Some(&version),
        "01",
    )]);
    assert!(world.deliver(created.clone()).await.is_empty());
    // As if the removal had failed: the object is there again, under another version, and the event comes once more.
    let again = put(samples::jpeg_of_size(3000))
        .await
        .unwrap()
        .version_id
        .unwrap();
    let repeated = batch([event(&world, "ObjectCreated:Put", &key, Some(&again), "01")]);
    assert!(world.deliver(repeated).await.is_empty());
    assert!(versions(&world, &issued).await.is_empty());
}
