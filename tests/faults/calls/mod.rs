//! What the functions answer when AWS throttles, breaks, dawdles or loses an answer: the right result, or 503 and the
//! right result to the repetition. Never something that is not so.
//!
//! All clients of a process share the SDK's quota of retries, so outages here are kept to what leaves enough of it for
//! the tests beside them.

mod checks;
mod conflicts;
mod events;
mod login;
mod lost_answers;
mod outages;
mod random;
mod uploads;
mod users;

use std::time::Duration;

use serde_json::{Value, json};
use support::proxy::{Fault, Proxy};
use support::world::Settings;
use support::{Answer, Session, World};

const NOTHING: [&str; 0] = [];

/// What one repetition has to make good.
const PASSING: [Fault; 4] = [
    Fault::Throttle,
    Fault::InternalError,
    Fault::DropBefore,
    Fault::DropAfterCommit,
];

/// The same for writes, for which it matters, too, that one can be given up on and arrive after its repetition.
const PASSING_OR_LATE: [Fault; 5] = [
    Fault::Throttle,
    Fault::InternalError,
    Fault::DropBefore,
    Fault::DropAfterCommit,
    LATE,
];

/// Longer than a client waits for one attempt.
const LATE: Fault = Fault::Slow(Duration::from_secs(1));

/// A phone gives up after this time at the latest, and an invocation ends a little later.
const PATIENCE: Duration = Duration::from_secs(8);

async fn faulty() -> (Proxy, World) {
    faulty_with(&[]).await
}

async fn faulty_with(limits: &[(&'static str, &'static str)]) -> (Proxy, World) {
    let proxy = Proxy::start().await;
    let world = World::with(Settings::behind(&proxy).limits(limits)).await;
    (proxy, world)
}

/// Waits until late requests have arrived too, and fails the test if a fault met no request.
#[track_caller]
fn settled(proxy: &Proxy) -> impl Future<Output = ()> + '_ {
    assert_eq!(proxy.faults_left(), 0, "faults that met no request");
    proxy.quiet()
}

/// The answer to a call, which has to come in time.
async fn in_time(answer: impl IntoFuture<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, answer.into_future()).await;
    answer.expect("an answer in time")
}

/// Fails the test unless the answer says that a repetition may work. That it says when is checked of every answer.
#[track_caller]
fn unavailable(answer: Answer) {
    answer.expect_problem(503, "temporarily_unavailable");
}

async fn me(_world: &World, session: &Session) -> Answer {
    session.get("/v1/users/me").await
}

async fn edit(world: &World, session: &Session, body: &Value) -> Answer {
    let call = world.users.put("/v1/users/me", body);
    in_time(call.bearer(&session.token).send()).await
}

async fn delete_me(_world: &World, session: &Session) -> Answer {
    let call = session.delete("/v1/users/me");
    in_time(call.send()).await
}

/// The ids of the users who have the username.
async fn owners(_world: &World, admin: &Session, username: &str) -> Vec<String> {
    let path = format!("/v1/users?username={username}");
    let found = admin.get(&path).await.expect(200).json;
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ticket_request(purpose: &str, bytes: &[u8]) -> Value {
    json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose})
}

async fn ticket(_world: &World, owner: &Session, body: &Value, idempotency_key: &str) -> Answer {
    let call = owner.post("/v1/uploads", body);
    in_time(call.header("idempotency-key", idempotency_key).send()).await
}

async fn uploads(_world: &World, owner: &Session) -> Vec<Value> {
    let page = owner.get("/v1/uploads?limit=100").await.expect(200).json;
    page["items"].as_array().unwrap().clone()
}

/// An upload whose object is stored, and the event that says so.
struct Stored {
    id: String,
    key: String,
    event: Value,
}

async fn stored(world: &World, owner: &Session, purpose: &str, bytes: &[u8]) -> Stored {
    let issued = owner
        .post("/v1/uploads", ticket_request(purpose, bytes))
        .await
        .expect(201)
        .json;
    let id = issued["upload"]["id"].as_str().unwrap().to_owned();
    store_object(world, owner, id, bytes).await
}

async fn store_object(world: &World, owner: &Session, id: String, bytes: &[u8]) -> Stored {
    let key = format!("u/{}/{id}.jpg", owner.id);
    let s3 = world.emulator.s3();
    let put = s3.put_object().bucket(&world.bucket).key(&key);
    let put = put.content_type("image/jpeg").body(bytes.to_vec().into());
    let version = put.send().await.unwrap().version_id.unwrap();
    let object = json!({"key": key, "versionId": version, "sequencer": "01"});
    let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Post",
        "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let event = json!({"Records": [record]});
    Stored { id, key, event }
}

async fn status(_world: &World, owner: &Session, id: &str) -> String {
    let path = format!("/v1/uploads/{id}");
    let upload = owner.get(&path).await.expect(200).json;
    upload["status"].as_str().unwrap().to_owned()
}

/// How many versions of objects below a prefix the bucket holds.
async fn versions(world: &World, prefix: &str) -> usize {
    let s3 = world.emulator.s3();
    let list = s3.list_object_versions().bucket(&world.bucket);
    let page = list.prefix(prefix).send().await.unwrap();
    page.versions().len() + page.delete_markers().len()
}

fn batch<'a>(bodies: impl IntoIterator<Item = (usize, &'a Value)>) -> Value {
    let message =
        |(i, body): (usize, &Value)| json!({"messageId": i.to_string(), "body": body.to_string()});
    json!({"Records": bodies.into_iter().map(message).collect::<Vec<_>>()})
}

/// Delivers one event; returns the messages that failed.
async fn deliver(world: &World, event: &Value) -> Vec<String> {
    world.deliver(batch([(0, event)])).await
}

/// Delivers messages to `purge`; returns those that failed.
async fn purge(world: &World, messages: &[String]) -> Vec<String> {
    let bodies: Vec<Value> = messages
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let event = batch(bodies.iter().enumerate());
    let answer = world.purge.handle(event, world.soon()).await.unwrap();
    let failures = answer.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}
