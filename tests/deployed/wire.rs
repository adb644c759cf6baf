//! The built binaries behind a Lambda Runtime API, fed with the files in `events/` and with worse.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::{Value, json};
use shared::digest::sha256;
use support::http_event::HttpEvent;
use support::keys::push_settings;
use support::runtime_api::{LambdaProcess, Outcome};
use support::{Session, World, functions};
use wechat_standin::Endpoint;

/// What each sample event is for, and the status it gets here. `None`: a queue event.
const EVENTS: &[(&str, &str, Option<u16>)] = &[
    ("ping", "login", Some(200)),
    ("login", "login", Some(200)),
    ("login-refresh", "login", Some(200)),
    ("users-me-phone", "login", Some(200)),
    ("users-me-get", "users", Some(200)),
    ("users-me-export", "users", Some(200)),
    ("users-me-put", "users", Some(200)),
    ("users-me-patch", "users", Some(200)),
    ("users-get", "users", Some(200)),
    ("users-put", "users", Some(200)),
    ("users-patch", "users", Some(200)),
    ("users-list", "users", Some(200)),
    ("users-create", "users", Some(201)),
    ("profiles", "users", Some(200)),
    ("audit-list", "users", Some(200)),
    ("reports-create", "users", Some(201)),
    ("reviews-list", "users", Some(200)),
    ("reviews-decide", "users", Some(204)),
    ("uploads-create", "presign", Some(201)),
    ("uploads-batch", "presign", Some(201)),
    ("uploads-list", "presign", Some(200)),
    ("uploads-get", "presign", Some(404)),
    ("uploads-delete", "presign", Some(404)),
    ("users-uploads-list", "presign", Some(200)),
    ("users-uploads-delete", "presign", Some(404)),
    ("s3-event-test", "s3-event", None),
    ("s3-event", "s3-event", None),
    ("s3-event-removed", "s3-event", None),
    ("s3-event-bare", "s3-event", None),
    ("purge", "purge", None),
    ("moderation", "moderation", None),
    ("wechat-push-verify", "wechat-push", Some(200)),
    ("wechat-push", "wechat-push", Some(200)),
    ("users-delete", "users", Some(204)),
    ("logout", "login", Some(204)),
    ("users-me-delete", "users", Some(204)),
];

fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        path.exists(),
        "{} is not built: run `make test`",
        path.display()
    );
    path
}

fn variables(name: &'static str, world: &World) -> HashMap<String, String> {
    let mut variables = world.variables(name);
    variables.remove("WARM_UP");
    variables.remove("LOGIN_RATE_LIMIT");
    variables.insert("RUST_LOG".to_owned(), "trace".to_owned());
    variables
}

async fn start(name: &'static str, world: &World) -> LambdaProcess {
    LambdaProcess::start(&binary(name), variables(name, world))
        .await
        .unwrap()
}

fn file(name: &str) -> String {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn sample(name: &str, session: &Session) -> Value {
    let text = file(name)
        .replace("REPLACE_WITH_ACCESS_TOKEN", &session.token)
        .replace("REPLACE_WITH_REFRESH_TOKEN", &session.refresh_token)
        .replace("REPLACE_WITH_SIGNATURE", &signature());
    serde_json::from_str(&text).unwrap()
}

/// The part of a push's query that signs it.
fn signature() -> String {
    let query = push_settings().verification("");
    query.trim_end_matches("&echostr=").to_owned()
}

fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap_or("null")).unwrap_or_default()
}

