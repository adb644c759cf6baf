//! Avatars reach the profile when they have passed.

use std::time::Duration;

use serde_json::{Value, json};
use support::moderation::enforced;
use support::{Session, World};

use super::submitted;

async fn shown(owner: &Session) -> Value {
    owner.profile().await["avatar_url"].clone()
}

#[tokio::test]
async fn an_avatar_is_on_the_profile_once_it_has_passed() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let first = submitted(&world, &alice, "avatar").await;
    assert_eq!(shown(&alice).await, Value::Null);
    world.judge(&first, "pass").await;
    assert!(shown(&alice).await.to_string().contains(&first.key));

    world.advance(Duration::from_millis(5));
    let second = submitted(&world, &alice, "avatar").await;
    let set = alice.edit(json!({"avatar_upload_id": second.id})).await;
    set.expect_problem(400, "invalid_request");
    world.judge(&second, "risky").await;
    assert!(
        shown(&alice).await.to_string().contains(&first.key),
        "the old one stays"
    );

    world.advance(Duration::from_millis(5));
    let third = submitted(&world, &alice, "avatar").await;
    world.judge(&third, "pass").await;
    assert!(shown(&alice).await.to_string().contains(&third.key));
    assert!(
        world.versions(&first.key).await.is_empty(),
        "it is replaced"
    );
    alice.read(&first).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_newer_avatar_stays_when_an_older_one_passes_late() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let older = submitted(&world, &alice, "avatar").await;
    world.advance(Duration::from_millis(5));
    let newer = submitted(&world, &alice, "avatar").await;
    world.judge(&newer, "pass").await;
    world.judge(&older, "pass").await;
    assert!(shown(&alice).await.to_string().contains(&newer.key));
    assert_eq!(alice.status(&older).await, "ready");
}

#[tokio::test]
async fn a_disabled_owners_avatar_passes_and_leaves_the_profile_alone() {
    let world = World::with(enforced()).await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let upload = submitted(&world, &alice, "avatar").await;
    for status in ["disabled", "active"] {
        let edited = admin.edit_user(&alice.id, json!({"status": status})).await;
        assert_eq!(edited.expect(200)["avatar_url"], Value::Null);
        world.judge(&upload, "pass").await;
    }
    let alice = world.log_in("alice").await;
    assert_eq!(alice.status(&upload).await, "ready");
    assert_eq!(shown(&alice).await, Value::Null);
}
