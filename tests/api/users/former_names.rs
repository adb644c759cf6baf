//! Names beside the version that compared them by lower case: its claims keep their names, and what it writes while it
//! runs beside this one leaves no name taken by nobody.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{Answer, Session, World};

async fn rename(_world: &World, session: &Session, name: &str) -> Answer {
    session.edit(json!({"username": name})).await
}

/// The ids of the users who have the name.
async fn owners(_world: &World, admin: &Session, field: &str, name: &str) -> Vec<String> {
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let found = admin
        .get(&format!("/v1/users?{field}={encoded}"))
        .await
        .expect(200)
        .json;
    let ids = found["items"].as_array().unwrap().iter();
    ids.map(|user| user["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn items(world: &World) -> Vec<HashMap<String, AttributeValue>> {
    let scan = world.emulator.dynamodb().scan().table_name(&world.table);
    scan.consistent_read(true)
        .send()
        .await
        .unwrap()
        .items
        .unwrap()
}

fn text<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> Option<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
}

/// The claims in the table, and whose they are.
async fn claims(world: &World) -> BTreeMap<String, String> {
    let items = items(world).await;
    let claims = items.iter().filter_map(|item| {
        let pk = text(item, "pk")?;
        let is_claim = pk.starts_with("UN#") || pk.starts_with("EM#");
        is_claim.then(|| (pk.to_owned(), text(item, "uid").unwrap().to_owned()))
    });
    claims.collect()
}

fn are(expected: &[(&str, &Session)]) -> BTreeMap<String, String> {
    let pairs = expected.iter();
    pairs
        .map(|(claim, owner)| ((*claim).to_owned(), owner.id.clone()))
        .collect()
}

// ---- what the former version does to the table

fn formerly(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn key(pk: String) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk)),
        ("sk".to_owned(), AttributeValue::S("A".to_owned())),
    ])
}

async fn user_item(world: &World, id: &str) -> HashMap<String, AttributeValue> {
    let get = world
        .emulator
        .dynamodb()
        .get_item()
        .table_name(&world.table)
        .consistent_read(true);
    get.set_key(Some(key(format!("U#{id}"))))
        .send()
        .await
        .unwrap()
        .item
        .unwrap()
}

/// What the former version's transaction does to a name: the attribute and the claims that it knows of. Returns whether
/// the name was free.
async fn formerly_named(world: &World, id: &str, field: &str, next: Option<&str>) -> bool {
    let prefix = if field == "username" { "UN#" } else { "EM#" };
    let item = user_item(world, id).await;
    let claim = |name: &str| format!("{prefix}{}", formerly(name));
    let (old, new) = (text(&item, field).map(claim), next.map(claim));
    let uid = AttributeValue::S(id.to_owned());
    let condition = "attribute_not_exists(pk) OR uid = :uid";
    let change = match next {
        Some(_) => format!("SET {field} = :text ADD version :one"),
        None => format!("REMOVE {field} ADD version :one"),
    };
    let user = Update::builder()
        .table_name(&world.table)
        .set_key(Some(key(format!("U#{id}"))))
        .update_expression(change)
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    let user = match next {
        Some(name) => user.expression_attribute_values(":text", AttributeValue::S(name.to_owned())),
        None => user,
    };
    let mut writes = vec![
        TransactWriteItem::builder()
            .update(user.build().unwrap())
            .build(),
    ];
    if let Some(old) = old.clone().filter(|_| old != new) {
        let delete = Delete::builder()
            .table_name(&world.table)
            .set_key(Some(key(old)));
        let delete = delete
            .condition_expression(condition)
            .expression_attribute_values(":uid", uid.clone());
        writes.push(
            TransactWriteItem::builder()
                .delete(delete.build().unwrap())
                .build(),
        );
    }
    if let Some(new) = new.clone().filter(|_| old != new) {
        let mut claim = key(new);
        claim.insert("uid".to_owned(), uid.clone());
        let put = Put::builder()
            .table_name(&world.table)
            .set_item(Some(claim));
        let put = put
            .condition_expression(condition)
            .expression_attribute_values(":uid", uid);
        writes.push(
            TransactWriteItem::builder()
                .put(put.build().unwrap())
                .build(),
        );
    }
    let request = world.emulator.dynamodb().transact_write_items();
    request
        .set_transact_items(Some(writes))
        .send()
        .await
        .is_ok()
}

