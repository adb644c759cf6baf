//! ETags: what `If-None-Match` spares a client, and what `If-Match` prevents.

use std::time::Duration;

use axum::body::Body;
use futures_util::future::join_all;
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};
use support::api::refused;
use support::{World, samples};
use tower::ServiceExt;

use super::{ME, assert_reservations_are_whole};

#[tokio::test]
async fn a_client_that_knows_the_version_is_spared_the_body() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    for (reader, id) in [(&alice, "me"), (&alice, &*alice.id), (&bob, &alice.id)] {
        let tag = reader.tag_of(id).await;
        let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        assert!(quoted.is_some_and(|tag| !tag.is_empty()), "{tag} is strong");
        let [weak, listed] = [format!("W/{tag}"), format!("\"x\", {tag}")];
        for known in [&tag, &weak, &listed, "*"] {
            let unchanged = reader.user(id).if_none_match(known).await.expect(304);
            assert_eq!(unchanged.json, Value::Null, "{known}");
            assert_eq!(unchanged.etag(), tag, "{known}");
        }
        for other in ["\"0\"", "\"\"", "1", "x"] {
            let read = reader.user(id).if_none_match(other).await.expect(200);
            assert_eq!(read.etag(), tag);
        }
        let nickname = tag.replace('"', "");
        let changed = alice.edit(json!({"nickname": nickname})).await.expect(200);
        let fresh = reader.user(id).if_none_match(&tag).await.expect(200);
        assert_ne!(fresh.etag(), tag);
        if reader.id == alice.id {
            // The tag of a write is that of the writer's next read.
            assert_eq!(fresh.etag(), changed.etag());
        }
    }
}

#[tokio::test]
async fn the_tag_changes_with_the_link_to_the_picture() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world.upload(&alice, "avatar", &samples::png()).await;
    let first = alice.me().await.expect(200);
    world.advance(Duration::from_secs(31 * 60));
    let alice = world.log_in("alice").await;
    let later = alice.me().if_none_match(&first.etag()).await.expect(200);
    assert_ne!(later["avatar_url"], first["avatar_url"]);
    // The version is what a writer compares: a tag from before the link changed still fits.
    let edit = alice.edit(json!({"nickname": "n"}));
    edit.if_match(&first.etag()).await.expect(200);
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let stale = alice.tag_of("me").await;
    let named = json!({"username": "alice", "nickname": "a"});
    alice.edit(named).await.expect(200);
    let before = alice.me().await.expect(200);
    let bodies = [
        json!({}),
        json!({"nickname": "b"}),
        json!({"username": "b-name"}),
        json!({"avatar_upload_id": null}),
    ];
    let strange = [
        "\"0\"",
        "\"999\"",
        "\"\"",
        "\"nonsense\"",
        "\"+2\"",
        "\"02\"",
    ];
    for tag in strange.into_iter().chain([&*stale]) {
        for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
            let edits = bodies.iter().map(|body| editor.edit_user(id, body));
            let calls = edits.chain([editor.delete_user(id)]);
            let calls = calls.map(|call| call.if_match(tag));
            refused(calls, 412, "version_mismatch").await;
        }
    }
    let after = alice.me().await.expect(200);
    assert_eq!((&after.json, after.etag()), (&before.json, before.etag()));
    admin.edit(json!({"username": "b-name"})).await.expect(200);
    assert!(world.purge_messages().await.is_empty());
}

#[tokio::test]
async fn a_tag_is_good_for_one_change() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for body in [json!({"nickname": "b"}), json!({"username": "other"})] {
        let tag = alice.tag_of("me").await;
        alice.edit(&body).if_match(&tag).await.expect(200);
        let again = alice.edit(&body).if_match(&tag).await;
        again.expect_problem(412, "version_mismatch");
    }
    let edit = alice.edit(json!({"nickname": "c"}));
    edit.if_match("*").await.expect(200);
    let tag = alice.tag_of("me").await;
    alice.delete_account().if_match(&tag).await.expect(204);
}

#[tokio::test]
async fn of_many_writers_with_one_version_one_wins() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for field in ["nickname", "username"] {
        let tag = alice.tag_of("me").await;
        let writers = (0..10).map(|i| {
            let body = json!({field: format!("writer{i}")});
            alice.edit(body).if_match(&tag).send()
        });
        let answers = join_all(writers).await.into_iter();
        let (won, lost): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "{field}");
        for answer in lost {
            answer.expect_problem(412, "version_mismatch");
        }
        let after = alice.me().await.expect(200);
        assert_eq!((&after.json, after.etag()), (&won[0].json, won[0].etag()));
    }
    assert_reservations_are_whole(&world).await;
}

