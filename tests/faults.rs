//! What the functions answer when AWS throttles, breaks, dawdles or loses an answer: the right result, or 503 and the
//! right result to the repetition. Never something that is not so.
//!
//! All clients of a process share the SDK's quota of retries, so outages here are kept to what leaves enough of it for
//! the tests beside them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use support::proxy::{Fault, Matching, Proxy, Service};
use support::world::Settings;
use support::{Answer, Session, World, samples};

const NOTHING: [&str; 0] = [];

/// What one repetition has to make good.
const PASSING: [Fault; 4] = [
    Fault::Throttle,
    Fault::InternalError,
    Fault::DropBefore,
    Fault::DropAfterCommit,
];

/// The same for writes, for which it matters, too, that one can be given up on and arrive after its repetition.
const PASSING_OR_LATE: [Fault; 5] = [
    Fault::Throttle,
    Fault::InternalError,
    Fault::DropBefore,
    Fault::DropAfterCommit,
    LATE,
];

/// Longer than a client waits for one attempt.
const LATE: Fault = Fault::Slow(Duration::from_secs(1));

/// A phone gives up after this time at the latest, and an invocation ends a little later.
const PATIENCE: Duration = Duration::from_secs(8);

/// Lets so many matching requests pass before the next fault.
fn pass(proxy: &Proxy, matching: Matching, times: usize) {
    proxy.fail(matching, Fault::Slow(Duration::ZERO), times);
}

async fn faulty() -> (Proxy, World) {
    faulty_with(&[]).await
}

async fn faulty_with(limits: &[(&'static str, &'static str)]) -> (Proxy, World) {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        limits: limits.to_vec(),
        ..Settings::default()
    })
    .await;
    (proxy, world)
}

/// Waits until late requests have arrived too, and fails the test if a fault met no request.
#[track_caller]
fn settled(proxy: &Proxy) -> impl Future<Output = ()> + '_ {
    assert_eq!(proxy.faults_left(), 0, "faults that met no request");
    proxy.quiet()
}

/// The answer to a call, which has to come in time.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer.expect("an answer in time")
}

/// Fails the test unless the answer says that a repetition may work. That it says when is checked of every answer.
#[track_caller]
fn unavailable(answer: Answer) {
    answer.expect_error(503, "temporarily_unavailable");
}

async fn me(world: &World, session: &Session) -> Answer {
    let call = world.users.get("/v1/users/me").bearer(&session.token);
    call.send().await
}

async fn edit(world: &World, session: &Session, body: &Value) -> Answer {
    let call = world.users.put("/v1/users/me", body);
    in_time(call.bearer(&session.token).send()).await
}

async fn delete_me(world: &World, session: &Session) -> Answer {
    let call = world.users.delete("/v1/users/me").bearer(&session.token);
    in_time(call.send()).await
}

/// The ids of the users who have the username.
async fn owners(world: &World, admin: &Session, username: &str) -> Vec<String> {
    let path = format!("/v1/users?username={username}");
    let call = world.users.get(&path).bearer(&admin.token);
    let found = call.send().await.expect(200).json;
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ticket_request(purpose: &str, bytes: &[u8]) -> Value {
    json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose})
}

async fn ticket(world: &World, owner: &Session, body: &Value, idempotency_key: &str) -> Answer {
    let call = world.presign.post("/v1/uploads", body).bearer(&owner.token);
    in_time(call.header("idempotency-key", idempotency_key).send()).await
}

async fn uploads(world: &World, owner: &Session) -> Vec<Value> {
    let call = world.presign.get("/v1/uploads?limit=100");
    let page = call.bearer(&owner.token).send().await.expect(200).json;
    page["items"].as_array().unwrap().clone()
}

/// An upload whose object is stored, and the event that says so.
struct Stored {
    id: String,
    key: String,
    event: Value,
}

async fn stored(world: &World, owner: &Session, purpose: &str, bytes: &[u8]) -> Stored {
    let call = world
        .presign
        .post("/v1/uploads", &ticket_request(purpose, bytes));
    let issued = call.bearer(&owner.token).send().await.expect(201).json;
    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    store_object(world, owner, id, bytes).await
}

