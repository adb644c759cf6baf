//! Users through the routes: profiles, unique names, conditional requests, administration and deletion.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};
use http::{HeaderValue, Method, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use shared::http::cursor;
use shared::ids::{OpenId, UserId};
use shared::profile::{Email, Username};
use support::api::Call;
use support::{Answer, Session, World, samples};
use tower::ServiceExt;

const ME: &str = "/v1/users/me";

fn path_of(id: &str) -> String {
    format!("/v1/users/{id}")
}

async fn read(world: &World, reader: &Session, id: &str) -> Answer {
    let call = world.users.get(&path_of(id)).bearer(&reader.token);
    call.send().await
}

async fn own(world: &World, session: &Session) -> Answer {
    read(world, session, "me").await.expect(200)
}

fn patch(world: &World, editor: &Session, id: &str, body: &Value) -> Call {
    let call = world.users.call(Method::PATCH, &path_of(id));
    call.bearer(&editor.token).json(body)
}

async fn edit(world: &World, session: &Session, body: Value) -> Answer {
    patch(world, session, "me", &body).send().await
}

async fn delete(world: &World, editor: &Session, id: &str) -> Answer {
    let call = world.users.delete(&path_of(id)).bearer(&editor.token);
    call.send().await
}

async fn create(world: &World, admin: &Session, body: Value) -> Answer {
    let call = world.users.post("/v1/users", &body).bearer(&admin.token);
    call.send().await
}

async fn list(world: &World, admin: &Session, query: &str) -> Answer {
    let call = world.users.get(&format!("/v1/users{query}"));
    call.bearer(&admin.token).send().await
}

fn ids(page: &Answer) -> Vec<String> {
    let items = page.json["items"].as_array().unwrap();
    let ids = items.iter().map(|item| item["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap()
}

fn names_of(json: &Value) -> Vec<&str> {
    let names = json.as_object().unwrap().keys().map(String::as_str);
    names.collect()
}

/// The id that a person has, or will have.
fn id_of(world: &World, openid: &str) -> String {
    let openid: OpenId = openid.parse().unwrap();
    UserId::derive(&world.wechat.app_id(), &openid).to_string()
}

// ---- profile

#[tokio::test]
async fn both_verbs_merge_and_null_clears() {
    let world = World::new().await;
    for (method, openid) in [(Method::PUT, "alice"), (Method::PATCH, "bob")] {
        let session = world.log_in(openid).await;
        let change = async |body: Value| {
            let call = world.users.call(method.clone(), ME);
            call.bearer(&session.token).json(&body).send().await
        };
        let email = format!("{openid}@x.cn");
        let full = change(json!({"username": openid, "email": email, "nickname": "小明"}))
            .await
            .expect(200);
        assert_eq!(
            (text(&full.json, "username"), text(&full.json, "email")),
            (openid, &*email)
        );
        assert_eq!(
            (&full.json["nickname"], &full.json["version"]),
            (&json!("小明"), &json!(2))
        );
        let renamed = change(json!({"nickname": "小红"})).await.expect(200).json;
        let mut expected = full.json.clone();
        expected["nickname"] = json!("小红");
        expected["version"] = json!(3);
        expected["updated_at"] = renamed["updated_at"].clone();
        assert_eq!(renamed, expected, "what is absent stays");
        let untouched = change(json!({})).await.expect(200).json;
        assert_eq!(untouched, renamed, "an empty change is none");
        let cleared = change(json!({"username": null, "email": null}))
            .await
            .expect(200)
            .json;
        assert_eq!(
            (&cleared["username"], &cleared["email"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&cleared["nickname"], &cleared["version"]),
            (&json!("小红"), &json!(4))
        );
        let bare = change(json!({"nickname": null, "avatar_upload_id": null}))
            .await
            .expect(200);
        assert_eq!(bare.json["nickname"], Value::Null);
        assert_eq!(own(&world, &session).await.json, bare.json);
        assert!(text(&bare.json, "updated_at") >= text(&full.json, "created_at"));
    }
}

#[tokio::test]
async fn unknown_and_foreign_fields_are_named_and_nothing_changes() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    edit(
        &world,
        &alice,
        json!({"username": "alice", "nickname": "a"}),
    )
    .await
    .expect(200);
    let before = own(&world, &alice).await;
    for field in [
        "id",
        "openid",
        "unionid",
        "session_key",
        "version",
        "epoch",
        "phone",
        "created_at",
        "updated_at",
        "avatar_url",
        "avatar_key",
        "pk",
        "gsi1pk",
        "role",
        "status",
        "Nickname",
        "nick name",
        "",
    ] {
        for method in [Method::PUT, Method::PATCH] {
            let mut body = json!({"nickname": "b", "username": "b-name"});
            body[field] = json!("admin");
            let call = world
                .users
                .call(method, ME)
                .bearer(&alice.token)
                .json(&body);
            let refused = call.send().await.expect_error(400, "invalid_request");
            assert_eq!(refused.fields(), [field]);
        }
    }
    let all = json!({"username": "a", "email": 1, "nickname": [], "avatar_upload_id": true, "role": "admin", "x": 1});
    let refused = edit(&world, &alice, all)
        .await
        .expect_error(400, "invalid_request");
    let mut named = refused.fields();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "avatar_upload_id",
            "email",
            "nickname",
            "role",
            "username",
            "x"
        ]
    );
    let after = own(&world, &alice).await;
    assert_eq!(
        (after.json.clone(), after.header("etag")),
        (before.json.clone(), before.header("etag"))
    );
    let admin = world.log_in("admin").await;
    for body in [
        json!({"role": "root"}),
        json!({"role": null}),
        json!({"role": 1}),
    ] {
        let refused = patch(&world, &admin, &alice.id, &body).send().await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["role"],
            "{body}"
        );
    }
    for body in [
        json!({"status": "deleting"}),
        json!({"status": "deleted"}),
        json!({"status": null}),
    ] {
        let refused = patch(&world, &admin, &alice.id, &body).send().await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["status"],
            "{body}"
        );
    }
    assert_eq!(own(&world, &alice).await.json, before.json);
}

