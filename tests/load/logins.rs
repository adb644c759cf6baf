//! A flood of logins.

use std::net::Ipv4Addr;
use std::time::Instant;

use serde_json::json;
use shared::time::Clock;
use support::World;
use support::world::Settings;
use wechat_standin::Endpoint;

use super::say;

/// From an address that is over its limit, while as many others are remembered as there is room for.
#[tokio::test]
#[ignore = "measures; run by make load"]
async fn a_flood_of_logins_is_refused_before_anybody_is_asked() {
    const DIRECT: u32 = 1_000_000;
    const ROUTED: u32 = 20_000;
    let clock = Clock::system();
    let limit = login::RateLimit::per_minute(60, clock);
    let client = |i: u32| login::Client::at(Ipv4Addr::from(i).into());
    for i in 0..100_000 {
        let _ = limit.login(client(i));
    }
    while limit.login(client(0)).is_ok() {}
    let started = Instant::now();
    let refused = (0..DIRECT).filter(|_| limit.login(client(0)).is_err());
    let refused = refused.count();
    let each = started.elapsed().as_nanos() / u128::from(DIRECT);
    say(&format!("the limiter: {refused} refusals, {each} ns each"));

    let world = World::with(Settings {
        login_rate_limit: 60,
        ..Settings::default()
    })
    .await;
    let asked = world.wechat.count(Endpoint::Code2Session);
    let body = json!({"code": "errcode-40029"});
    let (mut refused, started) = (0, Instant::now());
    for _ in 0..ROUTED {
        let answer = world.login.post("/v1/login", &body).send().await;
        refused += u32::from(answer.status == 429);
    }
    let each = started.elapsed() / ROUTED;
    say(&format!(
        "the whole function: {refused} of {ROUTED} logins refused, {each:?} each"
    ));
    let admitted = u32::try_from(world.wechat.count(Endpoint::Code2Session) - asked);
    assert_eq!(admitted.unwrap() + refused, ROUTED);
}
