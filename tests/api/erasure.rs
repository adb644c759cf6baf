//! What is left in the table of a person who has used everything and then deletes the account: what docs/operations.md lists
//! under "What remains", and nothing else, whatever kinds of items there will be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::ids::Epoch;
use shared::store::review::{Cause, Finding, Subject};
use shared::store::upload::NewCheck;
use shared::upload::lifecycle::UploadStatus;
use support::{Session, World, samples};

type Item = HashMap<String, AttributeValue>;

/// Every kind of item that names a person, by how its key begins, and what may stay of it after a purge.
const KINDS: &[(&str, Remains)] = &[
    (
        "U#",
        Remains::Only(&["status", "epoch", "version", "fence", "sessions_ended_at"]),
    ),
    ("UN#", Remains::Nothing),
    ("EM#", Remains::Nothing),
    ("UP# upload", Remains::Nothing),
    ("UP# ~", Remains::Only(&["epoch", "disabled"])),
    ("RL#UP#", Remains::Nothing),
    ("RL#IK#", Remains::UntilItEnds),
    ("AU#", Remains::UntilItEnds),
    ("MT#", Remains::Nothing),
    ("RV#", Remains::Nothing),
    ("RP#", Remains::Nothing),
];

#[derive(Clone, Copy, Debug)]
enum Remains {
    Nothing,
    /// An item with no other attributes than its key and these.
    Only(&'static [&'static str]),
    /// The item, until its `ttl`.
    UntilItEnds,
}

fn kind(item: &Item) -> String {
    let (pk, sk) = (text(item, "pk"), text(item, "sk"));
    let prefix = match pk.split_inclusive('#').collect::<Vec<_>>()[..] {
        ["RL#", second, ..] => format!("RL#{second}"),
        [first, ..] => first.to_owned(),
        [] => String::new(),
    };
    match (prefix.as_str(), sk) {
        ("UP#", "~") => "UP# ~".to_owned(),
        ("UP#", _) => "UP# upload".to_owned(),
        _ => prefix,
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().expect("keys are text")
}

async fn scan(world: &World) -> Vec<Item> {
    let scan = world.emulator.dynamodb().scan().table_name(&world.table);
    let page = scan.consistent_read(true).send().await.unwrap();
    assert!(page.last_evaluated_key.is_none(), "one page holds it all");
    page.items.unwrap_or_default()
}

/// The items in which one of these texts stands, in a key or anywhere else.
fn that_name<'a>(items: &'a [Item], texts: &[&str]) -> Vec<&'a Item> {
    let named = items.iter().filter(|item| {
        let whole = format!("{item:?}");
        texts.iter().any(|text| whole.contains(text))
    });
    named.collect()
}

/// Issues a ticket, stores the object, and lets its event arrive, unless the object is never sent.
async fn upload(world: &World, owner: &Session, purpose: &str, is_sent: bool) -> String {
    let bytes = samples::jpeg();
    let body = json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose});
    let ticket = world.presign.post("/v1/uploads", &body);
    let ticket = ticket.header("idempotency-key", &format!("{purpose}{is_sent}"));
    let issued = ticket.bearer(&owner.token).send().await.expect(201).json;
    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    if !is_sent {
        return id;
    }
    let key = format!("u/{}/{id}.jpg", owner.id);
    let put = world.emulator.s3().put_object().bucket(&world.bucket);
    let put = put.key(&key).content_type("image/jpeg").body(bytes.into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let failed = world.deliver(batch(&[json!({"Records": [record]}).to_string()]));
    assert_eq!(failed.await, [""; 0]);
    id
}

