//! WeChat's message push, as the mock WeChat server signs and writes it.

mod forms;
mod keys;
mod refusals;
mod vectors;

use serde_json::{Value, json};
use support::keys::push_settings;
use support::{Answer, Api, World};
use wechat_standin::{Delivery, PushMode, PushRequest, PushSettings};

const PATH: &str = "/v1/wechat/push";

/// A console that was told other keys.
fn console(token: &str, aes_key: &str) -> PushSettings {
    PushSettings {
        token: token.to_owned(),
        aes_key: aes_key.to_owned(),
        ..push_settings()
    }
}

/// A message to the world's mini-program.
fn request(world: &World, message: Value, delivery: &Delivery) -> PushRequest {
    let app_id = world.wechat.app_id();
    push_settings()
        .request(message, delivery, &app_id)
        .expect("the message can be written")
}

async fn send(api: &Api, PushRequest { query, body }: PushRequest) -> Answer {
    let call = api.call(http::Method::POST, &format!("{PATH}?{query}"));
    call.header("content-type", "text/xml")
        .body(body)
        .send()
        .await
}

async fn push(world: &World, message: Value, delivery: &Delivery) -> Answer {
    send(&world.wechat_push, request(world, message, delivery)).await
}

/// The tasks that wait for `moderation`, which are taken from it.
async fn tasks(world: &World) -> Vec<Value> {
    let bodies = world.messages(&world.moderation_queue).await;
    let tasks = bodies.iter().map(|body| serde_json::from_str(body));
    tasks.collect::<Result<_, _>>().expect("tasks are JSON")
}

fn cancellation() -> Value {
    json!({"Event": "user_authorization_cancellation", "OpenID": "alice"})
}

/// A form that no other test needs.
fn plain() -> Delivery {
    Delivery {
        mode: Some(PushMode::Plain),
        ..Delivery::default()
    }
}
