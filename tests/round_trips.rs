//! How many calls over the network a request costs, as counted by a proxy in front of AWS. The first request of an
//! environment may cost more; the counts are those of every later one.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use support::api::Call;
use support::proxy::{Fault, Matching, Proxy, Seen, Service, peak};
use support::world::Settings;
use support::{Answer, Session, World, samples};
use wechat_standin::Endpoint;

const NOTHING: [&str; 0] = [];

/// A world whose functions reach AWS through the proxy, and have done so once.
async fn counted() -> (Proxy, World) {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    world.log_in("warm-up").await;
    proxy.take();
    (proxy, world)
}

/// Sends a request that is to succeed, and to make just these calls, one after the other.
#[track_caller]
fn costs<'a>(proxy: &'a Proxy, call: Call, calls: &'a [&str]) -> impl Future<Output = Answer> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        proxy.take();
        let answer = call.send().await;
        assert!(
            answer.status.is_success(),
            "{} at {caller}: {}",
            answer.status,
            answer.json
        );
        let seen = proxy.take();
        assert_eq!(names(&seen), calls, "at {caller}");
        assert_eq!(
            peak(&seen),
            1.min(seen.len()),
            "one after the other at {caller}"
        );
        answer
    }
}

fn names(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.operation.as_str()).collect()
}

fn upload_request(purpose: &str, bytes: &[u8]) -> Value {
    json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose})
}

/// A ticket is issued and its object is stored: what remains is the event, which is returned.
async fn stored(world: &World, owner: &Session, purpose: &str) -> (String, Value) {
    let bytes = samples::jpeg();
    let ticket = world
        .presign
        .post("/v1/uploads", &upload_request(purpose, &bytes))
        .bearer(&owner.token);
    let issued = ticket.send().await.expect(201).json;
    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    let key = format!("u/{}/{id}.jpg", owner.id);
    let put = world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(&key);
    let put = put
        .content_type("image/jpeg")
        .body(bytes.into())
        .send()
        .await;
    let version = put.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    (id, json!({"Records": [record]}))
}