#[tokio::test]
async fn a_tag_that_does_not_fit_is_told_from_what_is_no_tag() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let before = alice.profile().await;
    let own_tag = alice.tag_of("me").await;
    let weak = format!("W/{own_tag}");
    let tags: &[(&[&[u8]], u16)] = &[
        (&[b"1"], 400),
        (&[b"\"1"], 400),
        (&[b"\""], 400),
        (&[b"\"1\" \"2\""], 400),
        (&[b"\"1 \""], 400),
        (&[b"*, \"1\""], 400),
        (&[b""], 400),
        (&[b" , "], 400),
        (&[b"\xff"], 400),
        (&[own_tag.as_bytes(), b"x"], 400),
        (&[b"W/\"1\""], 412),
        (&[weak.as_bytes()], 412),
        (&[b"\"1\", \"2\""], 412),
        (&[b"\"1\"", b"\"1\""], 412),
        (&[b"\"\xff\xfe\""], 412),
        (&[b"\"a,b\""], 412),
    ];
    for (values, status) in tags {
        for (method, body) in [
            (Method::PATCH, "{\"nickname\":\"b\"}"),
            (Method::PUT, "{\"username\":\"b-name\"}"),
            (Method::DELETE, ""),
        ] {
            let got = with_if_match(&world, &alice.token, method, values, body).await;
            assert_eq!(got, *status, "{values:?}");
        }
    }
    let refused = alice.edit(json!({"nickname": "b"})).if_match("1").await;
    refused.expect_invalid(["If-Match"]);
    assert_eq!(alice.profile().await, before);
}

/// The status for a header that may be several, and no text.
async fn with_if_match(
    world: &World,
    token: &str,
    method: Method,
    values: &[&[u8]],
    body: &'static str,
) -> u16 {
    let mut request = Request::builder()
        .method(method)
        .uri(ME)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    for value in values {
        request = request.header("if-match", HeaderValue::from_bytes(value).unwrap());
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = world.users.0.clone().oneshot(request).await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn any_tag_of_a_list_will_do() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let old = alice.tag_of("me").await;
    for body in [
        json!({"nickname": "b"}),
        json!({"username": "b-name"}),
        json!({}),
    ] {
        let tag = alice.tag_of("me").await;
        let tags = format!("{old} , W/{tag},\"x\",{tag}");
        alice.edit(body).if_match(&tags).await.expect(200);
    }
    let edit = alice.edit(json!({"nickname": "c"}));
    let refused = edit.if_match(&format!("{old}, \"x\"")).await;
    refused.expect_problem(412, "version_mismatch");
}

#[tokio::test]
async fn a_tag_is_good_for_its_user_and_its_reader() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    // All at version 1, so that only the rest of a tag can tell them apart.
    let own = alice.tag_of("me").await;
    let for_admin = admin.tag_of(&alice.id).await;
    let others = [
        bob.tag_of("me").await,
        admin.tag_of(&bob.id).await,
        bob.tag_of(&alice.id).await,
    ];
    for (editor, id, foreign) in [(&alice, "me", &for_admin), (&admin, &*alice.id, &own)] {
        for wrong in others.iter().chain([foreign]) {
            let calls = [
                editor.edit_user(id, json!({})),
                editor.edit_user(id, json!({"nickname": "a"})),
                editor.edit_user(id, json!({"username": "a-name"})),
                editor.delete_user(id),
            ];
            let calls = calls.map(|call| call.if_match(wrong));
            refused(calls, 412, "version_mismatch").await;
        }
    }
    assert_eq!(alice.tag_of("me").await, own);
    let name = alice.edit_user(&alice.id, json!({"nickname": "a"}));
    name.if_match(&own).await.expect(200);
    let fresh = admin.tag_of(&alice.id).await;
    let disable = admin.edit_user(&alice.id, json!({"status": "disabled"}));
    disable.if_match(&fresh).await.expect(200);
    // Each other's tags are no news either: what they hold differs.
    bob.me().if_none_match(&others[0]).await.expect(304);
    for wrong in [&own, &for_admin, &others[1], &others[2]] {
        bob.me().if_none_match(wrong).await.expect(200);
    }
}

#[tokio::test]
async fn what_strangers_do_not_see_does_not_change_their_tag() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let seen = async || bob.tag_of(&alice.id).await;
    let first = seen().await;
    let private = json!({"username": "alice", "email": "a@x.cn"});
    alice.edit(private).await.expect(200);
    alice.set_phone("13800138000").await.expect(200);
    for body in [
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
        json!({"status": "active"}),
    ] {
        admin.edit_user(&alice.id, &body).await.expect(200);
        assert_eq!(seen().await, first, "{body}");
    }
    let alice = world.log_in("alice").await;
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    world.advance(Duration::from_secs(1));
    let alice = world.log_in("alice").await;
    assert_eq!(seen().await, first, "another generation of the account");
    alice.edit(json!({"nickname": "A"})).await.expect(200);
    assert_ne!(seen().await, first, "what they do see does");
    alice.edit(json!({"nickname": null})).await.expect(200);
    assert_eq!(seen().await, first, "and back");
    let known = bob.user(&alice.id).if_none_match(&first).await;
    known.expect(304);
}

#[tokio::test]
async fn versions_go_on_after_a_deletion() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for i in 0..3 {
        let body = json!({"nickname": format!("a{i}")});
        alice.edit(body).await.expect(200);
    }
    let before = alice.me().await.expect(200);
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    world.advance(Duration::from_secs(1));
    let alice = world.log_in("alice").await;
    let after = alice.profile().await;
    assert!(after["version"].as_u64() > before["version"].as_u64());
    let late = alice.edit(json!({"nickname": "late"}));
    let late = late.if_match(&before.etag()).await;
    late.expect_problem(412, "version_mismatch");
}
