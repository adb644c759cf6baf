//! Administrators: what they write is checked with the write itself, known afterwards, and bound to what they saw.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use http::Method;
use serde_json::{Value, json};
use shared::http::cursor;
use shared::ids::{Epoch, OpenId, UserId};
use shared::store::Actor;
use shared::store::editor::Editor;
use support::api::Call;
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Answer, Session, World, samples};

fn path_of(id: &str) -> String {
    format!("/v1/users/{id}")
}

fn patch(world: &World, editor: &Session, id: &str, body: &Value) -> Call {
    let call = world.users.call(Method::PATCH, &path_of(id));
    call.bearer(&editor.token).json(body)
}

fn delete(world: &World, editor: &Session, id: &str) -> Call {
    world.users.delete(&path_of(id)).bearer(&editor.token)
}

fn create(world: &World, admin: &Session, body: &Value) -> Call {
    world.users.post("/v1/users", body).bearer(&admin.token)
}

async fn read(world: &World, reader: &Session, id: &str) -> Answer {
    let call = world.users.get(&path_of(id)).bearer(&reader.token);
    call.send().await
}

async fn audit(world: &World, admin: &Session, query: &str) -> Answer {
    let call = world.users.get(&format!("/v1/audit{query}"));
    call.bearer(&admin.token).send().await
}

/// The entries of the audit, newest first, without what differs from run to run.
async fn entries(world: &World, admin: &Session) -> Vec<Value> {
    let page = audit(world, admin, "?limit=100").await.expect(200).json;
    let mut entries = page["items"].as_array().unwrap().clone();
    for entry in &mut entries {
        let entry = entry.as_object_mut().unwrap();
        assert!(entry.remove("id").is_some());
        assert!(entry.remove("created_at").unwrap().is_string());
    }
    entries
}

/// Somebody who is an administrator because another one made them so.
async fn second_admin(world: &World, admin: &Session) -> Session {
    let body = json!({"openid": "second", "role": "admin"});
    create(world, admin, &body).send().await.expect(201);
    world.log_in("second").await
}

type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Everything that is in the table.
async fn snapshot(world: &World) -> Items {
    let scan = world.emulator.dynamodb().scan().table_name(&world.table);
    let page = scan.consistent_read(true).send().await.unwrap();
    assert!(page.last_evaluated_key.is_none(), "one page holds it all");
    let key =
        |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
    let items = page.items.unwrap_or_default().into_iter();
    items
        .map(|item| ((key(&item, "pk"), key(&item, "sk")), item))
        .collect()
}

/// Changes attributes of a user item behind the functions' back.
async fn set(world: &World, user: &str, attributes: &[(&str, AttributeValue)]) {
    let mut update = world.emulator.dynamodb().update_item();
    let mut expression = Vec::new();
    for (i, (name, value)) in attributes.iter().enumerate() {
        expression.push(format!("#n{i} = :v{i}"));
        update = update
            .expression_attribute_names(format!("#n{i}"), *name)
            .expression_attribute_values(format!(":v{i}"), value.clone());
    }
    update
        .table_name(&world.table)
        .key("pk", AttributeValue::S(format!("U#{user}")))
        .key("sk", AttributeValue::S("A".into()))
        .update_expression(format!("SET {}", expression.join(", ")))
        .send()
        .await
        .unwrap();
}

// ---- the login that makes no account

#[tokio::test]
async fn a_login_that_is_not_to_create_needs_an_account_that_is_there() {
    let world = World::new().await;
    let silent = async |openid: &str| {
        let body = json!({"code": world.code(openid), "create": false});
        world.login.post("/v1/login", &body).send().await
    };
    let required = async || {
        let before = snapshot(&world).await;
        let refused = silent("alice").await;
        refused.expect_error(401, "login_required");
        assert_eq!(snapshot(&world).await, before);
    };
    required().await;
    let alice = world.log_in("alice").await;
    let again = Session::of(silent("alice").await.expect(200).json);
    assert_eq!(
        (&again.id, &again.json["is_new"]),
        (&alice.id, &json!(false))
    );
    world.refresh(&again.refresh_token).await.expect(200);

    // Deleted, by the person themselves: it stays so, before and after `purge`.
    delete(&world, &again, "me").send().await.expect(204);
    required().await;
    world
        .store
        .finish_purge(&alice.id.parse().unwrap(), Epoch::FIRST)
        .await
        .unwrap();
    required().await;

    // Registered ahead is registered.
    let admin = world.log_in("admin").await;
    let body = json!({"openid": "bob"});
    let bob = create(&world, &admin, &body).send().await.expect(201).json;
    assert_eq!(silent("bob").await.expect(200).json["is_new"], true);
    let id = bob["id"].as_str().unwrap();
    let disable = patch(&world, &admin, id, &json!({"status": "disabled"}));
    disable.send().await.expect(200);
    silent("bob").await.expect_error(403, "account_disabled");

    for create in [json!("false"), json!(0), json!([])] {
        let body = json!({"code": world.code("alice"), "create": create});
        let refused = world.login.post("/v1/login", &body).send().await;
        let refused = refused.expect_error(400, "invalid_request");
        assert_eq!(refused.fields(), ["create"]);
    }
    for create in [json!(true), Value::Null] {
        let body = json!({"code": world.code("carol"), "create": create});
        world
            .login
            .post("/v1/login", &body)
            .send()
            .await
            .expect(200);
    }
}