async fn store_object(world: &World, owner: &Session, id: String, bytes: &[u8]) -> Stored {
    let key = format!("u/{}/{id}.jpg", owner.id);
    let s3 = world.emulator.s3();
    let put = s3.put_object().bucket(&world.bucket).key(&key);
    let put = put.content_type("image/jpeg").body(bytes.to_vec().into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let event = json!({"Records": [record]});
    Stored { id, key, event }
}

async fn status(world: &World, owner: &Session, id: &str) -> String {
    let path = format!("/v1/uploads/{id}");
    let call = world.presign.get(&path).bearer(&owner.token);
    let upload = call.send().await.expect(200).json;
    upload["status"].as_str().unwrap().to_owned()
}

/// How many versions of objects below a prefix the bucket holds.
async fn versions(world: &World, prefix: &str) -> usize {
    let s3 = world.emulator.s3();
    let list = s3.list_object_versions().bucket(&world.bucket);
    let page = list.prefix(prefix).send().await.unwrap();
    page.versions().len() + page.delete_markers().len()
}

fn batch<'a>(bodies: impl IntoIterator<Item = (usize, &'a Value)>) -> Value {
    let message =
        |(i, body): (usize, &Value)| json!({"messageId": i.to_string(), "body": body.to_string()});
    json!({"Records": bodies.into_iter().map(message).collect::<Vec<_>>()})
}

/// Delivers one event; returns the messages that failed.
async fn deliver(world: &World, event: &Value) -> Vec<String> {
    world.deliver(batch([(0, event)])).await
}

