//! Outages: answered as such, in time, and with nothing half done.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use support::proxy::{Fault, Matching, Service};
use support::samples;

use super::{
    NOTHING, PATIENCE, batch, delete_me, deliver, edit, faulty, in_time, me, purge, status, stored,
    ticket_request, unavailable, uploads, versions,
};

#[tokio::test]
async fn an_outage_is_answered_as_one_and_leaves_nothing_half_done() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    let file = ticket_request("file", &samples::jpeg());
    let upload = format!("/v1/uploads/{}", upload.id);
    let etag = me(&world, &alice).await.expect(200);
    let token = json!({"refresh_token": alice.refresh_token});
    let carol = json!({"openid": "carol", "username": "carol_1"});
    let (nickname, username) = (json!({"nickname": "A"}), json!({"username": "alice_1"}));
    let as_alice = |call: support::api::Call| call.bearer(&alice.token);
    let calls = || {
        [
            (
                world
                    .login
                    .post("/v1/login", &json!({"code": world.code("bob")})),
                200,
            ),
            (world.login.post("/v1/login/refresh", &token), 200),
            (as_alice(world.users.get("/v1/users/me")), 200),
            (
                as_alice(world.users.put("/v1/users/me", &nickname))
                    .header("if-match", etag.header("etag")),
                200,
            ),
            (as_alice(world.users.put("/v1/users/me", &username)), 200),
            (admin.post("/v1/users", &carol), 201),
            (as_alice(world.presign.post("/v1/uploads", &file)), 201),
            (as_alice(presign.delete(&upload)), 204),
            (as_alice(world.login.call(Method::POST, "/v1/logout")), 204),
            (as_alice(world.users.delete("/v1/users/me")), 204),
        ]
    };
    proxy.fail_always(Matching::To(Service::DynamoDb), Fault::Throttle);
    for (call, _) in calls() {
        unavailable(in_time(call.send()).await);
    }
    proxy.heal();
    for (call, status) in calls() {
        in_time(call.send()).await.expect(status);
    }
}

#[tokio::test]
async fn every_kind_of_outage_is_answered_as_one_and_in_time() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for fault in [
        Fault::InternalError,
        Fault::DropBefore,
        Fault::DropAfterCommit,
        Fault::Slow(Duration::from_secs(5)),
    ] {
        proxy.fail_always(Matching::Any, fault);
        unavailable(in_time(world.try_log_in("bob")).await);
        unavailable(edit(&world, &alice, &json!({"nickname": "A"})).await);
        proxy.heal();
        world.log_in("bob").await;
    }
}

#[tokio::test]
async fn an_account_whose_deletion_could_not_be_announced_is_announced_by_the_repetition() {
    let (proxy, world) = faulty().await;
    for fault in [Fault::DropBefore, Fault::Throttle, Fault::DropAfterCommit] {
        let alice = world.log_in("alice").await;
        let before = me(&world, &alice).await;
        let delete = || {
            let call = alice.delete("/v1/users/me");
            in_time(call.header("if-match", before.header("etag")).send())
        };
        proxy.fail_always(Matching::To(Service::Sqs), fault);
        unavailable(delete().await);
        me(&world, &alice).await.expect(200);
        proxy.heal();
        delete().await.expect(204);
        me(&world, &alice).await.expect_problem(401, "unauthorized");
        let announced = world.purge_messages().await;
        assert!(!announced.is_empty(), "{fault:?}");
        assert!(announced.iter().all(|text| text.contains(&alice.id)));
        assert_eq!(purge(&world, &announced).await, NOTHING);
        assert_eq!(world.log_in("alice").await.json["is_new"], true);
    }
}

#[tokio::test]
async fn an_outage_fails_every_message_in_time_and_they_come_again() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let mut uploads = Vec::new();
    for i in 0..10 {
        let purpose = if i == 9 { "avatar" } else { "file" };
        uploads.push(stored(&world, &alice, purpose, &samples::jpeg()).await);
    }
    let messages = || batch(uploads.iter().map(|upload| &upload.event).enumerate());
    for (service, fault) in [
        (Service::DynamoDb, Fault::Throttle),
        (Service::S3, Fault::DropBefore),
        (Service::S3, Fault::Slow(Duration::from_secs(60))),
    ] {
        proxy.fail_always(Matching::To(service), fault);
        let started = Instant::now();
        let mut failed = world.deliver(messages()).await;
        assert!(started.elapsed() < PATIENCE, "{service:?} {fault:?}");
        failed.sort_unstable();
        let all: Vec<_> = (0..10).map(|i| i.to_string()).collect();
        assert_eq!(failed, all, "{service:?} {fault:?}");
        proxy.heal();
    }
    assert_eq!(world.deliver(messages()).await, NOTHING);
    for upload in &uploads {
        assert_eq!(status(&world, &alice, &upload.id).await, "ready");
    }
}

#[tokio::test]
async fn a_purge_during_an_outage_comes_again() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    delete_me(&world, &alice).await.expect(204);
    let announced = world.purge_messages().await;
    for service in [Service::S3, Service::DynamoDb] {
        proxy.fail_always(Matching::To(service), Fault::Throttle);
        let started = Instant::now();
        assert_eq!(purge(&world, &announced).await, ["0"], "{service:?}");
        assert!(started.elapsed() < PATIENCE, "{service:?}");
        proxy.heal();
    }
    // Nothing but the answers is lost, at every step: what is done is done.
    for operation in ["DeleteObjects", "BatchWriteItem", "UpdateItem"] {
        proxy.fail(Matching::Of(operation), Fault::DropAfterCommit, 3);
    }
    let mut deliveries = 1;
    while !purge(&world, &announced).await.is_empty() {
        deliveries += 1;
        assert!(deliveries < 5, "a purge that is cut off goes on");
    }
    assert_eq!(versions(&world, &format!("u/{}/", alice.id)).await, 0);
    let again = world.log_in("alice").await;
    assert!(uploads(&world, &again).await.is_empty());
}