// ---- administrators by configuration

#[tokio::test]
async fn whoever_configuration_makes_an_administrator_gets_back_in() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let second = second_admin(&world, &admin).await;
    let ticket = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let uploads = async |session: &Session| {
        let call = world.presign.post("/v1/uploads", &ticket);
        call.bearer(&session.token).send().await
    };
    let list = async |session: &Session| {
        let call = world.presign.get("/v1/uploads").bearer(&session.token);
        call.send().await
    };
    uploads(&admin).await.expect(201);
    for role in ["admin", "user"] {
        let shut = json!({"status": "disabled", "role": role});
        let shut = patch(&world, &second, &admin.id, &shut).send().await;
        let shut = shut.expect(200).json;
        uploads(&admin).await.expect_error(403, "account_disabled");
        list(&admin).await.expect_error(403, "account_disabled");
        // A client that logs in by itself changes nothing; the person does.
        let body = json!({"code": world.code("admin"), "create": false});
        let silent = world.login.post("/v1/login", &body).send().await;
        silent.expect_error(403, "account_disabled");
        let back = world.log_in("admin").await;
        let user = &back.json["user"];
        assert_eq!(
            (&user["role"], &user["status"], &back.json["is_new"]),
            (&json!("admin"), &json!("active"), &json!(false))
        );
        assert_eq!(
            user["version"].as_u64().unwrap(),
            shut["version"].as_u64().unwrap() + 1
        );
        assert_eq!(&read(&world, &back, "me").await.expect(200).json, user);
        world.refresh(&back.refresh_token).await.expect(200);
        uploads(&back).await.expect(201);
        list(&back).await.expect(200);
        entries(&world, &back).await;
    }
    // A role that an administrator gave is no reason.
    let admin = world.log_in("admin").await;
    let shut = json!({"status": "disabled"});
    let shut = patch(&world, &admin, &second.id, &shut).send().await;
    shut.expect(200);
    let refused = world.try_log_in("second").await;
    refused.expect_error(403, "account_disabled");
}

#[tokio::test]
async fn a_disabled_administrator_has_five_sessions_at_most_as_everybody_has() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let second = second_admin(&world, &admin).await;
    for _ in 0..4 {
        world.advance(Duration::from_secs(1));
        world.log_in("admin").await;
    }
    let shut = json!({"status": "disabled"});
    let shut = patch(&world, &second, &admin.id, &shut).send().await;
    shut.expect(200);
    world.advance(Duration::from_secs(1));
    world.log_in("admin").await;
    let first = world.refresh(&admin.refresh_token).await;
    first.expect_error(401, "refresh_invalid");
}

// ---- an administrator who is one no more

#[tokio::test]
async fn whoever_is_no_administrator_any_more_sees_what_a_stranger_sees_at_once() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let second = second_admin(&world, &admin).await;
    let named = patch(&world, &alice, "me", &json!({"email": "a@x.cn"}));
    named.send().await.expect(200);
    let before = read(&world, &second, &alice.id).await.expect(200);
    assert_eq!(before.json["email"], "a@x.cn");
    let demote = patch(&world, &admin, &second.id, &json!({"role": "user"}));
    demote.send().await.expect(200);
    let stranger = json!({"id": alice.id, "nickname": null, "avatar_url": null});
    let after = read(&world, &second, &alice.id).await.expect(200);
    assert_eq!(after.json, stranger);
    let known = world.users.get(&path_of(&alice.id)).bearer(&second.token);
    let known = known.header("if-none-match", before.header("etag"));
    assert_eq!(known.send().await.expect(200).json, stranger);
    // A role that was given is seen from the next refresh on, as before.
    let promote = patch(&world, &admin, &alice.id, &json!({"role": "admin"}));
    promote.send().await.expect(200);
    let seen = read(&world, &alice, &second.id).await.expect(200).json;
    assert_eq!(seen.as_object().unwrap().len(), 3);
}

