//! Requests that carry an idempotency key and come again.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::proxy::Proxy;
use support::uploads::ids;
use support::world::Settings;
use support::{World, samples, wanted};

use super::TICKET_ENDS;

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_repeated_request_gets_the_same_upload() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::jpeg();
    let body = wanted("file", &bytes);
    let first = alice.issue_once("k1", &body).await.upload();
    let again = alice.issue_once("k1", &body).await.upload();
    assert_eq!(first["upload"], again["upload"]);
    assert_eq!(again.post(&bytes).await, 201);
    for other in [alice.issue_once("k2", &body), bob.issue_once("k1", &body)] {
        assert_ne!(other.await.upload().id, first.id);
    }
    let mut other = body.clone();
    other["size"] = json!(bytes.len() + 1);
    let refused = alice.issue_once("k1", &other).await;
    refused.expect_problem(422, "idempotency_mismatch");
    // A batch of the same one has another body.
    let refused = alice.issue_batch("k1", &json!({"items": [body]})).await;
    refused.expect_problem(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_repetition_renews_a_ticket_that_ended_and_shows_its_upload_again() {
    let limits = [("UPLOAD_PENDING_LIMIT", "1"), ("UPLOAD_DAILY_LIMIT", "2")];
    let world = World::limited(&limits).await;
    let bytes = samples::jpeg();
    let body = wanted("file", &bytes);
    let send = async |key: &str| world.log_in("alice").await.issue_once(key, &body).await;
    let first = send("k").await.upload();
    let again = send("k").await.upload();
    assert_eq!(again, first, "the same ticket with the same end");
    // Hidden after a day, and as good as new when it is asked for again.
    world.advance(25 * HOUR);
    let alice = world.log_in("alice").await;
    assert!(alice.uploads().await.is_empty());
    alice.read(&first).await.expect_problem(404, "not_found");
    let renewed = send("k").await.upload();
    assert_eq!(renewed["upload"], first["upload"]);
    assert_eq!(send("k").await.upload(), renewed);
    assert_eq!(ids(&alice.uploads().await), [first.id.as_str()]);
    // It counts as open again, and a second one has no room, while it has none of the day's.
    send("other").await.expect_problem(429, "upload_quota");
    world.store(&first.key, &bytes).await;
    world.advance(TICKET_ENDS);
    send("other").await.expect(201);
    send("k").await.expect_problem(429, "upload_quota");
    world.advance(TICKET_ENDS);
    world.deliver_all([world.created(&first).await]).await;
    let settled = send("k").await.upload();
    assert_eq!(settled["upload"]["status"], "ready");
    assert_eq!(settled["ticket"], Value::Null);
}

#[tokio::test]
async fn an_idempotency_key_lifts_no_limit() {
    let bytes = samples::jpeg();
    let size = (2 * bytes.len() - 1).to_string();
    let batch = json!({"items": vec![wanted("file", &bytes); 2]});
    for limit in [
        ("UPLOAD_PENDING_LIMIT", "1"),
        ("UPLOAD_DAILY_LIMIT", "1"),
        ("UPLOAD_TOTAL_BYTES", &size),
    ] {
        let world = World::limited(&[limit]).await;
        let alice = world.log_in("alice").await;
        let refused = alice.issue_batch("k", &batch).await;
        refused.expect_problem(429, "upload_quota");
        assert!(alice.uploads().await.is_empty(), "{limit:?}");
    }
}

#[tokio::test]
async fn a_renewed_ticket_reserves_its_bytes_anew() {
    let bytes = samples::jpeg();
    let total = (2 * bytes.len()).to_string();
    let world = World::limited(&[("UPLOAD_TOTAL_BYTES", &total)]).await;
    let alice = world.log_in("alice").await;
    let body = wanted("file", &bytes);
    for key in ["a", "b"] {
        alice.issue_once(key, &body).await.expect(201);
    }
    world.advance(TICKET_ENDS);
    // Both ended unused: the bytes are counted, and there is room for one new ticket and one renewed.
    for key in ["c", "a"] {
        alice.issue_once(key, &body).await.expect(201);
    }
    let refused = alice.issue_once("b", &body).await;
    let refused = refused.expect_problem(429, "upload_quota");
    assert!(!refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn repetitions_at_once_renew_a_ticket_once_though_it_is_the_last_there_is_room_for() {
    let proxy = Proxy::start().await;
    let limits = [("UPLOAD_PENDING_LIMIT", "1")];
    let world = World::with(Settings::behind(&proxy).limits(&limits)).await;
    let alice = world.log_in("alice").await;
    let body = wanted("file", &samples::jpeg());
    alice.issue_once("k", &body).await.expect(201);
    world.advance(TICKET_ENDS);
    let again = (0..6).map(|_| alice.issue_once("k", &body).send());
    let again = join_all(again).await.into_iter();
    let again: Vec<_> = again.map(|answer| answer.expect(201).json).collect();
    assert!(again.iter().all(|answer| *answer == again[0]), "{again:?}");
}

#[tokio::test]
async fn a_repetition_shows_no_record_past_its_end() {
    let world = World::new().await;
    let bytes = samples::jpeg();
    let body = wanted("file", &bytes);
    let send = async || world.log_in("alice").await.issue_once("k", &body).await;
    let upload = send().await.upload();
    world
        .store_and_deliver(&upload.key, &vec![b'x'; bytes.len()])
        .await;
    world.advance(TICKET_ENDS);
    assert_eq!(send().await.upload()["upload"]["status"], "rejected");
    world.advance(8 * 24 * HOUR);
    let alice = world.log_in("alice").await;
    alice.read(&upload).await.expect_problem(404, "not_found");
    send().await.expect_problem(404, "not_found");
}