#[tokio::test]
async fn what_a_field_may_hold_is_checked() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let long = "x".repeat(32);
    let chinese = "汉".repeat(32);
    let emoji = "😀".repeat(64);
    let local = format!("{}@x.cn", "a".repeat(64));
    let good = [
        (
            "username",
            vec![
                "abc",
                "A-b_9",
                "小程序员",
                "Ｂｏｂ",
                "é-e\u{301}x",
                &long,
                &chinese,
            ],
        ),
        (
            "email",
            vec![
                "a@b.cn",
                "First.Last+tag@mail.example.com",
                "张三@例子.中国",
                &local,
            ],
        ),
        (
            "nickname",
            vec!["a", " a ", "小明", "👨‍👩‍👧 ok", "🏳️‍🌈", "<b>&\"'", &emoji],
        ),
    ];
    for (field, values) in good {
        for value in values {
            let stored = edit(&world, &alice, json!({field: value}))
                .await
                .expect(200);
            assert_eq!(stored.json[field], value);
        }
    }
    let before = own(&world, &alice).await.json;
    let (longer, more) = ("x".repeat(33), "😀".repeat(65));
    // One character that becomes eighteen once compared: the compared form counts.
    let ligature = "\u{fdfa}\u{fdfa}";
    let domain = format!("a@{}.cn", "b".repeat(254));
    // Within the limit as written, and longer than any key of the table once compared.
    let [word, short] = [21, 18].map(|length| "\u{fdfa}".repeat(length));
    let expanding = format!("{word}@{word}.{word}.{short}.cn");
    let bad = [
        (
            "username",
            vec![
                "",
                "ab",
                "a b c",
                "a.b",
                "me@x.cn",
                "😀😀😀",
                "a\u{0}bc",
                "abc\n",
                "Admin",
                "ＡＤＭＩＮ",
                "me_\u{200b}",
                "管理员",
                "null",
                "ROOT",
                "a\u{202e}bc",
                &longer,
                ligature,
            ],
        ),
        (
            "email",
            vec![
                "",
                "a",
                "a@",
                "@b.cn",
                "a@b",
                "a b@c.cn",
                "A <a@b.cn>",
                "a@[127.0.0.1]",
                "a@b.cn\n",
                "a@@b.cn",
                &domain,
                &expanding,
            ],
        ),
        (
            "nickname",
            vec![
                "",
                "  ",
                "\u{3000}",
                "a\nb",
                "a\tb",
                "a\u{0}",
                "a\u{7f}",
                "\u{85}a",
                "a\u{202e}b",
                "\u{200f}",
                "a\u{2028}",
                "\u{2066}a",
                &more,
            ],
        ),
    ];
    for (field, values) in bad {
        for value in values {
            let refused = edit(&world, &alice, json!({field: value})).await;
            assert_eq!(
                refused.expect_error(400, "invalid_request").fields(),
                [field],
                "{value:?}"
            );
        }
    }
    assert_eq!(own(&world, &alice).await.json, before);
}

#[tokio::test]
async fn what_is_stored_comes_back_byte_for_byte_to_every_reader() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    for (username, email, nickname) in [
        (
            "Ｂｏｂ",
            "Bob.Ｘ@Example.COM",
            "👩🏽‍💻 e\u{301} é ﬁ ½ \u{1f1e8}\u{1f1f3}",
        ),
        ("Ｉstanbul_小明", "ＡＢＣ@x.cn", "  \u{3000}ａｂｃ\u{200d} "),
    ] {
        let profile = json!({"username": username, "email": email, "nickname": nickname});
        let stored = edit(&world, &alice, profile.clone()).await.expect(200).json;
        let found = list(&world, &admin, "?limit=100").await.expect(200);
        let listed = found.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|user| user["id"] == alice.id)
            .unwrap();
        let seen = [
            stored,
            own(&world, &alice).await.json,
            read(&world, &admin, &alice.id).await.json,
            listed.clone(),
        ];
        for json in seen {
            assert_eq!(
                (
                    text(&json, "username"),
                    text(&json, "email"),
                    text(&json, "nickname")
                ),
                (username, email, nickname)
            );
        }
        assert_eq!(
            read(&world, &bob, &alice.id).await.expect(200).json["nickname"],
            nickname
        );
        assert_eq!(
            world.log_in("alice").await.json["user"]["username"],
            username
        );
    }
}

#[tokio::test]
async fn a_stranger_sees_three_fields_and_an_administrator_all_but_the_number() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    edit(
        &world,
        &alice,
        json!({"username": "alice", "email": "a@x.cn", "nickname": "A"}),
    )
    .await
    .expect(200);
    let phone = world.login.post(
        "/v1/users/me/phone",
        &json!({"code": "phone-13800138000-1"}),
    );
    phone.bearer(&alice.token).send().await.expect(200);
    let everything = [
        "avatar_url",
        "created_at",
        "email",
        "id",
        "nickname",
        "phone",
        "role",
        "status",
        "updated_at",
        "username",
        "version",
    ];
    let seen_by_owner = own(&world, &alice).await.json;
    assert_eq!(names_of(&seen_by_owner), everything);
    assert_eq!(seen_by_owner["phone"], "13800138000");
    assert_eq!(
        read(&world, &alice, &alice.id).await.json,
        seen_by_owner,
        "by id as by me"
    );
    let mut masked = seen_by_owner;
    masked["phone"] = json!("138******00");
    assert_eq!(
        read(&world, &admin, &alice.id).await.expect(200).json,
        masked
    );
    let stranger = json!({"id": alice.id, "nickname": "A", "avatar_url": null});
    assert_eq!(
        read(&world, &bob, &alice.id).await.expect(200).json,
        stranger
    );
}

// ---- uniqueness

