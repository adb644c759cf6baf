//! What becomes of WeChat's error codes.

use serde_json::json;
use support::World;
use wechat_standin::{Endpoint, Fault};

/// What WeChat can answer to a code, and what the phone gets then.
const ERRCODES: [(i64, u16, &str); 21] = [
    (-1, 503, "wechat_unavailable"),
    (40029, 401, "wechat_code_invalid"),
    (40163, 401, "wechat_code_used"),
    (40226, 403, "wechat_user_blocked"),
    (45011, 429, "wechat_rate_limited"),
    (45009, 429, "wechat_rate_limited"),
    (50002, 403, "wechat_user_blocked"),
    (40013, 500, "wechat_config"),
    (40125, 500, "wechat_config"),
    (41002, 500, "wechat_config"),
    (41004, 500, "wechat_config"),
    (41008, 400, "invalid_request"),
    (40066, 500, "wechat_config"),
    (40001, 502, "wechat_error"),
    (40002, 500, "wechat_config"),
    (40164, 500, "wechat_config"),
    (40243, 500, "wechat_config"),
    (48001, 501, "wechat_not_enabled"),
    (48004, 501, "wechat_not_enabled"),
    (47001, 502, "wechat_error"),
    (99999, 502, "wechat_error"),
];

#[tokio::test]
async fn errcodes_become_answers() {
    let world = World::new().await;
    for (errcode, status, code) in ERRCODES {
        let body = json!({"code": format!("errcode-{errcode}")});
        let answer = world
            .login
            .post("/v1/login", &body)
            .send()
            .await
            .expect_problem(status, code);
        assert!(
            !answer.json.to_string().contains("rid"),
            "WeChat's own text is not passed on"
        );
    }
}

/// A call, what WeChat answers to it, and what the phone is told.
const ERRCODES_OF_OTHER_CALLS: &[(Endpoint, i64, u16, &str)] = &[
    (
        Endpoint::PhoneNumber,
        40029,
        400,
        "wechat_phone_code_invalid",
    ),
    (
        Endpoint::PhoneNumber,
        40163,
        400,
        "wechat_phone_code_invalid",
    ),
    (
        Endpoint::PhoneNumber,
        40013,
        400,
        "wechat_phone_code_invalid",
    ),
    (
        Endpoint::PhoneNumber,
        40003,
        400,
        "wechat_phone_code_invalid",
    ),
    (
        Endpoint::PhoneNumber,
        43104,
        400,
        "wechat_phone_code_invalid",
    ),
    (Endpoint::PhoneNumber, 45009, 429, "wechat_rate_limited"),
    (Endpoint::PhoneNumber, 45011, 429, "wechat_rate_limited"),
    (Endpoint::PhoneNumber, 50002, 403, "wechat_user_blocked"),
    (Endpoint::PhoneNumber, 48004, 501, "wechat_not_enabled"),
    (Endpoint::PhoneNumber, 40001, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 41001, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 40014, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 42001, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 44002, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 43302, 502, "wechat_error"),
    (Endpoint::PhoneNumber, 48001, 501, "wechat_not_enabled"),
    (Endpoint::StableToken, 40001, 500, "wechat_config"),
    (Endpoint::StableToken, 40125, 500, "wechat_config"),
    (Endpoint::StableToken, 40164, 500, "wechat_config"),
    (Endpoint::StableToken, 40243, 500, "wechat_config"),
    (Endpoint::StableToken, 40013, 500, "wechat_config"),
    (Endpoint::StableToken, 45009, 429, "wechat_rate_limited"),
    (Endpoint::StableToken, 48004, 501, "wechat_not_enabled"),
    (Endpoint::StableToken, 50004, 500, "wechat_config"),
    (Endpoint::StableToken, 50007, 500, "wechat_config"),
    (Endpoint::StableToken, 89501, 500, "wechat_config"),
    (Endpoint::StableToken, 89503, 500, "wechat_config"),
    (Endpoint::StableToken, 89506, 500, "wechat_config"),
    (Endpoint::StableToken, 89507, 500, "wechat_config"),
];

#[tokio::test]
async fn errcodes_of_the_phone_number_and_of_the_token_become_answers() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for &(endpoint, errcode, status, code) in ERRCODES_OF_OTHER_CALLS {
        let world_token = World::new().await;
        let (world, alice) = match endpoint {
            Endpoint::StableToken => (&world_token, &world_token.log_in("alice").await),
            _ => (&world, &alice),
        };
        world.wechat.script(endpoint, Fault::Errcode(errcode), 2);
        let body = json!({"code": "phone-13800138000-1"});
        let answer = alice.post("/v1/users/me/phone", &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{endpoint:?} {errcode}"
        );
        world.wechat.reset();
    }
}

#[tokio::test]
async fn a_number_for_another_mini_program_is_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world.wechat.script(
        Endpoint::PhoneNumber,
        Fault::set("phone_info.watermark.appid", json!("wxother")),
        1,
    );
    let body = json!({"code": "phone-13800138000-1"});
    let answer = alice.post("/v1/users/me/phone", &body).await;
    answer.expect_problem(502, "wechat_error");
    // The country code comes as a number or as text: it is not read at all.
    world.wechat.script(
        Endpoint::PhoneNumber,
        Fault::set("phone_info.countryCode", json!(86)),
        1,
    );
    let body = json!({"code": "phone-13800138000-2"});
    alice.post("/v1/users/me/phone", &body).await.expect(200);
}

#[tokio::test]
async fn errcodes_are_read_however_they_are_written() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for errcode in [json!("40029"), json!(40029.0), json!("40029.0")] {
        let fault = Fault::ErrcodeAs(errcode);
        world
            .wechat
            .script(Endpoint::Code2Session, fault.clone(), 1);
        let answer = world.try_log_in("alice").await;
        answer.expect_problem(401, "wechat_code_invalid");
        world.wechat.script(Endpoint::PhoneNumber, fault, 1);
        let phone = json!({"code": "phone-13800138000-1"});
        let answer = alice.post("/v1/users/me/phone", &phone).await;
        answer.expect_problem(400, "wechat_phone_code_invalid");
    }
    world
        .wechat
        .script(Endpoint::Code2Session, Fault::ByteOrderMark, 2);
    world.log_in("alice").await;
    let refused = json!({"code": "errcode-40029"});
    let refused = world.login.post("/v1/login", &refused).send().await;
    refused.expect_problem(401, "wechat_code_invalid");
    for (endpoint, fault) in [
        (Endpoint::StableToken, Fault::ByteOrderMark),
        (Endpoint::PhoneNumber, Fault::ByteOrderMark),
    ] {
        world.wechat.script(endpoint, fault, 1);
    }
    let phone = json!({"code": "phone-13800138000-2"});
    alice.post("/v1/users/me/phone", &phone).await.expect(200);
}

#[tokio::test]
async fn a_token_whose_lifetime_is_text_is_used() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world
        .wechat
        .script(Endpoint::StableToken, Fault::set("expires_in", "7200"), 1);
    let phone = json!({"code": "phone-13800138000-1"});
    alice.post("/v1/users/me/phone", &phone).await.expect(200);
}
