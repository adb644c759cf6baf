//! What was written although its answer was lost, and the repetition of it.

use std::time::Duration;

use serde_json::json;
use support::proxy::{Fault, Matching, Proxy};
use support::samples;

use super::{
    NOTHING, PASSING, delete_me, deliver, edit, faulty, in_time, me, purge, settled, status,
    store_object, stored, ticket, ticket_request, unavailable, uploads, versions,
};

/// Lets so many matching requests pass before the next fault.
fn pass(proxy: &Proxy, matching: Matching, times: usize) {
    proxy.fail(matching, Fault::Slow(Duration::ZERO), times);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_an_answer_that_was_lost() {
    let (proxy, world) = faulty().await;
    let cut_off = |operation| proxy.fail(Matching::Of(operation), Fault::CutOff, 1);
    cut_off("UpdateItem");
    let alice = world.session(in_time(world.try_log_in("alice")).await);
    assert_eq!(alice.json["is_new"], true);
    cut_off("UpdateItem");
    let next = in_time(alice.refresh()).await;
    let next = world.session(next);
    next.refresh().await.expect(200);
    let before = me(&world, &alice).await.expect(200);
    cut_off("UpdateItem");
    let nickname = json!({"nickname": "A"});
    let call = alice
        .put("/v1/users/me", &nickname)
        .header("if-match", before.header("etag"));
    let edited = in_time(call.send()).await.expect(200);
    assert_eq!(edited.json["version"], 2);
    cut_off("GetItem");
    cut_off("TransactWriteItems");
    let edited = edit(&world, &alice, &json!({"username": "alice_1"})).await;
    assert_eq!(edited.expect(200).json["version"], 3);
    cut_off("Query");
    assert!(uploads(&world, &alice).await.is_empty());

    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    // The object's bytes come as a stream, which nobody can repeat half-way: the message comes again.
    cut_off("GetObject");
    assert_eq!(deliver(&world, &upload.event).await, ["0"]);
    cut_off("UpdateItem");
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    assert_eq!(status(&world, &alice, &upload.id).await, "ready");
    cut_off("SendMessage");
    delete_me(&world, &alice).await.expect(204);
    settled(&proxy).await;
    let announced = world.purge_messages().await;
    for operation in ["ListObjectVersions", "DeleteObjects", "BatchWriteItem"] {
        cut_off(operation);
    }
    assert_eq!(purge(&world, &announced).await, NOTHING);
    settled(&proxy).await;
    assert_eq!(versions(&world, &upload.key).await, 0);
}

#[tokio::test]
async fn what_was_done_though_no_answer_came_is_not_held_against_the_repetition() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let alice = world.log_in("alice").await;
    let lose_all_answers =
        |operation| proxy.fail_always(Matching::Of(operation), Fault::DropAfterCommit);

    lose_all_answers("UpdateItem");
    unavailable(in_time(alice.refresh()).await);
    proxy.heal();
    let next = alice.refreshed().await;
    next.refresh().await.expect(200);

    let names = json!({"username": "alice_1", "email": "alice@example.com"});
    lose_all_answers("TransactWriteItems");
    unavailable(edit(&world, &alice, &names).await);
    proxy.heal();
    let edited = edit(&world, &alice, &names).await.expect(200).json;
    assert_eq!(edited["username"], "alice_1");

    let body = ticket_request("file", &samples::jpeg());
    lose_all_answers("TransactWriteItems");
    unavailable(ticket(&world, &alice, &body, "k").await);
    proxy.heal();
    let issued = ticket(&world, &alice, &body, "k").await.expect(201).json;
    assert!(issued["ticket"].is_object());
    assert_eq!(uploads(&world, &alice).await.len(), 1);

    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    let upload = store_object(&world, &alice, id, &samples::jpeg()).await;
    lose_all_answers("UpdateItem");
    assert_eq!(deliver(&world, &upload.event).await, ["0"]);
    proxy.heal();
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    assert_eq!(status(&world, &alice, &upload.id).await, "ready");

    let path = format!("/v1/uploads/{}", upload.id);
    let delete = || presign.delete(&path).bearer(&alice.token).send();
    lose_all_answers("DeleteObject");
    unavailable(in_time(delete()).await);
    proxy.heal();
    in_time(delete()).await.expect(204);
    assert_eq!(versions(&world, &upload.key).await, 0);

    lose_all_answers("TransactWriteItems");
    unavailable(delete_me(&world, &alice).await);
    proxy.heal();
    delete_me(&world, &alice).await.expect(204);
    assert!(!world.purge_messages().await.is_empty());
}

#[tokio::test]
async fn an_avatar_whose_answer_was_lost_still_sees_its_predecessor_off() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let old = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &old.event).await, NOTHING);
    let new = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    proxy.fail(
        Matching::Of("TransactWriteItems"),
        Fault::DropAfterCommit,
        3,
    );
    assert_eq!(deliver(&world, &new.event).await, ["0"]);
    assert_eq!(versions(&world, &old.key).await, 1);
    assert_eq!(deliver(&world, &new.event).await, NOTHING);
    assert_eq!(versions(&world, &old.key).await, 0);
    assert_eq!(status(&world, &alice, &new.id).await, "ready");
}

