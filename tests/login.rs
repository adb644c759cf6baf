//! Login, refresh, logout and the phone number, through the function's routes, against DynamoDB and a WeChat that
//! misbehaves.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::world::Settings;
use support::{Session, World};
use wechat_standin::{Endpoint, Fault};

#[tokio::test]
async fn a_first_and_a_returning_login_are_one_person() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    assert_eq!(first.json["is_new"], true);
    assert_eq!(
        (&first.json["token_type"], &first.json["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(first.json["refresh_expires_in"], 30 * 24 * 60 * 60);
    let user = &first.json["user"];
    assert_eq!(
        (&user["role"], &user["status"], &user["version"]),
        (&json!("user"), &json!("active"), &json!(1))
    );
    let again = world.log_in("alice").await;
    assert_eq!(
        (again.json["is_new"].clone(), &again.id),
        (json!(false), &first.id)
    );
    assert_ne!(world.log_in("bob").await.id, first.id);
    for secret in ["openid", "session_key", "unionid"] {
        assert!(!first.json.to_string().contains(secret));
    }
}

#[tokio::test]
async fn parallel_first_logins_give_one_user() {
    let world = World::new().await;
    let sessions = join_all((0..64).map(|_| world.log_in("alice"))).await;
    assert!(sessions.iter().all(|session| session.id == sessions[0].id));
    assert_eq!(
        sessions
            .iter()
            .filter(|session| session.json["is_new"] == true)
            .count(),
        1
    );
    let mut alive = 0;
    for session in &sessions {
        alive += u32::from(world.refresh(&session.refresh_token).await.status == 200);
    }
    assert_eq!(alive, 5, "a user has five sessions at most");
}

#[tokio::test]
async fn the_oldest_session_gives_way_to_the_sixth() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    for _ in 0..6 {
        // Sessions that were logged out take nobody's place.
        let other = world.log_in("alice").await;
        world
            .login
            .call(http::Method::POST, "/v1/logout")
            .bearer(&other.token)
            .send()
            .await
            .expect(204);
    }
    let first = Session::of(world.refresh(&first.refresh_token).await.expect(200).json);
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(world.log_in("alice").await);
    }
    world
        .refresh(&first.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
    for other in others {
        world.refresh(&other.refresh_token).await.expect(200);
    }
}

#[tokio::test]
async fn bad_bodies_are_named_and_never_reach_wechat() {
    let world = World::new().await;
    let post = |body: &'static str| {
        world
            .login
            .call(http::Method::POST, "/v1/login")
            .header("content-type", "application/json")
            .body(body)
    };
    post("{").send().await.expect_error(400, "invalid_json");
    post("[]").send().await.expect_error(400, "invalid_request");
    for (body, field) in [
        ("{}", "code"),
        (r#"{"code":1}"#, "code"),
        (r#"{"code":""}"#, "code"),
        (r#"{"code":"x&appid=y"}"#, "code"),
        (r#"{"code":"alice-1","appid":"x"}"#, "appid"),
    ] {
        let answer = post(body).send().await.expect_error(400, "invalid_request");
        assert_eq!(answer.fields(), [field], "{body}");
    }
    let plain = world
        .login
        .call(http::Method::POST, "/v1/login")
        .header("content-type", "text/plain")
        .body("{}");
    plain
        .send()
        .await
        .expect_error(415, "unsupported_media_type");
    let large = json!({"code": "x".repeat(70_000)});
    world
        .login
        .post("/v1/login", &large)
        .send()
        .await
        .expect_error(413, "body_too_large");
    world
        .login
        .get("/v1/login")
        .send()
        .await
        .expect_error(405, "method_not_allowed");
    world
        .login
        .get("/v1/nothing")
        .send()
        .await
        .expect_error(404, "not_found");
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 0);
}

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
            .expect_error(status, code);
        assert!(
            !answer.json.to_string().contains("rid"),
            "WeChat's own text is not passed on"
        );
    }
}

#[tokio::test]
async fn errcodes_of_the_phone_number_and_of_the_token_become_answers() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (endpoint, errcode, status, code) in [
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
    ] {
        let world_token = World::new().await;
        let (world, alice) = match endpoint {
            Endpoint::StableToken => (&world_token, &world_token.log_in("alice").await),
            _ => (&world, &alice),
        };
        world.wechat.script(endpoint, Fault::Errcode(errcode), 2);
        let body = json!({"code": "phone-13800138000-1"});
        let answer = world
            .login
            .post("/v1/users/me/phone", &body)
            .bearer(&alice.token)
            .send()
            .await;
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
    let answer = world
        .login
        .post("/v1/users/me/phone", &body)
        .bearer(&alice.token)
        .send()
        .await;
    answer.expect_error(502, "wechat_error");
    // The country code comes as a number or as text: it is not read at all.
    world.wechat.script(
        Endpoint::PhoneNumber,
        Fault::set("phone_info.countryCode", json!(86)),
        1,
    );
    let body = json!({"code": "phone-13800138000-2"});
    world
        .login
        .post("/v1/users/me/phone", &body)
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
}

/// A secret as an operator puts it into Secrets Manager.
fn secret(app_secret: &str) -> String {
    json!({"wechat_app_secret": app_secret, "jwt_private_jwk": support::keys::PRIVATE_JWK})
        .to_string()
}

#[tokio::test]
async fn a_rotated_app_secret_is_read_again_when_wechat_refuses_the_old_one() {
    let secrets = support::Emulator::new().secrets();
    let id = support::emulator::unique("secret");
    let put = secrets
        .create_secret()
        .name(&id)
        .secret_string(secret(wechat_standin::APP_SECRET));
    put.send().await.unwrap();
    let world = World::with(Settings {
        secrets: vec![("SECRETS_ID", id.clone())],
        ..Settings::default()
    })
    .await;
    world.log_in("alice").await;
    world.wechat.rotate_secret("new-secret");
    // WeChat knows of the rotation, Secrets Manager does not yet; and what was just read is not read again.
    world
        .try_log_in("alice")
        .await
        .expect_error(500, "wechat_config");
    secrets
        .put_secret_value()
        .secret_id(&id)
        .secret_string(secret("new-secret"))
        .send()
        .await
        .unwrap();
    world
        .try_log_in("alice")
        .await
        .expect_error(500, "wechat_config");
    world.advance(Duration::from_secs(11));
    let calls = world.wechat.count(Endpoint::Code2Session);
    world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session) - calls, 2);
    world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session) - calls, 3);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_or_read_is_a_clear_error_and_heals() {
    let secrets = support::Emulator::new().secrets();
    let id = support::emulator::unique("secret");
    let world = World::with(Settings {
        secrets: vec![("SECRETS_ID", id.clone())],
        ..Settings::default()
    })
    .await;
    world
        .try_log_in("alice")
        .await
        .expect_error(503, "temporarily_unavailable");
    secrets
        .create_secret()
        .name(&id)
        .secret_string("replace-me")
        .send()
        .await
        .unwrap();
    world
        .try_log_in("alice")
        .await
        .expect_error(500, "internal");
    let good = secret(wechat_standin::APP_SECRET);
    secrets
        .put_secret_value()
        .secret_id(&id)
        .secret_string(good)
        .send()
        .await
        .unwrap();
    world.log_in("alice").await;
    // Used for as long as none can be read.
    secrets
        .delete_secret()
        .secret_id(&id)
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    world.advance(Duration::from_secs(2 * 60 * 60));
    world.log_in("alice").await;
    world.login.get("/ping").send().await.expect(200);
}

