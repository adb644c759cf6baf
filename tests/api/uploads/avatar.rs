//! Which avatar is the profile picture when several are uploaded.

use std::time::Duration;

use serde_json::{Value, json};
use support::{Session, Upload, World, samples, wanted};

#[tokio::test]
async fn a_disabled_owners_late_avatar_is_ready_and_leaves_the_profile_alone() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let bytes = samples::jpeg();
    let upload = alice.issue(&wanted("avatar", &bytes)).await;
    let set_status = async |status: &str| {
        let edited = admin.edit_user(&alice.id, json!({"status": status}));
        edited.await.expect(200)
    };
    set_status("disabled").await;
    world.store_and_deliver(&upload.key, &bytes).await;
    assert_eq!(set_status("active").await["avatar_url"], Value::Null);
    let alice = world.log_in("alice").await;
    assert_eq!(alice.status(&upload).await, "ready");
}

async fn assert_shows(owner: &Session, upload: &Upload) {
    let shown = owner.profile().await["avatar_url"].to_string();
    assert!(shown.contains(&upload.key), "{shown}");
}

#[tokio::test]
async fn a_newer_avatar_takes_the_place_of_the_older_one_whatever_comes_first() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let first = world.upload(&alice, "avatar", &bytes).await;
    assert_shows(&alice, &first).await;

    world.advance(Duration::from_millis(5));
    let older = alice.issue(&wanted("avatar", &bytes)).await;
    world.advance(Duration::from_millis(5));
    let newer = world.upload(&alice, "avatar", &bytes).await;
    assert_eq!(older.post(&bytes).await, 201);
    let late = world.created(&older).await;
    world.deliver_all([late.sequencer("99")]).await;
    assert_shows(&alice, &newer).await;
    assert_eq!(alice.status(&older).await, "ready");
    let replaced = world.versions(&first.key).await;
    assert!(replaced.is_empty(), "the replaced picture is gone");
    alice.read(&first).await.expect_problem(404, "not_found");

    alice.delete_upload(&newer).await.expect(204);
    let shown = alice.profile().await;
    assert_eq!(shown["avatar_url"], Value::Null, "shown nowhere");
}