#[test]
fn every_file_in_events_is_sent_by_the_test_below() {
    let folder = format!("{}/../events", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let mut known: Vec<_> = EVENTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn every_route_has_a_sample_event() {
    /// API Gateway answers it itself, so that no function would see such an event.
    const ANSWERED_BY_THE_GATEWAY: &str = "GET /ping";
    let samples: BTreeSet<_> = EVENTS
        .iter()
        .filter_map(|(name, function, _)| {
            let event: Value = serde_json::from_str(&file(name)).unwrap();
            Some((*function, event["routeKey"].as_str()?.to_owned()))
        })
        .collect();
    let missing: Vec<_> = functions::routes()
        .map(|(function, route)| (function.name, route.to_string()))
        .filter(|route| route.1 != ANSWERED_BY_THE_GATEWAY && !samples.contains(route))
        .collect();
    assert!(missing.is_empty(), "no file in events/: {missing:?}");
}

#[tokio::test]
async fn the_sample_events_get_their_answers() {
    let world = World::new().await;
    let mut running = BTreeMap::new();
    for function in functions::all() {
        running.insert(function.name, start(function.name, &world).await);
    }
    // The samples are about alice and bob, and some are an administrator's.
    let (alice, admin) = (world.log_in("alice").await, world.log_in("admin").await);
    world.log_in("bob").await;
    for &(name, function, status) in EVENTS {
        let by_admin = name == "audit-list"
            || name.starts_with("reviews-")
            || name.starts_with("users-") && !name.starts_with("users-me") && name != "users-get";
        let event = sample(name, if by_admin { &admin } else { &alice });
        let response = running[function].invoke(event).await.into_response();
        match status {
            Some(status) => {
                assert_eq!(response["statusCode"], status, "{name}: {response}");
                assert!(
                    response["headers"]["x-request-id"].is_string(),
                    "{name}: {response}"
                );
            }
            None => assert!(
                response["batchItemFailures"].is_array(),
                "{name}: {response}"
            ),
        }
    }
}

#[tokio::test]
async fn the_gateways_request_id_is_the_answers_and_the_logs() {
    let world = World::new().await;
    let login = start("login", &world).await;
    let event = HttpEvent::new("POST", "/v1/login")
        .json(&json!({"code": "errcode-40029"}))
        .request_id("Gw=")
        .build();
    let response = login.invoke(event).await.into_response();
    assert_eq!(
        (
            &response["statusCode"],
            &response["headers"]["x-request-id"]
        ),
        (&json!(401), &json!("Gw="))
    );
    assert_eq!(body(&response)["request_id"], "Gw=");
    assert!(
        login
            .writes("\"message\":\"POST /v1/login answered 401\"")
            .await,
        "{}",
        login.stdout()
    );
    let line = login
        .stdout()
        .lines()
        .find(|line| line.contains("answered 401"))
        .unwrap()
        .to_owned();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["request_id"], &line["wechat_errcode"]),
        (&json!("Gw="), &json!(40029))
    );
    assert_eq!(
        (&line["cold_start"], &line["route"]),
        (&json!(true), &json!("POST /v1/login"))
    );
    assert!(line["wechat_rid"].is_string() && line["duration_ms"].is_number());
}

#[tokio::test]
async fn base64_bodies_are_decoded() {
    let world = World::new().await;
    let login = start("login", &world).await;
    let body = json!({"code": world.code("alice")}).to_string();
    let event = HttpEvent::new("POST", "/v1/login")
        .header("content-type", "application/json")
        .binary(body.as_bytes())
        .build();
    assert_eq!(login.invoke(event).await.into_response()["statusCode"], 200);
}

#[tokio::test]
async fn no_payload_ends_a_process() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    for known in functions::all() {
        let name = known.name;
        let function = start(name, &world).await;
        let strange = [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"Records": null}),
            json!({"Records": [null]}),
            json!({"Records": [{"messageId": 1}]}),
            json!({"Records": [{"messageId": "m", "body": "\u{0}"}]}),
            json!({"version": "2.0"}),
            HttpEvent::new("GET", "/%ff/%00/..%2f").build(),
            HttpEvent::new("POST", "/v1/login")
                .text("\u{feff}{")
                .header("content-type", "application/json")
                .build(),
            HttpEvent::new("GET", "/v1/users/me")
                .header("authorization", "Bearer \u{1F600}")
                .build(),
            HttpEvent::new("TRACE", "/v1/users")
                .bearer(&alice.token)
                .build(),
        ];
        for event in strange {
            let is_http = known.is_http();
            match function.invoke(event.clone()).await {
                Outcome::Response(response) => {
                    let status = response["statusCode"].as_u64().unwrap_or_default();
                    assert!(
                        !is_http || (400..500).contains(&status),
                        "{name}: {event} got {response}"
                    );
                }
                Outcome::Error(_) if !is_http => {}
                outcome => panic!("{name}: {event} ended in {outcome:?}"),
            }
        }
        assert!(function.is_alive(), "{name}");
    }
}

