//! Tickets, the gate that S3 holds, and what events make of records, through the routes and against the emulator's S3.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use support::proxy::{Fault, Proxy};
use support::world::Settings;
use support::{Answer, Session, World, samples};

/// A ticket's form with the file last; `change` edits the fields first.
fn form(ticket: &Value, bytes: &[u8], change: impl Fn(&str, &str) -> Option<String>) -> Form {
    let fields = ticket["fields"].as_object().unwrap();
    let form = fields.iter().fold(Form::new(), |form, (name, value)| {
        match change(name, value.as_str().unwrap()) {
            Some(value) => form.text(name.clone(), value),
            None => form,
        }
    });
    form.part("file", Part::bytes(bytes.to_vec()).file_name("x"))
}

fn as_issued(_: &str, value: &str) -> Option<String> {
    Some(value.to_owned())
}

async fn post(ticket: &Value, form: Form) -> reqwest::StatusCode {
    let http = support::http_client(Duration::from_secs(10));
    http.post(ticket["url"].as_str().unwrap())
        .multipart(form)
        .send()
        .await
        .unwrap()
        .status()
}

async fn put(ticket: &Value, bytes: &[u8], content_type: &str) -> reqwest::StatusCode {
    let http = support::http_client(Duration::from_secs(10));
    let request = http
        .put(ticket["url"].as_str().unwrap())
        .header("content-type", content_type);
    request.body(bytes.to_vec()).send().await.unwrap().status()
}

fn request(bytes: &[u8], content_type: &str, purpose: &str) -> Value {
    json!({"content_type": content_type, "size": bytes.len(), "purpose": purpose})
}

async fn issue(world: &World, session: &Session, body: &Value) -> Value {
    world
        .presign
        .post("/v1/uploads", body)
        .bearer(&session.token)
        .send()
        .await
        .expect(201)
        .json
}

async fn read(world: &World, session: &Session, id: &Value) -> Answer {
    let path = format!("/v1/uploads/{}", id.as_str().unwrap());
    world.presign.get(&path).bearer(&session.token).send().await
}

/// The versions of an upload's object that the bucket holds, oldest first, and whether any is left.
async fn versions(world: &World, issued: &Value) -> Vec<String> {
    let key = object_key(issued);
    let listed = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(key)
        .send()
        .await
        .unwrap();
    let mut versions: Vec<_> = listed
        .versions()
        .iter()
        .filter_map(|version| version.version_id().map(str::to_owned))
        .collect();
    versions.reverse();
    versions
}

fn object_key(issued: &Value) -> String {
    issued["ticket"]["fields"]["key"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A notification as S3 sends it, in a message of its own.
fn event(world: &World, name: &str, key: &str, version: Option<&str>, sequencer: &str) -> Value {
    let object =
        json!({"key": key, "size": 1, "eTag": "e", "versionId": version, "sequencer": sequencer});
    let record = json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": "2026-01-31T09:30:00.000Z",
        "eventName": name, "s3": {"bucket": {"name": world.bucket}, "object": object}});
    message(&json!({"Records": [record]}).to_string(), 1)
}

fn message(body: &str, receives: u32) -> Value {
    json!({"messageId": "m", "body": body, "attributes": {"ApproximateReceiveCount": receives.to_string()}})
}

fn batch(messages: impl IntoIterator<Item = Value>) -> Value {
    let numbered = messages.into_iter().enumerate().map(|(i, mut message)| {
        message["messageId"] = json!(format!("m{i}"));
        message
    });
    json!({"Records": numbered.collect::<Vec<_>>()})
}

/// Sends the bytes and delivers the event, as S3 would.
async fn upload(world: &World, session: &Session, body: &Value, bytes: &[u8]) -> Value {
    let issued = issue(world, session, body).await;
    assert_eq!(
        post(&issued["ticket"], form(&issued["ticket"], bytes, as_issued)).await,
        201
    );
    let version = versions(world, &issued).await.pop();
    let created = event(
        world,
        "ObjectCreated:Post",
        &object_key(&issued),
        version.as_deref(),
        "01",
    );
    assert!(world.deliver(batch([created])).await.is_empty());
    issued
}

