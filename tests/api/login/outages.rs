//! A WeChat that is slow, broken, busy or gone, and the circuit breaker.

use std::time::{Duration, Instant};

use serde_json::json;
use support::World;
use wechat_standin::{Endpoint, Fault};

#[tokio::test]
async fn a_misbehaving_wechat_gets_a_clear_answer_in_time_and_no_second_call() {
    for (fault, status, code) in [
        (Fault::Garbage, 502, "wechat_error"),
        (Fault::Html, 502, "wechat_error"),
        (Fault::Empty, 502, "wechat_error"),
        (Fault::TruncatedJson, 502, "wechat_error"),
        (Fault::Oversized, 502, "wechat_error"),
        (Fault::missing("openid"), 502, "wechat_error"),
        (Fault::set("openid", json!("a b")), 502, "wechat_error"),
        (Fault::Status(502), 503, "wechat_unavailable"),
        (Fault::Status(302), 502, "wechat_error"),
        (Fault::DropBeforeResponse, 503, "wechat_unavailable"),
        (Fault::DropMidResponse, 503, "wechat_unavailable"),
        (Fault::Hang, 503, "wechat_unavailable"),
        (
            Fault::SlowDrip {
                bytes: 1,
                every: Duration::from_millis(100),
            },
            503,
            "wechat_unavailable",
        ),
    ] {
        let world = World::new().await;
        world
            .wechat
            .script(Endpoint::Code2Session, fault.clone(), 1);
        let started = Instant::now();
        let answer = world.try_log_in("alice").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{fault:?}"
        );
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{fault:?} took {:?}",
            started.elapsed()
        );
        assert_eq!(
            world.wechat.count(Endpoint::Code2Session),
            1,
            "{fault:?}: a code is used once"
        );
        world.log_in("alice").await;
    }
}

#[tokio::test]
async fn a_busy_wechat_is_asked_again_and_one_that_cannot_be_reached_is_not_counted() {
    let world = World::new().await;
    world
        .wechat
        .script(Endpoint::Code2Session, Fault::Errcode(-1), 2);
    let alice = world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 3);
    world.wechat.refuse_connections().await;
    world
        .try_log_in("alice")
        .await
        .expect_problem(503, "wechat_unavailable");
    let phone = alice.set_phone("13800138000").await;
    phone.expect_problem(503, "wechat_unavailable");
    world.wechat.accept_connections().await.unwrap();
    world.log_in("alice").await;
}

/// What one client's code, one person's account or a limit brings about, in all forms in which WeChat says it.
#[tokio::test]
async fn no_refusal_opens_the_breaker() {
    let errcodes = [
        40003, 40013, 40029, 40125, 40163, 40164, 40226, 43104, 45009, 45011, 47001, 48001, 48004,
        50002, 99999,
    ];
    let written = errcodes.map(Fault::Errcode).into_iter().chain([
        Fault::ErrcodeAs(json!("45009")),
        Fault::ErrcodeAs(json!(50002.0)),
        Fault::ErrcodeAs(json!("neither")),
        Fault::TooManyRequests(7),
        Fault::Status(400),
        Fault::Status(404),
        Fault::missing("openid"),
        Fault::set("openid", json!(null)),
        Fault::missing("phone_info"),
        Fault::set("phone_info.phoneNumber", json!(null)),
    ]);
    let faults: Vec<_> = written.collect();
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let phone = json!({"code": "phone-13800138000-1"});
    for (i, fault) in faults.iter().enumerate() {
        for _ in 0..6 {
            let script = fault.clone();
            world.wechat.script(Endpoint::Code2Session, script, 1);
            let answer = world.try_log_in("bob").await;
            assert_ne!(answer.status, 503, "{fault:?}");
        }
        for _ in 0..6 {
            let script = fault.clone();
            world.wechat.script(Endpoint::PhoneNumber, script, 1);
            let answer = alice.post("/v1/users/me/phone", &phone).await;
            assert_ne!(answer.status, 503, "{fault:?}");
        }
        world.log_in(&format!("carol{i}")).await;
    }
}

#[tokio::test]
async fn a_limit_says_how_long_it_lasts() {
    let world = World::new().await;
    // From any time of the day to the next midnight in China, which is 16:00 UTC.
    for hours in [0, 5, 11, 20] {
        world.advance(Duration::from_secs(hours * 60 * 60 + 77));
        world
            .wechat
            .script(Endpoint::Code2Session, Fault::Errcode(45009), 1);
        let before = world.clock.now();
        let answer = world.try_log_in("alice").await;
        let answer = answer.expect_problem(429, "wechat_rate_limited");
        let wait = Duration::from_secs(answer.header("retry-after").parse().unwrap());
        let (day, ahead) = (24 * 60 * 60, Duration::from_secs(8 * 60 * 60));
        let end = before.after(wait).after(ahead);
        let past_midnight = end.since(end.window_start(Duration::from_secs(day)));
        assert!(past_midnight < Duration::from_secs(5), "{past_midnight:?}");
        assert!(wait <= Duration::from_secs(day));
    }
    for (fault, wait) in [
        (Fault::Errcode(45011), "60"),
        (Fault::TooManyRequests(7), "7"),
        (Fault::Status(429), "60"),
    ] {
        world.wechat.script(Endpoint::Code2Session, fault, 1);
        let answer = world.try_log_in("alice").await;
        let answer = answer.expect_problem(429, "wechat_rate_limited");
        assert_eq!(answer.header("retry-after"), wait);
    }
    assert_eq!(world.lines.last()["wechat_rate_limits"], 1.0);
}

#[tokio::test]
async fn the_breaker_opens_after_five_failures_and_probes_once() {
    let world = World::new().await;
    for _ in 0..4 {
        world
            .wechat
            .script(Endpoint::Code2Session, Fault::Status(500), 1);
        world
            .try_log_in("alice")
            .await
            .expect_problem(503, "wechat_unavailable");
        let refused = world
            .login
            .post("/v1/login", &json!({"code": "errcode-40029"}))
            .send()
            .await;
        refused.expect_problem(401, "wechat_code_invalid");
    }
    world
        .wechat
        .script(Endpoint::Code2Session, Fault::Status(500), 5);
    for _ in 0..5 {
        world
            .try_log_in("alice")
            .await
            .expect_problem(503, "wechat_unavailable");
    }
    let calls = world.wechat.count(Endpoint::Code2Session);
    let open = world
        .try_log_in("alice")
        .await
        .expect_problem(503, "wechat_unavailable");
    assert_eq!(open.header("retry-after"), "10");
    assert_eq!(
        world.wechat.count(Endpoint::Code2Session),
        calls,
        "while it is open WeChat is left in peace"
    );
    world.advance(Duration::from_secs(10));
    world.log_in("alice").await;
    world.log_in("alice").await;
}
