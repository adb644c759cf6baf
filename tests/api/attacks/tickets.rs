//! A form with more in it than its ticket says, and a signed PUT that is made into another request.

use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use support::{Session, Upload, World, samples, wanted};

use super::signed::send;

/// The ticket's form with more fields before the file, where S3 reads them.
fn form(ticket: &Upload, before: &[(&str, &str)], after: &[(&str, &str)], bytes: &[u8]) -> Form {
    let add = |form: Form, (name, value): &(&str, &str)| {
        form.text((*name).to_owned(), (*value).to_owned())
    };
    let form = before.iter().fold(Form::new(), add);
    let fields = ticket["ticket"]["fields"].as_object().unwrap().iter();
    let form = fields.fold(form, |form, (name, value)| {
        form.text(name.clone(), value.as_str().unwrap().to_owned())
    });
    let form = after.iter().fold(form, add);
    form.part("file", Part::bytes(bytes.to_vec()).file_name("x"))
}

#[tokio::test]
async fn a_form_takes_no_field_that_its_ticket_does_not_name() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::png();
    let ticket = alice.issue(&wanted("file", &bytes)).await;
    for (name, value) in [
        ("acl", "public-read"),
        ("ACL", "public-read"),
        ("x-amz-acl", "public-read"),
        (
            "x-amz-grant-read",
            "uri=http://acs.amazonaws.com/groups/global/AllUsers",
        ),
        ("x-amz-meta-owner", "mallory"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-tagging", "verified=yes"),
        ("tagging", "<Tagging><TagSet/></Tagging>"),
        ("x-amz-website-redirect-location", "https://evil.example"),
        ("success_action_redirect", "https://evil.example"),
        ("redirect", "https://evil.example"),
        ("Content-Disposition", "attachment"),
        ("Content-Encoding", "gzip"),
        ("Cache-Control", "max-age=31536000"),
        ("Expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
    ] {
        let status = ticket
            .send(form(&ticket, &[], &[(name, value)], &bytes))
            .await;
        assert!(status.is_client_error(), "{name}: {status}");
    }
    assert!(world.versions("u/").await.is_empty());
    assert_eq!(ticket.send(form(&ticket, &[], &[], &bytes)).await, 201);
}

/// Whichever of two fields S3 takes, it is not the attacker's.
#[tokio::test]
async fn a_field_that_stands_twice_in_a_form_moves_nothing() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let bytes = samples::png();
    let alices = alice.issue(&wanted("file", &bytes)).await;
    for (name, value) in [
        ("key", &*alices.key),
        ("Key", &*alices.key),
        ("Content-Type", "text/html"),
        ("content-type", "text/html"),
        ("bucket", "another"),
    ] {
        for first in [true, false] {
            let bobs = bob.issue(&wanted("file", &bytes)).await;
            let more = [(name, value)];
            let (before, after): (&[_], &[_]) = if first { (&more, &[]) } else { (&[], &more) };
            let status = bobs.send(form(&bobs, before, after, &bytes)).await;
            assert!(
                world.versions(&alices.key).await.is_empty(),
                "{name}: {status}"
            );
            if status.is_success() {
                world.deliver_all([world.created(&bobs).await]).await;
                let shown = bob.read(&bobs).await.expect(200);
                let head = world.emulator.s3().head_object().bucket(&world.bucket);
                let head = head.key(&bobs.key).send().await;
                let as_declared = head.is_ok_and(|head| head.content_type() == Some("image/png"));
                assert!(
                    as_declared || shown["status"] == "rejected",
                    "{name}: {shown}"
                );
            }
        }
    }
}

/// Parts of two tickets are no ticket: neither the size of one with the key of the other, nor their policies.
#[tokio::test]
async fn parts_of_two_tickets_are_no_ticket() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let (small, large) = (samples::png(), samples::jpeg_of_size(5000));
    let one = alice.issue(&wanted("file", &small)).await;
    let other = alice.issue(&wanted("avatar", &large)).await;
    let of_other = |name: &str| other["ticket"]["fields"][name].as_str().unwrap().to_owned();
    for taken in [
        &["key"][..],
        &["policy"],
        &["x-amz-signature"],
        &["Content-Type"],
        &["policy", "x-amz-signature"],
        &["policy", "x-amz-signature", "Content-Type"],
    ] {
        for bytes in [&small, &large] {
            let mixed = one.form_with(bytes, |name, value| {
                let taken = taken.contains(&name);
                Some(if taken {
                    of_other(name)
                } else {
                    value.to_owned()
                })
            });
            let status = one.send(mixed).await;
            assert!(status.is_client_error(), "{taken:?}: {status}");
        }
    }
    assert!(world.versions("u/").await.is_empty());
}

async fn put_ticket(owner: &Session, bytes: &[u8]) -> Upload {
    let mut request = wanted("file", bytes);
    request["method"] = json!("PUT");
    owner.issue(&request).await
}

/// What S3 does with an `x-amz-` header that is not signed, the emulator does not: `docs/deployment.md` has it tried on AWS.
#[tokio::test]
async fn a_signed_put_is_no_other_request() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::png();
    let ticket = put_ticket(&alice, &bytes).await;
    let url = ticket.url();
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::POST] {
        let status = send(&method, url, &[], &bytes).await;
        assert!(status.is_client_error(), "{method}: {status}");
    }
    for more in ["acl", "tagging", "uploads", "partNumber=1&uploadId=x"] {
        let status = send(&Method::PUT, &format!("{url}&{more}"), &[], &bytes).await;
        assert!(status.is_client_error(), "{more}: {status}");
    }
    assert!(world.versions(&ticket.key).await.is_empty());
    assert_eq!(ticket.put(&bytes, "image/png").await, 200);
}