#[tokio::test]
async fn an_upload_becomes_ready_and_can_be_downloaded() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (content_type, bytes) in samples::images() {
        let issued = upload(
            &world,
            &alice,
            &request(&bytes, content_type, "file"),
            &bytes,
        )
        .await;
        let ready = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(
            (&ready["status"], &ready["size"]),
            (&json!("ready"), &json!(bytes.len())),
            "{content_type}"
        );
        let url = ready["download_url"].as_str().unwrap();
        assert_eq!(reqwest_get(url).await, (200, bytes));
        let again = read(&world, &alice, &issued["upload"]["id"]).await.json;
        assert_eq!(
            again["download_url"], url,
            "a link is stable, so that clients can cache what is behind it"
        );
    }
}

async fn reqwest_get(url: &str) -> (u16, Vec<u8>) {
    let http = support::http_client(Duration::from_secs(10));
    let response = http.get(url).send().await.unwrap();
    (
        response.status().as_u16(),
        response.bytes().await.unwrap().to_vec(),
    )
}

#[tokio::test]
async fn a_ticket_admits_what_it_was_issued_for_and_nothing_else() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let ticket = &issued["ticket"];
    let bigger = [bytes.as_slice(), b"x"].concat();
    assert_eq!(
        post(ticket, form(ticket, &bigger, as_issued)).await,
        400,
        "bigger"
    );
    assert_eq!(
        post(ticket, form(ticket, &bytes[..bytes.len() - 1], as_issued)).await,
        400,
        "smaller"
    );
    for (field, value) in [
        ("Content-Type", "text/html"),
        ("key", "u/other.jpg"),
        ("success_action_status", "200"),
        ("x-amz-signature", "00"),
        ("x-amz-date", "20200101T000000Z"),
        ("policy", "e30="),
    ] {
        let changed = |name: &str, issued: &str| {
            Some(if name == field {
                value.into()
            } else {
                issued.to_owned()
            })
        };
        assert!(
            post(ticket, form(ticket, &bytes, changed))
                .await
                .is_client_error(),
            "{field}"
        );
    }
    for field in [
        "Content-Type",
        "policy",
        "x-amz-signature",
        "x-amz-credential",
    ] {
        let without = |name: &str, issued: &str| (name != field).then(|| issued.to_owned());
        assert!(
            post(ticket, form(ticket, &bytes, without))
                .await
                .is_client_error(),
            "without {field}"
        );
    }
    let extra = form(ticket, b"", as_issued).text("acl", "public-read");
    assert!(post(ticket, extra).await.is_client_error(), "extra field");
    assert!(
        versions(&world, &issued).await.is_empty(),
        "nothing of it was stored"
    );
    assert_eq!(post(ticket, form(ticket, &bytes, as_issued)).await, 201);
}

#[tokio::test]
async fn a_ticket_ends_after_five_minutes_and_is_nobody_elses() {
    let world = World::new().await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    world.rewind(Duration::from_secs(6 * 60));
    let early = world.log_in("alice").await;
    let post_ticket = issue(&world, &early, &body).await["ticket"].clone();
    let mut by_put = body.clone();
    by_put["method"] = json!("PUT");
    let put_ticket = issue(&world, &early, &by_put).await["ticket"].clone();
    assert_eq!(
        post(&post_ticket, form(&post_ticket, &bytes, as_issued)).await,
        403,
        "expired"
    );
    assert_eq!(put(&put_ticket, &bytes, "image/jpeg").await, 403, "expired");

    world.advance(Duration::from_secs(6 * 60));
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let alices = issue(&world, &alice, &body).await;
    let bobs = issue(&world, &bob, &body).await;
    // Bob sends with his own ticket, and names Alice's object.
    let key = object_key(&alices);
    let stolen = |name: &str, value: &str| {
        Some(if name == "key" {
            key.clone()
        } else {
            value.to_owned()
        })
    };
    assert_eq!(
        post(&bobs["ticket"], form(&bobs["ticket"], &bytes, stolen)).await,
        403
    );
    assert!(versions(&world, &alices).await.is_empty());
}

