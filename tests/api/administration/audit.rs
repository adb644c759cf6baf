//! The audit log: what is in it, how it is read, how long it lasts.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::http::cursor;
use support::World;

use super::{audit, entries, second_admin};

#[tokio::test]
async fn what_administrators_write_is_in_the_audit_and_nothing_else_is() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let body = json!({"openid": "bob", "username": "bobby", "nickname": "B", "role": "admin"});
    let bob = admin.create_user(&body).await.expect(201).json;
    let bob = bob["id"].as_str().unwrap();
    let edit = async |body: Value| admin.edit_user(&alice.id, &body).await;
    edit(json!({"nickname": "secret-nickname", "email": "secret@x.cn"}))
        .await
        .expect(200);
    edit(json!({"role": "admin", "username": null, "avatar_upload_id": null}))
        .await
        .expect(200);
    edit(json!({"status": "disabled", "role": "user"}))
        .await
        .expect(200);
    world.advance(Duration::from_secs(1));
    admin.delete_user(bob).await.expect(204);

    // What changes nothing leaves no entry, and neither does what people do about themselves.
    edit(json!({})).await.expect(200);
    edit(json!({"status": "closed"}))
        .await
        .expect_problem(400, "invalid_request");
    admin.edit(json!({"nickname": "me"})).await.expect(200);
    let stale = admin.edit_user(&alice.id, json!({"nickname": "x"}));
    let stale = stale.header("if-match", "\"1\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    admin
        .create_user(json!({"openid": "alice"}))
        .await
        .expect_problem(409, "user_exists");
    let taken = json!({"openid": "carol", "email": "secret@x.cn"});
    admin
        .create_user(&taken)
        .await
        .expect_problem(409, "email_taken");
    admin.delete_user(bob).await.expect(204);
    admin.user(&alice.id).await.expect(200);
    let carol = world.log_in("carol").await;
    carol.edit(json!({"nickname": "C"})).await.expect(200);
    carol.delete_account().await.expect(204);

    let role_and_status = |role: &str, status: &str| json!({"role": role, "status": status});
    let entry = |action: &str, target: &str, fields: Value, before: Value, after: Value| {
        json!({"actor": admin.id, "action": action, "target": target, "upload": null, "decision": null,
            "fields": fields, "before": before, "after": after})
    };
    let (user, admins) = (
        role_and_status("user", "active"),
        role_and_status("admin", "active"),
    );
    let mut found = entries(&world, &admin).await;
    // Those of one millisecond are in no order.
    let newest = found.remove(0);
    assert_eq!(
        newest,
        entry("delete_user", bob, json!([]), admins.clone(), Value::Null)
    );
    let expected = [
        entry(
            "create_user",
            bob,
            json!(["username", "nickname", "role"]),
            Value::Null,
            admins.clone(),
        ),
        entry(
            "change_user",
            &alice.id,
            json!(["email", "nickname"]),
            user.clone(),
            user.clone(),
        ),
        entry(
            "change_user",
            &alice.id,
            json!(["username", "avatar_upload_id", "role"]),
            user,
            admins.clone(),
        ),
        entry(
            "change_user",
            &alice.id,
            json!(["role", "status"]),
            admins,
            role_and_status("user", "disabled"),
        ),
    ];
    let set = |entries: &[Value]| entries.iter().map(Value::to_string).collect::<HashSet<_>>();
    assert_eq!(set(&found), set(&expected));

    let items = world.items().await;
    let stored: Vec<_> = items
        .iter()
        .filter(|((pk, _), _)| pk.starts_with("AU#"))
        .collect();
    assert_eq!(stored.len(), 5);
    for (_, item) in stored {
        let text = format!("{item:?}");
        for value in ["bobby", "secret", "\"B\"", "x.cn", "\"bob\""] {
            assert!(!text.contains(value), "{value} in {text}");
        }
        let days = (item["ttl"].as_n().unwrap().parse::<i64>().unwrap() - world.clock.now().secs())
            / 86_400;
        assert!((399..=400).contains(&days), "kept {days} days");
    }
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_from_the_newest_by_administrators_alone() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = second_admin(&world, &admin).await;
    for i in 0..6 {
        world.advance(Duration::from_secs(1));
        let body = json!({"nickname": format!("n{i}")});
        let edit = second.edit_user(&alice.id, &body);
        edit.send().await.expect(200);
    }
    let mut path = "?limit=3".to_owned();
    let (mut pages, mut seen) = (Vec::new(), Vec::new());
    loop {
        let page = audit(&world, &admin, &path).await.expect(200).json;
        let items = page["items"].as_array().unwrap().clone();
        pages.push(items.len());
        seen.extend(items);
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(pages, [3, 3, 1]);
    let times: Vec<_> = seen
        .iter()
        .map(|entry| entry["created_at"].as_str().unwrap())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );
    assert_eq!(seen[6]["action"], "create_user");

    let page = audit(&world, &admin, "?limit=1").await.expect(200).json;
    let cursor = page["next_cursor"].as_str().unwrap();
    let refused = audit(&world, &second, &format!("?cursor={cursor}")).await;
    refused.expect_problem(400, "invalid_cursor");
    admin
        .get(&format!("/v1/users?cursor={cursor}"))
        .await
        .expect_problem(400, "invalid_cursor");
    // Anybody can compute the digest: what it seals has to be a position nevertheless.
    let scope = format!("audit {}", admin.id);
    for position in [
        "",
        "x",
        "~",
        "001794000000000",
        "001794000000000-0123456789abcdeF",
    ] {
        let forged = cursor::encode(position, &scope);
        let refused = audit(&world, &admin, &format!("?cursor={forged}")).await;
        refused.expect_problem(400, "invalid_cursor");
    }
    let long_ago = cursor::encode("000000000000001-0123456789abcdef", &scope);
    let page = audit(&world, &admin, &format!("?cursor={long_ago}"))
        .await
        .expect(200)
        .json;
    assert_eq!(page, json!({"items": [], "next_cursor": null}));
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=x", "limit"),
        ("?actor=x", "actor"),
    ] {
        let refused = audit(&world, &admin, query)
            .await
            .expect_problem(400, "invalid_request");
        assert_eq!(refused.fields(), [field]);
    }
    audit(&world, &alice, "")
        .await
        .expect_problem(403, "forbidden");
    let demote = admin.edit_user(&second.id, json!({"role": "user"}));
    demote.send().await.expect(200);
    audit(&world, &second, "")
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn an_entry_is_shown_for_four_hundred_days() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    second_admin(&world, &admin).await;
    for (days, count) in [(399, 1), (1, 1), (1, 0)] {
        world.advance(Duration::from_secs(days * 86_400 - 60));
        let admin = world.log_in("admin").await;
        assert_eq!(
            entries(&world, &admin).await.len(),
            count,
            "{days} days later"
        );
    }
}