fn batch(events: impl IntoIterator<Item = Value>) -> Value {
    let message = |(i, event): (usize, Value)| json!({"messageId": format!("m{i}"), "body": event.to_string()});
    json!({"Records": events.into_iter().enumerate().map(message).collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_login_is_one_call_to_wechat_and_one_write() {
    let (proxy, world) = counted().await;
    for is_new in [true, false] {
        let before = world.wechat.calls().len();
        let session = world.log_in("alice").await;
        assert_eq!(session.json["is_new"], is_new);
        assert_eq!(proxy.take_operations(), ["UpdateItem"]);
        assert_eq!(world.wechat.calls().len() - before, 1);
    }
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 3);
    // Whether an account is there is found out by the same write.
    for (openid, status) in [("alice", 200), ("bob", 401)] {
        let body = json!({"code": world.code(openid), "create": false});
        world
            .login
            .post("/v1/login", &body)
            .send()
            .await
            .expect(status);
        assert_eq!(proxy.take_operations(), ["UpdateItem"]);
    }
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 5);
}

#[tokio::test]
async fn a_disabled_administrator_of_the_configuration_costs_one_write_more() {
    let (proxy, world) = counted().await;
    let admin = world.log_in("admin").await;
    let second = json!({"openid": "second", "role": "admin"});
    let second = world.users.post("/v1/users", &second).bearer(&admin.token);
    second.send().await.expect(201);
    let second = world.log_in("second").await;
    let path = format!("/v1/users/{}", admin.id);
    let disable = world.users.put(&path, &json!({"status": "disabled"}));
    disable.bearer(&second.token).send().await.expect(200);
    proxy.take();
    world.log_in("admin").await;
    assert_eq!(
        proxy.take_operations(),
        ["UpdateItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn the_return_after_a_deletion_is_one_write_more() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let delete = world.users.delete("/v1/users/me").bearer(&alice.token);
    delete.send().await.expect(204);
    proxy.take();
    assert_eq!(world.log_in("alice").await.json["is_new"], true);
    assert_eq!(proxy.take_operations(), ["UpdateItem", "UpdateItem"]);
    world.log_in("alice").await;
    assert_eq!(proxy.take_operations(), ["UpdateItem"]);
}

#[tokio::test]
async fn sessions_cost_one_write_a_request() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let token = json!({"refresh_token": alice.refresh_token});
    let refresh = || world.login.post("/v1/login/refresh", &token);
    let next = Session::of(costs(&proxy, refresh(), &["UpdateItem"]).await.json);
    // A repetition within the grace is told from a reuse by what the refused write returns.
    costs(&proxy, refresh(), &["UpdateItem"]).await;
    let logout = world.login.call(Method::POST, "/v1/logout");
    costs(&proxy, logout.bearer(&next.token), &["UpdateItem"]).await;
    let all = world.login.post("/v1/logout", &json!({"all": true}));
    costs(&proxy, all.bearer(&next.token), &["UpdateItem"]).await;
    assert_eq!(
        world.wechat.count(Endpoint::Code2Session),
        2,
        "WeChat knows nothing of sessions"
    );
}

#[tokio::test]
async fn users_are_read_in_one_call() {
    let (proxy, world) = counted().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let admin = world.log_in("admin").await;
    let users = &world.users;
    let get = |path: &str, reader: &Session| users.get(path).bearer(&reader.token);
    let bobs = format!("/v1/users/{}", bob.id);
    costs(&proxy, get("/v1/users/me", &alice), &["GetItem"]).await;
    costs(
        &proxy,
        get(&format!("/v1/users/{}", alice.id), &alice),
        &["GetItem"],
    )
    .await;
    costs(&proxy, get(&bobs, &alice), &["BatchGetItem"]).await;
    costs(&proxy, get(&bobs, &admin), &["BatchGetItem"]).await;
}

#[tokio::test]
async fn a_page_of_users_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    for i in 0..4 {
        world.log_in(&format!("user{i}")).await;
    }
    let admin = world.log_in("admin").await;
    let mut path = "/v1/users?limit=2".to_owned();
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = world.users.get(&path).bearer(&admin.token).send().await;
        let cursor = page.expect(200).json["next_cursor"].clone();
        path = format!("/v1/users?limit=2&cursor={}", cursor.as_str().unwrap());
        // Whether the caller is an administrator still is asked at the same time.
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["GetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
}

#[tokio::test]
async fn fifty_profiles_are_read_in_one_call() {
    let (proxy, world) = counted().await;
    let mut ids = Vec::new();
    for i in 0..49 {
        ids.push(world.log_in(&format!("user{i}")).await.id);
    }
    let alice = world.log_in("alice").await;
    ids.push(alice.id.clone());
    let path = format!("/v1/profiles?ids={}", ids.join(","));
    let call = world.users.get(&path).bearer(&alice.token);
    let answer = costs(&proxy, call, &["BatchGetItem"]).await;
    assert_eq!(answer.json["items"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn plain_edits_cost_one_write_and_names_a_read_and_a_transaction() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let edit = |body: Value| world.users.put("/v1/users/me", &body).bearer(&alice.token);
    let edited = costs(&proxy, edit(json!({"nickname": "A"})), &["UpdateItem"]).await;
    let conditional = edit(json!({"nickname": null})).header("if-match", edited.header("etag"));
    costs(&proxy, conditional, &["UpdateItem"]).await;

    let claims = ["GetItem", "TransactWriteItems"];
    costs(&proxy, edit(json!({"username": "alice_1"})), &claims).await;
    costs(&proxy, edit(json!({"username": "alice_2"})), &claims).await;
    costs(&proxy, edit(json!({"email": "alice@example.com"})), &claims).await;
    let all = json!({"username": "alice_3", "email": "a@example.com", "nickname": "A"});
    costs(&proxy, edit(all), &claims).await;
    costs(
        &proxy,
        edit(json!({"username": null, "email": null})),
        &claims,
    )
    .await;
}

#[tokio::test]
async fn what_an_administrator_writes_costs_one_read_and_a_transaction() {
    let (proxy, world) = counted().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let alices = format!("/v1/users/{}", alice.id);
    let as_admin = |call: Call| call.bearer(&admin.token);
    let calls = ["BatchGetItem", "TransactWriteItems"];
    for change in [
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
        json!({"nickname": "A", "username": "alice_1"}),
    ] {
        costs(&proxy, as_admin(world.users.put(&alices, &change)), &calls).await;
    }
    let nothing = as_admin(world.users.put(&alices, &json!({})));
    costs(&proxy, nothing, &["BatchGetItem"]).await;
    let create = as_admin(world.users.post("/v1/users", &json!({"openid": "carol"})));
    costs(&proxy, create, &calls).await;
    let delete = as_admin(world.users.delete(&alices));
    let calls = ["BatchGetItem", "SendMessage", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}

#[tokio::test]
async fn a_page_of_somebodys_uploads_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let two = json!({"items": vec![upload_request("file", &samples::jpeg()); 2]});
    let issued = world.presign.post("/v1/uploads/batch", &two);
    let issued = issued.bearer(&alice.token).send().await.expect(201).json;
    let mut path = format!("/v1/users/{}/uploads?limit=1", alice.id);
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = world.presign.get(&path).bearer(&admin.token).send().await;
        if let Some(cursor) = page.expect(200).json["next_cursor"].as_str() {
            path = format!("{path}&cursor={cursor}");
        }
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["BatchGetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
    let upload = issued["items"][0]["upload"]["id"].as_str().unwrap();
    let path = format!("/v1/users/{}/uploads/{upload}", alice.id);
    let delete = world.presign.delete(&path).bearer(&admin.token);
    let calls = ["BatchGetItem", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}

#[tokio::test]
async fn a_page_of_the_audit_takes_as_long_as_one_query() {
    let (proxy, world) = counted().await;
    let admin = world.log_in("admin").await;
    for openid in ["alice", "bob", "carol"] {
        let create = world.users.post("/v1/users", &json!({"openid": openid}));
        create.bearer(&admin.token).send().await.expect(201);
    }
    let mut path = "/v1/audit?limit=1".to_owned();
    for _ in 0..2 {
        proxy.take();
        proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
        let page = world.users.get(&path).bearer(&admin.token).send().await;
        let cursor = page.expect(200).json["next_cursor"].clone();
        path = format!("/v1/audit?limit=1&cursor={}", cursor.as_str().unwrap());
        let mut seen = proxy.take();
        seen.sort_by(|a, b| a.operation.cmp(&b.operation));
        assert_eq!(names(&seen), ["GetItem", "Query"]);
        assert!(seen[0].overlaps(&seen[1]));
    }
}

#[tokio::test]
async fn deleting_an_account_costs_a_read_a_transaction_and_a_message() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let names = json!({"username": "alice_1", "email": "alice@example.com"});
    let named = world.users.put("/v1/users/me", &names).bearer(&alice.token);
    named.send().await.expect(200);
    let delete = world.users.delete("/v1/users/me").bearer(&alice.token);
    let calls = ["GetItem", "SendMessage", "TransactWriteItems"];
    costs(&proxy, delete, &calls).await;
}

#[tokio::test]
async fn tickets_cost_one_transaction_be_it_one_or_twenty() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let one = upload_request("file", &samples::jpeg());
    let issue = |path: &str, body: &Value| world.presign.post(path, body).bearer(&alice.token);
    let transaction = ["TransactWriteItems"];
    costs(&proxy, issue("/v1/uploads", &one), &transaction).await;
    let with_key = issue("/v1/uploads", &one).header("idempotency-key", "k");
    costs(&proxy, with_key, &transaction).await;
    let twenty = json!({"items": vec![one.clone(); 20]});
    costs(&proxy, issue("/v1/uploads/batch", &twenty), &transaction).await;

    // A repetition is told by the refused write; what it renews costs one more.
    let repetition = |key: &str| issue("/v1/uploads", &one).header("idempotency-key", key);
    costs(&proxy, repetition("k"), &transaction).await;
    world.advance(Duration::from_secs(301));
    costs(&proxy, repetition("k"), &[transaction[0]; 2]).await;
    costs(&proxy, repetition("k"), &transaction).await;
}

#[tokio::test]
async fn uploads_are_read_and_listed_in_one_call() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let nine = json!({"items": vec![upload_request("file", &samples::jpeg()); 9]});
    let issued = world.presign.post("/v1/uploads/batch", &nine);
    let issued = issued.bearer(&alice.token).send().await.expect(201).json;
    let get = |path: &str| world.presign.get(path).bearer(&alice.token);
    let id = issued["items"][0]["upload"]["id"].as_str().unwrap();
    let one = get(&format!("/v1/uploads/{id}"));
    costs(&proxy, one, &["BatchGetItem"]).await;
    costs(&proxy, get("/v1/uploads?limit=4"), &["Query"]).await;
}

#[tokio::test]
async fn a_later_page_of_uploads_takes_no_longer_than_the_first() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let nine = json!({"items": vec![upload_request("file", &samples::jpeg()); 9]});
    let issued = world.presign.post("/v1/uploads/batch", &nine);
    issued.bearer(&alice.token).send().await.expect(201);
    let get = |path: &str| world.presign.get(path).bearer(&alice.token);
    let page = get("/v1/uploads?limit=4").send().await.expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    proxy.take();
    proxy.fail(Matching::Any, Fault::Slow(Duration::from_millis(200)), 2);
    get(&format!("/v1/uploads?limit=4&cursor={cursor}"))
        .send()
        .await
        .expect(200);
    // The account's gate is on the first page only; later it is read at the same time as the page.
    let mut seen = proxy.take();
    seen.sort_by(|a, b| a.operation.cmp(&b.operation));
    assert_eq!(names(&seen), ["BatchGetItem", "Query"]);
    assert!(seen[0].overlaps(&seen[1]));
}

#[tokio::test]
async fn an_upload_is_verified_with_one_look_and_one_write() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let (_, event) = stored(&world, &alice, "file").await;
    proxy.take();
    assert_eq!(world.deliver(batch([event])).await, NOTHING);
    let seen = proxy.take();
    assert_eq!(names(&seen), ["GetObject", "UpdateItem"]);
    assert_eq!(peak(&seen), 1);
    assert_eq!(seen[0].range.as_deref(), Some("bytes=0-511"));
    assert!(seen[0].target.contains("versionId="), "{}", seen[0].target);
}

#[tokio::test]
async fn an_avatar_costs_one_read_more_which_takes_no_time_of_its_own() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    for replaces in [false, true] {
        let (_, event) = stored(&world, &alice, "avatar").await;
        proxy.take();
        let slow = Fault::Slow(Duration::from_millis(200));
        proxy.fail(Matching::Of("GetObject"), slow, 1);
        assert_eq!(world.deliver(batch([event])).await, NOTHING);
        let mut seen = proxy.take();
        seen[..2].sort_by(|a, b| a.operation.cmp(&b.operation));
        let mut calls = vec!["GetItem", "GetObject", "TransactWriteItems"];
        if replaces {
            calls.push("DeleteObject");
        }
        assert_eq!(names(&seen), calls);
        let (read, look, write) = (&seen[0], &seen[1], &seen[2]);
        assert!(read.overlaps(look), "the profile is read while S3 is asked");
        assert!(!look.overlaps(write));
    }
}