#[tokio::test]
async fn a_put_ticket_pins_type_and_length() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::png();
    let mut body = request(&bytes, "image/png", "file");
    body["method"] = json!("PUT");
    let ticket = issue(&world, &alice, &body).await["ticket"].clone();
    assert_eq!(ticket["headers"], json!({"content-type": "image/png"}));
    assert_eq!(put(&ticket, &bytes, "text/html").await, 403);
    assert_eq!(put(&ticket, &bytes[1..], "image/png").await, 403);
    let mut other = ticket.clone();
    other["url"] = json!(ticket["url"].as_str().unwrap().replace(".png", ".gif"));
    assert_eq!(put(&other, &bytes, "image/png").await, 403);
    // AWS honours the signed parameter as if it were the header: a second PUT gets 412.
    assert!(
        ticket["url"]
            .as_str()
            .unwrap()
            .contains("?If-None-Match=%2A&")
    );
    let mut twice = ticket.clone();
    let url = ticket["url"]
        .as_str()
        .unwrap()
        .replace("If-None-Match=%2A&", "");
    twice["url"] = json!(url);
    assert_eq!(put(&twice, &bytes, "image/png").await, 403);
    assert_eq!(put(&ticket, &bytes, "image/png").await, 200);
    assert_eq!(put(&ticket, &bytes, "image/png").await, 412);
}

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
        body[field] = value.clone();
        let answer = world
            .presign
            .post("/v1/uploads", &body)
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            [field],
            "{value}"
        );
        let answer = world
            .presign
            .post("/v1/uploads/batch", &json!({"items": [good, body]}))
            .bearer(&alice.token);
        let named = format!("items[1].{field}");
        assert_eq!(
            answer
                .send()
                .await
                .expect_error(400, "invalid_request")
                .fields(),
            [named.as_str()],
            "{value}"
        );
    }
    for items in [
        json!([]),
        json!(vec![good.clone(); 21]),
        json!({}),
        json!(null),
    ] {
        let answer = world
            .presign
            .post("/v1/uploads/batch", &json!({"items": items}))
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            ["items"]
        );
    }
    let listed = world
        .presign
        .get("/v1/uploads")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json, json!({"items": [], "next_cursor": null}));
}

async fn issue_batch(world: &World, session: &Session, key: &str, body: &Value) -> Answer {
    let call = world
        .presign
        .post("/v1/uploads/batch", body)
        .bearer(&session.token);
    call.header("idempotency-key", key).send().await
}

