//! A login: who it is, what it creates, what it writes and logs.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::World;
use support::world::Settings;
use wechat_standin::Endpoint;

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
        alive += u32::from(session.refresh().await.status == 200);
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
        other
            .call(http::Method::POST, "/v1/logout")
            .await
            .expect(204);
    }
    let first = first.refreshed().await;
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(world.log_in("alice").await);
    }
    world
        .refresh(&first.refresh_token)
        .await
        .expect_problem(401, "refresh_invalid");
    for other in others {
        other.refresh().await.expect(200);
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
    post("{").send().await.expect_problem(400, "invalid_json");
    post("[]")
        .send()
        .await
        .expect_problem(400, "invalid_request");
    for (body, field) in [
        ("{}", "code"),
        (r#"{"code":1}"#, "code"),
        (r#"{"code":""}"#, "code"),
        (r#"{"code":"x&appid=y"}"#, "code"),
        (r#"{"code":"alice-1","appid":"x"}"#, "appid"),
    ] {
        let answer = post(body)
            .send()
            .await
            .expect_problem(400, "invalid_request");
        assert_eq!(answer.fields(), [field], "{body}");
    }
    world
        .login
        .call(http::Method::POST, "/v1/login")
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .expect_problem(415, "unsupported_media_type");
    let large = json!({"code": "x".repeat(70_000)});
    world
        .login
        .post("/v1/login", &large)
        .send()
        .await
        .expect_problem(413, "body_too_large");
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 0);
}

#[tokio::test]
async fn other_methods_and_paths_never_reach_wechat() {
    let world = World::new().await;
    world
        .login
        .get("/v1/login")
        .send()
        .await
        .expect_problem(405, "method_not_allowed");
    world
        .login
        .get("/v1/nothing")
        .send()
        .await
        .expect_problem(404, "not_found");
    assert_eq!(world.wechat.count(Endpoint::Code2Session), 0);
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
    let next = first.refreshed().await;
    next.refresh().await.expect(200);
    world.advance(Duration::from_secs(11));
    world
        .refresh(&first.refresh_token)
        .await
        .expect_problem(401, "refresh_reused");
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
    again.expect_problem(401, "wechat_code_used");
}

#[tokio::test]
async fn admin_openids_log_in_as_administrators() {
    let world = World::new().await;
    assert_eq!(world.log_in("admin").await.json["user"]["role"], "admin");
    assert_eq!(world.log_in("alice").await.json["user"]["role"], "user");
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
        .expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "20");
    // Refreshes are counted apart, and ten times as many are allowed.
    for _ in 0..30 {
        world
            .refresh("x")
            .await
            .expect_problem(401, "refresh_invalid");
    }
    world.refresh("x").await.expect_problem(429, "rate_limited");
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