/// Delivers messages to `purge`; returns those that failed.
async fn purge(world: &World, messages: &[String]) -> Vec<String> {
    let bodies: Vec<Value> = messages
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let event = batch(bodies.iter().enumerate());
    let answer = world.purge.handle(event, world.soon()).await.unwrap();
    let failures = answer.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn a_login_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        let person = format!("person{i}");
        proxy.fail(Matching::Of("UpdateItem"), fault, 1);
        let session = Session::of(in_time(world.try_log_in(&person)).await.expect(200).json);
        assert_eq!(session.json["is_new"], true, "{fault:?}");
        settled(&proxy).await;
        let user = me(&world, &session).await.expect(200).json;
        assert_eq!(user["version"], 1, "{fault:?}");
        world.refresh(&session.refresh_token).await.expect(200);
        let again = world.log_in(&person).await;
        assert_eq!(again.json["is_new"], false, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_that_arrives_late_undoes_nothing_that_came_after_it() {
    let (proxy, world) = faulty().await;
    // Long enough for what comes after the login to come before the late request.
    let late = Fault::Slow(Duration::from_secs(3));
    proxy.fail(Matching::Of("UpdateItem"), late, 1);
    let first = Session::of(in_time(world.try_log_in("alice")).await.expect(200).json);
    let second = world.refresh(&first.refresh_token).await.expect(200);
    let second = Session::of(second.json);
    settled(&proxy).await;
    world.refresh(&second.refresh_token).await.expect(200);

    proxy.fail(Matching::Of("UpdateItem"), late, 1);
    let other = Session::of(in_time(world.try_log_in("alice")).await.expect(200).json);
    let logout = world.login.call(Method::POST, "/v1/logout");
    logout.bearer(&other.token).send().await.expect(204);
    settled(&proxy).await;
    let refused = world.refresh(&other.refresh_token).await;
    refused.expect_error(401, "refresh_invalid");
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_gives_the_one_successor() {
    let (proxy, world) = faulty().await;
    for fault in PASSING_OR_LATE {
        let first = world.log_in("alice").await;
        proxy.fail(Matching::Of("UpdateItem"), fault, 1);
        let second = in_time(world.refresh(&first.refresh_token)).await;
        let second = Session::of(second.expect(200).json);
        assert_ne!(first.refresh_token, second.refresh_token, "{fault:?}");
        settled(&proxy).await;
        let third = world.refresh(&second.refresh_token).await.expect(200);
        let third = Session::of(third.json);
        assert_ne!(second.refresh_token, third.refresh_token, "{fault:?}");
    }
}

#[tokio::test]
async fn a_logout_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    for fault in PASSING {
        for body in [json!({}), json!({"all": true})] {
            let session = world.log_in("alice").await;
            proxy.fail(Matching::Of("UpdateItem"), fault, 1);
            let call = world.login.post("/v1/logout", &body);
            let answer = in_time(call.bearer(&session.token).send()).await;
            answer.expect(204);
            settled(&proxy).await;
            let refused = world.refresh(&session.refresh_token).await;
            refused.expect_error(401, "refresh_invalid");
        }
    }
}

#[tokio::test]
async fn a_phone_number_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let mut code = 0;
    for operation in ["GetItem", "UpdateItem"] {
        for fault in PASSING {
            code += 1;
            let body = json!({"code": format!("phone-13800138000-{code}")});
            proxy.fail(Matching::Of(operation), fault, 1);
            let call = world.login.post("/v1/users/me/phone", &body);
            let answer = in_time(call.bearer(&alice.token).send()).await;
            assert_eq!(answer.expect(200).json["phone"], "13800138000", "{fault:?}");
            settled(&proxy).await;
        }
    }
}

#[tokio::test]
async fn reading_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let admin = world.log_in("admin").await;
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    let reads = [
        (&world.users, "/v1/users/me".to_owned(), &alice),
        (&world.users, format!("/v1/users/{}", bob.id), &alice),
        (&world.users, format!("/v1/profiles?ids={}", bob.id), &alice),
        (&world.users, "/v1/users".to_owned(), &admin),
        (&world.users, "/v1/audit".to_owned(), &admin),
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
        let call = world.users.put("/v1/users/me", &body).bearer(&alice.token);
        let call = call.header("if-match", before.header("etag"));
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
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let before = me(&world, &alice).await.expect(200);
    proxy.take();
    let writes = Matching::Of("UpdateItem");
    proxy.fail(writes, Fault::DropAfterCommit, 1);
    proxy.fail(writes, Fault::Slow(Duration::from_millis(600)), 1);
    let nickname = json!({"nickname": "A"});
    let own = world.users.put("/v1/users/me", &nickname);
    let own = own.bearer(&alice.token);
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
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let mut last = None;
    for (i, operation) in ["GetItem", "TransactWriteItems"].into_iter().enumerate() {
        for (j, fault) in PASSING_OR_LATE.into_iter().enumerate() {
            let username = format!("alice_{i}_{j}");
            let before = me(&world, &alice).await.expect(200);
            let version = before.json["version"].as_u64().unwrap();
            proxy.fail(Matching::Of(operation), fault, 1);
            let body = json!({"username": username, "email": format!("a{i}{j}@example.com")});
            let call = world.users.put("/v1/users/me", &body).bearer(&alice.token);
            let call = call.header("if-match", before.header("etag"));
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
async fn a_ticket_is_issued_and_counted_once() {
    let (proxy, world) = faulty_with(&[("UPLOAD_PENDING_LIMIT", "2")]).await;
    let body = ticket_request("file", &samples::jpeg());
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        let owner = world.log_in(&format!("person{i}")).await;
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        let issued = ticket(&world, &owner, &body, "one").await.expect(201).json;
        settled(&proxy).await;
        let listed = uploads(&world, &owner).await;
        assert_eq!(listed.len(), 1, "{fault:?}");
        assert_eq!(listed[0]["id"], issued["upload"]["id"], "{fault:?}");
        ticket(&world, &owner, &body, "two").await.expect(201);
        let refused = ticket(&world, &owner, &body, "three").await;
        refused.expect_error(429, "upload_quota");
    }
}

#[tokio::test]
async fn an_upload_is_deleted_whole() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let alice = world.log_in("alice").await;
    for (purpose, operation) in [
        ("file", "BatchGetItem"),
        ("file", "DeleteObject"),
        ("file", "UpdateItem"),
        ("avatar", "DeleteObject"),
        ("avatar", "TransactWriteItems"),
    ] {
        for fault in PASSING_OR_LATE {
            let upload = stored(&world, &alice, purpose, &samples::jpeg()).await;
            assert_eq!(deliver(&world, &upload.event).await, NOTHING);
            proxy.fail(Matching::Of(operation), fault, 1);
            let path = format!("/v1/uploads/{}", upload.id);
            let call = presign.delete(&path).bearer(&alice.token);
            in_time(call.send()).await.expect(204);
            settled(&proxy).await;
            let read = world.presign.get(&path).bearer(&alice.token).send().await;
            read.expect_error(404, "not_found");
            assert_eq!(versions(&world, &upload.key).await, 0, "{fault:?}");
            let user = me(&world, &alice).await.expect(200).json;
            assert_eq!(user["avatar_url"], Value::Null, "{fault:?}");
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
            refused.expect_error(401, "unauthorized");
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
            let call = world.users.post("/v1/users", &body).bearer(&admin.token);
            let created = in_time(call.send()).await.expect(201);
            settled(&proxy).await;
            assert_eq!(created.json["version"], 1, "{fault:?}");
            assert_eq!(created.json["username"], name, "{fault:?}");
            let read = world.users.get(created.header("location"));
            let read = read.bearer(&admin.token).send().await.expect(200);
            assert_eq!(read.json, created.json, "{fault:?}");
            let again = world.users.post("/v1/users", &body).bearer(&admin.token);
            again.send().await.expect_error(409, "user_exists");
        }
    }
}

#[tokio::test]
async fn what_an_administrator_writes_happens_once_and_so_does_its_entry() {
    let (proxy, world) = faulty().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let path = format!("/v1/users/{}", alice.id);
    let audit = async || {
        let call = world.users.get("/v1/audit?limit=100").bearer(&admin.token);
        let page = call.send().await.expect(200).json;
        page["items"].as_array().unwrap().len()
    };
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        for body in [json!({"nickname": "A"}), json!({"role": "user"})] {
            let before = me(&world, &alice).await.expect(200).json;
            let entries = audit().await;
            proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
            let call = world.users.put(&path, &body).bearer(&admin.token);
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

#[tokio::test]
async fn an_object_becomes_a_record_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for operation in ["GetObject", "UpdateItem"] {
        for fault in PASSING_OR_LATE {
            let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &upload.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &upload.id).await, "ready");
            assert_eq!(versions(&world, &upload.key).await, 1);
        }
    }
}

#[tokio::test]
async fn a_wrong_object_goes_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for operation in ["GetObject", "UpdateItem", "DeleteObject"] {
        for fault in PASSING {
            let upload = stored(&world, &alice, "file", &samples::html()).await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &upload.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &upload.id).await, "rejected");
            assert_eq!(versions(&world, &upload.key).await, 0);
        }
    }
}

