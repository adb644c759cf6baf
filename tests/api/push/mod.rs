//! WeChat's message push, as the mock WeChat server signs and writes it.

mod forms;
mod keys;
mod refusals;
mod vectors;

use serde_json::{Value, json};
use support::keys::{PUSH_AES_KEY, PUSH_TOKEN};
use support::{Answer, Api, World};
use wechat_standin::{Delivery, PushFormat, PushMode, PushRequest, PushSettings};

const PATH: &str = "/v1/wechat/push";

/// What the console is told, unless it is told otherwise.
fn console(token: &str, aes_key: &str) -> PushSettings {
    PushSettings {
        url: String::new(),
        token: token.to_owned(),
        aes_key: aes_key.to_owned(),
        mode: PushMode::Secure,
        format: PushFormat::Json,
    }
}

fn usual_console() -> PushSettings {
    console(PUSH_TOKEN, PUSH_AES_KEY)
}

/// A message to the world's mini-program.
fn request(world: &World, message: Value, delivery: &Delivery) -> PushRequest {
    let app_id = world.wechat.app_id();
    usual_console()
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
