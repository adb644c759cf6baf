//! Requests that carry an idempotency key and come again.

use std::time::Duration;

use serde_json::{Value, json};
use support::proxy::Proxy;
use support::world::Settings;
use support::{World, samples};

use super::{
    as_issued, batch, event, form, ids, issue_batch, listed, object_key, post, read, request,
    store, versions,
};

#[tokio::test]
async fn a_repeated_request_gets_the_same_upload() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let send = |key: &str, body: &Value| {
        world
            .presign
            .post("/v1/uploads", body)
            .header("idempotency-key", key)
            .bearer(&alice.token)
            .send()
    };
    let first = send("k1", &body).await.expect(201).json;
    let again = send("k1", &body).await.expect(201).json;
    assert_eq!(first["upload"], again["upload"]);
    assert_eq!(
        post(&again["ticket"], form(&again["ticket"], &bytes, as_issued)).await,
        201
    );
    assert_ne!(
        send("k2", &body).await.expect(201).json["upload"]["id"],
        first["upload"]["id"]
    );
    let mut other = body.clone();
    other["size"] = json!(bytes.len() + 1);
    send("k1", &other)
        .await
        .expect_error(422, "idempotency_mismatch");
    // A batch of the same one has another body.
    issue_batch(&world, &alice, "k1", &json!({"items": [body]}))
        .await
        .expect_error(422, "idempotency_mismatch");
    let bob = world.log_in("bob").await;
    let bobs = world
        .presign
        .post("/v1/uploads", &body)
        .header("idempotency-key", "k1")
        .bearer(&bob.token)
        .send()
        .await;
    assert_ne!(bobs.expect(201).json["upload"]["id"], first["upload"]["id"]);
}

#[tokio::test]
async fn a_repetition_renews_a_ticket_that_ended_and_shows_its_upload_again() {
    let world = World::with(Settings {
        limits: vec![("UPLOAD_PENDING_LIMIT", "1"), ("UPLOAD_DAILY_LIMIT", "2")],
        ..Settings::default()
    })
    .await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let send = async |key: &str| {
        let alice = world.log_in("alice").await;
        let call = world
            .presign
            .post("/v1/uploads", &body)
            .header("idempotency-key", key);
        call.bearer(&alice.token).send().await
    };
    let first = send("k").await.expect(201).json;
    let again = send("k").await.expect(201).json;
    assert_eq!(again, first, "the same ticket with the same end");
    // Hidden after a day, and as good as new when it is asked for again.
    world.advance(Duration::from_secs(25 * 60 * 60));
    let alice = world.log_in("alice").await;
    assert!(listed(&world, &alice).await.is_empty());
    read(&world, &alice, &first["upload"]["id"])
        .await
        .expect_error(404, "not_found");
    let renewed = send("k").await.expect(201).json;
    assert_eq!(renewed["upload"], first["upload"]);
    assert_eq!(send("k").await.expect(201).json, renewed);
    assert_eq!(ids(&listed(&world, &alice).await), [&first["upload"]["id"]]);
    // It counts as open again, and a second one has no room, while it has none of the day's.
    send("other").await.expect_error(429, "upload_quota");
    let put = world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(object_key(&first));
    put.content_type("image/jpeg")
        .body(bytes.clone().into())
        .send()
        .await
        .unwrap();
    world.advance(Duration::from_secs(301));
    let _ = send("other").await.expect(201);
    send("k").await.expect_error(429, "upload_quota");
    world.advance(Duration::from_secs(301));
    let created = versions(&world, &first).await.pop();
    let created = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&first),
        created.as_deref(),
        "01",
    );
    assert!(world.deliver(batch([created])).await.is_empty());
    let settled = send("k").await.expect(201).json;
    assert_eq!(
        (&settled["upload"]["status"], &settled["ticket"]),
        (&json!("ready"), &Value::Null)
    );
}

#[tokio::test]
async fn an_idempotency_key_lifts_no_limit() {
    let bytes = samples::jpeg();
    let size: &'static str = Box::leak((2 * bytes.len() - 1).to_string().into_boxed_str());
    let body = json!({"items": vec![request(&bytes, "image/jpeg", "file"); 2]});
    for (limit, most) in [
        ("UPLOAD_PENDING_LIMIT", "1"),
        ("UPLOAD_DAILY_LIMIT", "1"),
        ("UPLOAD_TOTAL_BYTES", size),
    ] {
        let world = World::with(Settings {
            limits: vec![(limit, most)],
            ..Settings::default()
        })
        .await;
        let alice = world.log_in("alice").await;
        let refused = issue_batch(&world, &alice, "k", &body).await;
        refused.expect_error(429, "upload_quota");
        assert!(listed(&world, &alice).await.is_empty(), "{limit}");
    }
}

#[tokio::test]
async fn a_renewed_ticket_reserves_its_bytes_anew() {
    let bytes = samples::jpeg();
    let total: &'static str = Box::leak((2 * bytes.len()).to_string().into_boxed_str());
    let world = World::with(Settings {
        limits: vec![("UPLOAD_TOTAL_BYTES", total)],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let body = request(&bytes, "image/jpeg", "file");
    let send = async |key: &str| {
        let call = world.presign.post("/v1/uploads", &body);
        let call = call.header("idempotency-key", key);
        call.bearer(&alice.token).send().await
    };
    let _ = send("a").await.expect(201);
    let _ = send("b").await.expect(201);
    world.advance(Duration::from_secs(301));
    // Both ended unused: the bytes are counted, and there is room for one new ticket and one renewed.
    let _ = send("c").await.expect(201);
    let _ = send("a").await.expect(201);
    let refused = send("b").await.expect_error(429, "upload_quota");
    assert!(!refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn repetitions_at_once_renew_a_ticket_once_though_it_is_the_last_there_is_room_for() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        limits: vec![("UPLOAD_PENDING_LIMIT", "1")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let body = request(&samples::jpeg(), "image/jpeg", "file");
    let send = async || {
        let call = world.presign.post("/v1/uploads", &body);
        let call = call.header("idempotency-key", "k");
        call.bearer(&alice.token).send().await
    };
    let _ = send().await.expect(201);
    world.advance(Duration::from_secs(301));
    let again = futures_util::future::join_all((0..6).map(|_| send())).await;
    let again: Vec<_> = again
        .into_iter()
        .map(|answer| answer.expect(201).json)
        .collect();
    assert!(again.iter().all(|answer| *answer == again[0]), "{again:?}");
}

#[tokio::test]
async fn a_repetition_shows_no_record_past_its_end() {
    let world = World::new().await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let send = async || {
        let alice = world.log_in("alice").await;
        let call = world.presign.post("/v1/uploads", &body);
        let call = call.header("idempotency-key", "k");
        call.bearer(&alice.token).send().await
    };
    let issued = send().await.expect(201).json;
    let put = world.emulator.s3().put_object();
    store(
        &world,
        &object_key(&issued),
        put.body(vec![b'x'; bytes.len()].into()),
    )
    .await;
    world.advance(Duration::from_secs(301));
    assert_eq!(
        send().await.expect(201).json["upload"]["status"],
        "rejected"
    );
    world.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let alice = world.log_in("alice").await;
    read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect_error(404, "not_found");
    send().await.expect_error(404, "not_found");
}