#[tokio::test]
async fn an_avatar_replaces_its_predecessor_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let first = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &first.event).await, NOTHING);
    let mut last = first;
    for operation in ["GetObject", "GetItem", "TransactWriteItems", "DeleteObject"] {
        for fault in PASSING_OR_LATE {
            let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
            let before = me(&world, &alice).await.expect(200).json;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &avatar.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &avatar.id).await, "ready");
            let user = me(&world, &alice).await.expect(200).json;
            assert_eq!(
                user["version"],
                before["version"].as_u64().unwrap() + 1,
                "{operation} {fault:?}"
            );
            let url = user["avatar_url"].as_str().unwrap();
            assert!(url.contains(&avatar.id), "{operation} {fault:?}");
            let replaced = std::mem::replace(&mut last, avatar);
            let left = versions(&world, &replaced.key).await;
            assert_eq!(left, 0, "{operation} {fault:?}");
        }
    }
    assert_eq!(uploads(&world, &alice).await.len(), 1);
}

#[tokio::test]
async fn a_removed_avatar_leaves_the_profile_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for fault in PASSING_OR_LATE {
        let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
        assert_eq!(deliver(&world, &avatar.event).await, NOTHING);
        let mut removed = avatar.event;
        removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        assert_eq!(deliver(&world, &removed).await, NOTHING);
        settled(&proxy).await;
        let path = format!("/v1/uploads/{}", avatar.id);
        let read = world.presign.get(&path).bearer(&alice.token).send().await;
        read.expect_error(404, "not_found");
        let user = me(&world, &alice).await.expect(200).json;
        assert_eq!(user["avatar_url"], Value::Null, "{fault:?}");
    }
}