#[tokio::test]
async fn records_of_a_batch_are_worked_on_at_the_same_time() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    let mut events = Vec::new();
    for _ in 0..10 {
        events.push(stored(&world, &alice, "file").await.1);
    }
    proxy.take();
    let delay = Duration::from_millis(200);
    proxy.fail_always(Matching::To(Service::S3), Fault::Slow(delay));
    let started = Instant::now();
    assert_eq!(world.deliver(batch(events)).await, NOTHING);
    let took = started.elapsed();
    assert!(took < 4 * delay, "{took:?} for ten looks of {delay:?}");
    let (looks, writes): (Vec<_>, Vec<_>) = proxy
        .take()
        .into_iter()
        .partition(|seen| seen.service == Service::S3);
    assert_eq!((looks.len(), peak(&looks)), (10, 10));
    assert_eq!(names(&writes), ["UpdateItem"; 10]);
}

#[tokio::test]
async fn a_token_is_checked_without_a_call() {
    let (proxy, world) = counted().await;
    let alice = world.log_in("alice").await;
    proxy.take();
    let before = world.wechat.calls().len();
    let (head, signature) = alice.token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let id = "06c0000000002000000000000c";
    let routes = [
        (&world.login, Method::POST, "/v1/logout".to_owned()),
        (&world.login, Method::POST, "/v1/users/me/phone".to_owned()),
        (&world.users, Method::GET, "/v1/users/me".to_owned()),
        (&world.users, Method::PUT, "/v1/users/me".to_owned()),
        (&world.users, Method::DELETE, "/v1/users/me".to_owned()),
        (&world.users, Method::GET, format!("/v1/users/{}", alice.id)),
        (&world.users, Method::GET, "/v1/users".to_owned()),
        (&world.users, Method::POST, "/v1/users".to_owned()),
        (
            &world.users,
            Method::GET,
            format!("/v1/profiles?ids={}", alice.id),
        ),
        (&world.presign, Method::POST, "/v1/uploads".to_owned()),
        (&world.presign, Method::POST, "/v1/uploads/batch".to_owned()),
        (&world.presign, Method::GET, "/v1/uploads".to_owned()),
        (&world.presign, Method::GET, format!("/v1/uploads/{id}")),
        (&world.presign, Method::DELETE, format!("/v1/uploads/{id}")),
    ];
    for (function, method, path) in &routes {
        let call = || function.call(method.clone(), path).json(&json!({}));
        for call in [call(), call().bearer(&forged), call().bearer("x")] {
            call.send().await.expect_error(401, "unauthorized");
        }
    }
    world.advance(Duration::from_secs(16 * 60));
    let expired = world.users.get("/v1/users/me").bearer(&alice.token);
    expired.send().await.expect_error(401, "unauthorized");
    world.login.get("/ping").send().await.expect(200);
    assert_eq!(proxy.take_operations(), NOTHING);
    assert_eq!(world.wechat.calls().len(), before);
}

#[tokio::test]
async fn what_only_an_administrator_may_do_is_refused_without_a_call() {
    let (proxy, world) = counted().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    proxy.take();
    let bobs = format!("/v1/users/{}", bob.id);
    for call in [
        world.users.get("/v1/users"),
        world.users.post("/v1/users", &json!({"openid": "carol"})),
        world.users.put(&bobs, &json!({"nickname": "x"})),
        world.users.delete(&bobs),
    ] {
        let answer = call.bearer(&alice.token).send().await;
        answer.expect_error(403, "forbidden");
    }
    assert_eq!(proxy.take_operations(), NOTHING);
}
