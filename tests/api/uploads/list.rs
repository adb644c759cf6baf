//! The list of uploads, and to whom an upload exists.

use std::time::Duration;

use serde_json::json;
use support::{World, samples};

use super::{issue, read, request};

#[tokio::test]
async fn other_peoples_uploads_do_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let issued = issue(
        &world,
        &alice,
        &request(&samples::jpeg(), "image/jpeg", "file"),
    )
    .await;
    let id = issued["upload"]["id"].clone();
    read(&world, &bob, &id).await.expect_error(404, "not_found");
    let path = format!("/v1/uploads/{}", id.as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&bob.token)
        .send()
        .await
        .expect_error(404, "not_found");
    for junk in ["x", "%00", "..%2f", "06c0000000002000000000000c"] {
        read(&world, &alice, &json!(junk))
            .await
            .expect_error(404, "not_found");
    }
    let _ = read(&world, &alice, &id).await.expect(200);
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(
            issue(
                &world,
                &alice,
                &request(&samples::jpeg(), "image/jpeg", "file"),
            )
            .await["upload"]["id"]
                .clone(),
        );
        world.advance(Duration::from_millis(5));
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/uploads?limit=2".to_owned();
    loop {
        let page = world
            .presign
            .get(&path)
            .bearer(&alice.token)
            .send()
            .await
            .expect(200)
            .json;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/uploads?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    let bob = world.log_in("bob").await;
    for path in [path.as_str(), "/v1/uploads?cursor=x"] {
        world
            .presign
            .get(path)
            .bearer(&bob.token)
            .send()
            .await
            .expect_error(400, "invalid_cursor");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("page=2", "page"),
    ] {
        let answer = world
            .presign
            .get(&format!("/v1/uploads?{query}"))
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            [field]
        );
    }
}
