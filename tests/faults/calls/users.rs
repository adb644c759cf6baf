//! One fault while a user is read, edited, created or deleted.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use support::proxy::{Fault, Matching};
use support::samples;

use super::{
    NOTHING, PASSING, PASSING_OR_LATE, delete_me, deliver, edit, faulty, in_time, me, owners,
    purge, settled, stored,
};

#[tokio::test]
async fn reading_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let admin = world.log_in("admin").await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    let reads = [
        (&world.users, "/v1/users/me".to_owned(), &alice),
        (&world.users, format!("/v1/users/{}", bob.id), &alice),
        (&world.users, format!("/v1/profiles?ids={}", bob.id), &alice),
        (&world.users, "/v1/users".to_owned(), &admin),
        (&world.users, "/v1/audit".to_owned(), &admin),
        (&world.users, "/v1/reviews".to_owned(), &admin),
        (
            &world.presign,
            format!("/v1/users/{}/uploads", alice.id),
            &admin,
        ),
        (&world.presign, "/v1/uploads".to_owned(), &alice),
        (&world.presign, format!("/v1/uploads/{}", upload.id), &alice),
    ];
    for (function, path, reader) in reads {
        let read = || function.get(&path).bearer(&reader.token).send();
        let expected = read().await.expect(200).json;
        for fault in PASSING {
            proxy.fail(Matching::Any, fault, 1);
            let found = in_time(read()).await.expect(200).json;
            assert_eq!(found, expected, "{path} {fault:?}");
            settled(&proxy).await;
        }
    }
}

#[tokio::test]
async fn an_edit_under_if_match_happens_once_and_is_not_taken_for_somebody_elses() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for fault in PASSING_OR_LATE {
        let before = me(&world, &alice).await.expect(200);
        let version = before.json["version"].as_u64().unwrap();
        proxy.fail(Matching::Of("UpdateItem"), fault, 1);
        let body = json!({"nickname": format!("{fault:?}")});
        let call = alice
            .put("/v1/users/me", &body)
            .header("if-match", before.header("etag"));
        let edited = in_time(call.send()).await.expect(200);
        settled(&proxy).await;
        let after = me(&world, &alice).await.expect(200);
        for json in [&edited.json, &after.json] {
            assert_eq!(json["version"], version + 1, "{fault:?}");
            assert_eq!(json["nickname"], body["nickname"], "{fault:?}");
        }
        assert_eq!(edited.header("etag"), after.header("etag"), "{fault:?}");
    }
}

#[tokio::test]
async fn an_edit_whose_answer_was_lost_is_known_again_though_another_came_after_it() {
    let (proxy, world) = faulty().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let before = me(&world, &alice).await.expect(200);
    proxy.take();
    let writes = Matching::Of("UpdateItem");
    proxy.fail(writes, Fault::DropAfterCommit, 1);
    proxy.fail(writes, Fault::Slow(Duration::from_millis(600)), 1);
    let nickname = json!({"nickname": "A"});
    let own = alice.put("/v1/users/me", &nickname);
    let own = in_time(own.header("if-match", before.header("etag")).send());
    let others = async {
        // The lost write is in the table, and its repetition is on its way.
        while proxy.count(writes) < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let path = format!("/v1/users/{}", alice.id);
        let call = world.users.put(&path, &json!({"role": "admin"}));
        in_time(call.bearer(&admin.token).send()).await
    };
    let (own, others) = tokio::join!(own, others);
    others.expect(200);
    own.expect(200);
    settled(&proxy).await;
    let after = me(&world, &alice).await.expect(200).json;
    assert_eq!(
        (&after["nickname"], &after["role"]),
        (&json!("A"), &json!("admin"))
    );
    assert_eq!(after["version"], 3, "one for each of the two edits");
}