/// The former version's deletion, which knows nothing of `username_key` and `email_key`.
async fn formerly_deleted(world: &World, session: &Session) {
    assert!(formerly_named(world, &session.id, "username", None).await);
    assert!(formerly_named(world, &session.id, "email", None).await);
    let item = user_item(world, &session.id).await;
    let change = |expression: String| {
        let update = world
            .emulator
            .dynamodb()
            .update_item()
            .table_name(&world.table);
        let update = update.set_key(Some(key(format!("U#{}", session.id))));
        update.update_expression(expression)
    };
    let hidden = change("REMOVE username_key, email_key".to_owned());
    hidden.send().await.unwrap();
    let deleted = session.delete_account().await;
    deleted.expect(204);
    for name in ["username_key", "email_key"] {
        if let Some(form) = item.get(name) {
            let shown = change(format!("SET {name} = :form"));
            let shown = shown.expression_attribute_values(":form", form.clone());
            shown.send().await.unwrap();
        }
    }
}

// ---- tests

#[tokio::test]
async fn names_of_every_script_are_one_in_any_form() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    for (name, same) in [
        ("ΝΙΚΟΣ", &["νικος", "νικοσ", "Νικος"][..]),
        ("İsmail", &["i\u{307}smail", "İSMAIL"]),
        ("लड़का", &["लड\u{93c}का"]),
        ("தமிழ்", &["தமிழ்"]),
        ("ខ្មែរ", &["ខ្មែរ"]),
        (
            "Ọ̀ṣun",
            &[
                "o\u{300}\u{323}s\u{323}un",
                "ỌṢUN".replace('Ọ', "Ọ\u{300}").as_str(),
            ],
        ),
        ("Straße", &["STRASSE", "strasse", "straße"]),
        ("می\u{200c}خواهم", &["میخواهم"]),
    ] {
        let named = rename(&world, &alice, name).await.expect(200);
        assert_eq!(named.json["username"], name, "kept as it was written");
        for same in same {
            rename(&world, &bob, same)
                .await
                .expect_problem(409, "username_taken");
            assert_eq!(owners(&world, &admin, "username", same).await, [&*alice.id]);
        }
    }
    for (address, stored) in [
        ("josé@école.fr", "josé@école.fr"),
        ("Jose\u{301}@e\u{301}cole.fr", "José@école.fr"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@डाटामेल.भारत"),
        ("தமிழ்@இந்தியா.com", "தமிழ்@இந்தியா.com"),
    ] {
        let kept = alice.edit(json!({"email": address})).await.expect(200);
        assert_eq!(kept.json["email"], stored);
        let refused = bob.edit(json!({"email": stored.to_uppercase()})).await;
        refused.expect_problem(409, "email_taken");
        assert_eq!(owners(&world, &admin, "email", address).await, [&*alice.id]);
    }
}

#[tokio::test]
async fn what_cannot_be_seen_or_passes_for_another_is_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (field, text) in [
        ("username", "\u{3164}\u{3164}\u{3164}"),
        ("username", "admin\u{3164}"),
        ("username", "ad\u{200d}min"),
        ("username", "аdmin"),
        ("username", "ADMİN"),
        ("username", "\u{301}\u{301}\u{301}"),
        ("nickname", "\u{200b}\u{200d}"),
        ("nickname", "\u{3164}"),
        ("nickname", "\u{2800}"),
        ("nickname", "a\u{e0061}"),
        ("email", "\u{3164}@x.cn"),
        ("email", "a\u{ad}b@x.cn"),
    ] {
        let refused = alice.edit(json!({field: text})).await;
        refused.expect_invalid([field]);
    }
}

