//! Which objects are ready and which are rejected and removed.

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder as Put;
use aws_sdk_s3::primitives::DateTime;
use serde_json::Value;
use support::uploads::wanted_as;
use support::{World, samples, wanted};

#[tokio::test]
async fn what_is_not_what_it_was_declared_to_be_is_rejected_and_removed() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (name, bytes) in samples::hostile() {
        if bytes.is_empty() {
            continue; // S3 itself refuses an empty file: a ticket is for at least one byte.
        }
        let declared = wanted_as("avatar", "image/gif", bytes.len());
        let upload = world.upload_as(&alice, &declared, &bytes).await;
        let shown = alice.read(&upload).await.expect(200);
        assert_eq!(shown["status"], "rejected", "{name}");
        assert!(shown["reason"].is_string(), "{name}: {shown}");
        assert_eq!(shown["download_url"], Value::Null, "{name}");
        assert!(world.versions(&upload.key).await.is_empty(), "{name}");
    }
    assert_eq!(alice.profile().await["avatar_url"], Value::Null);
}

#[tokio::test]
async fn an_object_of_the_wrong_size_is_rejected() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (bytes, reason) in [
        (Vec::new(), "empty"),
        (samples::jpeg_of_size(5000), "size_mismatch"),
    ] {
        let upload = alice.issue(&wanted("file", &samples::jpeg())).await;
        world.store_and_deliver(&upload.key, &bytes).await;
        let shown = alice.read(&upload).await.expect(200);
        assert_eq!(shown["status"], "rejected");
        assert_eq!(shown["reason"], reason);
        assert!(world.versions(&upload.key).await.is_empty());
    }
}

#[tokio::test]
async fn headers_that_the_ticket_did_not_fix_are_rejected_and_honest_ones_are_not() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let put = || {
        let put = world.emulator.s3().put_object().body(bytes.clone().into());
        put.bucket(&world.bucket).content_type("image/jpeg")
    };
    let status = async |put: Put| {
        let upload = alice.issue(&wanted("file", &bytes)).await;
        put.key(&upload.key).send().await.unwrap();
        world.deliver_all([world.created(&upload).await]).await;
        let shown = alice.read(&upload).await.expect(200);
        let is_kept = !world.versions(&upload.key).await.is_empty();
        (shown.text("status"), shown["reason"].clone(), is_kept)
    };
    let foreign = [
        put().content_disposition("attachment; filename=x.exe"),
        put().content_encoding("gzip"),
        put().content_language("de"),
        put().expires(DateTime::from_secs(2_000_000_000)),
        put().website_redirect_location("https://example.com"),
        put().metadata("owner", "mallory"),
        put().cache_control("public, max-age=31536000"),
        put().cache_control("no-cache, immutable"),
    ];
    for (at, foreign) in foreign.into_iter().enumerate() {
        let rejected = ("rejected".to_owned(), "headers_not_allowed".into(), false);
        assert_eq!(status(foreign).await, rejected, "{at}");
    }
    let honest = [
        put(),
        put().cache_control("no-cache"),
        put().cache_control("No-Store"),
        put().cache_control("no-cache, max-age=0"),
    ];
    for (at, honest) in honest.into_iter().enumerate() {
        let ready = ("ready".to_owned(), Value::Null, true);
        assert_eq!(status(honest).await, ready, "{at}");
    }
}

#[tokio::test]
async fn a_rejection_that_was_cut_off_is_finished_by_the_repetition() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let upload = alice.issue(&wanted("file", &samples::jpeg())).await;
    let wrong = samples::jpeg_of_size(3000);
    world.store_and_deliver(&upload.key, &wrong).await;
    // As if the removal had failed: the object is there again, under another version, and the event comes once more.
    world.store_and_deliver(&upload.key, &wrong).await;
    assert!(world.versions(&upload.key).await.is_empty());
}