#[tokio::test]
async fn names_that_look_alike_are_one_name() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    edit(
        &world,
        &alice,
        json!({"username": "Bob", "email": "Bob@Example.com"}),
    )
    .await
    .expect(200);
    let before = own(&world, &bob).await.json;
    for username in ["Bob", "bob", "BOB", "Ｂｏｂ", "ｂOb"] {
        let refused = edit(&world, &bob, json!({"username": username, "nickname": "x"})).await;
        refused.expect_error(409, "username_taken");
    }
    for email in ["bob@example.com", "BOB@EXAMPLE.COM", "ｂob@example.com"] {
        let refused = edit(&world, &bob, json!({"email": email, "username": "fresh"})).await;
        refused.expect_error(409, "email_taken");
    }
    assert_eq!(own(&world, &bob).await.json, before, "all or nothing");
    for own_form in ["Ｂｏｂ", "bob", "bob"] {
        let stored = edit(
            &world,
            &alice,
            json!({"username": own_form, "email": "BOB@example.com"}),
        )
        .await;
        assert_eq!(stored.expect(200).json["username"], own_form);
        edit(&world, &bob, json!({"username": "BOB"}))
            .await
            .expect_error(409, "username_taken");
    }
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn a_name_that_is_given_up_can_be_taken() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let name = async |session: &Session, username: Value| {
        edit(&world, session, json!({"username": username})).await
    };
    name(&alice, json!("first")).await.expect(200);
    name(&bob, json!("FIRST"))
        .await
        .expect_error(409, "username_taken");
    name(&alice, json!("second")).await.expect(200);
    name(&bob, json!("FIRST")).await.expect(200);
    name(&alice, json!("first"))
        .await
        .expect_error(409, "username_taken");
    name(&bob, Value::Null).await.expect(200);
    name(&alice, json!("first")).await.expect(200);
    name(&bob, json!("second")).await.expect(200);
    // Two people swap their names, by way of a third.
    name(&alice, json!("third")).await.expect(200);
    name(&bob, json!("first")).await.expect(200);
    name(&alice, json!("second")).await.expect(200);
    let names = [&alice, &bob].map(|session| own(&world, session));
    let names = join_all(names)
        .await
        .into_iter()
        .map(|answer| answer.json["username"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["second", "first"]);
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn twenty_people_racing_for_three_names_leave_one_winner_each() {
    let world = World::new().await;
    let sessions = join_all((0..20).map(|i| {
        let world = &world;
        async move { world.log_in(&format!("p{i}")).await }
    }))
    .await;
    let forms = [
        ["Ann", "ann", "ＡＮＮ"],
        ["Bob", "BOB", "Ｂｏｂ"],
        ["Eve", "eve", "ｅｖｅ"],
    ];
    for round in 0..4 {
        for field in ["username", "email"] {
            let races = sessions.iter().enumerate().map(|(i, session)| {
                let form = forms[(i + round) % 3][i % 2 + usize::from(i % 5 == 0)];
                let value = if field == "email" {
                    format!("{form}{round}@x.cn")
                } else {
                    format!("{form}{round}")
                };
                edit(&world, session, json!({field: value}))
            });
            let answers = join_all(races).await;
            let mut winners = [0; 3];
            for (i, answer) in answers.iter().enumerate() {
                match answer.status.as_u16() {
                    200 => winners[(i + round) % 3] += 1,
                    _ => assert_eq!(
                        (answer.status.as_u16(), answer.code()),
                        (409, &*format!("{field}_taken"))
                    ),
                }
            }
            assert_eq!(winners, [1, 1, 1], "{field}");
        }
        assert_claims_are_whole(&world).await;
    }
}

#[tokio::test]
async fn registrations_racing_for_a_name_or_a_person_leave_one_winner() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let bodies = (0..10).map(|i| json!({"openid": format!("p{i}"), "username": "Wanted"}));
    let answers = join_all(bodies.map(|body| create(&world, &admin, body))).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_error(409, "username_taken");
    }
    let bodies = (0..10).map(|i| json!({"openid": "same", "username": format!("name{i}")}));
    let answers = join_all(bodies.map(|body| create(&world, &admin, body))).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect_error(409, "user_exists");
    }
    assert_claims_are_whole(&world).await;
}

// ---- conditional requests

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

// ---- avatars

/// Uploads as a phone does and delivers S3's event; returns the upload's id.
async fn upload(world: &World, session: &Session, purpose: &str, bytes: &[u8]) -> String {
    let issued = ticket(world, session, purpose, bytes.len()).await;
    let http = support::http_client(Duration::from_secs(10));
    let put = http
        .put(text(&issued["ticket"], "url"))
        .header("content-type", "image/png");
    let stored = put.body(bytes.to_vec()).send().await.unwrap();
    assert!(stored.status().is_success());
    let id = text(&issued["upload"], "id").to_owned();
    let object = json!({
        "key": format!("u/{}/{id}.png", session.id),
        "eTag": "e",
        "versionId": stored.headers()["x-amz-version-id"].to_str().unwrap(),
        "sequencer": "01",
    });
    let record = json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let message = json!({"messageId": "m", "body": json!({"Records": [record]}).to_string()});
    assert!(
        world
            .deliver(json!({"Records": [message]}))
            .await
            .is_empty()
    );
    id
}

async fn ticket(world: &World, session: &Session, purpose: &str, size: usize) -> Value {
    let body =
        json!({"content_type": "image/png", "size": size, "purpose": purpose, "method": "PUT"});
    let call = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&session.token);
    call.send().await.expect(201).json
}

#[tokio::test]
async fn only_a_verified_avatar_of_ones_own_becomes_the_picture() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let mine = upload(&world, &alice, "avatar", &samples::png()).await;
    assert!(text(&own(&world, &alice).await.json, "avatar_url").contains(&mine));
    let choose = async |editor: &Session, id: &str, upload: Value| {
        patch(
            &world,
            editor,
            id,
            &json!({"avatar_upload_id": upload, "nickname": "x"}),
        )
        .send()
        .await
    };
    let bare = choose(&alice, "me", Value::Null).await.expect(200);
    assert_eq!(bare.json["avatar_url"], Value::Null);
    let file = upload(&world, &alice, "file", &samples::png()).await;
    let pending = text(&ticket(&world, &alice, "avatar", 10).await["upload"], "id").to_owned();
    let html = samples::html();
    let rejected = upload(&world, &alice, "avatar", &html).await;
    let bobs = upload(&world, &bob, "avatar", &samples::png()).await;
    let before = own(&world, &alice).await.json;
    let unknown = "0".repeat(26);
    for unusable in [
        &file,
        &pending,
        &rejected,
        &bobs,
        &unknown,
        "x",
        "",
        "~",
        &alice.id,
        &mine.to_uppercase(),
    ] {
        for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
            let refused = choose(editor, id, json!(unusable))
                .await
                .expect_error(400, "invalid_request");
            assert_eq!(refused.fields(), ["avatar_upload_id"], "{unusable}");
        }
    }
    assert_eq!(own(&world, &alice).await.json, before);
    for (editor, id) in [(&alice, "me"), (&admin, &*alice.id)] {
        let chosen = choose(editor, id, json!(mine)).await.expect(200).json;
        assert!(text(&chosen, "avatar_url").contains(&mine));
        assert_eq!(
            read(&world, &bob, &alice.id).await.json["avatar_url"],
            chosen["avatar_url"]
        );
        choose(editor, id, Value::Null).await.expect(200);
    }
    choose(&alice, "me", json!(mine)).await.expect(200);
    let removed = world
        .presign
        .delete(&format!("/v1/uploads/{mine}"))
        .bearer(&alice.token)
        .send()
        .await;
    removed.expect(204);
    assert_eq!(own(&world, &alice).await.json["avatar_url"], Value::Null);
    choose(&alice, "me", json!(mine))
        .await
        .expect_error(400, "invalid_request");
}

#[tokio::test]
async fn a_picture_of_an_earlier_life_is_not_ones_own() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let old = upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    let again = world.log_in("alice").await;
    let refused = edit(&world, &again, json!({"avatar_upload_id": old})).await;
    assert_eq!(
        refused.expect_error(400, "invalid_request").fields(),
        ["avatar_upload_id"]
    );
}

// ---- administration

