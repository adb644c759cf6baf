//! Consent that a person has withdrawn.

use serde_json::{Value, json};
use support::storage::{self, user_key};
use support::{Session, World, samples};

use super::{announced, enforcing, give_nickname, left_of_check, moderate, reviews};

fn revoked(openid: &str, data: &[&str]) -> String {
    json!({"task": "consent_revoked", "openid": openid, "data": data}).to_string()
}

const FIELDS: [(&str, &str); 4] = [
    ("nickname", "nickname"),
    ("avatar", "avatar_url"),
    ("phone", "phone"),
    ("email", "email"),
];

/// A person with something of everything.
async fn full_profile(world: &World) -> Session {
    let alice = world.log_in("alice").await;
    let names = json!({"nickname": "Alice", "username": "alice_1", "email": "alice@mail.example"});
    alice.edit(names).await.expect(200);
    let phone = json!({"code": "phone-13912345678-1"});
    alice.post("/v1/users/me/phone", phone).await.expect(200);
    world.upload(&alice, "avatar", &samples::jpeg()).await;
    alice
}

#[tokio::test]
async fn what_consent_is_withdrawn_for_goes_and_nothing_else() {
    for (data, field) in FIELDS {
        let world = World::new().await;
        let alice = full_profile(&world).await;
        let mut expected = alice.profile().await;
        assert!(!expected[field].is_null(), "{field}");
        moderate(&world, revoked("alice", &[data])).await;
        let after = alice.profile().await;
        assert_eq!(after[field], Value::Null, "{field}");
        for changes in [field, "updated_at", "version"] {
            expected[changes] = after[changes].clone();
        }
        // A link's signature is of the moment.
        for profile in [&mut expected, &mut after.clone()] {
            profile["avatar_url"].take();
        }
        let mut after = after;
        after["avatar_url"].take();
        assert_eq!(after, expected);

        let item = world.item(user_key(&alice.id)).await;
        moderate(&world, revoked("alice", &[data])).await;
        assert_eq!(world.item(user_key(&alice.id)).await, item, "repeated");
    }
}

#[tokio::test]
async fn a_disabled_persons_wish_counts_too() {
    let world = World::new().await;
    let alice = full_profile(&world).await;
    let admin = world.log_in("admin").await;
    let disable = admin.edit_user(&alice.id, json!({"status": "disabled"}));
    disable.await.expect(200);
    moderate(
        &world,
        revoked("alice", &["nickname", "avatar", "phone", "email"]),
    )
    .await;
    let after = admin.user(&alice.id).await.expect(200).json;
    for (_, field) in FIELDS {
        assert_eq!(after[field], Value::Null, "{field}");
    }
    assert_eq!(after["status"], "disabled");
    assert_eq!(after["username"], "alice_1");
}

#[tokio::test]
async fn an_address_is_free_again() {
    let world = World::new().await;
    let alice = full_profile(&world).await;
    let bob = world.log_in("bob").await;
    let address = json!({"email": "alice@mail.example"});
    bob.edit(&address).await.expect_problem(409, "email_taken");
    moderate(&world, revoked("alice", &["email"])).await;
    bob.edit(&address).await.expect(200);
    assert_eq!(alice.profile().await["username"], "alice_1");
}

#[tokio::test]
async fn a_nickname_that_waits_goes_too_and_so_does_its_review() {
    let world = enforcing().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    give_nickname(&world, &alice, "Old").await;
    alice.edit(json!({"nickname": "review"})).await.expect(200);
    moderate(&world, announced(&world, &alice.id).await).await;
    assert_eq!(reviews(&admin).await.len(), 1);
    moderate(&world, revoked("alice", &["nickname"])).await;
    assert_eq!(alice.profile().await["nickname"], Value::Null);
    assert_eq!(left_of_check(&world, &alice.id).await, [""; 0]);
    assert_eq!(reviews(&admin).await, [Value::Null; 0]);
}

#[tokio::test]
async fn uploads_go_with_the_consent_to_them() {
    let world = World::new().await;
    let alice = full_profile(&world).await;
    let bytes = samples::jpeg();
    let ready = world.upload(&alice, "file", &bytes).await;
    let stored = world.stored(&alice, "file", &bytes).await;
    moderate(&world, revoked("alice", &["uploads"])).await;
    for upload in [&ready, &stored] {
        alice.read(upload).await.expect_problem(404, "not_found");
    }
    let created = world.created(&stored).await;
    world.deliver_all([created]).await;
    for upload in [&ready, &stored] {
        assert_eq!(world.keys(&upload.key).await, [""; 0]);
    }
    // The picture of the profile is another consent's.
    assert!(alice.profile().await["avatar_url"].is_string());
    assert_eq!(alice.uploads().await.len(), 1);

    moderate(&world, revoked("alice", &["avatar"])).await;
    assert!(alice.uploads().await.is_empty());
    assert_eq!(world.keys(&format!("u/{}/", alice.id)).await, [""; 0]);
}

#[tokio::test]
async fn uploads_stay_if_the_operator_says_so() {
    let world = World::limited(&[("REVOKED_UPLOADS", "keep")]).await;
    let alice = full_profile(&world).await;
    world.upload(&alice, "file", &samples::jpeg()).await;
    moderate(&world, revoked("alice", &["uploads", "avatar"])).await;
    assert_eq!(alice.uploads().await.len(), 2);
    assert_eq!(alice.profile().await["avatar_url"], Value::Null);
}

#[tokio::test]
async fn who_has_no_account_has_nothing_to_withdraw() {
    let world = World::new().await;
    let alice = full_profile(&world).await;
    alice.delete_account().await.expect(204);
    let before = world.items().await;
    for openid in ["alice", "nobody"] {
        let all = ["nickname", "avatar", "phone", "email", "uploads"];
        moderate(&world, revoked(openid, &all)).await;
    }
    assert_eq!(world.items().await, before);
    let again = world.log_in("alice").await;
    let item = world.item(user_key(&again.id)).await;
    assert_eq!(storage::text(&item, "status"), Some("active"));
}