#[tokio::test]
async fn a_wrong_environment_is_reported_whole_and_by_name() {
    for (name, expected) in [
        (
            "login",
            vec![
                "TABLE_NAME",
                "JWT_JWKS",
                "JWT_ISSUER",
                "JWT_AUDIENCE",
                "WECHAT_SECRETS_ID",
                "JWT_SECRETS_ID",
                "WECHAT_APP_ID",
            ],
        ),
        (
            "users",
            vec![
                "TABLE_NAME",
                "BUCKET_NAME",
                "PURGE_QUEUE_URL",
                "MODERATION_QUEUE_URL",
                "JWT_JWKS",
                "JWT_ISSUER",
                "JWT_AUDIENCE",
            ],
        ),
        (
            "presign",
            vec![
                "TABLE_NAME",
                "BUCKET_NAME",
                "JWT_JWKS",
                "JWT_ISSUER",
                "JWT_AUDIENCE",
                "UPLOAD_MAX_BYTES",
            ],
        ),
        (
            "s3-event",
            vec!["TABLE_NAME", "BUCKET_NAME", "UPLOAD_MAX_BYTES"],
        ),
        (
            "purge",
            vec!["TABLE_NAME", "BUCKET_NAME", "PURGE_QUEUE_URL"],
        ),
        (
            "moderation",
            vec![
                "TABLE_NAME",
                "BUCKET_NAME",
                "WECHAT_APP_ID",
                "WECHAT_SECRETS_ID",
                "MODERATION_QUEUE_URL",
            ],
        ),
        ("wechat-push", vec!["WECHAT_APP_ID", "MODERATION_QUEUE_URL"]),
    ] {
        let function = LambdaProcess::start(&binary(name), [("UPLOAD_MAX_BYTES", "many")])
            .await
            .unwrap();
        let error = function.init_error().await;
        let status = function.wait_for_exit().await;
        assert!(
            error.is_some() || status.is_some_and(|status| !status.success()),
            "{name} does not start"
        );
        let said = format!("{}{}", function.stdout(), function.stderr());
        for variable in expected {
            assert!(
                said.contains(variable),
                "{name} does not name {variable}: {said}"
            );
        }
    }
}

/// A login from an address: a wrong code of one that floods, or a person's.
fn login_from(address: &str, code: &str) -> HttpEvent {
    HttpEvent::new("POST", "/v1/login")
        .source_ip(address)
        .json(&json!({ "code": code }))
}

async fn status(function: &LambdaProcess, event: HttpEvent) -> Value {
    function.invoke(event.build()).await.into_response()["statusCode"].clone()
}

#[tokio::test]
async fn a_flood_from_one_address_leaves_another_unharmed() {
    let world = World::new().await;
    let mut variables = variables("login", &world);
    variables.insert("LOGIN_RATE_LIMIT".to_owned(), "5".to_owned());
    let login = LambdaProcess::start(&binary("login"), variables)
        .await
        .unwrap();
    // One subscriber has a /64: another address of it is no other client.
    for flood in [["203.0.113.7"; 2], ["2001:db8:1:2::1", "2001:db8:1:2:9::"]] {
        let asked = world.wechat.count(Endpoint::Code2Session);
        let mut answers = BTreeMap::new();
        for i in 0..60 {
            let answer = status(&login, login_from(flood[i % 2], "errcode-40029")).await;
            *answers.entry(answer.to_string()).or_insert(0) += 1;
        }
        let expected = [("401".to_owned(), 5), ("429".to_owned(), 55)];
        assert_eq!(answers, BTreeMap::from(expected));
        assert_eq!(world.wechat.count(Endpoint::Code2Session) - asked, 5);
    }
    for address in ["203.0.113.8", "2001:db8:1:3::1"] {
        for _ in 0..5 {
            let event = login_from(address, &world.code("alice"));
            assert_eq!(status(&login, event).await, 200, "{address}");
        }
    }
}