/// Every administrative write, and the status that it gets.
fn writes(world: &World, admin: &Session, target: &str) -> Vec<(Call, u16)> {
    let edits = [
        json!({"nickname": "x"}),
        json!({"username": "x-name", "email": "x@x.cn"}),
        json!({"role": "admin"}),
        json!({"status": "disabled"}),
    ];
    let edits = edits.map(|body| (patch(world, admin, target, &body), 200));
    let others = [
        (create(world, admin, &json!({"openid": "new"})), 201),
        (delete(world, admin, target), 204),
    ];
    edits.into_iter().chain(others).collect()
}

#[tokio::test]
async fn a_write_asks_whether_its_actor_is_an_administrator_when_it_is_written() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let second = second_admin(&world, &admin).await;
    let text = |text: &str| AttributeValue::S(text.into());
    let ends = [
        (vec![("role", text("user"))], 403, "forbidden"),
        (vec![("status", text("disabled"))], 403, "account_disabled"),
        (
            vec![
                ("status", text("deleting")),
                ("epoch", AttributeValue::N("2".into())),
            ],
            401,
            "unauthorized",
        ),
    ];
    let transactions = Matching::Of("TransactWriteItems");
    for (end, status, code) in ends {
        for (call, _) in writes(&world, &second, &alice.id) {
            let before = snapshot(&world).await;
            proxy.take();
            proxy.fail(transactions, Fault::Slow(Duration::from_millis(300)), 1);
            let demoted = async {
                // What the write needs to know has been read.
                while proxy.count(transactions) == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                set(&world, &second.id, &end).await;
            };
            let (answer, ()) = join(call.send(), demoted).await;
            answer.expect_error(status, code);
            let was = [
                ("role", text("admin")),
                ("status", text("active")),
                ("epoch", AttributeValue::N("1".into())),
            ];
            set(&world, &second.id, &was).await;
            assert_eq!(snapshot(&world).await, before);
        }
    }
    for (call, status) in writes(&world, &second, &alice.id) {
        call.send().await.expect(status);
    }
}

#[tokio::test]
async fn of_two_administrators_who_demote_one_another_one_remains() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let [mut won, mut lost] = [0, 0];
    for round in 0..5 {
        let openids = [format!("a{round}"), format!("b{round}")];
        for openid in &openids {
            let body = json!({"openid": openid, "role": "admin"});
            create(&world, &admin, &body).send().await.expect(201);
        }
        let [a, b] = [
            world.log_in(&openids[0]).await,
            world.log_in(&openids[1]).await,
        ];
        let demoted = json!({"role": "user"});
        let of_b = patch(&world, &a, &b.id, &demoted).send();
        let of_a = patch(&world, &b, &a.id, &demoted).send();
        let (of_b, of_a) = join(of_b, of_a).await;
        for answer in [of_b, of_a] {
            match answer.status.as_u16() {
                200 => won += 1,
                _ => {
                    answer.expect_error(403, "forbidden");
                    lost += 1;
                }
            }
        }
    }
    assert_eq!([won, lost], [5, 5]);
}

#[tokio::test]
async fn nobody_sets_their_own_role_or_status() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let before = snapshot(&world).await;
    for session in [&admin, &alice] {
        for id in ["me", &session.id] {
            for (field, value) in [
                ("role", "admin"),
                ("role", "user"),
                ("status", "active"),
                ("status", "disabled"),
            ] {
                let body = json!({"nickname": "x", field: value});
                let refused = patch(&world, session, id, &body).send().await;
                let refused = refused.expect_error(400, "invalid_request");
                assert_eq!(refused.fields(), [field]);
                assert_eq!(refused.json["errors"][0]["code"], "not_allowed");
            }
        }
    }
    assert_eq!(snapshot(&world).await, before);
}

// ---- the audit