#[tokio::test]
async fn a_former_claim_keeps_its_name() {
    let world = World::new().await;
    let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
    assert!(formerly_named(&world, &alice.id, "username", Some("νικος")).await);
    assert!(formerly_named(&world, &alice.id, "email", Some("straße@x.de")).await);
    let before = claims(&world).await;
    assert_eq!(
        before,
        are(&[("UN#νικος", &alice), ("EM#straße@x.de", &alice)])
    );
    for name in ["ΝΙΚΟΣ", "νικος", "νικοσ"] {
        rename(&world, &bob, name)
            .await
            .expect_problem(409, "username_taken");
        assert_eq!(owners(&world, &admin, "username", name).await, [&*alice.id]);
        let body = json!({"openid": "new", "username": name});
        admin
            .post("/v1/users", &body)
            .await
            .expect_problem(409, "username_taken");
    }
    for email in ["STRASSE@X.DE", "straße@x.de"] {
        bob.edit(json!({"email": email}))
            .await
            .expect_problem(409, "email_taken");
        assert_eq!(owners(&world, &admin, "email", email).await, [&*alice.id]);
    }
    // Said once more, or with something else, it stays.
    alice
        .edit(json!({"username": "νικος", "nickname": "n"}))
        .await
        .expect(200);
    assert_eq!(claims(&world).await, before);
    // Written otherwise, it is claimed anew.
    rename(&world, &alice, "Νίκος_2").await.expect(200);
    alice
        .edit(json!({"email": "STRASSE@x.de"}))
        .await
        .expect(200);
    let now = are(&[
        ("UN#νίκοσ_2", &alice),
        ("UN#νίκος_2", &alice),
        ("EM#strasse@x.de", &alice),
    ]);
    assert_eq!(claims(&world).await, now);
    rename(&world, &bob, "ΝΙΚΟΣ").await.expect(200);
    alice
        .edit(json!({"username": null, "email": null}))
        .await
        .expect(200);
    assert_eq!(claims(&world).await, are(&[("UN#νικοσ", &bob)]));
}

#[tokio::test]
async fn a_former_claim_goes_with_its_account() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    assert!(formerly_named(&world, &alice.id, "username", Some("νικος")).await);
    assert!(formerly_named(&world, &alice.id, "email", Some("straße@x.de")).await);
    alice.delete_account().await.expect(204);
    assert_eq!(claims(&world).await, are(&[]));
}

#[tokio::test]
async fn two_former_owners_of_one_name_keep_it_and_let_it_go_one_by_one() {
    let world = World::new().await;
    let [alice, bob, eve, admin] = [
        world.log_in("alice").await,
        world.log_in("bob").await,
        world.log_in("eve").await,
        world.log_in("admin").await,
    ];
    assert!(formerly_named(&world, &alice.id, "username", Some("νικος")).await);
    assert!(formerly_named(&world, &bob.id, "username", Some("ΝΙΚΟΣ")).await);
    let mut both = [&*alice.id, &*bob.id];
    both.sort_unstable();
    assert_eq!(owners(&world, &admin, "username", "Νικος").await, both);
    rename(&world, &eve, "νικοσ")
        .await
        .expect_problem(409, "username_taken");
    rename(&world, &alice, "νικοσ")
        .await
        .expect_problem(409, "username_taken");
    rename(&world, &alice, "alice").await.expect(200);
    assert_eq!(
        claims(&world).await,
        are(&[("UN#alice", &alice), ("UN#νικοσ", &bob)])
    );
    assert!(formerly_named(&world, &alice.id, "username", Some("νικος")).await);
    alice.delete_account().await.expect(204);
    assert_eq!(claims(&world).await, are(&[("UN#νικοσ", &bob)]));
    rename(&world, &bob, "bob").await.expect(200);
    rename(&world, &eve, "νικος").await.expect(200);
}

#[tokio::test]
async fn what_the_former_version_writes_beside_this_one_is_cleared_up() {
    let world = World::new().await;
    let [alice, bob] = [world.log_in("alice").await, world.log_in("bob").await];
    rename(&world, &alice, "Straße").await.expect(200);
    assert_eq!(
        claims(&world).await,
        are(&[("UN#strasse", &alice), ("UN#straße", &alice)])
    );
    // It meets the claim in its own form.
    assert!(!formerly_named(&world, &bob.id, "username", Some("STRAßE")).await);
    // It releases what it knows of; the next change releases the rest.
    assert!(formerly_named(&world, &alice.id, "username", Some("Gasse")).await);
    assert_eq!(
        claims(&world).await,
        are(&[("UN#strasse", &alice), ("UN#gasse", &alice)])
    );
    rename(&world, &alice, "alice").await.expect(200);
    assert_eq!(claims(&world).await, are(&[("UN#alice", &alice)]));
    rename(&world, &bob, "strasse").await.expect(200);
}

