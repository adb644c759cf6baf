//! Uploads and accounts that are deleted while WeChat looks.

use shared::store::upload::{NewCheck, NoteCheckOutcome};
use shared::upload::lifecycle::UploadStatus;
use support::moderation::{enforced, verdict};
use support::{World, samples};

use super::{record, reviews, submitted};

const VERDICTS: [&str; 5] = ["pass", "risky", "review", "not_fetched", "failed"];

#[tokio::test]
async fn a_verdict_on_a_deleted_upload_changes_nothing() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for purpose in ["file", "avatar"] {
        for says in VERDICTS {
            let upload = submitted(&world, &alice, purpose).await;
            alice.delete_upload(&upload).await.expect(204);
            let deleted = record(&world, &alice, &upload).await;
            assert!(world.versions(&upload.key).await.is_empty(), "{says}");
            world.judge(&upload, says).await;
            assert_eq!(record(&world, &alice, &upload).await, deleted, "{says}");
            alice.read(&upload).await.expect_problem(404, "not_found");
        }
    }
    assert_eq!(world.wechat.media_checks().len(), 2 * VERDICTS.len());
    assert!(reviews(&world, &alice).await.is_empty());
}

#[tokio::test]
async fn an_upload_in_any_state_of_its_check_can_be_deleted() {
    let world = World::with(enforced()).await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    for says in VERDICTS {
        let (own, theirs) = (
            submitted(&world, &alice, "file").await,
            submitted(&world, &alice, "avatar").await,
        );
        for upload in [&own, &theirs] {
            world.judge(upload, says).await;
        }
        alice.delete_upload(&own).await.expect(204);
        let path = format!("/v1/users/{}/uploads/{}", alice.id, theirs.id);
        admin.delete(&path).await.expect(204);
        for upload in [&own, &theirs] {
            alice.read(upload).await.expect_problem(404, "not_found");
            assert!(world.versions(&upload.key).await.is_empty(), "{says}");
        }
    }
}

#[tokio::test]
async fn what_is_deleted_before_it_was_submitted_is_not_submitted() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    alice.delete_upload(&upload).await.expect(204);
    world.submit_uploads().await;
    assert!(world.wechat.media_checks().is_empty());
}

#[tokio::test]
async fn a_dead_accounts_verdicts_change_nothing() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let mut submissions = Vec::new();
    for says in VERDICTS {
        for purpose in ["file", "avatar"] {
            submissions.push((submitted(&world, &alice, purpose).await, says));
        }
    }
    let late = world.upload(&alice, "file", &samples::jpeg()).await;
    alice.delete_account().await.expect(204);
    world.submit_uploads().await;
    assert!(world.traces(&late).is_empty(), "it is not submitted");
    world.purge_announced().await;
    for (upload, says) in &submissions {
        world.judge(upload, says).await;
        assert!(world.versions(&upload.key).await.is_empty(), "{says}");
    }
    // What WeChat calls the checks is all that the verdicts have left.
    let left = world.items().await.into_keys();
    let left: Vec<_> = left.filter(|(pk, _)| !pk.starts_with("MT#")).collect();
    let account = (format!("U#{}", alice.id), "A".to_owned());
    let state = |kind: &str| (format!("{kind}#{}", alice.id), "~".to_owned());
    assert_eq!(left, [state("OI"), account, state("UP")]);
    let alice = world.log_in("alice").await;
    assert_eq!(alice.uploads().await.len(), 0, "a new generation");
}

/// Otherwise a purge that is under way would miss it.
#[tokio::test]
async fn no_check_is_noted_once_the_account_has_ended() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let versions = world.versions(&upload.key).await;
    alice.delete_account().await.expect(204);
    let check = NewCheck {
        key: &upload.key.parse().unwrap(),
        version: &versions[0],
        was: UploadStatus::Checking,
        trace_id: "trace",
        before: None,
    };
    let noted = world.store.note_check(&check).await.unwrap();
    assert_eq!(noted, NoteCheckOutcome::RecordChanged);
    let noted = record(&world, &alice, &upload).await;
    assert!(!noted.contains_key("check_id"));
}

#[tokio::test]
async fn a_purge_removes_the_checks_of_an_account() {
    let world = World::with(enforced()).await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let twice = submitted(&world, &alice, "file").await;
    world.judge(&twice, "not_fetched").await;
    let kept = submitted(&world, &bob, "file").await;
    let checks = async || {
        let keys = world.items().await.into_keys();
        let checks = keys.filter_map(|(pk, _)| pk.strip_prefix("MT#").map(str::to_owned));
        checks.collect::<Vec<_>>()
    };
    assert_eq!(checks().await.len(), 3);
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    assert_eq!(checks().await, world.traces(&kept));
    world
        .moderate_all([verdict("unknown", "pass").to_string()])
        .await;
    assert_eq!(
        checks().await.len(),
        2,
        "a verdict that waits for its check"
    );
}
