//! Tickets, the gate that S3 holds, and what events make of records, through the routes and against the emulator's S3.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
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
    assert_eq!(put(&ticket, &bytes, "image/png").await, 200);
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
        json!(vec![good.clone(); 10]),
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

#[tokio::test]
async fn nine_tickets_come_all_or_none() {
    let world = World::with(Settings {
        limits: vec![("UPLOAD_PENDING_LIMIT", "10")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let one = json!({"content_type": "image/jpeg", "size": 10, "purpose": "file"});
    let nine = json!({"items": vec![one.clone(); 9]});
    let answer = world
        .presign
        .post("/v1/uploads/batch", &nine)
        .bearer(&alice.token)
        .send()
        .await
        .expect(201);
    assert_eq!(answer.json["items"].as_array().unwrap().len(), 9);
    let refused = world
        .presign
        .post("/v1/uploads/batch", &nine)
        .bearer(&alice.token)
        .send()
        .await;
    refused.expect_error(429, "upload_quota");
    let listed = world
        .presign
        .get("/v1/uploads?limit=100")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json["items"].as_array().unwrap().len(), 9);
    issue(&world, &alice, &one).await;
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
    let bob = world.log_in("bob").await;
    let bobs = world
        .presign
        .post("/v1/uploads", &body)
        .header("idempotency-key", "k1")
        .bearer(&bob.token)
        .send()
        .await;
    assert_ne!(bobs.expect(201).json["upload"]["id"], first["upload"]["id"]);
    world.advance(Duration::from_secs(25 * 60 * 60));
    let bob = world.log_in("bob").await;
    let later = world
        .presign
        .post("/v1/uploads", &body)
        .header("idempotency-key", "k1")
        .bearer(&bob.token)
        .send()
        .await;
    let _ = later.expect(201);
}

#[tokio::test]
async fn open_and_daily_tickets_are_limited() {
    let limits = vec![("UPLOAD_PENDING_LIMIT", "3"), ("UPLOAD_DAILY_LIMIT", "5")];
    let world = World::with(Settings {
        limits,
        ..Settings::default()
    })
    .await;
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

#[tokio::test]
async fn an_object_of_the_wrong_size_is_rejected() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let key = object_key(&issued);
    for (sequencer, body, reason) in [
        ("01", Vec::new(), "empty"),
        ("02", samples::jpeg_of_size(5000), "size_mismatch"),
    ] {
        let body = aws_sdk_s3::primitives::ByteStream::from(body);
        let put = world
            .emulator
            .s3()
            .put_object()
            .bucket(&world.bucket)
            .key(&key)
            .content_type("image/jpeg")
            .body(body);
        let version = put.send().await.unwrap().version_id.unwrap();
        let created = event(&world, "ObjectCreated:Put", &key, Some(&version), sequencer);
        assert!(world.deliver(batch([created])).await.is_empty());
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
async fn the_greatest_sequencer_decides_in_every_order() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let world = World::with(Settings {
        limits: vec![("UPLOAD_PENDING_LIMIT", "100")],
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    for (removed, sequencers) in [(true, ["9", "A0", "A1"]), (false, ["00AF", "00AF01", "0"])] {
        for order in orders {
            let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
            for _ in 0..2 {
                assert_eq!(
                    post(
                        &issued["ticket"],
                        form(&issued["ticket"], &bytes, as_issued)
                    )
                    .await,
                    201
                );
            }
            let key = object_key(&issued);
            let stored = versions(&world, &issued).await;
            let events = [
                event(
                    &world,
                    "ObjectCreated:Post",
                    &key,
                    Some(&stored[0]),
                    sequencers[0],
                ),
                event(
                    &world,
                    "ObjectCreated:Post",
                    &key,
                    Some(&stored[1]),
                    sequencers[1],
                ),
                event(
                    &world,
                    "ObjectRemoved:DeleteMarkerCreated",
                    &key,
                    Some("m"),
                    sequencers[2],
                ),
            ];
            for i in order.into_iter().chain(order) {
                assert!(world.deliver(batch([events[i].clone()])).await.is_empty());
            }
            let upload = read(&world, &alice, &issued["upload"]["id"])
                .await
                .expect(200)
                .json;
            let expected = if removed { "deleted" } else { "ready" };
            assert_eq!(upload["status"], expected, "{order:?}");
            if !removed {
                let url = upload["download_url"].as_str().unwrap();
                assert!(
                    url.contains(&format!("versionId={}", stored[1])),
                    "{order:?}: {url}"
                );
            }
            let path = format!("/v1/uploads/{}", upload["id"].as_str().unwrap());
            world
                .presign
                .delete(&path)
                .bearer(&alice.token)
                .send()
                .await
                .expect(204);
        }
    }
}

#[tokio::test]
async fn right_bytes_after_wrong_ones_stay_whatever_the_removal_of_the_wrong_ones_says() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let wrong = vec![b'x'; bytes.len()];
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "avatar")).await;
    let key = object_key(&issued);
    assert_eq!(
        post(
            &issued["ticket"],
            form(&issued["ticket"], &wrong, as_issued)
        )
        .await,
        201
    );
    let rejected = versions(&world, &issued).await.pop().unwrap();
    let deliver = async |name: &str, version: &str, sequencer: &str| {
        let failed = world
            .deliver(batch([event(&world, name, &key, Some(version), sequencer)]))
            .await;
        assert!(failed.is_empty());
    };
    deliver("ObjectCreated:Post", &rejected, "01").await;
    assert_eq!(
        post(
            &issued["ticket"],
            form(&issued["ticket"], &bytes, as_issued)
        )
        .await,
        201
    );
    let good = versions(&world, &issued).await.pop().unwrap();
    deliver("ObjectCreated:Post", &good, "02").await;
    deliver("ObjectRemoved:Delete", &rejected, "03").await;
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(upload["status"], "ready");
    let me = world
        .users
        .get("/v1/users/me")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
    assert!(me.json["avatar_url"].as_str().unwrap().contains(&good));
    deliver("ObjectRemoved:Delete", &good, "04").await;
    let upload = read(&world, &alice, &issued["upload"]["id"])
        .await
        .expect(200)
        .json;
    assert_eq!(upload["status"], "deleted");
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