#[tokio::test]
async fn behind_a_cdn_viewers_are_counted_and_only_its_own_word_is_taken_for_them() {
    let world = World::new().await;
    let secret = "b31d0c7ec7cf4a1f8a0e";
    let digest = data_encoding::HEXLOWER.encode(&sha256(secret.as_bytes()));
    let mut variables = variables("login", &world);
    variables.extend([
        ("LOGIN_RATE_LIMIT".to_owned(), "1".to_owned()),
        ("CDN_SECRET_SHA256".to_owned(), digest),
    ]);
    let login = LambdaProcess::start(&binary("login"), variables)
        .await
        .unwrap();
    let through = |viewer: &str, secret: &str| {
        login_from("192.0.2.1", &world.code("alice"))
            .header("cloudfront-viewer-address", viewer)
            .header("x-cdn-secret", secret)
    };
    for viewer in ["198.51.100.1:1000", "198.51.100.2:1000"] {
        assert_eq!(status(&login, through(viewer, secret)).await, 200);
        assert_eq!(status(&login, through(viewer, secret)).await, 429);
    }
    // Whoever only claims to be a CDN is counted by where the request came from.
    for (viewer, expected) in [("198.51.100.3:1000", 200), ("198.51.100.4:1000", 429)] {
        let event = through(viewer, "b31d0c7ec7cf4a1f8a0f");
        assert_eq!(status(&login, event).await, expected);
    }
}

#[tokio::test]
async fn nothing_secret_is_ever_logged() {
    let world = World::new().await;
    world
        .wechat
        .set_unionid("canaryopenid", Some("canaryunionid"));
    let (login, users, presign) = (
        start("login", &world).await,
        start("users", &world).await,
        start("presign", &world).await,
    );
    let json_body = |response: Value| body(&response);
    let post = |path: &str, body: Value| HttpEvent::new("POST", path).json(&body);
    let session = json_body(
        login
            .invoke(post("/v1/login", json!({"code": "canaryopenid-canarycode"})).build())
            .await
            .into_response(),
    );
    let token = session["access_token"].as_str().unwrap().to_owned();
    let refresh = session["refresh_token"].as_str().unwrap().to_owned();
    let mut events = Vec::new();
    for code in [
        "canaryopenid-canarycode",
        "errcode-40125",
        "errcode-40164",
        "canary code",
    ] {
        events.push((&login, post("/v1/login", json!({"code": code}))));
    }
    for token in [refresh.as_str(), "canarytoken"] {
        events.push((
            &login,
            post("/v1/login/refresh", json!({"refresh_token": token})),
        ));
    }
    for code in [
        "phone-13912345678-canaryphone",
        "phone-13912345678-canaryphone",
    ] {
        events.push((
            &login,
            post("/v1/users/me/phone", json!({"code": code})).bearer(&token),
        ));
    }
    let email = json!({"email": "canary@mail.example"});
    events.push((
        &users,
        HttpEvent::new("PUT", "/v1/users/me")
            .json(&email)
            .bearer(&token),
    ));
    events.push((
        &users,
        HttpEvent::new("GET", "/v1/users?email=canary@mail.example").bearer(&token),
    ));
    events.push((
        &users,
        HttpEvent::new("GET", "/v1/users/me").bearer("canarytoken"),
    ));
    let upload = json!({"content_type": "image/png", "size": 5, "purpose": "file"});
    events.push((&presign, post("/v1/uploads", upload).bearer(&token)));
    for (function, event) in events {
        function.invoke(event.build()).await.into_response();
    }
    // A WeChat that cannot be reached: the client's own error would quote the URL, and the secret with it.
    world.wechat.refuse_connections().await;
    login
        .invoke(post("/v1/login", json!({"code": "canaryopenid-canarylost"})).build())
        .await
        .into_response();
    let said: String = [&login, &users, &presign]
        .map(|function| function.stdout() + &function.stderr())
        .concat();
    assert!(
        said.contains("answered 503"),
        "the log was captured: {said}"
    );
    let secrets = [
        "canary",
        "13912345678",
        &token,
        &refresh,
        &world.wechat.app_secret(),
        "nWGxne_9WmC6hEr0kuwsxERJxWl7Mmk",
        "Signature=",
    ];
    for secret in secrets {
        let line = said.lines().find(|line| line.contains(secret));
        assert!(
            line.is_none(),
            "{secret} was logged: {}",
            line.unwrap_or_default()
        );
    }
}