#[tokio::test]
async fn a_purge_finishes_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    for operation in [
        "ListObjectVersions",
        "DeleteObjects",
        "Query",
        "BatchWriteItem",
        "UpdateItem",
    ] {
        for (i, fault) in PASSING.into_iter().enumerate() {
            let person = world.log_in(&format!("{operation}{i}")).await;
            let upload = stored(&world, &person, "file", &samples::jpeg()).await;
            assert_eq!(deliver(&world, &upload.event).await, NOTHING);
            delete_me(&world, &person).await.expect(204);
            let announced = world.purge_messages().await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = purge(&world, &announced).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(versions(&world, &format!("u/{}/", person.id)).await, 0);
            let back = world.log_in(&format!("{operation}{i}")).await;
            assert!(uploads(&world, &back).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_an_answer_that_was_lost() {
    let (proxy, world) = faulty().await;
    let cut_off = |operation| proxy.fail(Matching::Of(operation), Fault::CutOff, 1);
    cut_off("UpdateItem");
    let alice = Session::of(in_time(world.try_log_in("alice")).await.expect(200).json);
    assert_eq!(alice.json["is_new"], true);
    cut_off("UpdateItem");
    let next = in_time(world.refresh(&alice.refresh_token)).await;
    let next = Session::of(next.expect(200).json);
    world.refresh(&next.refresh_token).await.expect(200);
    let before = me(&world, &alice).await.expect(200);
    cut_off("UpdateItem");
    let nickname = json!({"nickname": "A"});
    let call = world.users.put("/v1/users/me", &nickname);
    let call = call
        .bearer(&alice.token)
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
async fn an_outage_is_answered_as_one_and_leaves_nothing_half_done() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
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
            (
                world.users.post("/v1/users", &carol).bearer(&admin.token),
                201,
            ),
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
        Fault::TransactionConflict,
    ] {
        proxy.fail_always(Matching::Any, fault);
        unavailable(in_time(world.try_log_in("bob")).await);
        unavailable(edit(&world, &alice, &json!({"nickname": "A"})).await);
        proxy.heal();
        world.log_in("bob").await;
    }
}

#[tokio::test]
async fn what_was_done_though_no_answer_came_is_not_held_against_the_repetition() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let alice = world.log_in("alice").await;
    let lose_all_answers =
        |operation| proxy.fail_always(Matching::Of(operation), Fault::DropAfterCommit);

    lose_all_answers("UpdateItem");
    unavailable(in_time(world.refresh(&alice.refresh_token)).await);
    proxy.heal();
    let next = world.refresh(&alice.refresh_token).await.expect(200);
    let next = Session::of(next.json);
    world.refresh(&next.refresh_token).await.expect(200);

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
            let call = world.presign.delete(&path).bearer(&alice.token);
            call.send().await.expect(204);
        }
        assert_eq!(deliver(&world, &new.event).await, NOTHING);
        assert_eq!(versions(&world, &new.key).await, 0, "{is_replaced}");
        assert_eq!(versions(&world, &old.key).await, 0, "{is_replaced}");
    }
}

