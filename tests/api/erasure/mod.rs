//! What is left in the table of a person who has used everything and then deletes the account: what docs/operations.md lists
//! under "What remains", and nothing else, whatever kinds of items there will be. And what their export shows before.

mod kinds;
mod use_everything;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use serde_yaml_ng::Value as Yaml;
use support::storage::{Item, s};
use support::{Session, World};

use kinds::{KINDS, counted, left_behind, not_exported, that_name};
use use_everything::use_everything;

const OPENID: &str = "wechat-person";

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
        .map(|kind| kind.name.split(' ').next().unwrap());
    let known: BTreeSet<_> = known.chain([INDEX]).collect();
    assert_eq!(allowed, known);
}

/// All pages of the person's export.
async fn export(person: &Session) -> Vec<Value> {
    let (mut items, mut path) = (Vec::new(), "/v1/users/me/export".to_owned());
    loop {
        let mut page = person.get(&path).await.expect(200).json;
        items.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/users/me/export?limit=2&cursor={cursor}"),
            None => return items,
        }
    }
}

/// A person who has an item of each kind, and who knows of a cure.
async fn canary(world: &World) -> Session {
    let [canary, admin, other] = world.log_in_all([OPENID, "admin", "other"]).await;
    use_everything(world, &canary, &admin, &other).await;
    world.advance(Duration::from_secs(1));
    world.log_in(OPENID).await
}

async fn purge(world: &World, person: &Session) {
    person.delete_account().await.expect(204);
    world.purge_announced().await;
}

#[tokio::test]
async fn a_purge_reaches_every_kind_of_item_that_names_a_person() {
    let world = World::new().await;
    let canary = canary(&world).await;
    let items = world.items().await;
    let written = counted(&that_name(items.values(), &[&canary.id]));
    let written: BTreeSet<_> = written.keys().map(String::as_str).collect();
    let listed: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(written, listed, "the kinds that were written, and KINDS");

    purge(&world, &canary).await;
    let items = world.items().await;
    let personal = ["canary", "13912345678", OPENID];
    assert_eq!(that_name(items.values(), &personal), Vec::<&Item>::new());
    let named = that_name(items.values(), &[&canary.id]);
    assert_eq!(left_behind(&named), [""; 0]);
}

#[tokio::test]
async fn an_export_shows_every_kind_of_item_that_names_a_person() {
    let world = World::new().await;
    let canary = canary(&world).await;
    let export = export(&canary).await;
    let text = Value::from(export.clone()).to_string();
    let items = world.items().await;
    let named = that_name(items.values(), &[&canary.id]);
    assert_eq!(not_exported(&named, &text), [""; 0]);

    let account = &export[0];
    assert_eq!(
        (&account["kind"], &account["data"]["phone"]),
        (&"account".into(), &"13912345678".into())
    );
    assert_eq!(
        account["data"]["wechat_ids_stored"],
        serde_json::json!(["openid"])
    );
    let kinds: BTreeSet<_> = export
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "account",
        "audit",
        "own_item",
        "report",
        "report_quota",
        "review",
        "session",
        "upload",
        "upload_quota",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    let linked = export
        .iter()
        .any(|item| item["data"]["download_url"].is_string());
    assert!(linked, "{text}");
    for secret in [OPENID, "UP#", "OI#", "OF#"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let [admin, other] = world.log_in_all(["admin", "other"]).await;
    assert!(!text.contains(&admin.id), "{text}");
    for item in export.iter().filter(|item| item["kind"] != "report") {
        assert!(!item.to_string().contains(&other.id), "{item}");
    }
}

/// Items that a function has written past the seam, where neither purge nor export looks.
#[tokio::test]
async fn a_kind_of_item_that_nobody_looks_after_is_noticed() {
    let world = World::new().await;
    let canary = world.log_in(OPENID).await;
    for (pk, sk) in [
        (format!("OX#{}", canary.id), "orders#1"),
        ("OF#notebook#hall".to_owned(), "orders#2"),
    ] {
        let set = "SET owner_id = :id, content = :text";
        let values = [(":id", s(&canary.id)), (":text", s("canary-text"))];
        world.update((pk, sk.to_owned()), set, &values).await;
    }
    let text = Value::from(export(&canary).await).to_string();
    let items = world.items().await;
    let named = that_name(items.values(), &[&canary.id]);
    let hidden = not_exported(&named, &text);
    assert!(
        hidden.iter().any(|fault| fault.starts_with("OX# ")),
        "{hidden:?}"
    );
    assert!(
        hidden.iter().any(|fault| fault.starts_with("OF# ")),
        "{hidden:?}"
    );

    purge(&world, &canary).await;
    let items = world.items().await;
    let left = left_behind(&that_name(items.values(), &[&canary.id]));
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left[0].starts_with("OF# ") && left[1].starts_with("OX# "),
        "{left:?}"
    );
}

/// What a function has written into a person's own partition past the seam is covered all the same.
#[tokio::test]
async fn whatever_lies_with_a_person_is_exported_and_purged() {
    let world = World::new().await;
    let canary = world.log_in(OPENID).await;
    let key = (format!("OI#{}", canary.id), "anything".to_owned());
    world
        .update(key, "SET words = :text", &[(":text", s("canary-text"))])
        .await;
    let text = Value::from(export(&canary).await).to_string();
    assert!(text.contains("canary-text"), "{text}");
    purge(&world, &canary).await;
    let items = world.items().await;
    assert_eq!(that_name(items.values(), &["canary"]), Vec::<&Item>::new());
}