#[tokio::test]
async fn a_person_can_be_registered_ahead_of_their_first_login() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let body = json!({"openid": "alice", "username": "Ａlice", "email": "A@x.cn", "nickname": "小A", "role": "admin"});
    let created = create(&world, &admin, body).await.expect(201);
    let id = id_of(&world, "alice");
    assert_eq!(created.header("location"), path_of(&id));
    let user = &created.json;
    assert_eq!(
        (
            text(user, "id"),
            text(user, "username"),
            text(user, "email")
        ),
        (&*id, "Ａlice", "A@x.cn")
    );
    assert_eq!(
        (
            text(user, "nickname"),
            text(user, "role"),
            text(user, "status")
        ),
        ("小A", "admin", "active")
    );
    assert!(!user.to_string().contains("openid"));
    let read_back = world
        .users
        .get(created.header("location"))
        .bearer(&admin.token)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&read_back.json, read_back.header("etag")),
        (user, created.header("etag"))
    );

    let alice = world.log_in("alice").await;
    assert_eq!((&alice.id, &alice.json["is_new"]), (&id, &json!(true)));
    assert_eq!(&alice.json["user"], user);
    assert_eq!(world.log_in("alice").await.json["is_new"], false);
    list(&world, &alice, "").await.expect(200);
    let plain = create(
        &world,
        &admin,
        json!({"openid": "plain", "username": null, "role": null}),
    )
    .await
    .expect(201);
    assert_eq!(
        (&plain.json["username"], &plain.json["role"]),
        (&Value::Null, &json!("user"))
    );
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn a_registration_that_cannot_be_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let (admin, bob) = (world.log_in("admin").await, world.log_in("bob").await);
    edit(
        &world,
        &bob,
        json!({"username": "Bob", "email": "bob@x.cn"}),
    )
    .await
    .expect(200);
    let before = snapshot(&world).await;
    for body in [
        json!({"openid": "bob"}),
        json!({"openid": "bob", "username": "fresh"}),
        json!({"openid": "bob", "username": "bob"}),
    ] {
        create(&world, &admin, body)
            .await
            .expect_error(409, "user_exists");
    }
    let taken = json!({"openid": "new", "username": "Ｂｏｂ", "email": "new@x.cn"});
    create(&world, &admin, taken)
        .await
        .expect_error(409, "username_taken");
    let taken = json!({"openid": "new", "username": "new", "email": "BOB@x.cn"});
    create(&world, &admin, taken)
        .await
        .expect_error(409, "email_taken");
    for openid in [
        json!(""),
        json!("a b"),
        json!("x".repeat(129)),
        json!("é"),
        json!("a#b"),
        json!(1),
        Value::Null,
        json!(["x"]),
    ] {
        let refused = create(&world, &admin, json!({"openid": openid})).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["openid"],
            "{openid}"
        );
    }
    assert_eq!(
        create(&world, &admin, json!({}))
            .await
            .expect_error(400, "invalid_request")
            .fields(),
        ["openid"]
    );
    for field in ["id", "phone", "status", "avatar_upload_id", "unionid"] {
        let refused = create(&world, &admin, json!({"openid": "new", field: "x"})).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            [field]
        );
    }
    create(&world, &bob, json!({"openid": "new"}))
        .await
        .expect_error(403, "forbidden");
    assert_eq!(snapshot(&world).await, before);
    read(&world, &admin, &id_of(&world, "new"))
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn the_list_shows_each_once_while_people_come_and_go() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let mut people = Vec::new();
    for i in 0..24 {
        people.push(world.log_in(&format!("p{i:02}")).await);
    }
    let newest_first: Vec<_> = people
        .iter()
        .rev()
        .chain([&admin])
        .map(|session| session.id.clone())
        .collect();
    let all = list(&world, &admin, "?limit=100").await.expect(200);
    assert_eq!(
        (ids(&all), &all.json["next_cursor"]),
        (newest_first.clone(), &Value::Null)
    );
    assert_eq!(
        ids(&list(&world, &admin, "").await),
        newest_first[..20],
        "twenty by default"
    );
    let exact = list(&world, &admin, "?limit=25").await.expect(200);
    assert_eq!(
        (ids(&exact).len(), &exact.json["next_cursor"]),
        (25, &Value::Null),
        "no page after the last"
    );
    assert_eq!(names_of(&all.json["items"][0]).len(), 11);

    let mut seen = Vec::new();
    let mut query = "?limit=5".to_owned();
    for page_number in 0.. {
        let page = list(&world, &admin, &query).await.expect(200);
        seen.extend(ids(&page));
        let Some(cursor) = page.json["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=5&cursor={cursor}");
        if page_number < 2 {
            // One who was shown (the very last, which the cursor stands on), one who was not yet, and a new one.
            let last = seen.last().unwrap().clone();
            let unseen = newest_first[seen.len() + 2].clone();
            for id in [last, unseen] {
                delete(&world, &admin, &id).await.expect(204);
            }
            world.log_in(&format!("late{page_number}")).await;
        }
    }
    let unique: HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "nobody twice");
    let gone = [7, 12];
    let expected: Vec<_> = (0..25)
        .filter(|i| !gone.contains(i))
        .map(|i| newest_first[i].clone())
        .collect();
    assert_eq!(seen, expected);
    for limit in [
        "0",
        "101",
        "-1",
        "1.5",
        "x",
        "",
        "99999999999999999999",
        "%20",
    ] {
        let refused = list(&world, &admin, &format!("?limit={limit}")).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["limit"],
            "{limit}"
        );
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_its_list_alone() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    create(&world, &admin, json!({"openid": "second", "role": "admin"}))
        .await
        .expect(201);
    let second = world.log_in("second").await;
    let page = list(&world, &admin, "?limit=1").await.expect(200);
    let cursor = text(&page.json, "next_cursor");
    list(&world, &admin, &format!("?cursor={cursor}"))
        .await
        .expect(200);
    let refuse = async |admin: &Session, cursor: &str| {
        let refused = list(&world, admin, &format!("?cursor={cursor}")).await;
        refused.expect_error(400, "invalid_cursor");
    };
    refuse(&second, cursor).await;
    for at in 0..cursor.len() {
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        let mut changed = cursor.to_owned();
        changed.replace_range(at..=at, other);
        refuse(&admin, &changed).await;
    }
    for _ in 0..2 {
        ticket(&world, &admin, "file", 10).await;
    }
    let uploads = world
        .presign
        .get("/v1/uploads?limit=1")
        .bearer(&admin.token)
        .send()
        .await
        .expect(200);
    let (of_uploads, longer) = (text(&uploads.json, "next_cursor"), "A".repeat(2000));
    for junk in [
        "x",
        "%00",
        "%ff",
        "~~~",
        "e30",
        &cursor[..cursor.len() - 4],
        of_uploads,
        &longer,
    ] {
        refuse(&admin, junk).await;
    }
    // Anybody can compute the digest: what it seals has to be a position nevertheless.
    let scope = format!("users {}", admin.id);
    for position in [
        "",
        " ",
        "x",
        "#",
        "\u{0}",
        &"9".repeat(300),
        &format!("000000000000000#{}x", alice.id),
    ] {
        refuse(&admin, &cursor::encode(position, &scope)).await;
    }
    let crossed = world
        .presign
        .get(&format!("/v1/uploads?cursor={cursor}"))
        .bearer(&admin.token)
        .send()
        .await;
    crossed.expect_error(400, "invalid_cursor");
}