/// An administrator's deletion whose second half failed: the picture's own event, come again, finishes it.
#[tokio::test]
async fn what_a_tombstone_lists_goes_with_a_repeated_event() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    proxy.fail(Matching::Of("DeleteObject"), Fault::InternalError, 2);
    let path = format!("/v1/users/{}/uploads/{}", alice.id, upload.id);
    unavailable(presign.delete(&path).bearer(&admin.token).send().await);
    settled(&proxy).await;
    assert_eq!(versions(&world, &upload.key).await, 1);
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
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
async fn conflicts_of_transactions_are_tried_again_for_some_seconds() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    let transactions = Matching::Of("TransactWriteItems");
    for (conflicts, served) in [(1, true), (8, true), (1000, false)] {
        let person = world.log_in(&format!("person{conflicts}")).await;
        let as_person = |call: support::api::Call| call.bearer(&person.token);
        let names = json!({"username": format!("name_{conflicts}")});
        let created = json!({"openid": format!("other{conflicts}")});
        let file = ticket_request("file", &samples::jpeg());
        let calls = [
            (as_person(world.users.put("/v1/users/me", &names)), 200),
            (as_person(world.presign.post("/v1/uploads", &file)), 201),
            (
                world.users.post("/v1/users", &created).bearer(&admin.token),
                201,
            ),
            (as_person(world.users.delete("/v1/users/me")), 204),
        ];
        let attempts = if served { conflicts + 1 } else { 10 };
        let calls = calls.into_iter().take(if served { 4 } else { 1 });
        for (call, status) in calls {
            proxy.take();
            proxy.fail(transactions, Fault::TransactionConflict, conflicts);
            let answer = call.send().await;
            assert!(proxy.count(transactions) >= attempts);
            if served {
                answer.expect(status);
            } else {
                unavailable(answer);
            }
            proxy.heal();
        }
    }
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_tried_again() {
    let (proxy, world) = faulty().await;
    let conflict = || proxy.fail(Matching::Of("UpdateItem"), Fault::TransactionConflict, 1);
    conflict();
    let alice = world.log_in("alice").await;
    conflict();
    let alice = Session::of(world.refresh(&alice.refresh_token).await.expect(200).json);
    conflict();
    edit(&world, &alice, &json!({"nickname": "A"}))
        .await
        .expect(200);
    conflict();
    let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &upload.event).await, NOTHING);
    settled(&proxy).await;
}

#[tokio::test]
async fn a_conflict_after_a_lost_answer_does_not_hide_that_the_transaction_was_written() {
    let (proxy, world) = faulty().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let file = ticket_request("file", &samples::jpeg());
    let as_alice = |call: support::api::Call| call.bearer(&alice.token);
    let created = json!({"openid": "carol", "username": "carol_1"});
    let names = json!({"username": "alice_1", "email": "alice@example.com"});
    let etag = me(&world, &alice).await.expect(200);
    let rename = as_alice(world.users.put("/v1/users/me", &names));
    for (call, status) in [
        (rename.header("if-match", etag.header("etag")), 200),
        (as_alice(world.presign.post("/v1/uploads", &file)), 201),
        (
            world.users.post("/v1/users", &created).bearer(&admin.token),
            201,
        ),
        (as_alice(world.users.delete("/v1/users/me")), 204),
    ] {
        let transactions = Matching::Of("TransactWriteItems");
        proxy.fail(transactions, Fault::DropAfterCommit, 1);
        proxy.fail(transactions, Fault::TransactionConflict, 2);
        let answer = in_time(call.send()).await.expect(status);
        settled(&proxy).await;
        if status == 200 {
            assert_eq!(answer.json["version"], 2);
            assert_eq!(me(&world, &alice).await.json, answer.json);
        }
    }
    assert_eq!(owners(&world, &admin, "alice_1").await, NOTHING);
    assert_eq!(owners(&world, &admin, "carol_1").await.len(), 1);
}

#[tokio::test]
async fn nothing_that_could_fail_comes_after_a_user_was_created() {
    let (proxy, world) = faulty().await;
    let admin = world.log_in("admin").await;
    let reads = Matching::Of("BatchGetItem");
    let create = async |openid: &str| {
        let body = json!({"openid": openid});
        let call = world.users.post("/v1/users", &body).bearer(&admin.token);
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
        let call = world.users.post("/v1/users", &body).bearer(&admin.token);
        let created = in_time(call.send()).await.expect(201);
        settled(&proxy).await;
        let read = world.users.get(&format!("/v1/users/{}", person.id));
        let read = read.bearer(&admin.token).send().await.expect(200);
        assert_eq!(read.json, created.json, "{fault:?}");
        assert_eq!(read.header("etag"), created.header("etag"), "{fault:?}");
        // The token of the former life stays without power.
        me(&world, &person).await.expect_error(401, "unauthorized");
    }
}

