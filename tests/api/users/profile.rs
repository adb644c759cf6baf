//! What a profile may hold, who sees which part of it, and how it is changed.

use http::Method;
use serde_json::{Value, json};
use support::api::time;
use support::{Session, World};

use super::{ME, names_of};

#[tokio::test]
async fn both_verbs_merge_and_null_clears() {
    let world = World::new().await;
    for (method, openid) in [(Method::PUT, "alice"), (Method::PATCH, "bob")] {
        let session = world.log_in(openid).await;
        let change = async |body: Value| {
            let call = session.call(method.clone(), ME).json(&body);
            call.await.expect(200).json
        };
        let email = format!("{openid}@x.cn");
        let body = json!({"username": openid, "email": email, "nickname": "小明"});
        let full = change(body.clone()).await;
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&full[field], value);
        }
        assert_eq!(full["version"], 2);
        let renamed = change(json!({"nickname": "小红"})).await;
        let mut expected = full.clone();
        expected["nickname"] = json!("小红");
        expected["version"] = json!(3);
        expected["updated_at"] = renamed["updated_at"].clone();
        assert_eq!(renamed, expected, "what is absent stays");
        assert_eq!(change(json!({})).await, renamed, "an empty change is none");
        let cleared = change(json!({"username": null, "email": null})).await;
        for field in ["username", "email"] {
            assert_eq!(cleared[field], Value::Null);
        }
        assert_eq!(cleared["nickname"], "小红");
        assert_eq!(cleared["version"], 4);
        let bare = change(json!({"nickname": null, "avatar_upload_id": null})).await;
        assert_eq!(bare["nickname"], Value::Null);
        assert_eq!(session.profile().await, bare);
        assert!(time(&bare["updated_at"]) >= time(&full["created_at"]));
    }
}

/// What is in an account and not for its owner to change, in tables that are not ours, or nowhere.
const FOREIGN_FIELDS: &[&str] = &[
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
];

#[tokio::test]
async fn unknown_and_foreign_fields_are_named_and_nothing_changes() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let named = json!({"username": "alice", "nickname": "a"});
    alice.edit(named).await.expect(200);
    let before = alice.me().await.expect(200);
    for field in FOREIGN_FIELDS {
        let mut body = json!({"nickname": "b", "username": "b-name"});
        body[field] = json!("admin");
        for call in [alice.put(ME, &body), alice.patch(ME, &body)] {
            call.await.expect_invalid([field]);
        }
    }
    let all = json!({"username": "a", "email": 1, "nickname": [], "avatar_upload_id": true, "role": "admin", "x": 1});
    let refused = alice.edit(all).await;
    let refused = refused.expect_problem(400, "invalid_request");
    let mut fields = refused.fields();
    fields.sort_unstable();
    let expected = "avatar_upload_id email nickname role username x";
    assert_eq!(fields.join(" "), expected);
    let after = alice.me().await.expect(200);
    assert_eq!((&after.json, after.etag()), (&before.json, before.etag()));
}

#[tokio::test]
async fn an_administrator_sets_roles_and_statuses_that_there_are() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let before = alice.profile().await;
    for (field, value) in [
        ("role", json!("root")),
        ("role", json!(null)),
        ("role", json!(1)),
        ("status", json!("deleting")),
        ("status", json!("deleted")),
        ("status", json!(null)),
    ] {
        let refused = admin.edit_user(&alice.id, json!({field: value})).await;
        refused.expect_invalid([field]);
    }
    assert_eq!(alice.profile().await, before);
}

#[tokio::test]
async fn what_a_field_may_hold_is_stored() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let (long, chinese, emoji) = ("x".repeat(32), "汉".repeat(32), "😀".repeat(64));
    let local = format!("{}@x.cn", "a".repeat(64));
    for (field, value) in [
        ("username", "abc"),
        ("username", "A-b_9"),
        ("username", "小程序员"),
        ("username", "Ｂｏｂ"),
        ("username", "é-e\u{301}x"),
        ("username", &long),
        ("username", &chinese),
        ("email", "a@b.cn"),
        ("email", "First.Last+tag@mail.example.com"),
        ("email", "张三@例子.中国"),
        ("email", &local),
        ("nickname", "a"),
        ("nickname", " a "),
        ("nickname", "小明"),
        ("nickname", "👨‍👩‍👧 ok"),
        ("nickname", "🏳️‍🌈"),
        ("nickname", "<b>&\"'"),
        ("nickname", &emoji),
    ] {
        let stored = alice.edit(json!({field: value})).await.expect(200);
        assert_eq!(stored[field], value);
    }
}

