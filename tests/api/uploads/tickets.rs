//! A ticket admits what it was issued for, once, for five minutes.

use std::time::Duration;

use serde_json::json;
use support::uploads::{download, put, wanted_as};
use support::{World, samples, wanted};

#[tokio::test]
async fn an_upload_becomes_ready_and_can_be_downloaded() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (content_type, bytes) in samples::images() {
        let wanted = wanted_as("file", content_type, bytes.len());
        let upload = world.upload_as(&alice, &wanted, &bytes).await;
        let ready = alice.read(&upload).await.expect(200);
        assert_eq!(ready["status"], "ready", "{content_type}");
        assert_eq!(ready["size"], bytes.len(), "{content_type}");
        let url = ready.text("download_url");
        assert_eq!(download(&url).await, (200, bytes));
        let again = alice.read(&upload).await.text("download_url");
        assert_eq!(again, url, "a stable link lets clients cache the file");
    }
}

#[tokio::test]
async fn a_ticket_admits_what_it_was_issued_for_and_nothing_else() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let upload = alice.issue(&wanted("file", &bytes)).await;
    let bigger = [bytes.as_slice(), b"x"].concat();
    assert_eq!(upload.post(&bigger).await, 400, "bigger");
    assert_eq!(upload.post(&bytes[1..]).await, 400, "smaller");
    let change = async |field: &str, to: Option<&str>| {
        let form = upload.form_with(&bytes, |name, issued| match to {
            _ if name != field => Some(issued.to_owned()),
            to => to.map(str::to_owned),
        });
        let status = upload.send(form).await;
        assert!(status.is_client_error(), "{field} as {to:?}: {status}");
    };
    for (field, value) in [
        ("Content-Type", "text/html"),
        ("key", "u/other.jpg"),
        ("success_action_status", "200"),
        ("x-amz-signature", "00"),
        ("x-amz-date", "20200101T000000Z"),
        ("policy", "e30="),
    ] {
        change(field, Some(value)).await;
    }
    for field in [
        "Content-Type",
        "policy",
        "x-amz-signature",
        "x-amz-credential",
    ] {
        change(field, None).await;
    }
    assert!(world.versions(&upload.key).await.is_empty());
    assert_eq!(upload.post(&bytes).await, 201);
}

#[tokio::test]
async fn a_ticket_ends_after_five_minutes_and_is_nobody_elses() {
    let world = World::new().await;
    let bytes = samples::jpeg();
    let body = wanted("file", &bytes);
    let mut by_put = body.clone();
    by_put["method"] = json!("PUT");
    world.rewind(Duration::from_secs(6 * 60));
    let early = world.log_in("alice").await;
    let (post, put) = (early.issue(&body).await, early.issue(&by_put).await);
    assert_eq!(post.post(&bytes).await, 403, "expired");
    assert_eq!(put.put(&bytes, "image/jpeg").await, 403, "expired");

    world.advance(Duration::from_secs(6 * 60));
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let (alices, bobs) = (alice.issue(&body).await, bob.issue(&body).await);
    // Bob sends with his own ticket, and names Alice's object.
    let stolen = bobs.form_with(&bytes, |name, value| {
        let value = if name == "key" { &alices.key } else { value };
        Some(value.to_owned())
    });
    assert_eq!(bobs.send(stolen).await, 403);
    assert!(world.versions(&alices.key).await.is_empty());
}

#[tokio::test]
async fn a_put_ticket_pins_type_and_length() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::png();
    let mut body = wanted("file", &bytes);
    body["method"] = json!("PUT");
    let upload = alice.issue(&body).await;
    assert_eq!(
        upload["ticket"]["headers"],
        json!({"content-type": "image/png"})
    );
    assert_eq!(upload.put(&bytes, "text/html").await, 403);
    assert_eq!(upload.put(&bytes[1..], "image/png").await, 403);
    let other_key = upload.url().replace(".png", ".gif");
    assert_eq!(put(&other_key, &bytes, "image/png").await, 403);
    // AWS honours the signed parameter as if it were the header: a second PUT gets 412.
    let condition = "If-None-Match=%2A&";
    assert!(upload.url().contains(&format!("?{condition}")));
    let unconditional = upload.url().replace(condition, "");
    assert_eq!(put(&unconditional, &bytes, "image/png").await, 403);
    assert_eq!(upload.put(&bytes, "image/png").await, 200);
    assert_eq!(upload.put(&bytes, "image/png").await, 412);
}
