//! Which uploads become a profile picture.

use serde_json::{Value, json};
use support::{Session, World, samples, wanted};

/// Makes the upload somebody's picture, or with null none.
async fn choose(editor: &Session, user: &str, upload: impl Into<Value>) -> support::Answer {
    let chosen = json!({"avatar_upload_id": upload.into(), "nickname": "x"});
    editor.edit_user(user, chosen).await
}

#[tokio::test]
async fn only_a_verified_avatar_of_ones_own_becomes_the_picture() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let png = samples::png();
    let mine = world.upload(&alice, "avatar", &png).await.id;
    assert!(alice.me().await.text("avatar_url").contains(&mine));
    let bare = choose(&alice, "me", Value::Null).await.expect(200);
    assert_eq!(bare["avatar_url"], Value::Null);
    let file = world.upload(&alice, "file", &png).await.id;
    let pending = alice.issue(&wanted("avatar", &png)).await.id;
    let rejected = world.upload(&alice, "avatar", &samples::html()).await.id;
    let bobs = world.upload(&bob, "avatar", &png).await.id;
    let before = alice.profile().await;
    let (unknown, upper_case) = ("0".repeat(26), mine.to_uppercase());
    for unusable in [
        &file,
        &pending,
        &rejected,
        &bobs,
        &alice.id,
        &unknown,
        &upper_case,
    ] {
        for (editor, user) in [(&alice, "me"), (&admin, &*alice.id)] {
            let refused = choose(editor, user, unusable.as_str()).await;
            refused.expect_invalid(["avatar_upload_id"]);
        }
    }
    for unusable in ["x", "", "~"] {
        let refused = choose(&alice, "me", unusable).await;
        refused.expect_invalid(["avatar_upload_id"]);
    }
    assert_eq!(alice.profile().await, before);
}

#[tokio::test]
async fn an_avatar_can_be_chosen_again_until_its_upload_is_deleted() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let mine = world.upload(&alice, "avatar", &samples::png()).await;
    choose(&alice, "me", Value::Null).await.expect(200);
    for (editor, user) in [(&alice, "me"), (&admin, &*alice.id)] {
        let chosen = choose(editor, user, mine.id.as_str()).await.expect(200);
        assert!(chosen.text("avatar_url").contains(&mine.id));
        let seen = bob.user(&alice.id).await;
        assert_eq!(seen["avatar_url"], chosen["avatar_url"]);
        choose(editor, user, Value::Null).await.expect(200);
    }
    choose(&alice, "me", mine.id.as_str()).await.expect(200);
    alice.delete_upload(&mine).await.expect(204);
    assert_eq!(alice.profile().await["avatar_url"], Value::Null);
    let refused = choose(&alice, "me", mine.id.as_str()).await;
    refused.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_picture_of_an_earlier_life_is_not_ones_own() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let old = world.upload(&alice, "avatar", &samples::png()).await;
    alice.delete_account().await.expect(204);
    let again = world.log_in("alice").await;
    let refused = again.edit(json!({"avatar_upload_id": old.id})).await;
    refused.expect_invalid(["avatar_upload_id"]);
}