fn batch(bodies: &[String]) -> Value {
    let record = |(i, body): (usize, &String)| json!({"messageId": format!("m{i}"), "body": body});
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// Writes an item of every kind.
async fn use_everything(world: &World, alice: &Session, admin: &Session) {
    let names = json!({"nickname": "canary-nick", "username": "canary-name", "email": "canary@mail.example"});
    let edit = world.users.put("/v1/users/me", &names);
    edit.bearer(&alice.token).send().await.expect(200);
    let phone = json!({"code": "phone-13912345678-1"});
    let phone = world.login.post("/v1/users/me/phone", &phone);
    phone.bearer(&alice.token).send().await.expect(200);
    for (purpose, is_sent) in [("avatar", true), ("file", true), ("file", false)] {
        let _ = upload(world, alice, purpose, is_sent).await;
    }
    let deleted = upload(world, alice, "avatar", false).await;
    let path = format!("/v1/users/{}/uploads/{deleted}", alice.id);
    let delete = world.presign.delete(&path).bearer(&admin.token);
    delete.send().await.expect(204);
    let file = upload(world, alice, "file", true).await;
    submit(world, alice, &file).await;
    report_and_review(world, alice, &file).await;
    let path = format!("/v1/users/{}", alice.id);
    for change in [
        json!({"nickname": "canary-nick-2"}),
        json!({"status": "disabled"}),
        json!({"status": "active"}),
    ] {
        let edit = world.users.put(&path, &change);
        edit.bearer(&admin.token).send().await.expect(200);
    }
}

/// Asks for a check of a file.
async fn submit(world: &World, alice: &Session, file: &str) {
    let key = format!("u/{}/{file}.jpg", alice.id);
    let versions = world.versions(&key).await;
    let check = NewCheck {
        key: &key.parse().unwrap(),
        version: &versions[0],
        was: UploadStatus::Ready,
        trace_id: "trace",
        before: None,
    };
    world.store.note_check(&check).await.unwrap();
}

/// Somebody reports a file of Alice's, she reports them, and a moderator has her nickname to look at.
async fn report_and_review(world: &World, alice: &Session, file: &str) {
    let bob = world.log_in("bob").await;
    let of_alice = json!({"user": alice.id, "upload": file, "reason": "other"});
    bob.post("/v1/reports", &of_alice).await.expect(201);
    let of_bob = json!({"user": bob.id, "reason": "other"});
    alice.post("/v1/reports", &of_bob).await.expect(201);
    let nickname = Subject::Nickname {
        user: alice.id.parse().unwrap(),
        epoch: Epoch::FIRST,
        check: "check".to_owned(),
    };
    let finding = Finding {
        text: Some("canary-nick-3".to_owned()),
        ..Finding::default()
    };
    let cause = Cause::ContentCheck;
    let opened = world.store.open_review(&nickname, cause, &finding).await;
    opened.unwrap();
}

/// The partition keys that the functions' roles let them use: what has none of them cannot be written.
fn allowed_by_roles(value: &Yaml, found: &mut BTreeSet<String>) {
    match value {
        Yaml::Mapping(entries) => {
            for (name, value) in entries {
                if name == "dynamodb:LeadingKeys" {
                    let keys = value.as_sequence().expect("a list of keys").iter();
                    found.extend(keys.map(|key| key.as_str().expect("a key").to_owned()));
                }
                allowed_by_roles(value, found);
            }
        }
        Yaml::Sequence(items) => items.iter().for_each(|item| allowed_by_roles(item, found)),
        Yaml::Tagged(tagged) => allowed_by_roles(&tagged.value, found),
        _ => {}
    }
}

/// So that a kind that a function begins to write cannot stay unknown to the test below.
#[test]
fn every_partition_that_a_role_may_use_is_of_a_kind_that_is_known() {
    /// The users' index shows what is in their items.
    const INDEX: &str = "US#";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let mut allowed = BTreeSet::new();
    allowed_by_roles(&serde_yaml_ng::from_str(&template).unwrap(), &mut allowed);
    let allowed: BTreeSet<_> = allowed
        .iter()
        .map(|key| key.trim_end_matches(['*', '0']))
        .collect();
    let known = KINDS
        .iter()
        .map(|(kind, _)| kind.split(' ').next().unwrap());
    let known: BTreeSet<_> = known.chain([INDEX]).collect();
    assert_eq!(allowed, known);
}

#[tokio::test]
async fn a_purge_reaches_every_kind_of_item_that_names_a_person() {
    let world = World::new().await;
    let (alice, admin) = (
        world.log_in("canaryopenid").await,
        world.log_in("admin").await,
    );
    use_everything(&world, &alice, &admin).await;
    let items = scan(&world).await;
    let written: BTreeSet<_> = that_name(&items, &[&alice.id])
        .into_iter()
        .map(kind)
        .collect();
    let known: BTreeMap<_, _> = KINDS.iter().copied().collect();
    let listed: BTreeSet<_> = known.keys().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(written, listed, "the kinds that were written, and KINDS");

    world.advance(Duration::from_secs(1));
    let alice = world.log_in("canaryopenid").await;
    let delete = world.users.delete("/v1/users/me").bearer(&alice.token);
    delete.send().await.expect(204);
    let messages = world.purge_messages().await;
    let answer = world.purge.handle(batch(&messages), world.soon()).await;
    assert!(answer.unwrap().batch_item_failures.is_empty());

    let items = scan(&world).await;
    let personal = ["canary", "13912345678"];
    assert_eq!(that_name(&items, &personal), Vec::<&Item>::new());
    for item in that_name(&items, &[&alice.id]) {
        let kind = kind(item);
        let may_stay = match known[kind.as_str()] {
            Remains::Nothing => false,
            Remains::UntilItEnds => item.contains_key("ttl"),
            Remains::Only(names) => item.keys().all(|name| {
                ["pk", "sk"].contains(&name.as_str()) || names.contains(&name.as_str())
            }),
        };
        assert!(may_stay, "{kind} stays: {item:?}");
    }
}
