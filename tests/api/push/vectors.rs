//! The examples that WeChat's page on the message push publishes, sent to the function at their time.

use http::Method;
use serde_json::json;
use support::World;
use support::world::Settings;

use super::{PATH, tasks};

const ENCRYPTED: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";

/// The console's examples: Token, EncodingAESKey, app id.
fn documented() -> Settings {
    let aes_key = "A".repeat(43);
    Settings::default().limits(&[
        ("PUSH_TOKEN", "AAAAA"),
        ("PUSH_AES_KEY", &aes_key),
        ("WECHAT_APP_ID", "wxba5fad812f8e6fb9"),
    ])
}

fn set_to(world: &World, seconds: i64) {
    let ahead = seconds * 1000 - world.clock.now().millis();
    let by = std::time::Duration::from_millis(ahead.unsigned_abs());
    if ahead < 0 {
        world.rewind(by)
    } else {
        world.advance(by)
    }
}

#[tokio::test]
async fn the_published_examples_are_answered_as_published() {
    let world = World::with(documented()).await;
    let api = &world.wechat_push;
    set_to(&world, 1_714_036_504);
    let query = "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&echostr=4375120948345356249\
        &timestamp=1714036504&nonce=1514711492";
    let echo = api.get(&format!("{PATH}?{query}")).send().await.expect(200);
    assert_eq!(echo.json, "4375120948345356249");

    set_to(&world, 1_714_037_059);
    let query =
        "signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656";
    let body = r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714037059,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#;
    let call = api
        .call(Method::POST, &format!("{PATH}?{query}"))
        .body(body);
    assert_eq!(call.send().await.expect(200).json, "success");

    set_to(&world, 1_714_112_445);
    let query = "signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741\
        &openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes\
        &msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3";
    let body = json!({"ToUserName": "gh_97417a04a28d", "Encrypt": ENCRYPTED}).to_string();
    let call = api
        .call(Method::POST, &format!("{PATH}?{query}"))
        .body(body);
    assert_eq!(call.send().await.expect(200).json, "success");
    assert_eq!(world.lines.last()["event"], "debug_demo");
    assert!(tasks(&world).await.is_empty());
}