async fn listed(world: &World, session: &Session) -> Vec<Value> {
    let list = world
        .presign
        .get("/v1/uploads?limit=100")
        .bearer(&session.token);
    list.send().await.expect(200).json["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn ids<'a>(uploads: impl IntoIterator<Item = &'a Value>) -> Vec<&'a Value> {
    uploads.into_iter().map(|upload| &upload["id"]).collect()
}

#[tokio::test]
async fn twenty_tickets_come_all_or_none_and_are_listed_in_the_order_asked_for() {
    let world = World::with(Settings {
        limits: vec![("UPLOAD_PENDING_LIMIT", "21")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let one = |size: u32| json!({"content_type": "image/jpeg", "size": size, "purpose": (if size.is_multiple_of(3) { "avatar" } else { "file" })});
    let twenty = json!({"items": (1..=20).map(one).collect::<Vec<_>>()});
    let first = issue_batch(&world, &alice, "k", &twenty)
        .await
        .expect(201)
        .json;
    let items = first["items"].as_array().unwrap();
    let sizes: Vec<_> = items
        .iter()
        .map(|item| item["upload"]["size"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, (1..=20).collect::<Vec<_>>());
    let shown = listed(&world, &alice).await;
    assert_eq!(ids(&shown), ids(items.iter().map(|item| &item["upload"])));

    let again = issue_batch(&world, &alice, "k", &twenty)
        .await
        .expect(201)
        .json;
    assert_eq!(again, first, "the same tickets with the same end");
    let mut other = twenty.clone();
    other["items"].as_array_mut().unwrap().swap(0, 1);
    let refused = issue_batch(&world, &alice, "k", &other).await;
    refused.expect_error(422, "idempotency_mismatch");
    let refused = issue_batch(&world, &alice, "k2", &twenty).await;
    refused.expect_error(429, "upload_quota");
    assert_eq!(listed(&world, &alice).await.len(), 20);
    issue(&world, &alice, &one(1)).await;
    let mut many = twenty;
    many["items"].as_array_mut().unwrap().push(one(21));
    issue_batch(&world, &alice, "k3", &many)
        .await
        .expect_error(400, "invalid_request");
}

#[tokio::test]
async fn a_batch_is_renewed_as_far_as_it_is_pending() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = json!({"items": vec![request(&bytes, "image/jpeg", "file"); 3]});
    let first = issue_batch(&world, &alice, "k", &body)
        .await
        .expect(201)
        .json;
    let put = world.emulator.s3().put_object().body(bytes.into());
    store(&world, &object_key(&first["items"][1]), put).await;
    world.advance(Duration::from_secs(301));
    let again = issue_batch(&world, &alice, "k", &body)
        .await
        .expect(201)
        .json;
    for (at, status) in ["pending", "ready", "pending"].iter().enumerate() {
        let (before, after) = (&first["items"][at], &again["items"][at]);
        assert_eq!(before["upload"]["id"], after["upload"]["id"]);
        assert_eq!(after["upload"]["status"], *status);
        assert_eq!(after["ticket"].is_null(), *status == "ready");
        assert_ne!(
            before["ticket"]["expires_at"],
            after["ticket"]["expires_at"]
        );
    }
    let path = format!(
        "/v1/uploads/{}",
        first["items"][0]["upload"]["id"].as_str().unwrap()
    );
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    world.advance(Duration::from_secs(301));
    issue_batch(&world, &alice, "k", &body)
        .await
        .expect_error(404, "not_found");
}

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

#[tokio::test]
async fn other_peoples_uploads_do_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let issued = issue(
        &world,
        &alice,
        &request(&samples::jpeg(), "image/jpeg", "file"),
    )
    .await;
    let id = issued["upload"]["id"].clone();
    read(&world, &bob, &id).await.expect_error(404, "not_found");
    let path = format!("/v1/uploads/{}", id.as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&bob.token)
        .send()
        .await
        .expect_error(404, "not_found");
    for junk in ["x", "%00", "..%2f", "06c0000000002000000000000c"] {
        read(&world, &alice, &json!(junk))
            .await
            .expect_error(404, "not_found");
    }
    let _ = read(&world, &alice, &id).await.expect(200);
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(
            issue(
                &world,
                &alice,
                &request(&samples::jpeg(), "image/jpeg", "file"),
            )
            .await["upload"]["id"]
                .clone(),
        );
        world.advance(Duration::from_millis(5));
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/uploads?limit=2".to_owned();
    loop {
        let page = world
            .presign
            .get(&path)
            .bearer(&alice.token)
            .send()
            .await
            .expect(200)
            .json;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/uploads?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    let bob = world.log_in("bob").await;
    for path in [path.as_str(), "/v1/uploads?cursor=x"] {
        world
            .presign
            .get(path)
            .bearer(&bob.token)
            .send()
            .await
            .expect_error(400, "invalid_cursor");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("page=2", "page"),
    ] {
        let answer = world
            .presign
            .get(&format!("/v1/uploads?{query}"))
            .bearer(&alice.token)
            .send()
            .await;
        assert_eq!(
            answer.expect_error(400, "invalid_request").fields(),
            [field]
        );
    }
}

#[tokio::test]
async fn what_is_not_what_it_was_declared_to_be_is_rejected_and_removed() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (name, bytes) in samples::hostile() {
        if bytes.is_empty() {
            continue; // S3 itself refuses an empty file: a ticket is for at least one byte.
        }
        let issued = upload(
            &world,
            &alice,
            &request(&bytes, "image/gif", "avatar"),
            &bytes,
        )
        .await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], "rejected", "{name}");
        assert!(
            upload["reason"].is_string() && upload["download_url"].is_null(),
            "{name}: {upload}"
        );
        assert!(versions(&world, &issued).await.is_empty(), "{name}");
    }
    let me = world
        .users
        .get("/v1/users/me")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json["avatar_url"], Value::Null);
}

