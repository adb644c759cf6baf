//! Uploads that items name: who sees them, and what can be attached.

use serde_json::{Value, json};
use shared::upload::lifecycle::{StoredVersion, UploadStatus};
use support::uploads::download;
use support::{Answer, Api, Session, Upload, World, samples, wanted};

async fn post(api: &Api, author: &Session, visibility: &str, pictures: &[&str]) -> Answer {
    let body = json!({"text": visibility, "pictures": pictures, "visibility": visibility});
    let post = api.post("/v1/walls/hall", &body);
    post.bearer(&author.token).send().await
}

/// The pictures beside the posts on the wall, by the posts' texts.
async fn pictures(api: &Api, reader: Option<&Session>) -> Value {
    let list = match reader {
        Some(reader) => api.get("/v1/members/walls/hall").bearer(&reader.token),
        None => api.get("/v1/walls/hall"),
    };
    let page = list.send().await.expect(200).json;
    let posts = page["items"].as_array().unwrap().iter();
    let posts = posts.map(|post| {
        let text = post["text"].as_str().unwrap().to_owned();
        (text, post["pictures"].clone())
    });
    Value::Object(posts.collect())
}

fn ids(pictures: &Value) -> Vec<&str> {
    let pictures = pictures.as_array().unwrap().iter();
    pictures
        .map(|picture| picture["id"].as_str().unwrap())
        .collect()
}

/// An upload that waits for its check.
async fn checking(world: &World, owner: &Session) -> Upload {
    let bytes = samples::jpeg();
    let upload = owner.issue(&wanted("file", &bytes)).await;
    let version = StoredVersion {
        id: "v1".to_owned(),
        size: bytes.len() as u64,
        etag: "e1".to_owned(),
    };
    let key = upload.key.parse().unwrap();
    let completed = world
        .store
        .complete_upload(&key, &version, UploadStatus::Checking);
    completed.await.unwrap();
    upload
}

#[tokio::test]
async fn pictures_are_shown_by_their_rule_and_to_others_once_they_are_ready() {
    let world = World::new().await;
    let api = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::jpeg();
    let ready = world.upload(&alice, "file", &bytes).await;
    let waiting = checking(&world, &alice).await;
    let both = [ready.id.as_str(), waiting.id.as_str()];
    for visibility in ["private", "members", "everybody"] {
        post(&api, &alice, visibility, &both).await.expect(201);
    }
    let own = pictures(&api, Some(&alice)).await;
    for visibility in ["private", "members", "everybody"] {
        assert_eq!(ids(&own[visibility]), both, "{visibility}");
        assert_eq!(own[visibility][1]["status"], "checking");
    }
    let members = pictures(&api, Some(&bob)).await;
    let anyone = pictures(&api, None).await;
    for (shown, visibility, expected) in [
        (&members, "private", &both[..0]),
        (&members, "members", &both[..1]),
        (&members, "everybody", &both[..1]),
        (&anyone, "private", &both[..0]),
        (&anyone, "members", &both[..0]),
        (&anyone, "everybody", &both[..1]),
    ] {
        assert_eq!(ids(&shown[visibility]), expected, "{visibility}");
    }
    let link = anyone["everybody"][0]["download_url"].as_str().unwrap();
    assert_eq!(download(link).await, (200, bytes));

    alice.delete_upload(&ready).await.expect(204);
    let left = pictures(&api, Some(&bob)).await;
    assert_eq!(ids(&left["everybody"]), [""; 0]);
}

#[tokio::test]
async fn only_verified_files_of_ones_own_are_attached() {
    let world = World::new().await;
    let api = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::jpeg();
    let own = world.upload(&alice, "file", &bytes).await.id;
    let foreign = world.upload(&bob, "file", &bytes).await.id;
    let avatar = world.upload(&alice, "avatar", &bytes).await.id;
    let pending = alice.issue(&wanted("file", &bytes)).await.id;
    let deleted = world.upload(&alice, "file", &bytes).await;
    alice.delete_upload(&deleted).await.expect(204);
    for unusable in [&foreign, &avatar, &pending, &deleted.id, &own] {
        let refused = post(&api, &alice, "members", &[&own, unusable]).await;
        refused.expect_invalid(["pictures[1]"]);
    }
    let many = vec![own.as_str(); 21];
    let refused = post(&api, &alice, "members", &many).await;
    refused.expect_invalid(["pictures"]);
    post(&api, &alice, "members", &[&own]).await.expect(201);
}