/// Cut off between the profile's change and the removal of the old picture, and then the new one ends, too.
#[tokio::test]
async fn a_predecessor_goes_though_its_successor_ended_meanwhile() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for is_replaced in [false, true] {
        let old = stored(&world, &alice, "avatar", &samples::jpeg()).await;
        assert_eq!(deliver(&world, &old.event).await, NOTHING);
        let new = stored(&world, &alice, "avatar", &samples::jpeg()).await;
        let lost = Fault::DropAfterCommit;
        proxy.fail(Matching::Of("TransactWriteItems"), lost, 3);
        assert_eq!(deliver(&world, &new.event).await, ["0"]);
        settled(&proxy).await;
        if is_replaced {
            let newest = stored(&world, &alice, "avatar", &samples::jpeg()).await;
            assert_eq!(deliver(&world, &newest.event).await, NOTHING);
        } else {
            let path = format!("/v1/uploads/{}", new.id);
            alice.delete(&path).await.expect(204);
        }
        assert_eq!(deliver(&world, &new.event).await, NOTHING);
        assert_eq!(versions(&world, &new.key).await, 0, "{is_replaced}");
        assert_eq!(versions(&world, &old.key).await, 0, "{is_replaced}");
    }
}

/// The audit has an entry of it, and nothing is left without a record.
#[tokio::test]
async fn an_administrators_deletion_that_s3_stops_leaves_the_upload_until_it_is_repeated() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    proxy.fail(Matching::Of("DeleteObject"), Fault::InternalError, 2);
    let path = format!("/v1/users/{}/uploads/{}", alice.id, upload.id);
    unavailable(presign.delete(&path).bearer(&admin.token).send().await);
    settled(&proxy).await;
    let own = format!("/v1/uploads/{}", upload.id);
    assert_eq!(alice.get(&own).await.expect(200)["status"], "ready");
    assert_eq!(versions(&world, &upload.key).await, 1);
    presign
        .delete(&path)
        .bearer(&admin.token)
        .send()
        .await
        .expect(204);
    alice.get(&own).await.expect_problem(404, "not_found");
    assert_eq!(versions(&world, &upload.key).await, 0);
}

/// Of two delete markers the one whose event is worked on goes last.
#[tokio::test]
async fn the_removal_of_hidden_versions_is_finished_by_the_repetition() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    let mut event = upload.event;
    for _ in 0..2 {
        let s3 = world.emulator.s3();
        let marker = s3.delete_object().bucket(&world.bucket).key(&upload.key);
        let marker = marker.send().await.unwrap().version_id.unwrap();
        event["Records"][0]["eventName"] = json!("ObjectRemoved:DeleteMarkerCreated");
        event["Records"][0]["s3"]["object"]["versionId"] = json!(marker);
    }
    pass(&proxy, Matching::Of("DeleteObject"), 2);
    proxy.fail(Matching::Of("DeleteObject"), Fault::InternalError, 3);
    assert_eq!(deliver(&world, &event).await, ["0"]);
    settled(&proxy).await;
    assert_eq!(deliver(&world, &event).await, NOTHING);
    assert_eq!(versions(&world, &upload.key).await, 0);
}

#[tokio::test]
async fn nothing_that_could_fail_comes_after_a_user_was_created() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    let reads = Matching::Of("BatchGetItem");
    let create = async |openid: &str| {
        let body = json!({"openid": openid});
        let call = admin.post("/v1/users", &body);
        in_time(call.send()).await
    };
    proxy.take();
    create("bob").await.expect(201);
    pass(&proxy, reads, proxy.count(reads));
    proxy.fail_always(reads, Fault::Throttle);
    create("carol").await.expect(201);
    // And what fails before has left nothing that a repetition could stumble over.
    proxy.heal();
    proxy.fail_always(reads, Fault::Throttle);
    unavailable(create("dave").await);
    proxy.heal();
    create("dave").await.expect(201);
}

#[tokio::test]
async fn a_user_who_was_deleted_is_created_anew_once() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    for (i, fault) in PASSING.into_iter().enumerate() {
        let person = world.log_in(&format!("person{i}")).await;
        delete_me(&world, &person).await.expect(204);
        let announced = world.purge_messages().await;
        assert_eq!(purge(&world, &announced).await, NOTHING);
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        let body = json!({"openid": format!("person{i}"), "nickname": "N"});
        let call = admin.post("/v1/users", &body);
        let created = in_time(call.send()).await.expect(201);
        settled(&proxy).await;
        let read = admin
            .get(&format!("/v1/users/{}", person.id))
            .await
            .expect(200);
        assert_eq!(read.json, created.json, "{fault:?}");
        assert_eq!(read.header("etag"), created.header("etag"), "{fault:?}");
        // The token of the former generation stays without power.
        me(&world, &person)
            .await
            .expect_problem(401, "unauthorized");
    }
}