/// Stores an object past the ticket, as somebody with the bucket's permissions could, and delivers its event.
async fn store(world: &World, key: &str, put: PutObjectFluentBuilder) -> String {
    let put = put
        .bucket(&world.bucket)
        .key(key)
        .content_type("image/jpeg");
    let version = put.send().await.unwrap().version_id.unwrap();
    let created = event(world, "ObjectCreated:Put", key, Some(&version), "01");
    assert!(world.deliver(batch([created])).await.is_empty());
    version
}

#[tokio::test]
async fn an_object_of_the_wrong_size_is_rejected() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    for (body, reason) in [
        (Vec::new(), "empty"),
        (samples::jpeg_of_size(5000), "size_mismatch"),
    ] {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        let put = world.emulator.s3().put_object().body(body.into());
        store(&world, &object_key(&issued), put).await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(
            (&upload["status"], &upload["reason"]),
            (&json!("rejected"), &json!(reason))
        );
        assert!(versions(&world, &issued).await.is_empty());
    }
}

#[tokio::test]
async fn headers_that_the_ticket_did_not_fix_are_rejected_and_honest_ones_are_not() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let put = || world.emulator.s3().put_object().body(bytes.clone().into());
    let foreign = [
        put().content_disposition("attachment; filename=x.exe"),
        put().content_encoding("gzip"),
        put().content_language("de"),
        put().expires(aws_sdk_s3::primitives::DateTime::from_secs(2_000_000_000)),
        put().website_redirect_location("https://example.com"),
        put().metadata("owner", "mallory"),
        put().cache_control("public, max-age=31536000"),
        put().cache_control("no-cache, immutable"),
    ];
    let honest = [
        put(),
        put().cache_control("no-cache"),
        put().cache_control("No-Store"),
        put().cache_control("no-cache, max-age=0"),
    ];
    let foreign = foreign.into_iter().map(|put| (put, "rejected"));
    let all = foreign.chain(honest.into_iter().map(|put| (put, "ready")));
    for (at, (put, status)) in all.enumerate() {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        store(&world, &object_key(&issued), put).await;
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], status, "object {at}");
        if status == "rejected" {
            assert_eq!(upload["reason"], "headers_not_allowed");
            assert!(versions(&world, &issued).await.is_empty());
        }
    }
}

#[tokio::test]
async fn the_first_object_decides_and_every_other_one_goes() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let wrong = vec![b'x'; bytes.len()];
    for (first, second, status) in [(&wrong, &bytes, "rejected"), (&bytes, &wrong, "ready")] {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        let key = object_key(&issued);
        let put = |bytes: &[u8]| world.emulator.s3().put_object().body(bytes.to_vec().into());
        let kept = store(&world, &key, put(first)).await;
        let surplus = store(&world, &key, put(second)).await;
        let removed = event(&world, "ObjectRemoved:Delete", &key, Some(&surplus), "03");
        assert!(world.deliver(batch([removed])).await.is_empty());
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], status);
        if status == "ready" {
            assert_eq!(versions(&world, &issued).await, [kept]);
        } else {
            assert!(versions(&world, &issued).await.is_empty());
        }
    }
}

