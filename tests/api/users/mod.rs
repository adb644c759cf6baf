//! Users through the routes: profiles, unique names, conditional requests, administration and deletion.

mod admin;
mod avatar;
mod conditional;
mod deletion;
mod former_names;
mod list;
mod model;
mod names;
mod profile;
mod profiles;
mod put_and_patch;
mod registration;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::ids::{OpenId, UserId};
use shared::profile::{Email, Username};
use support::api::Call;
use support::storage::{self, Item};
use support::{Answer, Session, World};

const ME: &str = "/v1/users/me";

fn ids(page: &Answer) -> Vec<String> {
    let ids = page.items().iter().map(|item| item["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
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

/// Everything that a user can ask for with an access token, except to log out and to delete the account.
fn calls_of_a_user(session: &Session, other: &str, upload: &str) -> Vec<Call> {
    let ticket = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let upload = format!("/v1/uploads/{upload}");
    let phone = json!({"code": "phone-13800138000-7"});
    vec![
        session.me(),
        session.user(&session.id),
        session.user(other),
        session.get(&format!("/v1/profiles?ids={other}")),
        session.put(ME, json!({})),
        session.put(ME, json!({"nickname": "x"})),
        session.put(ME, json!({"username": "fresh"})),
        session.put(&session.path(), json!({"email": "fresh@x.cn"})),
        session.put(ME, json!({"avatar_upload_id": "0".repeat(26)})),
        session.post("/v1/users/me/phone", phone),
        session.post("/v1/uploads", &ticket),
        session.post("/v1/uploads/batch", json!({"items": [ticket]})),
        session.get("/v1/uploads"),
        session.get(&upload),
        session.delete(&upload),
    ]
}

/// No reservation without its user, no user without their reservation, no name with two owners.
async fn assert_reservations_are_whole(world: &World) {
    let items = world.items().await;
    let mut reserved = BTreeMap::<_, BTreeSet<_>>::new();
    let mut owned = BTreeMap::<_, BTreeSet<_>>::new();
    for ((pk, _), item) in &items {
        // A reservation may be in a form that a former version compared by.
        let name = match pk.split_once('#') {
            Some(("UN", form)) => format!("UN#{}", form.parse::<Username>().unwrap().compared()),
            Some(("EM", form)) => format!("EM#{}", form.parse::<Email>().unwrap().compared()),
            Some(("U", uid)) => {
                for name in reserved_by(item) {
                    let key = (name.clone(), "A".to_owned());
                    assert!(items.contains_key(&key), "{name}");
                    owned.entry(name).or_default().insert(uid);
                }
                continue;
            }
            _ => continue,
        };
        let owner = storage::text(item, "uid").unwrap();
        reserved.entry(name).or_default().insert(owner);
    }
    assert_eq!(
        reserved, owned,
        "reservations on the left, names on the right"
    );
    assert!(owned.values().all(|owners| owners.len() == 1), "{owned:?}");
}

/// What the user of the item has reserved; the item says the same.
fn reserved_by(item: &Item) -> Vec<String> {
    let username =
        storage::text(item, "username").map(|name| name.parse::<Username>().unwrap().compared());
    let email =
        storage::text(item, "email").map(|email| email.parse::<Email>().unwrap().compared());
    assert_eq!(storage::text(item, "username_key"), username.as_deref());
    assert_eq!(storage::text(item, "email_key"), email.as_deref());
    let names = username.map(|form| format!("UN#{form}")).into_iter();
    let names: Vec<_> = names
        .chain(email.map(|form| format!("EM#{form}")))
        .collect();
    let has_names = ["active", "disabled"].contains(&storage::text(item, "status").unwrap());
    assert!(names.is_empty() || has_names, "{names:?} of a deleted user");
    names
}