#[tokio::test]
async fn an_account_that_the_former_version_deleted_keeps_no_name() {
    let world = World::new().await;
    let [alice, bob] = [world.log_in("alice").await, world.log_in("bob").await];
    let body = json!({"username": "Straße", "email": "νικος@x.gr"});
    alice.edit(body.clone()).await.expect(200);
    formerly_deleted(&world, &alice).await;
    let left = are(&[("UN#strasse", &alice), ("EM#νικοσ@x.gr", &alice)]);
    assert_eq!(claims(&world).await, left);
    world.purge_announced().await;
    assert_eq!(claims(&world).await, are(&[]));
    let item = user_item(&world, &alice.id).await;
    assert_eq!(text(&item, "status"), Some("deleted"));
    assert!(
        !item.contains_key("username_key") && !item.contains_key("email_key"),
        "{item:?}"
    );
    bob.edit(body).await.expect(200);
}

const NAMES: [&str; 8] = [
    "ΝΙΚΟΣ",
    "νικος",
    "Straße",
    "strasse",
    "STRASSE",
    "bob",
    "Boß",
    "boss",
];

#[derive(Clone, Debug)]
enum Step {
    Rename(usize, usize),
    FormerlyRename(usize, usize),
    Clear(usize),
    Delete(usize),
    FormerlyDelete(usize),
}

/// Whatever the two versions do in turn: a claim that is left is found and released by its owner's next change, and no
/// change fails for what the other version left behind.
#[test]
fn no_claim_outlives_its_owners_next_change() {
    let user = || 0..3_usize;
    let step = prop_oneof![
        4 => (user(), 0..NAMES.len()).prop_map(|(user, name)| Step::Rename(user, name)),
        3 => (user(), 0..NAMES.len()).prop_map(|(user, name)| Step::FormerlyRename(user, name)),
        1 => user().prop_map(Step::Clear),
        1 => user().prop_map(Step::Delete),
        1 => user().prop_map(Step::FormerlyDelete),
    ];
    let config = Config {
        cases: 24,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = TestRunner::new_with_rng(config, rng).run(
        &proptest::collection::vec(step, 4..14),
        |steps| {
            runtime.block_on(tell(&steps));
            Ok(())
        },
    );
    outcome.unwrap();
}

async fn tell(steps: &[Step]) {
    let world = World::new().await;
    let mut people = Vec::new();
    for user in 0..3 {
        people.push(world.log_in(&format!("p{user}")).await);
    }
    for step in steps {
        match step {
            Step::Rename(user, name) => {
                let answer = rename(&world, &people[*user], NAMES[*name]).await;
                assert!(
                    [200, 409].contains(&answer.status.as_u16()),
                    "{step:?}: {}",
                    answer.json
                );
            }
            Step::FormerlyRename(user, name) => {
                formerly_named(&world, &people[*user].id, "username", Some(NAMES[*name])).await;
            }
            Step::Clear(user) => {
                rename_to_nothing(&world, &people[*user]).await;
            }
            Step::Delete(user) | Step::FormerlyDelete(user) => {
                if matches!(step, Step::Delete(_)) {
                    people[*user].delete_account().await.expect(204);
                } else {
                    formerly_deleted(&world, &people[*user]).await;
                }
                world.purge_announced().await;
                world.advance(Duration::from_secs(1));
                people[*user] = world.log_in(&format!("p{user}")).await;
            }
        }
    }
    for person in &people {
        rename_to_nothing(&world, person).await;
    }
    assert_eq!(claims(&world).await, are(&[]));
}

async fn rename_to_nothing(_world: &World, session: &Session) {
    session.edit(json!({"username": null})).await.expect(200);
}