#[tokio::test]
async fn somebody_elses_delete_marker_deletes_the_upload() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = upload(
        &world,
        &alice,
        &request(&bytes, "image/jpeg", "avatar"),
        &bytes,
    )
    .await;
    let key = object_key(&issued);
    let hide = world
        .emulator
        .s3()
        .delete_object()
        .bucket(&world.bucket)
        .key(&key);
    let marker = hide.send().await.unwrap().version_id.unwrap();
    let marked = event(
        &world,
        "ObjectRemoved:DeleteMarkerCreated",
        &key,
        Some(&marker),
        "02",
    );
    for _ in 0..2 {
        assert!(world.deliver(batch([marked.clone()])).await.is_empty());
    }
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&upload["status"], &upload["download_url"]),
        (&json!("deleted"), &Value::Null)
    );
    let list = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(&key);
    let left = list.send().await.unwrap();
    assert!(
        left.versions().is_empty() && left.delete_markers().is_empty(),
        "{left:?}"
    );
    let me = world
        .users
        .get("/v1/users/me")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json["avatar_url"], Value::Null);
}

#[tokio::test]
async fn a_disabled_owners_late_avatar_is_ready_and_leaves_the_profile_alone() {
    let world = World::new().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "avatar")).await;
    let set_status = async |status: &str| {
        let path = format!("/v1/users/{}", alice.id);
        let set = world
            .users
            .put(&path, &json!({"status": status}))
            .bearer(&admin.token);
        set.send().await.expect(200).json
    };
    set_status("disabled").await;
    let put = world.emulator.s3().put_object().body(bytes.into());
    store(&world, &object_key(&issued), put).await;
    assert_eq!(set_status("active").await["avatar_url"], Value::Null);
    let alice = world.log_in("alice").await;
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(upload["status"], "ready");
}

#[tokio::test]
async fn a_ticket_used_twice_leaves_nothing_readable_behind_when_its_upload_is_deleted() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let key = object_key(&issued);
    for sequencer in ["01", "02"] {
        assert_eq!(
            post(
                &issued["ticket"],
                form(&issued["ticket"], &bytes, as_issued)
            )
            .await,
            201
        );
        let version = versions(&world, &issued).await.pop();
        let created = event(
            &world,
            "ObjectCreated:Post",
            &key,
            version.as_deref(),
            sequencer,
        );
        assert!(world.deliver(batch([created])).await.is_empty());
    }
    let path = format!("/v1/uploads/{}", issued["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    let left = world
        .emulator
        .s3()
        .get_object()
        .bucket(&world.bucket)
        .key(&key)
        .send()
        .await;
    assert!(left.is_err(), "an older version has come to light");
}

#[tokio::test]
async fn a_rejection_that_was_cut_off_is_finished_by_the_repetition() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let issued = issue(
        &world,
        &alice,
        &request(&samples::jpeg(), "image/jpeg", "file"),
    )
    .await;
    let key = object_key(&issued);
    let put = |bytes: Vec<u8>| {
        let put = world
            .emulator
            .s3()
            .put_object()
            .bucket(&world.bucket)
            .key(&key)
            .content_type("image/jpeg");
        put.body(bytes.into()).send()
    };
    let version = put(samples::jpeg_of_size(3000))
        .await
        .unwrap()
        .version_id
        .unwrap();
    let created = batch([event(
        &world,
        "ObjectCreated:Put",
        &key,
        Some(&version),
        "01",
    )]);
    assert!(world.deliver(created.clone()).await.is_empty());
    // As if the removal had failed: the object is there again, under another version, and the event comes once more.
    let again = put(samples::jpeg_of_size(3000))
        .await
        .unwrap()
        .version_id
        .unwrap();
    let repeated = batch([event(&world, "ObjectCreated:Put", &key, Some(&again), "01")]);
    assert!(world.deliver(repeated).await.is_empty());
    assert!(versions(&world, &issued).await.is_empty());
}

