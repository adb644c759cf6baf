//! ETags: what `If-None-Match` spares a client, and what `If-Match` prevents.

use std::time::Duration;

use futures_util::future::join_all;
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};
use support::{Session, World, samples};
use tower::ServiceExt;

use super::{ME, assert_claims_are_whole, delete, edit, own, patch, path_of, purge, read, upload};

#[tokio::test]
async fn a_client_that_knows_the_version_is_spared_the_body() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let get = |reader: &Session, id: &str, known: &str| {
        world
            .users
            .get(&path_of(id))
            .bearer(&reader.token)
            .header("if-none-match", known)
            .send()
    };
    for (reader, id) in [(&alice, "me"), (&alice, &*alice.id), (&bob, &alice.id)] {
        let tag = read(&world, reader, id)
            .await
            .expect(200)
            .header("etag")
            .to_owned();
        assert!(
            tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'),
            "{tag} is strong"
        );
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            let answer = get(reader, id, &known).await.expect(304);
            assert_eq!(
                (&answer.json, answer.header("etag")),
                (&Value::Null, &*tag),
                "{known}"
            );
        }
        for other in ["\"0\"", "\"\"", "1", "x"] {
            let answer = get(reader, id, other).await.expect(200);
            assert_eq!(answer.header("etag"), tag);
        }
        let changed = edit(
            &world,
            &alice,
            json!({"nickname": format!("{tag:?}").replace('"', "")}),
        )
        .await
        .expect(200);
        let fresh = get(reader, id, &tag).await.expect(200);
        assert_ne!(fresh.header("etag"), tag);
        if reader.id == alice.id {
            assert_eq!(
                fresh.header("etag"),
                changed.header("etag"),
                "the tag of a write is that of the writer's next read"
            );
        }
    }
}

#[tokio::test]
async fn the_tag_changes_with_the_link_to_the_picture() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    upload(&world, &alice, "avatar", &samples::png()).await;
    let first = own(&world, &alice).await;
    world.advance(Duration::from_secs(31 * 60));
    let alice = world.log_in("alice").await;
    let later = world
        .users
        .get(ME)
        .bearer(&alice.token)
        .header("if-none-match", first.header("etag"))
        .send()
        .await;
    let later = later.expect(200);
    assert_ne!(later.json["avatar_url"], first.json["avatar_url"]);
    // The version is what a writer compares: a tag from before the link changed still fits.
    patch(&world, &alice, "me", &json!({"nickname": "n"}))
        .header("if-match", first.header("etag"))
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let world = World::new().await;
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    let stale = own(&world, &alice).await.header("etag").to_owned();
    edit(
        &world,
        &alice,
        json!({"username": "alice", "nickname": "a"}),
    )
    .await
    .expect(200);
    let before = own(&world, &alice).await;
    for tag in [
        &*stale,
        "\"0\"",
        "\"999\"",
        "\"\"",
        "\"nonsense\"",
        "\"+2\"",
        "\"02\"",
    ] {
        for body in [
            json!({}),
            json!({"nickname": "b"}),
            json!({"username": "b-name"}),
            json!({"avatar_upload_id": null}),
        ] {
            for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
                let refused = patch(&world, editor, id, &body)
                    .header("if-match", tag)
                    .send()
                    .await;
                refused.expect_error(412, "version_mismatch");
            }
        }
        for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
            let refused = world
                .users
                .delete(&path_of(id))
                .bearer(&editor.token)
                .header("if-match", tag);
            refused.send().await.expect_error(412, "version_mismatch");
        }
    }
    let after = own(&world, &alice).await;
    assert_eq!(
        (&after.json, after.header("etag")),
        (&before.json, before.header("etag"))
    );
    edit(&world, &admin, json!({"username": "b-name"}))
        .await
        .expect(200);
    assert!(world.purge_messages().await.is_empty());
    for body in [json!({"nickname": "b"}), json!({"username": "other"})] {
        let tag = own(&world, &alice).await.header("etag").to_owned();
        patch(&world, &alice, "me", &body)
            .header("if-match", &tag)
            .send()
            .await
            .expect(200);
        patch(&world, &alice, "me", &body)
            .header("if-match", &tag)
            .send()
            .await
            .expect_error(412, "version_mismatch");
    }
    patch(&world, &alice, "me", &json!({"nickname": "c"}))
        .header("if-match", "*")
        .send()
        .await
        .expect(200);
    let tag = own(&world, &alice).await.header("etag").to_owned();
    world
        .users
        .delete(ME)
        .bearer(&alice.token)
        .header("if-match", &tag)
        .send()
        .await
        .expect(204);
}

#[tokio::test]
async fn of_many_writers_with_one_version_one_wins() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for field in ["nickname", "username"] {
        let tag = own(&world, &alice).await.header("etag").to_owned();
        let writers = (0..10).map(|i| {
            let body = json!({field: format!("writer{i}")});
            patch(&world, &alice, "me", &body)
                .header("if-match", &tag)
                .send()
        });
        let (won, lost): (Vec<_>, Vec<_>) = join_all(writers)
            .await
            .into_iter()
            .partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "{field}");
        for answer in lost {
            answer.expect_error(412, "version_mismatch");
        }
        let after = own(&world, &alice).await;
        assert_eq!(
            (&after.json, after.header("etag")),
            (&won[0].json, won[0].header("etag"))
        );
    }
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn a_tag_that_does_not_fit_is_told_from_what_is_no_tag() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let before = own(&world, &alice).await.json;
    let own_tag = own(&world, &alice).await.header("etag").to_owned();
    let weak = format!("W/{own_tag}");
    let tags: [(&[&[u8]], u16); 16] = [
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
            let mut request = Request::builder().method(method).uri(ME);
            request = request
                .header("authorization", format!("Bearer {}", alice.token))
                .header("content-type", "application/json");
            for value in values {
                request = request.header("if-match", HeaderValue::from_bytes(value).unwrap());
            }
            let request = request.body(axum::body::Body::from(body)).unwrap();
            let response = world.users.0.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{values:?}");
        }
    }
    let refused = patch(&world, &alice, "me", &json!({"nickname": "b"}))
        .header("if-match", "1")
        .send()
        .await;
    assert_eq!(
        refused.expect_error(400, "invalid_request").fields(),
        ["If-Match"]
    );
    assert_eq!(own(&world, &alice).await.json, before);
}

