//! A ticket admits what it was issued for, once, for five minutes.

use std::time::Duration;

use serde_json::json;
use support::{World, samples};

use super::{as_issued, form, issue, object_key, post, put, read, request, upload, versions};

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