#[tokio::test]
async fn a_newer_avatar_takes_the_place_of_the_older_one_whatever_comes_first() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "avatar");
    let avatar = async || {
        world
            .users
            .get("/v1/users/me")
            .bearer(&alice.token)
            .send()
            .await
            .expect(200)
            .json
    };
    let first = upload(&world, &alice, &body, &bytes).await;
    assert!(
        avatar().await["avatar_url"]
            .as_str()
            .unwrap()
            .contains(&object_key(&first))
    );

    world.advance(Duration::from_millis(5));
    let older = issue(&world, &alice, &body).await;
    world.advance(Duration::from_millis(5));
    let newer = upload(&world, &alice, &body, &bytes).await;
    assert_eq!(
        post(&older["ticket"], form(&older["ticket"], &bytes, as_issued)).await,
        201
    );
    let version = versions(&world, &older).await.pop();
    let late = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&older),
        version.as_deref(),
        "99",
    );
    assert!(world.deliver(batch([late])).await.is_empty());
    assert!(
        avatar().await["avatar_url"]
            .as_str()
            .unwrap()
            .contains(&object_key(&newer))
    );
    assert_eq!(
        read(&world, &alice, &older["upload"]["id"])
            .await
            .expect(200)
            .json["status"],
        "ready"
    );
    assert!(
        versions(&world, &first).await.is_empty(),
        "the replaced picture is gone"
    );
    read(&world, &alice, &first["upload"]["id"])
        .await
        .expect_error(404, "not_found");

    let path = format!("/v1/uploads/{}", newer["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    assert_eq!(
        avatar().await["avatar_url"],
        Value::Null,
        "a deleted picture is shown nowhere"
    );
}

#[tokio::test]
async fn a_deleted_upload_leaves_neither_record_nor_object() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let delete = async |issued: &Value| {
        let path = format!("/v1/uploads/{}", issued["upload"]["id"].as_str().unwrap());
        world
            .presign
            .delete(&path)
            .bearer(&alice.token)
            .send()
            .await
    };
    let ready = upload(&world, &alice, &body, &bytes).await;
    delete(&ready).await.expect(204);
    read(&world, &alice, &ready["upload"]["id"])
        .await
        .expect_error(404, "not_found");
    assert!(versions(&world, &ready).await.is_empty());
    // A phone that missed the answer repeats the request.
    delete(&ready).await.expect(204);

    // The object arrives after the deletion.
    let raced = issue(&world, &alice, &body).await;
    assert_eq!(
        post(&raced["ticket"], form(&raced["ticket"], &bytes, as_issued)).await,
        201
    );
    delete(&raced).await.expect(204);
    let version = versions(&world, &raced).await.pop();
    let late = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&raced),
        version.as_deref(),
        "01",
    );
    assert!(world.deliver(batch([late])).await.is_empty());
    assert!(versions(&world, &raced).await.is_empty());
    let listed = world
        .presign
        .get("/v1/uploads")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json["items"], json!([]));
}

#[tokio::test]
async fn an_object_without_a_record_is_removed_after_three_receives() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let known = issued["upload"]["id"].as_str().unwrap();
    let stray = object_key(&issued)
        .replace(".jpg", ".png")
        .replace(known, "06c0000000002000000000000c");
    let body = aws_sdk_s3::primitives::ByteStream::from(samples::png());
    let put = world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(&stray)
        .content_type("image/png")
        .body(body);
    let version = put.send().await.unwrap().version_id.unwrap();
    let mut created = event(&world, "ObjectCreated:Put", &stray, Some(&version), "01");
    assert_eq!(world.deliver(batch([created.clone()])).await, ["m0"]);
    created["attributes"]["ApproximateReceiveCount"] = json!("3");
    assert!(world.deliver(batch([created])).await.is_empty());
    let left = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(&stray)
        .send()
        .await
        .unwrap();
    assert!(left.versions().is_empty());
}