#[tokio::test]
async fn a_unionid_is_stored_when_it_comes_also_later() {
    let world = World::new().await;
    let stored = async || {
        let user = world.log_in("alice").await.id;
        let get = world
            .emulator
            .dynamodb()
            .get_item()
            .table_name(&world.table);
        let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
        let get = get
            .key("pk", text(format!("U#{user}")))
            .key("sk", text("A".to_owned()));
        get.send()
            .await
            .unwrap()
            .item
            .unwrap()
            .get("unionid")
            .and_then(|value| value.as_s().ok())
            .cloned()
    };
    assert_eq!(stored().await, None);
    world.wechat.set_unionid("alice", Some("union-1"));
    assert_eq!(stored().await.as_deref(), Some("union-1"));
    world.wechat.set_unionid("alice", None);
    assert_eq!(stored().await.as_deref(), Some("union-1"));
}

#[tokio::test]
async fn each_request_writes_one_line_with_its_metrics() {
    let world = World::new().await;
    let metrics = |line: &Value| -> Vec<String> {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        directives
            .iter()
            .flat_map(|directive| directive["Metrics"].as_array().unwrap())
            .map(|metric| metric["Name"].as_str().unwrap().into())
            .collect()
    };
    let first = world.log_in("alice").await;
    let line = world.lines.last();
    assert_eq!(
        (&line["route"], &line["status"]),
        (&json!("POST /v1/login"), &json!(200))
    );
    for metric in ["logins", "new_users", "duration_ms", "cold_starts"] {
        assert!(metrics(&line).contains(&metric.to_owned()), "{line}");
    }
    world
        .login
        .post("/v1/login", &json!({"code": "errcode-40029"}))
        .send()
        .await
        .expect(401);
    let line = world.lines.last();
    assert_eq!(
        (&line["wechat_errcode"], &line["code"]),
        (&json!(40029), &json!("wechat_code_invalid"))
    );
    assert!(
        line["wechat_rid"].is_string()
            && metrics(&line).contains(&"wechat_client_errors".to_owned())
    );
    world
        .login
        .post("/v1/login", &json!({"code": "errcode-40164"}))
        .send()
        .await
        .expect(500);
    let line = world.lines.last();
    assert!(
        metrics(&line).contains(&"wechat_config_errors".to_owned()) && line["level"] == "ERROR"
    );
    let next = Session::of(world.refresh(&first.refresh_token).await.expect(200).json);
    world.refresh(&next.refresh_token).await.expect(200);
    world.advance(Duration::from_secs(11));
    world
        .refresh(&first.refresh_token)
        .await
        .expect_error(401, "refresh_reused");
    assert!(metrics(&world.lines.last()).contains(&"refresh_reuses".to_owned()));
}