#[tokio::test]
async fn a_user_is_found_by_username_or_email() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    edit(
        &world,
        &alice,
        json!({"username": "Ａlice", "email": "Alice+x@x.cn"}),
    )
    .await
    .expect(200);
    let found = json!({"items": [read(&world, &admin, &alice.id).await.json], "next_cursor": null});
    for query in [
        "?username=alice",
        "?username=ALICE",
        "?username=%EF%BC%A1lice",
        "?email=alice%2Bx%40x.cn",
        "?email=ALICE%2BX@X.CN",
    ] {
        assert_eq!(
            list(&world, &admin, query).await.expect(200).json,
            found,
            "{query}"
        );
    }
    let nobody = json!({"items": [], "next_cursor": null});
    for query in [
        "?username=alic",
        "?username=alicee",
        "?email=x@x.cn",
        "?username=nobody",
    ] {
        assert_eq!(
            list(&world, &admin, query).await.expect(200).json,
            nobody,
            "{query}"
        );
    }
    for query in [
        "?username=alice&email=a@x.cn",
        "?username=alice&limit=5",
        "?email=a@x.cn&cursor=x",
        "?username=alice&cursor=x&limit=1",
        "?username=alice&username=bob",
        "?username=",
        "?username=a%00b",
        "?email=",
        "?email=%ff@x.cn%0a",
    ] {
        list(&world, &admin, query)
            .await
            .expect_error(400, "invalid_request");
    }
    for parameter in ["nickname", "openid", "page", "Username"] {
        let refused = list(&world, &admin, &format!("?{parameter}=x")).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            [parameter]
        );
    }
    list(&world, &alice, "?username=alice")
        .await
        .expect_error(403, "forbidden");
    delete(&world, &alice, "me").await.expect(204);
    assert_eq!(
        list(&world, &admin, "?username=alice")
            .await
            .expect(200)
            .json,
        nobody
    );
}

#[tokio::test]
async fn an_administrator_edits_others_and_only_those_who_are_there() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let body = json!({"username": "named", "email": "n@x.cn", "nickname": "by admin"});
    let edited = patch(&world, &admin, &alice.id, &body)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(own(&world, &alice).await.json, edited);
    let before = snapshot(&world).await;
    for id in [
        &*id_of(&world, "nobody"),
        "x",
        "%ff",
        &alice.id.to_uppercase(),
    ] {
        for body in [
            json!({}),
            json!({"nickname": "x"}),
            json!({"username": "other"}),
            json!({"status": "disabled"}),
        ] {
            patch(&world, &admin, id, &body)
                .send()
                .await
                .expect_error(404, "not_found");
        }
        delete(&world, &admin, id)
            .await
            .expect_error(404, "not_found");
        read(&world, &admin, id)
            .await
            .expect_error(404, "not_found");
    }
    assert_eq!(snapshot(&world).await, before);
}

#[tokio::test]
async fn a_role_counts_from_the_next_refresh() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let set_role = async |role: &str| {
        let answer = patch(&world, &admin, &alice.id, &json!({"role": role}))
            .send()
            .await
            .expect(200);
        assert_eq!(answer.json["role"], role);
    };
    set_role("admin").await;
    list(&world, &alice, "")
        .await
        .expect_error(403, "forbidden");
    let promoted = Session::of(world.refresh(&alice.refresh_token).await.expect(200).json);
    list(&world, &promoted, "").await.expect(200);
    set_role("user").await;
    let demoted = Session::of(
        world
            .refresh(&promoted.refresh_token)
            .await
            .expect(200)
            .json,
    );
    assert_eq!(demoted.json["user"]["role"], "user");
    list(&world, &demoted, "")
        .await
        .expect_error(403, "forbidden");
    let refused = edit(&world, &demoted, json!({"role": "admin"})).await;
    assert_eq!(
        refused.expect_error(400, "invalid_request").fields(),
        ["role"]
    );
}

