//! What a request for tickets may say, for one and for a batch.

use serde_json::json;
use support::uploads::ids;
use support::{World, samples, wanted};

use super::TICKET_ENDS;

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
        body[field] = value;
        let refused = alice.post("/v1/uploads", &body).await;
        refused.expect_invalid([field]);
        let batch = json!({"items": [good, body]});
        let refused = alice.post("/v1/uploads/batch", batch).await;
        refused.expect_invalid([format!("items[1].{field}").as_str()]);
    }
    let many = json!(vec![good.clone(); 21]);
    for items in [json!([]), many, json!({}), json!(null)] {
        let batch = json!({"items": items});
        let refused = alice.post("/v1/uploads/batch", batch).await;
        refused.expect_invalid(["items"]);
    }
    let listed = alice.get("/v1/uploads").await.expect(200);
    assert_eq!(listed.json, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn twenty_tickets_come_all_or_none_and_are_listed_in_the_order_asked_for() {
    let world = World::limited(&[("UPLOAD_PENDING_LIMIT", "21")]).await;
    let alice = world.log_in("alice").await;
    let one = |size: u32| {
        let purpose = ["avatar", "file", "file"][size as usize % 3];
        json!({"content_type": "image/jpeg", "size": size, "purpose": purpose})
    };
    let twenty = json!({"items": (1..=20).map(one).collect::<Vec<_>>()});
    let first = alice.issue_batch("k", &twenty).await.uploads();
    let sizes = first
        .iter()
        .map(|it| it["upload"]["size"].as_u64().unwrap());
    assert_eq!(sizes.collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    let issued: Vec<_> = first.iter().map(|upload| upload.id.as_str()).collect();
    assert_eq!(ids(&alice.uploads().await), issued);

    let again = alice.issue_batch("k", &twenty).await.uploads();
    assert_eq!(again, first, "the same tickets with the same end");
    let mut other = twenty.clone();
    other["items"].as_array_mut().unwrap().swap(0, 1);
    let refused = alice.issue_batch("k", &other).await;
    refused.expect_problem(422, "idempotency_mismatch");
    let refused = alice.issue_batch("k2", &twenty).await;
    refused.expect_problem(429, "upload_quota");
    assert_eq!(alice.uploads().await.len(), 20);
    alice.issue(&one(1)).await;
    let mut many = twenty;
    many["items"].as_array_mut().unwrap().push(one(21));
    let refused = alice.issue_batch("k3", &many).await;
    refused.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_batch_is_renewed_as_far_as_it_is_pending() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let batch = json!({"items": vec![wanted("file", &bytes); 3]});
    let first = alice.issue_batch("k", &batch).await.uploads();
    world.store_and_deliver(&first[1].key, &bytes).await;
    world.advance(TICKET_ENDS);
    let again = alice.issue_batch("k", &batch).await.uploads();
    for (at, status) in ["pending", "ready", "pending"].into_iter().enumerate() {
        let (before, after) = (&first[at], &again[at]);
        assert_eq!(before.id, after.id);
        assert_eq!(after["upload"]["status"], status);
        assert_eq!(after["ticket"].is_null(), status == "ready");
        let [before, after] = [before, after].map(|it| &it["ticket"]["expires_at"]);
        assert_ne!(before, after);
    }
    alice.delete_upload(&first[0]).await.expect(204);
    world.advance(TICKET_ENDS);
    let refused = alice.issue_batch("k", &batch).await;
    refused.expect_problem(404, "not_found");
}
