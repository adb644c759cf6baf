//! Requests that claim more than they may: headers of a proxy, positions of others, texts of others.

use http::Method;
use serde_json::{Value, json};
use shared::http::body::BODY_LIMIT;
use shared::http::{cursor, event};
use support::http_event::HttpEvent;
use support::uploads::ids;
use support::world::Settings;
use support::{World, samples, wanted};

/// What some server or framework somewhere believes.
fn claims(user: &str) -> Vec<(&'static str, String)> {
    let at = format!("/v1/users/{user}");
    vec![
        ("host", "evil.example".to_owned()),
        ("x-forwarded-host", "evil.example".to_owned()),
        ("x-forwarded-for", "127.0.0.1".to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-prefix", "/v1/login".to_owned()),
        ("forwarded", "for=127.0.0.1;host=evil.example".to_owned()),
        ("x-http-method-override", "DELETE".to_owned()),
        ("x-method-override", "DELETE".to_owned()),
        ("x-original-url", at.clone()),
        ("x-rewrite-url", at),
        ("x-user-id", user.to_owned()),
        (
            "x-amzn-request-context",
            json!({"authorizer": user}).to_string(),
        ),
        ("origin", "https://evil.example".to_owned()),
        ("x-request-id", "chosen\tby the client".to_owned()),
    ]
}

#[tokio::test]
async fn headers_of_a_proxy_are_believed_by_nobody() {
    let world = World::new().await;
    let [alice, admin] = world.log_in_all(["alice", "admin"]).await;
    let body = json!({"openid": "ahead"});
    let ticket = wanted("file", &samples::png());
    let plain = alice.me().await.expect(200);
    for (name, value) in claims(&admin.id) {
        let read = alice.me().header(name, &value).await.expect(200);
        assert_eq!(read.json, plain.json, "{name}");
        assert_ne!(read.header("x-request-id"), value, "{name}");
        let of_browsers = [
            "access-control-allow-origin",
            "access-control-allow-credentials",
        ];
        for answer in of_browsers {
            assert_eq!(read.header(answer), "", "{name}");
        }
        let issued = alice.post("/v1/uploads", &ticket).header(name, &value);
        let url = issued.await.upload().url().to_owned();
        assert!(
            url.starts_with(&world.emulator.endpoint) || !url.contains("evil"),
            "{url}"
        );
        let created = admin.create_user(&body).header(name, &value);
        let created = created.await.expect(201);
        let id = created.text("id");
        assert_eq!(
            created.header("location"),
            format!("/v1/users/{id}"),
            "{name}"
        );
        admin.delete_user(&id).await.expect(204);
        world.purge_announced().await;
    }
}

/// The status of a login whose event comes from `address` with these headers.
async fn login_from(world: &World, address: &str, headers: &[(&str, &str)]) -> Value {
    let body = json!({"code": world.code("alice")});
    let event = HttpEvent::new("POST", "/v1/login")
        .source_ip(address)
        .json(&body);
    let event = headers
        .iter()
        .fold(event, |event, (name, value)| event.header(name, value));
    let mut context = lambda_runtime::Context::default();
    context.deadline = world.soon().millis().cast_unsigned();
    let answer = event::invoke(world.login.0.clone(), &event.build().to_string(), context).await;
    serde_json::to_value(answer).unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn a_client_that_claims_other_addresses_has_one_share_of_logins() {
    let settings = Settings {
        login_rate_limit: 1,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    assert_eq!(login_from(&world, "203.0.113.7", &[]).await, 200);
    for name in [
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "true-client-ip",
        "cloudfront-viewer-address",
        "x-cdn-secret",
    ] {
        let claim = [(name, "198.51.100.1")];
        assert_eq!(
            login_from(&world, "203.0.113.7", &claim).await,
            429,
            "{name}"
        );
        // Nor does anybody use up the share of an address that is not theirs.
        let claim = [(name, "203.0.113.8")];
        assert_eq!(
            login_from(&world, "203.0.113.7", &claim).await,
            429,
            "{name}"
        );
    }
    assert_eq!(login_from(&world, "203.0.113.8", &[]).await, 200);
}

/// The digest in a cursor is no secret. What a forged one can name is a position in one's own list.
#[tokio::test]
async fn a_forged_cursor_reaches_nobody_elses_data() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let png = samples::png();
    let alices = alice.issue_once("k", &wanted("file", &png)).await.upload();
    let own = bob.issue(&wanted("file", &png)).await;
    let list = |position: &str, scope: &str| {
        let cursor = cursor::encode(position, scope);
        bob.get(&format!("/v1/uploads?cursor={cursor}"))
    };
    let scope = format!("uploads {}", bob.id);
    let newest = "7".to_owned() + &"z".repeat(24) + "w";
    for position in [&alices.id, &own.id, &newest] {
        let page = list(position, &scope).await.expect(200);
        let listed = ids(page.items());
        assert!(listed.is_empty() || listed == [&own.id], "{listed:?}");
    }
    let of_alice = format!("uploads {}", alice.id);
    let partition = format!("UP#{}", alice.id);
    for (position, scope) in [
        (&*alices.id, &*of_alice),
        (&partition, &scope),
        ("~", &scope),
        ("Q", &scope),
        ("I#", &scope),
        ("", &scope),
    ] {
        list(position, scope)
            .await
            .expect_problem(400, "invalid_cursor");
    }
}

/// Bodies with as many faults as fit, each with as long a name as fits.
fn bodies_full_of_faults() -> Vec<String> {
    let twice = |key: &str| vec![format!("\"{key}\":1"); 2000].join(",");
    let nested = |key: &str, depth| {
        let open = format!("{{\"{key}\":").repeat(depth);
        format!("{open}{{{}}}{}", twice("a"), "}".repeat(depth))
    };
    let unknown = |name: &str| {
        let names = (0..200).map(|i| format!("\"{i}{name}\":1"));
        format!("{{{}}}", names.collect::<Vec<_>>().join(","))
    };
    let items = vec![unknown("x"); 20].join(",");
    vec![
        nested(&"k".repeat(64), 120),
        nested(&"k".repeat(200), 120),
        nested("\\u0001", 120),
        nested("\u{1F600}", 120),
        format!("{}{}", "[".repeat(120), "]".repeat(120)),
        unknown(&"\\u0001".repeat(30)),
        unknown(&"n".repeat(200)),
        format!("{{\"items\":[{items}]}}"),
    ]
}

/// Whoever sends little gets little back: what is sent is paid for by the byte.
#[tokio::test]
async fn no_body_is_answered_with_more_than_a_body_may_hold() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for (method, path) in [
        (Method::POST, "/v1/login"),
        (Method::POST, "/v1/uploads/batch"),
        (Method::PATCH, "/v1/users/me"),
    ] {
        for body in bodies_full_of_faults() {
            let call = alice.call(method.clone(), path);
            let call = call.header("content-type", "application/json");
            let about = format!("{path} {:.100}", body);
            let answer = call.body(body).await;
            assert_eq!(answer.status.as_u16() / 100, 4, "{about}");
            let size = answer.json.to_string().len();
            assert!(size <= BODY_LIMIT / 2, "{about}: {size}");
        }
    }
}