#[tokio::test]
async fn a_change_of_names_happens_once_and_whole() {
    let (proxy, world) = faulty().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let mut last = None;
    for (i, operation) in ["GetItem", "TransactWriteItems"].into_iter().enumerate() {
        for (j, fault) in PASSING_OR_LATE.into_iter().enumerate() {
            let username = format!("alice_{i}_{j}");
            let before = me(&world, &alice).await.expect(200);
            let version = before.json["version"].as_u64().unwrap();
            proxy.fail(Matching::Of(operation), fault, 1);
            let body = json!({"username": username, "email": format!("a{i}{j}@example.com")});
            let call = alice
                .put("/v1/users/me", &body)
                .header("if-match", before.header("etag"));
            let edited = in_time(call.send()).await.expect(200);
            settled(&proxy).await;
            let after = me(&world, &alice).await.expect(200);
            assert_eq!(edited.json, after.json, "{fault:?}");
            assert_eq!(after.json["version"], version + 1, "{fault:?}");
            assert_eq!(owners(&world, &admin, &username).await, [alice.id.as_str()]);
            if let Some(last) = last.replace(username) {
                assert_eq!(owners(&world, &admin, &last).await, NOTHING, "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_account_is_deleted_whole_and_announced() {
    let (proxy, world) = faulty().await;
    for operation in ["GetItem", "TransactWriteItems", "SendMessage"] {
        for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
            let person = format!("{operation}{i}");
            let session = world.log_in(&person).await;
            let names = json!({"username": format!("name_{i}"), "nickname": "N"});
            edit(&world, &session, &names).await.expect(200);
            proxy.fail(Matching::Of(operation), fault, 1);
            delete_me(&world, &session).await.expect(204);
            settled(&proxy).await;
            let refused = me(&world, &session).await;
            refused.expect_problem(401, "unauthorized");
            let announced = world.purge_messages().await;
            let once_each: HashSet<_> = announced.iter().collect();
            assert_eq!(once_each.len(), 1, "{operation} {fault:?}");
            assert!(announced[0].contains(&session.id), "{operation} {fault:?}");
            assert_eq!(purge(&world, &announced).await, NOTHING);
            // The name is free, and the person can come back as somebody new.
            let again = world.log_in(&person).await;
            assert_eq!(again.json["is_new"], true, "{operation} {fault:?}");
            edit(&world, &again, &names).await.expect(200);
            let cleared = edit(&world, &again, &json!({"username": null})).await;
            cleared.expect(200);
        }
    }
}

#[tokio::test]
async fn a_user_is_created_once_and_not_refused_as_their_own_double() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    for operation in ["TransactWriteItems", "BatchGetItem"] {
        for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
            let name = format!("{}_{i}", operation.to_lowercase());
            let body = json!({"openid": name, "username": name});
            proxy.fail(Matching::Of(operation), fault, 1);
            let call = admin.post("/v1/users", &body);
            let created = in_time(call.send()).await.expect(201);
            settled(&proxy).await;
            assert_eq!(created.json["version"], 1, "{fault:?}");
            assert_eq!(created.json["username"], name, "{fault:?}");
            let read = admin.get(created.header("location")).await.expect(200);
            assert_eq!(read.json, created.json, "{fault:?}");
            admin
                .post("/v1/users", &body)
                .await
                .expect_problem(409, "user_exists");
        }
    }
}

#[tokio::test]
async fn what_an_administrator_writes_happens_once_and_so_does_its_entry() {
    let (proxy, world) = faulty().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let path = format!("/v1/users/{}", alice.id);
    let audit = async || {
        let page = admin.get("/v1/audit?limit=100").await.expect(200).json;
        page["items"].as_array().unwrap().len()
    };
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        for body in [json!({"nickname": "A"}), json!({"role": "user"})] {
            let before = me(&world, &alice).await.expect(200).json;
            let entries = audit().await;
            proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
            let call = admin.put(&path, &body);
            let edited = in_time(call.send()).await.expect(200).json;
            settled(&proxy).await;
            let version = before["version"].as_u64().unwrap() + 1;
            assert_eq!(edited["version"], version, "{fault:?}");
            let after = me(&world, &alice).await.expect(200).json;
            assert_eq!(after["version"], version, "{fault:?}");
            assert_eq!(audit().await, entries + 1, "{fault:?}");
        }
        let person = world.log_in(&format!("person{i}")).await;
        let entries = audit().await;
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        let call = world.users.delete(&format!("/v1/users/{}", person.id));
        in_time(call.bearer(&admin.token).send()).await.expect(204);
        settled(&proxy).await;
        assert_eq!(audit().await, entries + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_picture_is_put_on_the_profile_in_the_version_that_was_read() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let picture = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &picture.event).await, NOTHING);
    edit(&world, &alice, &json!({"avatar_upload_id": null}))
        .await
        .expect(200);
    let transactions = Matching::Of("TransactWriteItems");
    proxy.take();
    proxy.fail(transactions, Fault::Slow(Duration::from_millis(300)), 1);
    let body = json!({"avatar_upload_id": picture.id});
    let edited = edit(&world, &alice, &body);
    let replaced = async {
        while proxy.count(transactions) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let text = |text: &str| AttributeValue::S(text.into());
        let update = world.emulator.dynamodb().update_item();
        let update = update
            .table_name(&world.table)
            .key("pk", text(&format!("UP#{}", alice.id)))
            .key("sk", text(&picture.id))
            .update_expression("SET version_id = :other")
            .expression_attribute_values(":other", text("another-version"));
        update.send().await.unwrap();
    };
    let (edited, ()) = tokio::join!(edited, replaced);
    let url = edited.expect(200).json["avatar_url"].clone();
    let url = url.as_str().unwrap();
    assert!(url.contains("versionId=another-version"), "{url}");
    assert_eq!(proxy.count(transactions), 2);
}