#[tokio::test]
async fn an_administrator_who_is_one_no_more_can_do_nothing_with_an_old_token() {
    let world = World::new().await;
    let (root, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    for (how, status, code) in [
        ("delete", 401, "unauthorized"),
        ("disable", 403, "account_disabled"),
        ("demote", 403, "forbidden"),
    ] {
        create(&world, &root, json!({"openid": how, "role": "admin"}))
            .await
            .expect(201);
        let former = world.log_in(how).await;
        list(&world, &former, "").await.expect(200);
        match how {
            "delete" => drop(delete(&world, &root, &former.id).await.expect(204)),
            "disable" => drop(
                patch(&world, &root, &former.id, &json!({"status": "disabled"}))
                    .send()
                    .await
                    .expect(200),
            ),
            _ => drop(
                patch(&world, &root, &former.id, &json!({"role": "user"}))
                    .send()
                    .await
                    .expect(200),
            ),
        }
        let before = snapshot(&world).await;
        list(&world, &former, "").await.expect_error(status, code);
        list(&world, &former, "?username=alice")
            .await
            .expect_error(status, code);
        create(
            &world,
            &former,
            json!({"openid": "accomplice", "role": "admin"}),
        )
        .await
        .expect_error(status, code);
        for body in [
            json!({}),
            json!({"nickname": "x"}),
            json!({"role": "admin"}),
            json!({"status": "disabled"}),
            json!({"username": "x-name"}),
        ] {
            patch(&world, &former, &alice.id, &body)
                .send()
                .await
                .expect_error(status, code);
        }
        for field in ["role", "status"] {
            let own = json!({field: if field == "role" { "admin" } else { "active" }});
            let refused = edit(&world, &former, own).await;
            assert_eq!(
                refused.expect_error(400, "invalid_request").fields(),
                [field]
            );
        }
        delete(&world, &former, &alice.id)
            .await
            .expect_error(status, code);
        assert_eq!(snapshot(&world).await, before, "{how}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_shut_everywhere_until_it_is_enabled() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    edit(&world, &alice, json!({"username": "alice"}))
        .await
        .expect(200);
    let uploaded = upload(&world, &alice, "file", &samples::png()).await;
    for status in ["disabled", "active"] {
        let refused = patch(&world, &alice, "me", &json!({"status": status}))
            .send()
            .await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["status"]
        );
    }
    let set_status = async |status: &str| {
        let answer = patch(&world, &admin, &alice.id, &json!({"status": status}))
            .send()
            .await
            .expect(200);
        assert_eq!(answer.json["status"], status);
    };
    for _ in 0..2 {
        set_status("disabled").await;
        let shut = world.try_log_in("alice").await;
        shut.expect_error(403, "account_disabled");
        world
            .refresh(&alice.refresh_token)
            .await
            .expect_error(403, "account_disabled");
        for call in calls_of_a_user(&world, &alice, &bob.id, &uploaded) {
            call.send().await.expect_error(403, "account_disabled");
        }
        delete(&world, &alice, "me")
            .await
            .expect_error(403, "account_disabled");
        assert_eq!(
            read(&world, &admin, &alice.id).await.expect(200).json["status"],
            "disabled"
        );
        edit(&world, &bob, json!({"username": "ALICE"}))
            .await
            .expect_error(409, "username_taken");
        create(&world, &admin, json!({"openid": "alice"}))
            .await
            .expect_error(409, "user_exists");
    }
    set_status("active").await;
    let again = Session::of(world.refresh(&alice.refresh_token).await.expect(200).json);
    for session in [&alice, &again, &world.log_in("alice").await] {
        assert_eq!(own(&world, session).await.json["username"], "alice");
        list_uploads(&world, session).await.expect(200);
        ticket(&world, session, "file", 10).await;
        edit(&world, session, json!({"nickname": "back"}))
            .await
            .expect(200);
    }
    // Whoever is shut out can still be deleted, which does not let them back in as a disabled person.
    set_status("disabled").await;
    delete(&world, &admin, &alice.id).await.expect(204);
    assert_eq!(world.log_in("alice").await.json["is_new"], true);
}

async fn list_uploads(world: &World, session: &Session) -> Answer {
    world
        .presign
        .get("/v1/uploads")
        .bearer(&session.token)
        .send()
        .await
}

/// Everything that a user can ask for with an access token, except to log out and to delete the account.
fn calls_of_a_user(world: &World, session: &Session, other: &str, upload: &str) -> Vec<Call> {
    let ticket = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let upload = format!("/v1/uploads/{upload}");
    let calls = vec![
        world.users.get(ME),
        world.users.get(&path_of(&session.id)),
        world.users.get(&path_of(other)),
        world.users.get(&format!("/v1/profiles?ids={other}")),
        world.users.put(ME, &json!({})),
        world.users.put(ME, &json!({"nickname": "x"})),
        world.users.put(ME, &json!({"username": "fresh"})),
        world
            .users
            .put(&path_of(&session.id), &json!({"email": "fresh@x.cn"})),
        world
            .users
            .put(ME, &json!({"avatar_upload_id": "0".repeat(26)})),
        world.login.post(
            "/v1/users/me/phone",
            &json!({"code": "phone-13800138000-7"}),
        ),
        world.presign.post("/v1/uploads", &ticket),
        world
            .presign
            .post("/v1/uploads/batch", &json!({"items": [ticket]})),
        world.presign.get("/v1/uploads"),
        world.presign.get(&upload),
        world.presign.delete(&upload),
    ];
    calls
        .into_iter()
        .map(|call| call.bearer(&session.token))
        .collect()
}

// ---- deletion

#[tokio::test]
async fn a_deleted_account_is_unusable_at_once() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let elsewhere = world.log_in("alice").await;
    edit(
        &world,
        &alice,
        json!({"username": "alice", "email": "a@x.cn", "nickname": "A"}),
    )
    .await
    .expect(200);
    let uploaded = upload(&world, &alice, "avatar", &samples::png()).await;
    let announced = json!({"uid": alice.id, "epoch": 1});
    let messages = async || {
        let bodies = world.purge_messages().await;
        bodies
            .iter()
            .map(|body| serde_json::from_str::<Value>(body).unwrap())
            .collect::<Vec<_>>()
    };
    let answer = delete(&world, &alice, "me").await.expect(204);
    assert_eq!(answer.json, Value::Null);
    assert_eq!(messages().await, std::slice::from_ref(&announced));
    for session in [&alice, &elsewhere] {
        for call in calls_of_a_user(&world, session, &bob.id, &uploaded) {
            call.send().await.expect_error(401, "unauthorized");
        }
        let logout = world
            .login
            .call(Method::POST, "/v1/logout")
            .bearer(&session.token)
            .send();
        logout.await.expect_error(401, "unauthorized");
        world
            .refresh(&session.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
        // Whoever did not get the answer asks again, and so does whoever asks on another device.
        for id in ["me", &*alice.id] {
            delete(&world, session, id).await.expect(204);
            assert_eq!(messages().await, std::slice::from_ref(&announced));
        }
    }
    edit(
        &world,
        &bob,
        json!({"username": "Alice", "email": "A@x.cn"}),
    )
    .await
    .expect(200);
    read(&world, &admin, &alice.id)
        .await
        .expect_error(404, "not_found");
    read(&world, &bob, &alice.id)
        .await
        .expect_error(404, "not_found");
    for body in [
        json!({}),
        json!({"nickname": "x"}),
        json!({"username": "y-name"}),
        json!({"status": "active"}),
        json!({"role": "admin"}),
    ] {
        patch(&world, &admin, &alice.id, &body)
            .send()
            .await
            .expect_error(409, "account_deleting");
    }
    create(&world, &admin, json!({"openid": "alice"}))
        .await
        .expect_error(409, "account_deleting");
    delete(&world, &admin, &alice.id).await.expect(204);
    assert_eq!(messages().await, [announced]);
    assert!(!ids(&list(&world, &admin, "?limit=100").await).contains(&alice.id));
    let profiles = world
        .users
        .get(&format!("/v1/profiles?ids={}", alice.id))
        .bearer(&bob.token)
        .send()
        .await;
    assert_eq!(profiles.expect(200).json["items"], json!([]));
    assert_claims_are_whole(&world).await;
}

#[tokio::test]
async fn deletion_leaves_nothing_personal_on_the_user_item() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world.log_in("alice").await;
    edit(
        &world,
        &alice,
        json!({"username": "alice", "email": "a@x.cn", "nickname": "A"}),
    )
    .await
    .expect(200);
    let phone = world.login.post(
        "/v1/users/me/phone",
        &json!({"code": "phone-13800138000-1"}),
    );
    phone.bearer(&alice.token).send().await.expect(200);
    upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    let items = snapshot(&world).await;
    let mut left: Vec<_> = items[&(format!("U#{}", alice.id), "A".to_owned())]
        .keys()
        .map(String::as_str)
        .collect();
    left.sort_unstable();
    assert_eq!(
        left,
        [
            "epoch",
            "fence",
            "pk",
            "sessions_ended_at",
            "sk",
            "status",
            "version"
        ]
    );
    assert!(
        !items
            .keys()
            .any(|(pk, _)| pk.starts_with("UN#") || pk.starts_with("EM#"))
    );
}

#[tokio::test]
async fn who_registers_again_is_the_same_person_without_a_past() {
    let world = World::new().await;
    let [alice, bob, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("admin").await,
    ];
    let body = json!({"username": "alice", "email": "a@x.cn", "nickname": "A", "role": "admin"});
    patch(&world, &admin, &alice.id, &body)
        .send()
        .await
        .expect(200);
    let phone = world.login.post(
        "/v1/users/me/phone",
        &json!({"code": "phone-13800138000-1"}),
    );
    let last = phone.bearer(&alice.token).send().await.expect(200).json;
    let uploaded = upload(&world, &alice, "avatar", &samples::png()).await;
    delete(&world, &alice, "me").await.expect(204);
    world.advance(Duration::from_secs(1));
    let again = world.log_in("alice").await;
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(true))
    );
    let user = &again.json["user"];
    for field in ["username", "email", "nickname", "avatar_url", "phone"] {
        assert_eq!(user[field], Value::Null, "{field}");
    }
    assert_eq!(
        (&user["role"], &user["status"]),
        (&json!("user"), &json!("active"))
    );
    assert!(
        user["version"].as_u64() > last["version"].as_u64(),
        "no tag of the old life fits the new one"
    );
    assert!(text(user, "created_at") > text(&last, "created_at"));
    assert!(
        text(user, "updated_at") >= text(user, "created_at"),
        "{user}"
    );
    assert_eq!(
        list_uploads(&world, &again).await.expect(200).json["items"],
        json!([])
    );

    let before = snapshot(&world).await;
    for call in calls_of_a_user(&world, &alice, &bob.id, &uploaded) {
        call.send().await.expect_error(401, "unauthorized");
    }
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    let logout = world
        .login
        .post("/v1/logout", &json!({"all": true}))
        .bearer(&alice.token)
        .send()
        .await;
    logout.expect_error(401, "unauthorized");
    world
        .refresh(&alice.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
    assert_eq!(
        snapshot(&world).await,
        before,
        "an old token has no power over the new life"
    );
    world.refresh(&again.refresh_token).await.expect(200);

    world.purge_messages().await;
    delete(&world, &again, "me").await.expect(204);
    assert_eq!(world.purge_messages().await.len(), 1);
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    assert!(world.purge_messages().await.is_empty());
    let third = world.log_in("alice").await;
    delete(&world, &third, "me").await.expect(204);
    let message: Value = serde_json::from_str(&world.purge_messages().await[0]).unwrap();
    assert_eq!(message, json!({"uid": alice.id, "epoch": 3}));
}

