//! WeChat's message push: one call for what has to be done, none for anything else.

use http::Method;
use serde_json::{Value, json};
use support::World;
use support::api::Call;
use support::keys::push_settings;
use wechat_standin::Delivery;

use super::{NOTHING, costs, counted};

const PATH: &str = "/v1/wechat/push";

fn push(world: &World, message: Value) -> Call {
    let app_id = world.wechat.app_id();
    let request = push_settings().request(message, &Delivery::default(), &app_id);
    let request = request.expect("the message can be written");
    let path = format!("{PATH}?{}", request.query);
    let call = world.wechat_push.call(Method::POST, &path);
    call.body(request.body)
}

#[tokio::test]
async fn a_message_costs_one_call_at_most() {
    let (proxy, world) = counted().await;
    let modified = json!({"Event": "user_info_modified", "OpenID": "alice"});
    let demo = json!({"Event": "debug_demo"});
    let query = push_settings().verification("1");
    // The first request of an environment makes the client.
    push(&world, modified.clone()).send().await.expect(200);
    costs(&proxy, push(&world, modified), &["SendMessage"]).await;
    costs(&proxy, push(&world, demo), &NOTHING).await;
    let verify = world.wechat_push.get(&format!("{PATH}?{query}"));
    costs(&proxy, verify, &NOTHING).await;
}