#[tokio::test]
async fn a_used_code_is_refused() {
    let world = World::new().await;
    world
        .login
        .post("/v1/login", &json!({"code": "alice-1"}))
        .send()
        .await
        .expect(200);
    let again = world
        .login
        .post("/v1/login", &json!({"code": "alice-1"}))
        .send()
        .await;
    again.expect_error(401, "wechat_code_used");
}

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
    world.log_in("alice").await;
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 3);
    world.wechat.refuse_connections().await;
    world
        .try_log_in("alice")
        .await
        .expect_error(503, "wechat_unavailable");
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
            let phone = world.login.post("/v1/users/me/phone", &phone);
            let answer = phone.bearer(&alice.token).send().await;
            assert_ne!(answer.status, 503, "{fault:?}");
        }
        world.log_in(&format!("carol{i}")).await;
    }
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
        answer.expect_error(401, "wechat_code_invalid");
        world.wechat.script(Endpoint::PhoneNumber, fault, 1);
        let phone = json!({"code": "phone-13800138000-1"});
        let phone = world.login.post("/v1/users/me/phone", &phone);
        let answer = phone.bearer(&alice.token).send().await;
        answer.expect_error(400, "wechat_phone_code_invalid");
    }
    world
        .wechat
        .script(Endpoint::Code2Session, Fault::ByteOrderMark, 2);
    world.log_in("alice").await;
    let refused = json!({"code": "errcode-40029"});
    let refused = world.login.post("/v1/login", &refused).send().await;
    refused.expect_error(401, "wechat_code_invalid");
    for (endpoint, fault) in [
        (Endpoint::StableToken, Fault::ByteOrderMark),
        (Endpoint::PhoneNumber, Fault::ByteOrderMark),
    ] {
        world.wechat.script(endpoint, fault, 1);
    }
    let phone = json!({"code": "phone-13800138000-2"});
    let phone = world.login.post("/v1/users/me/phone", &phone);
    phone.bearer(&alice.token).send().await.expect(200);
}

#[tokio::test]
async fn a_token_whose_lifetime_is_text_is_used() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    world
        .wechat
        .script(Endpoint::StableToken, Fault::set("expires_in", "7200"), 1);
    let phone = json!({"code": "phone-13800138000-1"});
    let phone = world.login.post("/v1/users/me/phone", &phone);
    phone.bearer(&alice.token).send().await.expect(200);
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
        let answer = answer.expect_error(429, "wechat_rate_limited");
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
        let answer = answer.expect_error(429, "wechat_rate_limited");
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
            .expect_error(503, "wechat_unavailable");
        let refused = world
            .login
            .post("/v1/login", &json!({"code": "errcode-40029"}))
            .send()
            .await;
        refused.expect_error(401, "wechat_code_invalid");
    }
    world
        .wechat
        .script(Endpoint::Code2Session, Fault::Status(500), 5);
    for _ in 0..5 {
        world
            .try_log_in("alice")
            .await
            .expect_error(503, "wechat_unavailable");
    }
    let calls = world.wechat.count(Endpoint::Code2Session);
    let open = world
        .try_log_in("alice")
        .await
        .expect_error(503, "wechat_unavailable");
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

