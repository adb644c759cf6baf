//! Which uploads become a profile picture.

use serde_json::{Value, json};
use support::{Session, World, samples};

use super::{delete, edit, own, patch, read, text, ticket, upload};

#[tokio::test]
async fn only_a_verified_avatar_of_ones_own_becomes_the_picture() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let mine = upload(&world, &alice, "avatar", &samples::png()).await;
    assert!(text(&own(&world, &alice).await.json, "avatar_url").contains(&mine));
    let choose = async |editor: &Session, id: &str, upload: Value| {
        patch(
            &world,
            editor,
            id,
            &json!({"avatar_upload_id": upload, "nickname": "x"}),
        )
        .send()
        .await
    };
    let bare = choose(&alice, "me", Value::Null).await.expect(200);
    assert_eq!(bare.json["avatar_url"], Value::Null);
    let file = upload(&world, &alice, "file", &samples::png()).await;
    let pending = text(&ticket(&world, &alice, "avatar", 10).await["upload"], "id").to_owned();
    let html = samples::html();
    let rejected = upload(&world, &alice, "avatar", &html).await;
    let bobs = upload(&world, &bob, "avatar", &samples::png()).await;
    let before = own(&world, &alice).await.json;
    let unknown = "0".repeat(26);
    for unusable in [
        &file,
        &pending,
        &rejected,
        &bobs,
        &unknown,
        "x",
        "",
        "~",
        &alice.id,
        &mine.to_uppercase(),
    ] {
        for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
            let refused = choose(editor, id, json!(unusable))
                .await
                .expect_error(400, "invalid_request");
            assert_eq!(refused.fields(), ["avatar_upload_id"], "{unusable}");
        }
    }
    assert_eq!(own(&world, &alice).await.json, before);
    for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
        let chosen = choose(editor, id, json!(mine)).await.expect(200).json;
        assert!(text(&chosen, "avatar_url").contains(&mine));
        assert_eq!(
            read(&world, &bob, &alice.id).await.json["avatar_url"],
            chosen["avatar_url"]
        );
        choose(editor, id, Value::Null).await.expect(200);
    }
    choose(&alice, "me", json!(mine)).await.expect(200);
    let removed = world
        .presign
        .delete(&format!("/v1/uploads/{mine}"))
        .bearer(&alice.token)
        .send()
        .await;
    removed.expect(204);
    assert_eq!(own(&world, &alice).await.json["avatar_url"], Value::Null);
    choose(&alice, "me", json!(mine))
        .await
        .expect_error(400, "invalid_request");
}

#[tokio::test]
async fn a_picture_of_an_earlier_life_is_not_ones_own() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let old = upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    let again = world.log_in("alice").await;
    let refused = edit(&world, &again, json!({"avatar_upload_id": old})).await;
    assert_eq!(
        refused.expect_error(400, "invalid_request").fields(),
        ["avatar_upload_id"]
    );
}
