//! Uploads that WeChat checks before others see them: from the stored object to the verdict, and whatever can come in
//! between.

mod avatar;
mod deletion;
mod failures;
mod late;
mod policy;

use serde_json::Value;
use support::moderation::{enforced, verdict};
use support::storage::{Item, text, upload_key};
use support::uploads::{download, wanted_as};
use support::{Session, Upload, World, samples};

/// An upload that is stored and verified, and that WeChat is asked to check.
async fn submitted(world: &World, owner: &Session, purpose: &str) -> Upload {
    let upload = world.upload(owner, purpose, &samples::jpeg()).await;
    world.submit_uploads().await;
    upload
}

/// The reviews about a user.
async fn reviews(world: &World, owner: &Session) -> Vec<Item> {
    let items = world.items().await.into_iter();
    let partition = format!("RV#{}", owner.id);
    let reviews = items.filter(|((pk, _), _)| *pk == partition);
    reviews.map(|(_, item)| item).collect()
}

async fn record(world: &World, owner: &Session, upload: &Upload) -> Item {
    world.item(upload_key(&owner.id, &upload.id)).await
}

#[tokio::test]
async fn a_verdict_decides_what_becomes_of_an_upload() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for (says, status, is_kept, waits) in [
        ("pass", "ready", true, 0),
        ("risky", "rejected", false, 0),
        ("review", "review", true, 1),
        ("failed", "review", true, 2),
    ] {
        let upload = submitted(&world, &alice, "file").await;
        let shown = alice.read(&upload).await.expect(200);
        assert_eq!(shown["status"], "checking", "{says}");
        assert_eq!(shown["ready_at"], Value::Null, "{says}");
        assert!(shown["download_url"].is_string(), "its owner sees it");
        world.judge(&upload, says).await;
        let shown = alice.read(&upload).await.expect(200);
        assert_eq!(shown["status"], status, "{says}");
        assert_eq!(shown["ready_at"].is_string(), status == "ready", "{says}");
        assert_eq!(shown["download_url"].is_string(), is_kept, "{says}");
        let versions = world.versions(&upload.key).await;
        assert_eq!(!versions.is_empty(), is_kept, "{says}");
        assert_eq!(reviews(&world, &alice).await.len(), waits, "{says}");
        if status == "rejected" {
            assert_eq!(shown["reason"], "content");
            let record = record(&world, &alice, &upload).await;
            assert!(!record.contains_key("remove_version"), "it is removed");
            assert!(record.contains_key("ttl"), "it ends");
        }
    }
}

#[tokio::test]
async fn wechat_is_asked_about_the_version_that_was_verified() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for (purpose, scene) in [("file", 4), ("avatar", 1)] {
        let bytes = samples::jpeg();
        let upload = world.upload(&alice, purpose, &bytes).await;
        // Somebody uses the ticket again before WeChat looks.
        world.store(&upload.key, &samples::png()).await;
        world.submit_uploads().await;
        let checks = world.wechat.media_checks();
        let check = checks.last().expect("a check");
        assert_eq!((check.media_type, check.scene), (2, scene));
        assert_eq!(check.openid, "alice");
        assert_eq!(download(&check.media_url).await, (200, bytes));
    }
}

#[tokio::test]
async fn what_wechat_cannot_check_is_for_a_person() {
    let types = "image/jpeg,image/webp,application/pdf,audio/mpeg";
    let settings =
        enforced().limits(&[("CONTENT_CHECK_MEDIA", "enforce"), ("UPLOAD_TYPES", types)]);
    let world = World::with(settings).await;
    let [alice, away] = world.log_in_all(["alice", "away-1"]).await;
    let pdf = b"%PDF-1.7\n".to_vec();
    // Two frames of 128 kbit/s at 44.1 kHz.
    let mut frame = vec![0xff, 0xfb, 0x90, 0];
    frame.resize(417, 0);
    let sound = frame.repeat(2);
    for (owner, content_type, bytes, is_asked) in [
        (&alice, "image/webp", samples::webp(), false),
        (&alice, "application/pdf", pdf, false),
        (&alice, "audio/mpeg", sound, true),
        // WeChat refuses to check what comes from somebody who has not been there lately.
        (&away, "image/jpeg", samples::jpeg(), false),
    ] {
        let wanted = wanted_as("file", content_type, bytes.len());
        let upload = world.upload_as(owner, &wanted, &bytes).await;
        assert_eq!(owner.status(&upload).await, "checking", "{content_type}");
        world.submit_uploads().await;
        assert_eq!(world.traces(&upload).len(), usize::from(is_asked));
        let status = if is_asked { "checking" } else { "review" };
        assert_eq!(owner.status(&upload).await, status, "{content_type}");
    }
    let waiting = reviews(&world, &alice).await;
    assert_eq!(waiting.len(), 2);
    assert!(
        waiting
            .iter()
            .all(|item| text(item, "cause") == Some("unsupported"))
    );
    assert_eq!(reviews(&world, &away).await.len(), 1);
}

#[tokio::test]
async fn a_verdict_that_comes_before_the_check_is_noted_counts() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for (says, status) in [
        ("pass", "ready"),
        ("risky", "rejected"),
        ("review", "review"),
    ] {
        let upload = world.upload(&alice, "file", &samples::jpeg()).await;
        let trace_id = world.wechat.next_trace_id();
        world
            .moderate_all([verdict(&trace_id, says).to_string()])
            .await;
        assert_eq!(alice.status(&upload).await, "checking", "{says}");
        world.submit_uploads().await;
        assert_eq!(world.trace(&upload), trace_id);
        assert_eq!(alice.status(&upload).await, status, "{says}");
    }
}

#[tokio::test]
async fn a_picture_that_could_not_be_fetched_is_submitted_once_more() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = submitted(&world, &alice, "file").await;
    let first = world.trace(&upload);
    for _ in 0..2 {
        // The second is a repetition of the first, which has been acted upon.
        world
            .moderate_all([verdict(&first, "not_fetched").to_string()])
            .await;
        assert_eq!(world.traces(&upload).len(), 2);
        assert_eq!(alice.status(&upload).await, "checking");
    }
    world.judge(&upload, "not_fetched").await;
    assert_eq!(world.traces(&upload).len(), 2);
    assert_eq!(alice.status(&upload).await, "review");
}

#[tokio::test]
async fn others_see_an_upload_once_it_is_ready() {
    let world = World::with(enforced()).await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let upload = submitted(&world, &alice, "file").await;
    let path = format!("/v1/users/{}/uploads", alice.id);
    let link = async || {
        let listed = admin.get(&path).await.expect(200);
        listed.items()[0]["download_url"].clone()
    };
    assert_eq!(link().await, Value::Null);
    assert_eq!(alice.uploads().await[0]["status"], "checking");
    world.judge(&upload, "pass").await;
    assert!(link().await.is_string());
}