#[tokio::test]
async fn a_refresh_token_is_replaced_at_every_use() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    let second = Session::of(world.refresh(&first.refresh_token).await.expect(200).json);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(
        (second.json["is_new"].clone(), &second.id),
        (json!(false), &first.id)
    );
    let third = Session::of(world.refresh(&second.refresh_token).await.expect(200).json);
    world.refresh(&third.refresh_token).await.expect(200);
}

#[tokio::test]
async fn a_phone_that_repeats_a_refresh_is_served_and_does_not_fork_the_session() {
    let world = World::new().await;
    let first = world.log_in("alice").await;
    let answers = join_all((0..20).map(|_| world.refresh(&first.refresh_token))).await;
    let sessions: Vec<_> = answers
        .into_iter()
        .map(|answer| Session::of(answer.expect(200).json))
        .collect();
    assert!(
        sessions
            .iter()
            .all(|session| session.refresh_token == sessions[0].refresh_token)
    );
    let next = Session::of(
        world
            .refresh(&sessions[0].refresh_token)
            .await
            .expect(200)
            .json,
    );
    // Two generations back is still a phone whose first request was on its way.
    let late = Session::of(world.refresh(&first.refresh_token).await.expect(200).json);
    assert_eq!(late.refresh_token, next.refresh_token);
}