#[tokio::test]
async fn once_purged_a_person_can_be_registered_ahead_again() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    delete(&world, &alice, "me").await.expect(204);
    purge(&world).await;
    delete(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    read(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    patch(&world, &admin, &alice.id, &json!({"nickname": "x"}))
        .send()
        .await
        .expect_error(404, "not_found");
    delete(&world, &admin, &alice.id)
        .await
        .expect_error(404, "not_found");
    let created = create(
        &world,
        &admin,
        json!({"openid": "alice", "username": "again"}),
    )
    .await
    .expect(201);
    assert_eq!(created.json["id"], alice.id);
    read(&world, &alice, "me")
        .await
        .expect_error(401, "unauthorized");
    let again = world.log_in("alice").await;
    assert_eq!(
        (&again.json["is_new"], &again.json["user"]["username"]),
        (&json!(true), &json!("again"))
    );
    ticket(&world, &again, "file", 10).await;
    world
        .refresh(&alice.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
}

#[tokio::test]
async fn logins_during_a_deletion_belong_to_one_life_or_the_other() {
    let world = World::new().await;
    for round in 0..5 {
        let openid = format!("p{round}");
        let first = world.log_in(&openid).await;
        edit(&world, &first, json!({"username": format!("name{round}")}))
            .await
            .expect(200);
        let logins = join_all((0..3).map(|_| world.log_in(&openid)));
        let (deleted, sessions) = join(delete(&world, &first, "me"), logins).await;
        deleted.expect(204);
        for session in &sessions {
            let refreshed = world.refresh(&session.refresh_token).await;
            let read = read(&world, session, "me").await;
            assert_eq!(
                (refreshed.status == 200, read.status == 200),
                (
                    session.json["user"]["username"].is_null(),
                    session.json["user"]["username"].is_null()
                ),
                "a session of the old life is dead, one of the new life is not"
            );
        }
        world
            .refresh(&first.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
    }
    assert_claims_are_whole(&world).await;
}

/// Works on what was announced. A deletion that was cut off after its announcement fails its message, and nothing else.
async fn purge(world: &World) {
    let bodies = world.purge_messages().await;
    let record = |(i, body): (usize, &String)| json!({"messageId": format!("m{i}"), "body": body});
    let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
    world
        .purge
        .handle(json!({"Records": records}), world.soon())
        .await
        .unwrap();
}

// ---- profiles

#[tokio::test]
async fn profiles_come_in_the_order_asked_for_and_as_strangers_see_them() {
    let world = World::new().await;
    let mut people = Vec::new();
    for i in 0..50 {
        people.push(world.log_in(&format!("p{i}")).await);
    }
    edit(
        &world,
        &people[3],
        json!({"username": "three", "email": "t@x.cn", "nickname": "三"}),
    )
    .await
    .expect(200);
    upload(&world, &people[3], "avatar", &samples::png()).await;
    let reader = world.log_in("admin").await;
    let get = async |ids: &str| {
        world
            .users
            .get(&format!("/v1/profiles{ids}"))
            .bearer(&reader.token)
            .send()
            .await
    };
    let mixed = [
        &people[3].id,
        &*id_of(&world, "nobody"),
        &people[0].id,
        "me",
        "",
        "%ff",
        &people[7].id,
        &reader.id,
    ];
    let answer = get(&format!("?ids={}", mixed.join(","))).await.expect(200);
    assert_eq!(
        ids(&answer),
        [&*people[3].id, &people[0].id, &people[7].id, &reader.id]
    );
    for item in answer.json["items"].as_array().unwrap() {
        assert_eq!(
            names_of(item),
            ["avatar_url", "id", "nickname"],
            "also an administrator, also their own"
        );
    }
    let three = &answer.json["items"][0];
    assert_eq!(three["nickname"], "三");
    assert_eq!(
        three["avatar_url"],
        own(&world, &people[3]).await.json["avatar_url"]
    );

    let all: Vec<_> = people
        .iter()
        .rev()
        .map(|person| person.id.clone())
        .collect();
    assert_eq!(
        ids(&get(&format!("?ids={}", all.join(","))).await.expect(200)),
        all
    );
    let too_many = get(&format!("?ids={},{}", all.join(","), reader.id)).await;
    assert_eq!(
        too_many.expect_error(400, "invalid_request").fields(),
        ["ids"]
    );
    assert_eq!(
        get("").await.expect_error(400, "invalid_request").fields(),
        ["ids"]
    );
    assert_eq!(
        get("?ids=x&limit=1")
            .await
            .expect_error(400, "invalid_request")
            .fields(),
        ["limit"]
    );
    assert_eq!(get("?ids=").await.expect(200).json["items"], json!([]));
    delete(&world, &people[0], "me").await.expect(204);
    assert_eq!(
        ids(&get(&format!("?ids={},{}", people[0].id, people[1].id)).await),
        [&*people[1].id]
    );
}

// ---- invariants

type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Everything that is in the table.
async fn snapshot(world: &World) -> Items {
    let mut items = Items::new();
    let mut start = None;
    loop {
        let scan = world
            .emulator
            .dynamodb()
            .scan()
            .table_name(&world.table)
            .consistent_read(true);
        let page = scan.set_exclusive_start_key(start).send().await.unwrap();
        for item in page.items.unwrap_or_default() {
            items.insert(
                (
                    attribute(&item, "pk").unwrap(),
                    attribute(&item, "sk").unwrap(),
                ),
                item,
            );
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

fn attribute(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name).map(|value| value.as_s().unwrap().clone())
}

/// No claim without its user, no user without their claim, no name with two owners.
async fn assert_claims_are_whole(world: &World) {
    let items = snapshot(world).await;
    let mut claimed = BTreeMap::<_, BTreeSet<_>>::new();
    let mut owned = BTreeMap::<_, BTreeSet<_>>::new();
    for ((pk, _), item) in &items {
        // A claim may be in a form that a former version compared by.
        let name = match pk.split_once('#') {
            Some(("UN", form)) => format!("UN#{}", form.parse::<Username>().unwrap().compared()),
            Some(("EM", form)) => format!("EM#{}", form.parse::<Email>().unwrap().compared()),
            Some(("U", uid)) => {
                for name in claims_of(item) {
                    assert!(
                        items.contains_key(&(name.clone(), "A".to_owned())),
                        "{name}"
                    );
                    owned.entry(name).or_default().insert(uid.to_owned());
                }
                continue;
            }
            _ => continue,
        };
        claimed
            .entry(name)
            .or_default()
            .insert(attribute(item, "uid").unwrap());
    }
    assert_eq!(claimed, owned, "claims on the left, names on the right");
    assert!(owned.values().all(|owners| owners.len() == 1), "{owned:?}");
}

/// What the user of the item has claimed; the item says the same.
fn claims_of(item: &HashMap<String, AttributeValue>) -> Vec<String> {
    let username =
        attribute(item, "username").map(|name| name.parse::<Username>().unwrap().compared());
    let email = attribute(item, "email").map(|email| email.parse::<Email>().unwrap().compared());
    assert_eq!(attribute(item, "username_key"), username);
    assert_eq!(attribute(item, "email_key"), email);
    let names = username.map(|form| format!("UN#{form}")).into_iter();
    let names: Vec<_> = names
        .chain(email.map(|form| format!("EM#{form}")))
        .collect();
    let status = attribute(item, "status").unwrap();
    assert!(
        names.is_empty() || ["active", "disabled"].contains(&&*status),
        "{names:?} of a deleted user"
    );
    names
}

const NAMES: [[&str; 3]; 4] = [
    ["ΝΙΚΟΣ", "νικος", "νικοσ"],
    ["Bob", "bob", "Ｂｏｂ"],
    ["EVE", "eve", "ｅＶｅ"],
    ["Éa1", "e\u{301}A1", "ＥＡ１"],
];

#[derive(Clone, Debug)]
enum Operation {
    LogIn(usize),
    Register(usize, &'static str),
    Rename(usize, &'static str),
    NewEmail(usize, &'static str),
    Both(usize, &'static str, &'static str),
    AtOnce(usize, &'static str, usize, &'static str),
    Clear(usize),
    Delete(usize),
    Purge,
}

/// An operation, and after how many milliseconds the process dies in it, if it does.
type Step = (Operation, Option<u64>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 0..3_usize;
    let name = || (0..4_usize, 0..3_usize).prop_map(|(name, form)| NAMES[name][form]);
    let operation = prop_oneof![
        2 => user().prop_map(Operation::LogIn),
        2 => (user(), name()).prop_map(|(user, name)| Operation::Register(user, name)),
        4 => (user(), name()).prop_map(|(user, name)| Operation::Rename(user, name)),
        2 => (user(), name()).prop_map(|(user, name)| Operation::NewEmail(user, name)),
        1 => (user(), name(), name()).prop_map(|(user, name, email)| Operation::Both(user, name, email)),
        3 => (user(), name(), user(), name()).prop_map(|(a, x, b, y)| Operation::AtOnce(a, x, b, y)),
        1 => user().prop_map(Operation::Clear),
        2 => user().prop_map(Operation::Delete),
        1 => Just(Operation::Purge),
    ];
    let cut = prop_oneof![4 => Just(None), 1 => (0..12_u64).prop_map(Some)];
    proptest::collection::vec((operation, cut), 8..16)
}

struct Actors {
    world: World,
    admin: Session,
    sessions: Vec<Option<Session>>,
}

impl Actors {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = world.log_in("admin").await;
        let mut sessions = Vec::new();
        for user in 0..3 {
            sessions.push(Some(world.log_in(&format!("p{user}")).await));
        }
        Self {
            world,
            admin,
            sessions,
        }
    }

    async fn step(&mut self, (operation, cut): &Step) {
        let (world, admin, sessions) = (&self.world, &self.admin, &self.sessions);
        let email = |name: &str| format!("{name}@x.cn");
        let change = async |user: usize, body: Value| match &sessions[user] {
            Some(session) => vec![edit(world, session, body).await],
            None => Vec::new(),
        };
        let work = async {
            match operation {
                Operation::LogIn(user) => vec![world.try_log_in(&format!("p{user}")).await],
                Operation::Register(user, name) => {
                    vec![
                        create(
                            world,
                            admin,
                            json!({"openid": format!("p{user}"), "username": name}),
                        )
                        .await,
                    ]
                }
                Operation::Rename(user, name) => change(*user, json!({"username": name})).await,
                Operation::NewEmail(user, name) => {
                    change(*user, json!({"email": email(name)})).await
                }
                Operation::Both(user, name, other) => {
                    change(*user, json!({"username": name, "email": email(other)})).await
                }
                Operation::AtOnce(one, name, two, other) => {
                    let (one, two) = join(
                        change(*one, json!({"username": name})),
                        change(*two, json!({"username": other})),
                    )
                    .await;
                    one.into_iter().chain(two).collect()
                }
                Operation::Clear(user) => {
                    change(*user, json!({"username": null, "email": null})).await
                }
                Operation::Delete(user) => match &sessions[*user] {
                    Some(session) => vec![delete(world, session, "me").await],
                    None => Vec::new(),
                },
                Operation::Purge => {
                    purge(world).await;
                    Vec::new()
                }
            }
        };
        let answers = match cut {
            Some(ms) => tokio::time::timeout(Duration::from_millis(*ms), work)
                .await
                .unwrap_or_default(),
            None => work.await,
        };
        for answer in &answers {
            assert!(
                [200, 201, 204, 401, 409].contains(&answer.status.as_u16()),
                "{operation:?}: {}",
                answer.json
            );
        }
        if let (Operation::LogIn(user), Some(answer)) = (operation, answers.into_iter().next()) {
            self.sessions[*user] = Some(Session::of(answer.json));
        }
    }
}

#[test]
fn no_sequence_of_changes_breaks_a_claim() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut actors = Actors::new().await;
            for step in &steps {
                actors.step(step).await;
            }
            // What was cut off may still be on its way.
            tokio::time::sleep(Duration::from_millis(30)).await;
            assert_claims_are_whole(&actors.world).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
