//! The message push: `make doctor` and `make secret`, and the mock WeChat server that pushes to the deployed stack.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::Emulator;

use super::{
    APP_SECRET, JWT, WECHAT, assert_finds, doctor_of_the_stack, json_of, local_keys, put_secret,
    read, run, said, variable, write,
};
use crate::STACK;

const PUSH: &str = "STACK_PUSH_SECRET_ARN";

const UNFILLED: &str = r#"{"push_token":"replace-me","push_aes_key":"replace-me"}"#;

#[tokio::test]
async fn the_mock_wechat_server_pushes_to_the_deployed_function() {
    let _shared = STACK.read().await;
    let http = support::http_client(Duration::from_secs(30));
    for mode in ["plain", "secure"] {
        let push = json!({"message": {"Event": "debug_demo"}, "delivery": {"mode": mode}});
        let url = format!("{}/_standin/push", variable("STACK_WECHAT_URL"));
        let answer = http.post(url).json(&push).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        let acknowledged = json!({"answers": [{"status": 200, "body": "success"}]});
        assert_eq!(answer, acknowledged, "{mode}");
    }
}

#[tokio::test]
async fn the_address_is_verified_and_a_release_is_warned_of() {
    let _shared = STACK.read().await;
    let found = said(doctor_of_the_stack(&local_keys()).await, true);
    let expected = [
        ("ok", "message push", "proves that it knows the Token"),
        ("note", "CONTENT CHECKS", "ARE OFF"),
        ("note", "CONTENT CHECKS", "BEFORE A RELEASE"),
    ];
    assert_finds(&found, &expected);
    let (api, keys) = (variable("STACK_API_URL"), local_keys());
    let words = [
        "doctor", "--stack", "local", "--api", &api, "--keys", &keys, "--wechat",
    ];
    let found = said(run(&words, &[]).await, true);
    assert_finds(&found, &[("ok", "WeChat's callback", "reaches it")]);
    let token = json_of(&read(&Emulator::new().secrets(), PUSH).await)["push_token"].clone();
    assert!(!found.contains(token.as_str().expect("text")), "{found}");
}

#[tokio::test]
async fn the_keys_of_the_push_are_made_once_or_given() {
    // The function that runs is asked nothing meanwhile, so that it keeps the keys from before.
    let _alone = STACK.write().await;
    let (keys, secrets) = (local_keys(), Emulator::new().secrets());
    let outputs = [PUSH, JWT, WECHAT];
    let before = join_all(outputs.map(|output| read(&secrets, output))).await;
    write(&secrets, PUSH, UNFILLED).await;
    let unfilled = doctor_of_the_stack(&keys).await;
    let made = put_secret(&keys, APP_SECRET).await;
    let filled = read(&secrets, PUSH).await;
    let again = put_secret(&keys, APP_SECRET).await;
    let kept = read(&secrets, PUSH).await;
    let words = ["secret", "--stack", "local", "--keys", &keys];
    let aes_key = "A".repeat(43);
    let short = run(&words, &[("PUSH_TOKEN", "own"), ("PUSH_AES_KEY", "short")]).await;
    let given = run(&words, &[("PUSH_TOKEN", "own"), ("PUSH_AES_KEY", &aes_key)]).await;
    let own = read(&secrets, PUSH).await;
    for (output, text) in outputs.into_iter().zip(&before) {
        write(&secrets, output, text).await;
    }

    let unfilled = said(unfilled, false);
    assert_finds(
        &unfilled,
        &[("PROBLEM", "message push", "is not filled in")],
    );
    let filled = json_of(&filled);
    let (made, again) = (said(made, true), said(again, true));
    for member in ["push_token", "push_aes_key"] {
        let key = filled[member].as_str().expect("text");
        assert!(made.contains(key) && !again.contains(key), "{made}{again}");
    }
    assert!(made.contains("/v1/wechat/push"), "{made}");
    assert_eq!(json_of(&kept), filled);
    assert!(said(short, false).contains("43 letters and digits"));
    said(given, true);
    let wanted = json!({"push_token": "own", "push_aes_key": aes_key});
    assert_eq!(json_of(&own), wanted);
}
