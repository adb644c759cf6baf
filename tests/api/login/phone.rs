//! The phone number: fetched with a code, masked for others.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use support::world::Settings;
use support::{Session, World};
use wechat_standin::{Endpoint, Fault};

#[tokio::test]
async fn the_phone_number_is_stored_and_masked_for_others() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let phone =
        |session: &Session, code: &str| session.post("/v1/users/me/phone", json!({"code": code}));
    let answer = phone(&alice, "phone-13800138000-1")
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&answer.json["phone"], &answer.json["version"]),
        (&json!("13800138000"), &json!(2))
    );
    phone(&alice, "phone-13800138000-1")
        .send()
        .await
        .expect_problem(400, "wechat_phone_code_invalid");
    let admin = world.log_in("admin").await;
    let seen = admin
        .get(&format!("/v1/users/{}", alice.id))
        .await
        .expect(200);
    assert_eq!(seen.json["phone"], "138******00");
    assert_eq!(
        world.wechat.count(Endpoint::StableToken),
        1,
        "the token is cached"
    );
    // A code that belongs to somebody else gives no number: the openid is sent along.
    world.wechat.bind_phone_code("phone-13900139000-9", "bob");
    phone(&alice, "phone-13900139000-9")
        .send()
        .await
        .expect_problem(400, "wechat_phone_code_invalid");
}

/// A wrong code costs WeChat's quota, which all users share, as a right one does.
#[tokio::test]
async fn one_address_cannot_use_up_the_quota_of_phone_numbers() {
    let settings = Settings {
        login_rate_limit: 3,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.log_in("alice").await;
    let wrong = json!({"code": "errcode-40029"});
    let phone = || alice.post("/v1/users/me/phone", &wrong);
    for _ in 0..3 {
        let refused = phone().await;
        refused.expect_problem(400, "wechat_phone_code_invalid");
    }
    phone().await.expect_problem(429, "rate_limited");
    assert_eq!(world.wechat.count(Endpoint::PhoneNumber), 3);
    // Whoever has no token uses up nobody's share, and logins are counted apart.
    world.advance(Duration::from_secs(20));
    for _ in 0..3 {
        let nobody = world.login.post("/v1/users/me/phone", &wrong).await;
        nobody.expect_problem(401, "unauthorized");
    }
    alice.set_phone("13800138000").await.expect(200);
    world.log_in("alice").await;
}

#[tokio::test]
async fn parallel_phone_calls_fetch_one_token_and_an_expired_one_is_replaced_once() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let phone = |i: u32| {
        let body = json!({"code": format!("phone-13800138000-{i}")});
        alice.post("/v1/users/me/phone", &body).into_future()
    };
    for answer in join_all((0..50).map(phone)).await {
        answer.expect(200);
    }
    assert_eq!(world.wechat.count(Endpoint::StableToken), 1);
    world.wechat.expire_tokens();
    phone(100).await.expect(200);
    assert_eq!(world.wechat.count(Endpoint::StableToken), 2);
    world
        .wechat
        .script(Endpoint::PhoneNumber, Fault::Errcode(40001), 10);
    let calls = world.wechat.count(Endpoint::PhoneNumber);
    phone(101).await.expect_problem(502, "wechat_error");
    assert_eq!(
        world.wechat.count(Endpoint::PhoneNumber) - calls,
        2,
        "once more, and never in a loop"
    );
}