#[tokio::test]
async fn a_token_used_again_after_the_grace_ends_the_session() {
    for generations in [1, 2, 3, 7] {
        let world = World::new().await;
        let first = world.log_in("alice").await;
        let other = world.log_in("alice").await;
        let mut last = first.clone();
        for _ in 0..generations {
            last = Session::of(world.refresh(&last.refresh_token).await.expect(200).json);
        }
        world.advance(Duration::from_millis(10_100));
        world
            .refresh(&first.refresh_token)
            .await
            .expect_error(401, "refresh_reused");
        world
            .refresh(&last.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
        world
            .refresh(&first.refresh_token)
            .await
            .expect_error(401, "refresh_invalid");
        world.refresh(&other.refresh_token).await.expect(200);
    }
}

/// A session's tokens, the first one first, of which each was replaced so long after the one before it.
async fn lineage(world: &World, refreshes: usize, pause: Duration) -> Vec<String> {
    let mut tokens = vec![world.log_in("alice").await.refresh_token];
    for _ in 0..refreshes {
        world.advance(pause);
        let next = world.refresh(tokens.last().unwrap()).await.expect(200);
        tokens.push(Session::of(next.json).refresh_token);
    }
    tokens
}

#[tokio::test]
async fn the_last_eight_ancestors_are_answered_within_the_grace() {
    let world = World::new().await;
    let tokens = lineage(&world, 12, Duration::from_millis(100)).await;
    let current = tokens.last().unwrap();
    for (age, token) in tokens.iter().rev().enumerate().skip(1) {
        let answer = world.refresh(token).await;
        if age <= 8 {
            assert_eq!(answer.expect(200).json["refresh_token"], **current, "{age}");
        } else {
            answer.expect_error(401, "refresh_invalid");
        }
    }
    world.refresh(current).await.expect(200);
}

#[tokio::test]
async fn each_ancestor_has_a_grace_of_its_own() {
    for age in 1..=10 {
        let world = World::new().await;
        let tokens = lineage(&world, 12, Duration::from_millis(1_700)).await;
        // The sixth of the ancestors was replaced 8.5 seconds ago, the seventh 10.2.
        let answer = world.refresh(&tokens[12 - age]).await;
        let ended = match age {
            1..=6 => {
                assert_eq!(answer.expect(200).json["refresh_token"], *tokens[12]);
                false
            }
            7..=8 => answer.expect_error(401, "refresh_reused").status == 401,
            _ => answer.expect_error(401, "refresh_invalid").status != 401,
        };
        let answer = world.refresh(&tokens[12]).await;
        assert_eq!(answer.status, if ended { 401 } else { 200 }, "{age}");
    }
}

#[tokio::test]
async fn a_guessed_refresh_token_does_not_end_the_session() {
    let world = World::new().await;
    let session = world.log_in("alice").await;
    let (names, secret) = session.refresh_token.rsplit_once('.').unwrap();
    let guessed = format!(
        "{names}.{}",
        secret
            .chars()
            .rev()
            .collect::<String>()
            .replace(&secret[42..], "A")
    );
    for token in [
        guessed.as_str(),
        "",
        "x",
        "a.b.c",
        &session.token,
        &"x".repeat(5000),
    ] {
        world
            .refresh(token)
            .await
            .expect_error(401, "refresh_invalid");
    }
    world.refresh(&session.refresh_token).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_without_use() {
    let world = World::new().await;
    let session = world.log_in("alice").await;
    world.advance(Duration::from_secs(29 * 24 * 60 * 60));
    let session = Session::of(world.refresh(&session.refresh_token).await.expect(200).json);
    world.advance(Duration::from_secs(30 * 24 * 60 * 60));
    world
        .refresh(&session.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
}

#[tokio::test]
async fn logout_ends_one_session_or_all() {
    let world = World::new().await;
    let [one, two, three] = [
        world.log_in("alice").await,
        world.log_in("alice").await,
        world.log_in("alice").await,
    ];
    let bob = world.log_in("bob").await;
    world
        .login
        .call(http::Method::POST, "/v1/logout")
        .bearer(&one.token)
        .send()
        .await
        .expect(204);
    world
        .refresh(&one.refresh_token)
        .await
        .expect_error(401, "refresh_invalid");
    let two = Session::of(world.refresh(&two.refresh_token).await.expect(200).json);
    world
        .login
        .post("/v1/logout", &json!({"all": true}))
        .bearer(&two.token)
        .send()
        .await
        .expect(204);
    for token in [&two.refresh_token, &three.refresh_token] {
        world
            .refresh(token)
            .await
            .expect_error(401, "refresh_invalid");
    }
    world.refresh(&bob.refresh_token).await.expect(200);
    world
        .refresh(&world.log_in("alice").await.refresh_token)
        .await
        .expect(200);
    let bad = world
        .login
        .post("/v1/logout", &json!({"all": "yes"}))
        .bearer(&two.token)
        .send()
        .await;
    assert_eq!(bad.expect_error(400, "invalid_request").fields(), ["all"]);
    world
        .login
        .call(http::Method::POST, "/v1/logout")
        .send()
        .await
        .expect_error(401, "unauthorized");
}

#[tokio::test]
async fn admin_openids_log_in_as_administrators() {
    let world = World::new().await;
    assert_eq!(world.log_in("admin").await.json["user"]["role"], "admin");
    assert_eq!(world.log_in("alice").await.json["user"]["role"], "user");
}

#[tokio::test]
async fn the_phone_number_is_stored_and_masked_for_others() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let phone = |session: &Session, code: &str| {
        world
            .login
            .post("/v1/users/me/phone", &json!({"code": code}))
            .bearer(&session.token)
    };
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
        .expect_error(400, "wechat_phone_code_invalid");
    let admin = world.log_in("admin").await;
    let seen = world
        .users
        .get(&format!("/v1/users/{}", alice.id))
        .bearer(&admin.token)
        .send()
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
        .expect_error(400, "wechat_phone_code_invalid");
}

#[tokio::test]
async fn parallel_phone_calls_fetch_one_token_and_an_expired_one_is_replaced_once() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let phone = |i: u32| {
        let body = json!({"code": format!("phone-13800138000-{i}")});
        world
            .login
            .post("/v1/users/me/phone", &body)
            .bearer(&alice.token)
            .send()
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
    phone(101).await.expect_error(502, "wechat_error");
    assert_eq!(
        world.wechat.count(Endpoint::PhoneNumber) - calls,
        2,
        "once more, and never in a loop"
    );
}

#[tokio::test]
async fn one_address_cannot_use_up_what_is_meant_for_all() {
    let world = World::with(Settings {
        login_rate_limit: 3,
        ..Settings::default()
    })
    .await;
    for _ in 0..3 {
        world.log_in("alice").await;
    }
    let refused = world
        .try_log_in("alice")
        .await
        .expect_error(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "20");
    // Refreshes are counted apart, and ten times as many are allowed.
    for _ in 0..30 {
        world
            .refresh("x")
            .await
            .expect_error(401, "refresh_invalid");
    }
    world.refresh("x").await.expect_error(429, "rate_limited");
    world.advance(Duration::from_secs(20));
    world.log_in("alice").await;
}

#[tokio::test]
async fn ping_touches_nothing() {
    let world = World::new().await;
    for path in ["/v1/ping", "/ping"] {
        let answer = world.login.get(path).send().await.expect(200);
        assert_eq!(answer.json["message"], "pong");
        assert_eq!(answer.json["version"], env!("CARGO_PKG_VERSION"));
    }
}
