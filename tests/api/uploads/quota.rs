//! How much one user may store, and how many tickets they may hold.

use std::time::Duration;

use support::proxy::{Fault, Proxy};
use support::world::Settings;
use support::{World, samples};

use super::{issue, listed, request, upload};

#[tokio::test]
async fn stored_bytes_are_limited_and_deleting_makes_room() {
    let bytes = samples::jpeg();
    let total: &'static str = Box::leak((3 * bytes.len()).to_string().into_boxed_str());
    let world = World::with(Settings {
        limits: vec![("UPLOAD_TOTAL_BYTES", total)],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let body = request(&bytes, "image/jpeg", "file");
    let wrong = vec![b'x'; bytes.len()];
    let refused = async || {
        let call = world
            .presign
            .post("/v1/uploads", &body)
            .bearer(&alice.token);
        let refused = call.send().await.expect_error(429, "upload_quota");
        assert!(
            !refused.headers.contains_key("retry-after"),
            "time makes no room"
        );
    };
    let first = upload(&world, &alice, &body, &bytes).await;
    upload(&world, &alice, &body, &bytes).await;
    // What is rejected takes up no space.
    upload(&world, &alice, &body, &wrong).await;
    upload(&world, &alice, &body, &bytes).await;
    refused().await;
    refused().await;
    let path = format!("/v1/uploads/{}", first["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    let last = upload(&world, &alice, &body, &bytes).await;
    refused().await;
    let admin = world.log_in("admin").await;
    let path = format!(
        "/v1/users/{}/uploads/{}",
        alice.id,
        last["upload"]["id"].as_str().unwrap()
    );
    let delete = world.presign.delete(&path).bearer(&admin.token);
    delete.send().await.expect(204);
    upload(&world, &alice, &body, &bytes).await;
    refused().await;
    let bob = world.log_in("bob").await;
    issue(&world, &bob, &body).await;
}

#[tokio::test]
async fn many_tickets_at_once_by_one_person_all_come() {
    let proxy = Proxy::start().await;
    proxy.refuse_overlapping_transactions();
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        limits: vec![("UPLOAD_PENDING_LIMIT", "100")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let body = request(&samples::jpeg(), "image/jpeg", "file");
    for _ in 0..5 {
        let calls = (0..18).map(|_| {
            let call = world.presign.post("/v1/uploads", &body);
            call.bearer(&alice.token).send()
        });
        for answer in futures_util::future::join_all(calls).await {
            let _ = answer.expect(201);
        }
    }
    assert_eq!(listed(&world, &alice).await.len(), 90);
    let met = |seen: &support::proxy::Seen| seen.fault == Some(Fault::TransactionConflict);
    assert!(proxy.take().iter().any(met), "no two transactions met");
}

/// Begins on the next day if this one ends before six minutes are over: tickets are counted by the day.
fn begin_on_one_day(world: &World) {
    const DAY: u64 = 24 * 60 * 60;
    let left = DAY - u64::try_from(world.clock.now().secs()).unwrap() % DAY;
    if left < 6 * 60 {
        world.advance(Duration::from_secs(left));
    }
}

#[tokio::test]
async fn open_and_daily_tickets_are_limited() {
    let limits = vec![("UPLOAD_PENDING_LIMIT", "3"), ("UPLOAD_DAILY_LIMIT", "5")];
    let world = World::with(Settings {
        limits,
        ..Settings::default()
    })
    .await;
    begin_on_one_day(&world);
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    for _ in 0..2 {
        issue(&world, &alice, &body).await;
    }
    upload(&world, &alice, &body, &bytes).await;
    // Three were issued, one is used: there is room for one more.
    issue(&world, &alice, &body).await;
    let refused = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&alice.token)
        .send()
        .await;
    let refused = refused.expect_error(429, "upload_quota");
    assert!((290..=300).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    let bob = world.log_in("bob").await;
    issue(&world, &bob, &body).await;
    // The tickets run out, and the day's last one is issued.
    world.advance(Duration::from_secs(301));
    issue(&world, &alice, &body).await;
    let refused = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&alice.token)
        .send()
        .await;
    refused.expect_error(429, "upload_quota");
    world.advance(Duration::from_secs(24 * 60 * 60));
    let alice = world.log_in("alice").await;
    issue(&world, &alice, &body).await;
}