#[tokio::test]
async fn hopeless_messages_are_acknowledged_and_do_not_hold_up_others() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    assert_eq!(
        post(
            &issued["ticket"],
            form(&issued["ticket"], &bytes, as_issued)
        )
        .await,
        201
    );
    let version = versions(&world, &issued).await.pop();
    let good = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&issued),
        version.as_deref(),
        "01",
    );
    let foreign = event(
        &world,
        "ObjectCreated:Put",
        "holiday+pictures/%E5%9B%BE.jpg",
        None,
        "01",
    );
    let test = message(
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#,
        1,
    );
    let messages = [
        message("", 1),
        message("{", 1),
        test,
        foreign,
        good,
        message("[]", 9),
    ];
    assert!(world.deliver(batch(messages)).await.is_empty());
    assert_eq!(
        read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json["status"],
        "ready"
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

/// What the previous release stored, and what it would do beside this one.
#[tokio::test]
async fn records_of_the_previous_release_keep_working() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = request(&bytes, "image/jpeg", "file");
    let dynamodb = world.emulator.dynamodb();
    let change = async |issued: &Value, update: &str, values: &[(&str, AttributeValue)]| {
        let mut request = dynamodb.update_item().table_name(&world.table);
        request = request
            .key("pk", AttributeValue::S(format!("UP#{}", alice.id)))
            .key(
                "sk",
                AttributeValue::S(issued["upload"]["id"].as_str().unwrap().into()),
            );
        for (name, value) in values {
            request = request.expression_attribute_values(*name, value.clone());
        }
        request.update_expression(update).send().await.unwrap();
    };
    let s = |text: &str| AttributeValue::S(text.to_owned());

    // A pending record knew no end of its ticket.
    let pending = issue(&world, &alice, &body).await;
    change(&pending, "REMOVE ticket_until", &[]).await;
    let put = world.emulator.s3().put_object().body(bytes.clone().into());
    store(&world, &object_key(&pending), put).await;
    let read_status = async |issued: &Value| {
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        upload["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(read_status(&pending).await, "ready");

    // A ready one carried a sequencer and what came before it; a rejected one kept a version.
    let old = [(":seq", s("00AF")), (":old", s("earlier"))];
    let update = "SET seq = :seq, previous_version = :old REMOVE ticket_until";
    let ready = upload(&world, &alice, &body, &bytes).await;
    change(&ready, update, &old).await;
    assert_eq!(read_status(&ready).await, "ready");
    let path = format!("/v1/uploads/{}", ready["upload"]["id"].as_str().unwrap());
    world
        .presign
        .delete(&path)
        .bearer(&alice.token)
        .send()
        .await
        .expect(204);
    assert!(versions(&world, &ready).await.is_empty());
    let rejected = upload(&world, &alice, &body, &vec![b'x'; bytes.len()]).await;
    change(&rejected, "SET version_id = :old", &old[1..]).await;
    let shown = read(&world, &alice, &rejected["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&shown["status"], &shown["download_url"]),
        (&json!("rejected"), &Value::Null)
    );

    // It looks for an answered request's upload under this name.
    let call = world.presign.post("/v1/uploads", &body);
    let call = call.header("idempotency-key", "k").bearer(&alice.token);
    let issued = call.send().await.expect(201).json;
    let stored = dynamodb.scan().table_name(&world.table);
    let stored = stored.send().await.unwrap().items.unwrap_or_default();
    let mut memories = stored
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("RL#IK#"));
    assert_eq!(
        memories.next().unwrap().get("upload"),
        Some(&s(issued["upload"]["id"].as_str().unwrap()))
    );

    // The condition under which the previous release applies an event, whatever its sequencer.
    let settled = upload(&world, &alice, &body, &bytes).await;
    let applied = dynamodb
        .update_item()
        .table_name(&world.table)
        .key("pk", AttributeValue::S(format!("UP#{}", alice.id)))
        .key("sk", s(settled["upload"]["id"].as_str().unwrap()))
        .update_expression("SET version_id = :version")
        .condition_expression("attribute_not_exists(seq) OR seq < :seq")
        .expression_attribute_values(":version", s("later"))
        .expression_attribute_values(":seq", s(&"F".repeat(64)));
    assert!(
        applied.send().await.is_err(),
        "an event of the previous release changes the record"
    );
}
