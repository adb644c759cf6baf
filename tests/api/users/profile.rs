//! What a profile may hold, who sees which part of it, and how it is changed.

use http::Method;
use serde_json::{Value, json};
use support::World;

use super::{ME, edit, list, names_of, own, patch, read, text};

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