#[tokio::test]
async fn an_avatar_that_meets_transactions_waits_for_them() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    let transactions = Matching::Of("TransactWriteItems");
    proxy.fail(transactions, Fault::TransactionConflict, 5);
    assert_eq!(deliver(&world, &avatar.event).await, NOTHING);
    assert_eq!(status(&world, &alice, &avatar.id).await, "ready");
}

#[tokio::test]
async fn an_account_whose_deletion_could_not_be_announced_is_announced_by_the_repetition() {
    let (proxy, world) = faulty().await;
    for fault in [Fault::DropBefore, Fault::Throttle, Fault::DropAfterCommit] {
        let alice = world.log_in("alice").await;
        let before = me(&world, &alice).await;
        let delete = || {
            let call = world.users.delete("/v1/users/me").bearer(&alice.token);
            in_time(call.header("if-match", before.header("etag")).send())
        };
        proxy.fail_always(Matching::To(Service::Sqs), fault);
        unavailable(delete().await);
        me(&world, &alice).await.expect(200);
        proxy.heal();
        delete().await.expect(204);
        me(&world, &alice).await.expect_error(401, "unauthorized");
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

/// Repeats a request for as long as the answer asks for that.
async fn until_served(request: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..10 {
        let answer = request().await;
        if answer.status != 503 {
            return answer;
        }
        unavailable(answer);
    }
    panic!("five of a hundred requests fail, not all")
}

#[tokio::test]
async fn faults_at_random_leave_every_record_true() {
    for seed in [1, 20_260_131] {
        let (proxy, world) = faulty_with(&[("UPLOAD_PENDING_LIMIT", "100")]).await;
        let alice = world.log_in("alice").await;
        proxy.fail_at_random(5, seed);
        let mut waiting = Vec::new();
        let mut expected = Vec::new();
        for i in 0..40 {
            let (purpose, bytes, status) = match i % 4 {
                0 => ("avatar", samples::jpeg(), "ready"),
                1 => ("file", samples::html(), "rejected"),
                _ => ("file", samples::jpeg(), "ready"),
            };
            let body = ticket_request(purpose, &bytes);
            let key = format!("request {i}");
            let issued = until_served(async || ticket(&world, &alice, &body, &key).await).await;
            let id = issued.expect(201).json["upload"]["id"].clone();
            let id = id.as_str().unwrap().to_owned();
            let upload = store_object(&world, &alice, id, &bytes).await;
            expected.push((upload.id.clone(), upload.key.clone(), status, purpose));
            waiting.push((i, upload.event));
        }
        let mut rounds = 0;
        while !waiting.is_empty() {
            let mut failed = HashSet::new();
            for ten in waiting.chunks(10) {
                let messages = batch(ten.iter().map(|(i, event)| (*i, event)));
                failed.extend(world.deliver(messages).await);
            }
            waiting.retain(|(i, _)| failed.contains(&i.to_string()));
            rounds += 1;
            assert!(rounds < 10, "{} messages stay", waiting.len());
        }
        let faults = proxy.take().iter().filter(|s| s.fault.is_some()).count();
        assert!(faults > 3, "{faults} faults");
        proxy.heal();

        let listed = uploads(&world, &alice).await;
        let newest = expected
            .iter()
            .rfind(|(_, _, _, purpose)| *purpose == "avatar");
        let newest = newest.unwrap().0.as_str();
        let user = me(&world, &alice).await.expect(200).json;
        assert!(user["avatar_url"].as_str().unwrap().contains(newest));
        for (id, key, status, purpose) in &expected {
            let record = listed.iter().find(|record| record["id"] == **id);
            let kept = versions(&world, key).await;
            match (*purpose, record) {
                // Events overtake one another: an avatar that came after a newer one stays, one that came before goes.
                ("avatar", None) => {
                    assert_ne!(id, newest);
                    assert_eq!(kept, 0, "{id}");
                }
                (_, Some(record)) => {
                    assert_eq!(record["status"], *status, "{id}");
                    assert_eq!(kept, usize::from(*status == "ready"), "{id}");
                }
                (_, None) => panic!("{id} is lost"),
            }
        }
        assert_eq!(
            expected.len() - 10,
            listed.iter().filter(|r| r["purpose"] == "file").count()
        );
    }
}