#[tokio::test]
async fn what_administrators_write_is_in_the_audit_and_nothing_else_is() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let body = json!({"openid": "bob", "username": "bobby", "nickname": "B", "role": "admin"});
    let bob = create(&world, &admin, &body).send().await.expect(201).json;
    let bob = bob["id"].as_str().unwrap();
    let edit = async |body: Value| patch(&world, &admin, &alice.id, &body).send().await;
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
    delete(&world, &admin, bob).send().await.expect(204);

    // What changes nothing leaves no entry, and neither does what people do about themselves.
    edit(json!({})).await.expect(200);
    edit(json!({"status": "closed"}))
        .await
        .expect_error(400, "invalid_request");
    patch(&world, &admin, "me", &json!({"nickname": "me"}))
        .send()
        .await
        .expect(200);
    let stale = patch(&world, &admin, &alice.id, &json!({"nickname": "x"}));
    let stale = stale.header("if-match", "\"1\"").send().await;
    stale.expect_error(412, "version_mismatch");
    create(&world, &admin, &json!({"openid": "alice"}))
        .send()
        .await
        .expect_error(409, "user_exists");
    let taken = json!({"openid": "carol", "email": "secret@x.cn"});
    create(&world, &admin, &taken)
        .send()
        .await
        .expect_error(409, "email_taken");
    delete(&world, &admin, bob).send().await.expect(204);
    read(&world, &admin, &alice.id).await.expect(200);
    let carol = world.log_in("carol").await;
    patch(&world, &carol, "me", &json!({"nickname": "C"}))
        .send()
        .await
        .expect(200);
    delete(&world, &carol, "me").send().await.expect(204);

    let standing = |role: &str, status: &str| json!({"role": role, "status": status});
    let entry = |action: &str, target: &str, fields: Value, before: Value, after: Value| {
        json!({"actor": admin.id, "action": action, "target": target, "upload": null, "fields": fields,
            "before": before, "after": after})
    };
    let (user, admins) = (standing("user", "active"), standing("admin", "active"));
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
            standing("user", "disabled"),
        ),
    ];
    let set = |entries: &[Value]| entries.iter().map(Value::to_string).collect::<HashSet<_>>();
    assert_eq!(set(&found), set(&expected));

    let items = snapshot(&world).await;
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
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let second = second_admin(&world, &admin).await;
    for i in 0..6 {
        world.advance(Duration::from_secs(1));
        let body = json!({"nickname": format!("n{i}")});
        let edit = patch(&world, &second, &alice.id, &body);
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
    refused.expect_error(400, "invalid_cursor");
    let users = world
        .users
        .get(&format!("/v1/users?cursor={cursor}"))
        .bearer(&admin.token);
    users.send().await.expect_error(400, "invalid_cursor");
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
        refused.expect_error(400, "invalid_cursor");
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
            .expect_error(400, "invalid_request");
        assert_eq!(refused.fields(), [field]);
    }
    audit(&world, &alice, "")
        .await
        .expect_error(403, "forbidden");
    let demote = patch(&world, &admin, &second.id, &json!({"role": "user"}));
    demote.send().await.expect(200);
    audit(&world, &second, "")
        .await
        .expect_error(403, "forbidden");
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

// ---- deletion

#[tokio::test]
async fn an_administrators_deletion_ends_the_life_that_was_announced_and_no_later_one() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let openid: OpenId = "admin".parse().unwrap();
    let admin_id = UserId::derive(&world.wechat.app_id(), &openid);
    assert_eq!(admin_id.as_str(), admin.id);
    let actor = Actor {
        user: &admin_id,
        epoch: Epoch::FIRST,
    };
    let id: UserId = alice.id.parse().unwrap();
    let editor = Editor::Admin(actor);
    let read = world
        .store
        .read_for_deletion(&id, editor, None)
        .await
        .unwrap();
    assert_eq!(read.deleted.epoch, Epoch::FIRST);
    // Now it is announced. Meanwhile the person deletes the account themselves, and registers anew.
    delete(&world, &alice, "me").send().await.expect(204);
    let again = world.log_in("alice").await;
    assert_eq!(again.json["is_new"], true);
    let before = snapshot(&world).await;
    let deleted = world.store.delete_user(read, editor, None).await;
    deleted.unwrap();
    assert_eq!(snapshot(&world).await, before);
    let own = world.users.get("/v1/users/me").bearer(&again.token);
    own.send().await.expect(200);

    // A login alone does not protect from it.
    let read = world
        .store
        .read_for_deletion(&id, editor, None)
        .await
        .unwrap();
    let third = world.log_in("alice").await;
    let deleted = world.store.delete_user(read, editor, None).await;
    deleted.unwrap();
    let own = world.users.get("/v1/users/me").bearer(&third.token);
    own.send().await.expect_error(401, "unauthorized");
}

