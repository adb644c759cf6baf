//! Content checks, and what WeChat says of persons.

mod announcements;
mod cancellation;
mod nickname_edits;
mod nicknames;
mod outages;
mod own_texts;
mod profile_modified;
mod revocation;
mod verdicts;

use serde_json::{Value, json};
use support::events::Message;
use support::storage::{self, user_key};
use support::{Session, World};

const NICKNAME_ATTRIBUTES: [&str; 3] = ["nickname_pending", "nickname_status", "nickname_check"];

/// A world in which nicknames are shown to others once they have passed.
async fn enforcing() -> World {
    World::limited(&[("CONTENT_CHECK_TEXT", "enforce")]).await
}

/// The message that announced the nickname which the user's item names.
async fn announced(world: &World, user: &str) -> String {
    let item = world.item(user_key(user)).await;
    let check = storage::text(&item, "nickname_check").expect("an announced nickname");
    announcement(user, check)
}

fn announcement(user: &str, check: &str) -> String {
    json!({"task": "nickname_changed", "user": user, "check": check}).to_string()
}

/// Hands a message to `moderation`, which is done with it.
#[track_caller]
fn moderate(world: &World, message: impl Into<Message>) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let message = message.into();
    async move {
        let failed = world.moderate([message]).await;
        assert_eq!(failed, [""; 0], "at {caller}");
    }
}

/// Has the nickname checked that the user's item names.
async fn check_nickname(world: &World, user: &Session) {
    moderate(world, announced(world, &user.id).await).await;
}

/// Gives the user a nickname that has passed.
async fn give_nickname(world: &World, user: &Session, nickname: &str) {
    user.edit(json!({"nickname": nickname})).await.expect(200);
    check_nickname(world, user).await;
    assert_eq!(user.profile().await["nickname"], nickname);
}

/// The nickname, and how far it has come.
fn nickname(user: &Value) -> (&Value, &Value) {
    (&user["nickname"], &user["nickname_status"])
}

/// What everybody else sees.
async fn seen_by(reader: &Session, user: &Session) -> Value {
    let one = reader.user(&user.id).await.expect(200).json;
    let path = format!("/v1/profiles?ids={}", user.id);
    let listed = reader.get(&path).await.expect(200).items()[0].clone();
    assert_eq!(one["nickname"], listed["nickname"]);
    assert!(one.get("nickname_status").is_none());
    one["nickname"].clone()
}

/// What waits for a moderator.
async fn reviews(admin: &Session) -> Vec<Value> {
    let listed = admin.get("/v1/reviews").await.expect(200);
    listed.items().to_vec()
}

/// Which of the attributes of a pending nickname the user's item has.
async fn left_of_check(world: &World, user: &str) -> Vec<&'static str> {
    let item = world.item(user_key(user)).await;
    let left = NICKNAME_ATTRIBUTES.into_iter();
    left.filter(|name| item.contains_key(*name)).collect()
}
