//! Which avatar is the profile picture when several are uploaded.

use std::time::Duration;

use serde_json::{Value, json};
use support::{World, samples};

use super::{
    as_issued, batch, event, form, issue, object_key, post, read, request, store, upload, versions,
};

#[tokio::test]
async fn a_disabled_owners_late_avatar_is_ready_and_leaves_the_profile_alone() {
    let world = World::new().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "avatar")).await;
    let set_status = async |status: &str| {
        let path = format!("/v1/users/{}", alice.id);
        let set = world
            .users
            .put(&path, &json!({"status": status}))
            .bearer(&admin.token);
        set.send().await.expect(200).json
    };
    set_status("disabled").await;
    let put = world.emulator.s3().put_object().body(bytes.into());
    store(&world, &object_key(&issued), put).await;
    assert_eq!(set_status("active").await["avatar_url"], Value::Null);
    let alice = world.log_in("alice").await;
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(upload["status"], "ready");
}

#[tokio::test]
async fn a_newer_avatar_takes_the_place_of_the_older_one_whatever_comes_first() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "avatar");
    let avatar = async || {
        world
            .users
            .get("/v1/users/me")
            .bearer(&alice.token)
            .send()
            .await
            .expect(200)
            .json
    };
    let first = upload(&world, &alice, &body, &bytes).await;
    assert!(
        avatar().await["avatar_url"]
            .as_str()
            .unwrap()
            .contains(&object_key(&first))
    );

    world.advance(Duration::from_millis(5));
    let older = issue(&world, &alice, &body).await;
    world.advance(Duration::from_millis(5));
    let newer = upload(&world, &alice, &body, &bytes).await;
    assert_eq!(
        post(&older["ticket"], form(&older["ticket"], &bytes, as_issued)).await,
        201
    );
    let version = versions(&world, &older).await.pop();
    let late = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&older),
        version.as_deref(),
        "99",
    );
    assert!(world.deliver(batch([late])).await.is_empty());
    assert!(
        avatar().await["avatar_url"]
            .as_str()
            .unwrap()
            .contains(&object_key(&newer))
    );
    assert_eq!(
        read(&world, &alice, &older["upload"]["id"])
            .await
            .expect(200)
            .json["status"],
        "ready"
    );
    assert!(
        versions(&world, &first).await.is_empty(),
        "the replaced picture is gone"
    );
    read(&world, &alice, &first["upload"]["id"])
        .await
        .expect_error(404, "not_found");

    let path = format!("/v1/uploads/{}", newer["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    assert_eq!(
        avatar().await["avatar_url"],
        Value::Null,
        "a deleted picture is shown nowhere"
    );
}
