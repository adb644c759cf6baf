//! What no other test asks AWS for.

use std::time::Instant;

use serde_json::json;
use shared::config::WARM_UP_LIMIT;
use support::uploads::download;
use support::{World, functions, samples, wanted};

/// A new environment asks for something before its first request does.
#[tokio::test]
async fn functions_open_their_connections_with_what_their_roles_allow() {
    let world = World::new().await;
    for function in functions::all() {
        let mut variables = world.variables(function.name);
        variables.remove("WARM_UP");
        variables.remove("WECHAT_APP_SECRET");
        variables.remove("JWT_PRIVATE_JWK");
        let secrets = [
            ("WECHAT_SECRETS_ID", "wechat-secret"),
            ("JWT_SECRETS_ID", "jwt-secret"),
            ("SECRETS_ID", "app-secret"),
        ];
        variables.extend(secrets.map(|(name, id)| (name.to_owned(), id.to_owned())));
        let get = |name: &str| variables.get(name).cloned();
        // A start does not wait for these calls for ever: one that took less time has made them.
        for _ in 0..10 {
            let before = Instant::now();
            let started = function.start(&get).await;
            started.expect("the environment is complete");
            if before.elapsed() < WARM_UP_LIMIT {
                break;
            }
        }
    }
}

/// Where a link leads is decided by the role of the function that signed it, so the links of each are followed.
#[tokio::test]
async fn whoever_hands_out_a_link_to_a_picture_may_read_it() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let mut picture = wanted("avatar", &bytes);
    picture["method"] = json!("PUT");
    let upload = alice.issue(&picture).await;
    assert_eq!(upload.put(&bytes, "image/jpeg").await, 200);
    let created = world.created(&upload).await.event("ObjectCreated:Put");
    world.deliver_all([created]).await;

    let session = world.log_in("alice").await.json;
    let profile = alice.profile().await;
    let upload = alice.read(&upload).await.expect(200);
    let links = [
        &session["user"]["avatar_url"],
        &profile["avatar_url"],
        &upload["download_url"],
    ];
    for link in links.map(|link| link.as_str().expect("a link")) {
        assert_eq!(download(link).await, (200, bytes.clone()));
    }
}
