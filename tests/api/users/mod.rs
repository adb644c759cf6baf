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
mod registration;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use shared::ids::{OpenId, UserId};
use shared::profile::{Email, Username};
use support::api::Call;
use support::{Answer, Session, World};

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
