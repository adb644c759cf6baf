//! How much one user may store, and how many tickets they may hold.

use std::time::Duration;

use futures_util::future::join_all;
use support::proxy::{Fault, Proxy, Seen};
use support::world::Settings;
use support::{World, samples, wanted};

use super::TICKET_ENDS;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn stored_bytes_are_limited_and_deleting_makes_room() {
    let bytes = samples::jpeg();
    let total = (3 * bytes.len()).to_string();
    let world = World::limited(&[("UPLOAD_TOTAL_BYTES", &total)]).await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let body = wanted("file", &bytes);
    let upload = async || world.upload(&alice, "file", &bytes).await;
    let refused = async || {
        let refused = alice.post("/v1/uploads", &body).await;
        let refused = refused.expect_problem(429, "upload_quota");
        let retry_after = refused.headers.get("retry-after");
        assert_eq!(retry_after, None, "time makes no room");
    };
    let first = upload().await;
    upload().await;
    // What is rejected takes up no space.
    let wrong = vec![b'x'; bytes.len()];
    world.upload_as(&alice, &body, &wrong).await;
    upload().await;
    refused().await;
    refused().await;
    alice.delete_upload(&first).await.expect(204);
    let last = upload().await;
    refused().await;
    let path = format!("/v1/users/{}/uploads/{}", alice.id, last.id);
    admin.delete(&path).await.expect(204);
    upload().await;
    refused().await;
    bob.issue(&body).await;
}

#[tokio::test]
async fn many_tickets_at_once_by_one_person_all_come() {
    let proxy = Proxy::start().await;
    proxy.refuse_overlapping_transactions();
    let limits = [("UPLOAD_PENDING_LIMIT", "100")];
    let world = World::with(Settings::behind(&proxy).limits(&limits)).await;
    let alice = world.log_in("alice").await;
    let body = wanted("file", &samples::jpeg());
    for _ in 0..5 {
        let calls = (0..18).map(|_| alice.post("/v1/uploads", &body).send());
        for answer in join_all(calls).await {
            answer.expect(201);
        }
    }
    assert_eq!(alice.uploads().await.len(), 90);
    let met = |seen: &Seen| seen.fault == Some(Fault::TransactionConflict);
    assert!(proxy.take().iter().any(met), "no two transactions met");
}

/// Begins on the next day if this one ends before six minutes are over: tickets are counted by the day.
fn begin_on_one_day(world: &World) {
    let day = DAY.as_secs();
    let left = day - u64::try_from(world.clock.now().secs()).unwrap() % day;
    if left < 6 * 60 {
        world.advance(Duration::from_secs(left));
    }
}

#[tokio::test]
async fn open_and_daily_tickets_are_limited() {
    let limits = [("UPLOAD_PENDING_LIMIT", "3"), ("UPLOAD_DAILY_LIMIT", "5")];
    let world = World::limited(&limits).await;
    begin_on_one_day(&world);
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::jpeg();
    let body = wanted("file", &bytes);
    for _ in 0..2 {
        alice.issue(&body).await;
    }
    world.upload(&alice, "file", &bytes).await;
    // Three were issued, one is used: there is room for one more.
    alice.issue(&body).await;
    let refused = alice.post("/v1/uploads", &body).await;
    let refused = refused.expect_problem(429, "upload_quota");
    let retry_after: u32 = refused.header("retry-after").parse().unwrap();
    assert!((290..=300).contains(&retry_after));
    bob.issue(&body).await;
    // The tickets expire, and the day's last one is issued.
    world.advance(TICKET_ENDS);
    alice.issue(&body).await;
    let refused = alice.post("/v1/uploads", &body).await;
    refused.expect_problem(429, "upload_quota");
    world.advance(DAY);
    let alice = world.log_in("alice").await;
    alice.issue(&body).await;
}