#[tokio::test]
async fn any_tag_of_a_list_will_do() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let old = own(&world, &alice).await.header("etag").to_owned();
    for body in [
        json!({"nickname": "b"}),
        json!({"username": "b-name"}),
        json!({}),
    ] {
        let tag = own(&world, &alice).await.header("etag").to_owned();
        let call = patch(&world, &alice, "me", &body);
        let call = call.header("if-match", &format!("{old} , W/{tag},\"x\",{tag}"));
        call.send().await.expect(200);
    }
    let refused = patch(&world, &alice, "me", &json!({"nickname": "c"}));
    let refused = refused
        .header("if-match", &format!("{old}, \"x\""))
        .send()
        .await;
    refused.expect_error(412, "version_mismatch");
}

#[tokio::test]
async fn a_tag_is_good_for_its_user_and_its_reader() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let tag = async |reader: &Session, id: &str| {
        read(&world, reader, id)
            .await
            .expect(200)
            .header("etag")
            .to_owned()
    };
    // All at version 1, so that only the rest of a tag can tell them apart.
    let own_tag = tag(&alice, "me").await;
    let for_admin = tag(&admin, &alice.id).await;
    let others = [
        tag(&bob, "me").await,
        tag(&admin, &bob.id).await,
        tag(&bob, &alice.id).await,
    ];
    for body in [
        json!({}),
        json!({"nickname": "a"}),
        json!({"username": "a-name"}),
    ] {
        for (editor, id, foreign) in [(&alice, "me", &for_admin), (&admin, &*alice.id, &own_tag)] {
            for wrong in others.iter().chain([foreign]) {
                let refused = patch(&world, editor, id, &body).header("if-match", wrong);
                refused.send().await.expect_error(412, "version_mismatch");
                let refused = world.users.delete(&path_of(id)).bearer(&editor.token);
                let refused = refused.header("if-match", wrong).send().await;
                refused.expect_error(412, "version_mismatch");
            }
        }
    }
    assert_eq!(tag(&alice, "me").await, own_tag);
    let named = patch(&world, &alice, &alice.id, &json!({"nickname": "a"}));
    named.header("if-match", &own_tag).send().await.expect(200);
    let fresh = tag(&admin, &alice.id).await;
    let shut = patch(&world, &admin, &alice.id, &json!({"status": "disabled"}));
    shut.header("if-match", &fresh).send().await.expect(200);
    // Each other's tags are no news either: what they hold differs.
    let known = |known: &str| {
        let call = world.users.get(ME).bearer(&bob.token);
        call.header("if-none-match", known).send()
    };
    known(&others[0]).await.expect(304);
    for wrong in [&own_tag, &for_admin, &others[1], &others[2]] {
        known(wrong).await.expect(200);
    }
}

#[tokio::test]
async fn what_strangers_do_not_see_does_not_change_their_tag() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let seen = async || {
        let answer = read(&world, &bob, &alice.id).await.expect(200);
        answer.header("etag").to_owned()
    };
    let first = seen().await;
    let private = json!({"username": "alice", "email": "a@x.cn"});
    edit(&world, &alice, private).await.expect(200);
    let code = json!({"code": "phone-13800138000-1"});
    let phone = world
        .login
        .post("/v1/users/me/phone", &code)
        .bearer(&alice.token);
    phone.send().await.expect(200);
    for body in [
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
        json!({"status": "active"}),
    ] {
        patch(&world, &admin, &alice.id, &body)
            .send()
            .await
            .expect(200);
        assert_eq!(seen().await, first, "{body}");
    }
    let alice = world.log_in("alice").await;
    delete(&world, &alice, "me").await.expect(204);
    purge(&world).await;
    world.advance(Duration::from_secs(1));
    let alice = world.log_in("alice").await;
    assert_eq!(seen().await, first, "another life of the account");
    edit(&world, &alice, json!({"nickname": "A"}))
        .await
        .expect(200);
    let named = seen().await;
    assert_ne!(named, first, "what they do see does");
    edit(&world, &alice, json!({"nickname": null}))
        .await
        .expect(200);
    assert_eq!(seen().await, first, "and back");
    let call = world.users.get(&path_of(&alice.id)).bearer(&bob.token);
    call.header("if-none-match", &first)
        .send()
        .await
        .expect(304);
}

#[tokio::test]
async fn versions_go_on_after_a_deletion() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for i in 0..3 {
        edit(&world, &alice, json!({"nickname": format!("a{i}")}))
            .await
            .expect(200);
    }
    let before = own(&world, &alice).await;
    delete(&world, &alice, "me").await.expect(204);
    purge(&world).await;
    world.advance(Duration::from_secs(1));
    let alice = world.log_in("alice").await;
    let after = own(&world, &alice).await;
    assert!(after.json["version"].as_u64() > before.json["version"].as_u64());
    let late = patch(&world, &alice, "me", &json!({"nickname": "late"}));
    let late = late.header("if-match", before.header("etag")).send().await;
    late.expect_error(412, "version_mismatch");
}
