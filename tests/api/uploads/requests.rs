//! What a request for tickets may say, for one and for a batch.

use std::time::Duration;

use serde_json::json;
use support::world::Settings;
use support::{World, samples};

use super::{ids, issue, issue_batch, listed, object_key, request, store};

#[tokio::test]
async fn requests_are_checked_before_anything_is_written() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let good = json!({"content_type": "image/jpeg", "size": 10, "purpose": "avatar"});
    for (field, value) in [
        ("content_type", json!("image/svg+xml")),
        ("content_type", json!("text/html")),
        ("content_type", json!("IMAGE/JPEG")),
        ("content_type", json!(null)),
        ("size", json!(0)),
        ("size", json!(-1)),
        ("size", json!(1.5)),
        ("size", json!("10")),
        ("size", json!(2 * 1024 * 1024 + 1)),
        ("size", json!(1e30)),
        ("purpose", json!("cover")),
        ("method", json!("PATCH")),
        ("file_name", json!("../../x.html")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = world
            .presign
            .post("/v1/uploads", &body)
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            [field],
            "{value}"
        );
        let answer = world
            .presign
            .post("/v1/uploads/batch", &json!({"items": [good, body]}))
            .bearer(&alice.token);
        let named = format!("items[1].{field}");
        assert_eq!(
            answer
                .send()
                .await
                .expect_error(400, "invalid_request")
                .fields(),
            [named.as_str()],
            "{value}"
        );
    }
    for items in [
        json!([]),
        json!(vec![good.clone(); 21]),
        json!({}),
        json!(null),
    ] {
        let answer = world
            .presign
            .post("/v1/uploads/batch", &json!({"items": items}))
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            ["items"]
        );
    }
    let listed = world
        .presign
        .get("/v1/uploads")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn twenty_tickets_come_all_or_none_and_are_listed_in_the_order_asked_for() {
    let world = World::with(Settings {
        limits: vec![("UPLOAD_PENDING_LIMIT", "21")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let one = |size: u32| json!({"content_type": "image/jpeg", "size": size, "purpose": (if size.is_multiple_of(3) { "avatar" } else { "file" })});
    let twenty = json!({"items": (1..=20).map(one).collect::<Vec<_>>()});
    let first = issue_batch(&world, &alice, "k", &twenty)
        .await
        .expect(201)
        .json;
    let items = first["items"].as_array().unwrap();
    let sizes: Vec<_> = items
        .iter()
        .map(|item| item["upload"]["size"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, (1..=20).collect::<Vec<_>>());
    let shown = listed(&world, &alice).await;
    assert_eq!(ids(&shown), ids(items.iter().map(|item| &item["upload"])));

    let again = issue_batch(&world, &alice, "k", &twenty)
        .await
        .expect(201)
        .json;
    assert_eq!(again, first, "the same tickets with the same end");
    let mut other = twenty.clone();
    other["items"].as_array_mut().unwrap().swap(0, 1);
    let refused = issue_batch(&world, &alice, "k", &other).await;
    refused.expect_error(422, "idempotency_mismatch");
    let refused = issue_batch(&world, &alice, "k2", &twenty).await;
    refused.expect_error(429, "upload_quota");
    assert_eq!(listed(&world, &alice).await.len(), 20);
    issue(&world, &alice, &one(1)).await;
    let mut many = twenty;
    many["items"].as_array_mut().unwrap().push(one(21));
    issue_batch(&world, &alice, "k3", &many)
        .await
        .expect_error(400, "invalid_request");
}

#[tokio::test]
async fn a_batch_is_renewed_as_far_as_it_is_pending() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = json!({"items": vec![request(&bytes, "image/jpeg", "file"); 3]});
    let first = issue_batch(&world, &alice, "k", &body)
        .await
        .expect(201)
        .json;
    let put = world.emulator.s3().put_object().body(bytes.into());
    store(&world, &object_key(&first["items"][1]), put).await;
    world.advance(Duration::from_secs(301));
    let again = issue_batch(&world, &alice, "k", &body)
        .await
        .expect(201)
        .json;
    for (at, status) in ["pending", "ready", "pending"].iter().enumerate() {
        let (before, after) = (&first["items"][at], &again["items"][at]);
        assert_eq!(before["upload"]["id"], after["upload"]["id"]);
        assert_eq!(after["upload"]["status"], *status);
        assert_eq!(after["ticket"].is_null(), *status == "ready");
        assert_ne!(
            before["ticket"]["expires_at"],
            after["ticket"]["expires_at"]
        );
    }
    let path = format!(
        "/v1/uploads/{}",
        first["items"][0]["upload"]["id"].as_str().unwrap()
    );
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    world.advance(Duration::from_secs(301));
    issue_batch(&world, &alice, "k", &body)
        .await
        .expect_error(404, "not_found");
}