#[tokio::test]
async fn purge_reads_what_is_true_now() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let alice = world.log_in("alice").await;
    let ticket =
        json!({"content_type": "image/png", "size": samples::png().len(), "purpose": "file"});
    let ticket = world.presign.post("/v1/uploads", &ticket);
    ticket.bearer(&alice.token).send().await.expect(201);
    delete(&world, &alice, "me").send().await.expect(204);
    let announced = world.purge_messages().await;
    proxy.take();
    let batch = json!({"Records": [{"messageId": "m", "body": announced[0]}]});
    let answer = world.purge.handle(batch, world.soon()).await.unwrap();
    assert!(answer.batch_item_failures.is_empty());
    let reads: Vec<_> = proxy
        .take()
        .into_iter()
        .filter(|seen| ["GetItem", "Query"].contains(&seen.operation.as_str()))
        .collect();
    assert!(reads.iter().any(|read| read.operation == "Query"));
    for read in reads {
        assert!(read.consistent_read, "{read:?}");
    }
}

// ---- other people's uploads

/// Stores an object for a new upload, as its event would find it, and returns upload and key.
async fn stored(world: &World, owner: &Session, purpose: &str) -> (String, String) {
    let bytes = samples::png();
    let body = json!({"content_type": "image/png", "size": bytes.len(), "purpose": purpose});
    let issued = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&owner.token);
    let issued = issued.send().await.expect(201).json;
    let key = issued["ticket"]["fields"]["key"].as_str().unwrap();
    let put = world.emulator.s3().put_object().bucket(&world.bucket);
    let put = put.key(key).content_type("image/png").body(bytes.into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let body = json!({"Records": [record]}).to_string();
    let batch = json!({"Records": [{"messageId": "m", "body": body}]});
    assert_eq!(world.deliver(batch).await, [""; 0]);
    let id = issued["upload"]["id"].as_str().unwrap();
    (id.to_owned(), key.to_owned())
}

async fn pending(world: &World, owner: &Session) -> String {
    let body = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let issued = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&owner.token);
    let issued = issued.send().await.expect(201).json;
    issued["upload"]["id"].as_str().unwrap().to_owned()
}

async fn uploads_of(world: &World, reader: &Session, id: &str, query: &str) -> Answer {
    let path = format!("/v1/users/{id}/uploads{query}");
    world.presign.get(&path).bearer(&reader.token).send().await
}

async fn delete_upload(world: &World, admin: &Session, user: &str, upload: &str) -> Answer {
    let path = format!("/v1/users/{user}/uploads/{upload}");
    world
        .presign
        .delete(&path)
        .bearer(&admin.token)
        .send()
        .await
}