async fn assert_refused(field: &str, values: &[&str]) {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let before = alice.profile().await;
    for value in values {
        let refused = alice.edit(json!({field: value})).await;
        refused.expect_invalid([field]);
    }
    assert_eq!(alice.profile().await, before);
}

#[tokio::test]
async fn what_a_username_may_not_hold_is_refused() {
    let longer = "x".repeat(33);
    // One character that becomes eighteen once compared: the compared form counts.
    let ligature = "\u{fdfa}\u{fdfa}";
    let values = [
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
    ];
    assert_refused("username", &values).await;
}

#[tokio::test]
async fn what_an_email_may_not_hold_is_refused() {
    let domain = format!("a@{}.cn", "b".repeat(254));
    // Within the limit as written, and longer than any key of the table once compared.
    let [word, short] = [21, 18].map(|length| "\u{fdfa}".repeat(length));
    let expanding = format!("{word}@{word}.{word}.{short}.cn");
    let values = [
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
    ];
    assert_refused("email", &values).await;
}

#[tokio::test]
async fn what_a_nickname_may_not_hold_is_refused() {
    let more = "😀".repeat(65);
    let values = [
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
    ];
    assert_refused("nickname", &values).await;
}

/// How a user is shown to their owner and to an administrator.
async fn shown(world: &World, owner: &Session, admin: &Session) -> [Value; 4] {
    let listed = admin.list_users("?limit=100").await.expect(200);
    let mut listed = listed.items().iter();
    let listed = listed.find(|user| user["id"] == owner.id).unwrap();
    let again = world.log_in("alice").await.json;
    [
        owner.profile().await,
        admin.user(&owner.id).await.expect(200).json,
        listed.clone(),
        again["user"].clone(),
    ]
}

#[tokio::test]
async fn what_is_stored_comes_back_byte_for_byte_to_every_reader() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let nickname = "👩🏽‍💻 e\u{301} é ﬁ ½ \u{1f1e8}\u{1f1f3}";
    for (username, email, nickname) in [
        ("Ｂｏｂ", "Bob.Ｘ@Example.COM", nickname),
        ("Ｉstanbul_小明", "ＡＢＣ@x.cn", "  \u{3000}ａｂｃ\u{200d} "),
    ] {
        let profile = json!({"username": username, "email": email, "nickname": nickname});
        let stored = alice.edit(profile).await.expect(200).json;
        let seen = shown(&world, &alice, &admin).await;
        for json in seen.iter().chain([&stored]) {
            assert_eq!(json["username"], username);
            assert_eq!(json["email"], email);
            assert_eq!(json["nickname"], nickname);
        }
        let seen = bob.user(&alice.id).await.expect(200);
        assert_eq!(seen["nickname"], nickname);
    }
}

#[tokio::test]
async fn a_stranger_sees_three_fields_and_an_administrator_all_but_the_number() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    let named = json!({"username": "alice", "email": "a@x.cn", "nickname": "A"});
    alice.edit(named).await.expect(200);
    alice.set_phone("13800138000").await.expect(200);
    let seen_by_owner = alice.profile().await;
    let everything =
        "avatar_url created_at email id nickname phone role status updated_at username version";
    assert_eq!(names_of(&seen_by_owner).join(" "), everything);
    assert_eq!(seen_by_owner["phone"], "13800138000");
    let by_id = alice.user(&alice.id).await;
    assert_eq!(by_id.json, seen_by_owner, "by id as by me");
    let mut masked = seen_by_owner;
    masked["phone"] = json!("138******00");
    let seen = admin.user(&alice.id).await.expect(200);
    assert_eq!(seen.json, masked);
    let seen = bob.user(&alice.id).await.expect(200);
    let stranger = json!({"id": alice.id, "nickname": "A", "avatar_url": null});
    assert_eq!(seen.json, stranger);
}