async fn versions(world: &World, key: &str) -> usize {
    let list = world.emulator.s3().list_object_versions();
    let list = list.bucket(&world.bucket).prefix(key).send().await.unwrap();
    list.versions().len()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn administrators_list_a_users_uploads_page_by_page() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let second = second_admin(&world, &admin).await;
    let mut all = Vec::new();
    for i in 0..5 {
        world.advance(Duration::from_millis(5));
        all.push(match i % 2 {
            0 => stored(&world, &alice, "file").await.0,
            _ => pending(&world, &alice).await,
        });
    }
    pending(&world, &admin).await;
    all.reverse();
    let list = async |query: &str| {
        uploads_of(&world, &admin, &alice.id, query)
            .await
            .expect(200)
            .json
    };
    let own = world
        .presign
        .get("/v1/uploads")
        .bearer(&alice.token)
        .send()
        .await;
    assert_eq!(
        list("").await["items"],
        own.json["items"],
        "as their owner sees them, links included"
    );
    for (filter, wanted) in [
        ("", vec![0, 1, 2, 3, 4]),
        ("&status=ready", vec![0, 2, 4]),
        ("&status=pending", vec![1, 3]),
        ("&status=deleted", vec![]),
    ] {
        let (mut query, mut found, mut pages) = (format!("?limit=2{filter}"), Vec::new(), 0);
        loop {
            let page = list(&query).await;
            found.extend(ids(&page));
            pages += 1;
            match page["next_cursor"].as_str() {
                Some(cursor) => query = format!("?limit=2{filter}&cursor={cursor}"),
                None => break,
            }
        }
        let wanted: Vec<_> = wanted.into_iter().map(|i| all[i].clone()).collect();
        assert_eq!((found, pages), (wanted, 3), "{filter}");
    }
    let cursor = list("?limit=1&status=ready").await["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    for (reader, id, filter) in [
        (&second, &alice.id, "&status=ready"),
        (&admin, &second.id, "&status=ready"),
        (&admin, &alice.id, "&status=pending"),
        (&admin, &alice.id, ""),
    ] {
        let refused = uploads_of(&world, reader, id, &format!("?cursor={cursor}{filter}")).await;
        refused.expect_error(400, "invalid_cursor");
    }
    for (query, field) in [
        ("?status=gone", "status"),
        ("?status=", "status"),
        ("?limit=0", "limit"),
        ("?state=ready", "state"),
    ] {
        let refused = uploads_of(&world, &admin, &alice.id, query).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            [field]
        );
    }
    // Of whoever is shut out they are seen, of whoever is gone they are not, and of an earlier life neither.
    let disable = patch(&world, &admin, &alice.id, &json!({"status": "disabled"}));
    disable.send().await.expect(200);
    assert_eq!(ids(&list("").await), all);
    delete(&world, &admin, &alice.id).send().await.expect(204);
    uploads_of(&world, &admin, &alice.id, "")
        .await
        .expect_error(404, "not_found");
    world.log_in("alice").await;
    assert_eq!(list("").await, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn an_administrator_deletes_an_upload_with_its_object_once_and_it_is_in_the_audit() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let (avatar, key) = stored(&world, &alice, "avatar").await;
    let waiting = pending(&world, &alice).await;
    let own = read(&world, &alice, "me").await.expect(200).json;
    assert!(own["avatar_url"].is_string());
    for upload in [&avatar, &waiting, &avatar, &waiting] {
        delete_upload(&world, &admin, &alice.id, upload)
            .await
            .expect(204);
        let path = format!("/v1/uploads/{upload}");
        let gone = world.presign.get(&path).bearer(&alice.token).send().await;
        gone.expect_error(404, "not_found");
    }
    assert_eq!(versions(&world, &key).await, 0);
    let own = read(&world, &alice, "me").await.expect(200).json;
    assert_eq!(own["avatar_url"], Value::Null);
    assert_eq!(
        uploads_of(&world, &admin, &alice.id, "").await.json["items"],
        json!([])
    );
    let entry = |upload: &str| {
        json!({"actor": admin.id, "action": "delete_upload", "target": alice.id, "upload": upload, "fields": [],
            "before": null, "after": null})
    };
    let mut found = entries(&world, &admin).await;
    found.sort_by_key(|entry| entry["upload"].to_string());
    assert_eq!(found, [entry(&avatar), entry(&waiting)]);

    // Only that user's, and only what is there.
    let (bobs, bob) = {
        let bob = world.log_in("bob").await;
        (pending(&world, &bob).await, bob)
    };
    let before = snapshot(&world).await;
    for (user, upload) in [
        (&alice.id, &bobs),
        (&bob.id, &"0".repeat(26)),
        (&admin.id, &bobs),
    ] {
        let missing = delete_upload(&world, &admin, user, upload).await;
        missing.expect_error(404, "not_found");
    }
    delete_upload(&world, &alice, &bob.id, &bobs)
        .await
        .expect_error(403, "forbidden");
    assert_eq!(snapshot(&world).await, before);

    // A record past its end is gone, whether the table has removed it or not.
    world.advance(Duration::from_secs(31 * 24 * 60 * 60));
    let admin = world.log_in("admin").await;
    delete_upload(&world, &admin, &bob.id, &bobs)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn whoever_is_no_administrator_any_more_deletes_no_uploads() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let second = second_admin(&world, &admin).await;
    let (upload, key) = stored(&world, &alice, "file").await;
    let transactions = Matching::Of("TransactWriteItems");
    proxy.take();
    proxy.fail(transactions, Fault::Slow(Duration::from_millis(300)), 1);
    let demoted = async {
        while proxy.count(transactions) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let role = AttributeValue::S("user".into());
        set(&world, &second.id, &[("role", role)]).await;
    };
    let deleted = delete_upload(&world, &second, &alice.id, &upload);
    let (deleted, ()) = join(deleted, demoted).await;
    deleted.expect_error(403, "forbidden");
    uploads_of(&world, &second, &alice.id, "")
        .await
        .expect_error(403, "forbidden");
    let page = uploads_of(&world, &admin, &alice.id, "?status=ready")
        .await
        .expect(200);
    assert_eq!(ids(&page.json), [upload]);
    assert_eq!(versions(&world, &key).await, 1);
}
