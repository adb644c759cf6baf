//! What stands between a client and a handler: paths as the gateway gives them, queries that nobody asked for, events that
//! are no requests. In this process, on the built binaries, and through the local gateway.

mod bodies;
mod events;
mod ids;
mod paths;
mod queries;

use serde_json::Value;
use support::http_event::HttpEvent;
use support::runtime_api::{LambdaProcess, Outcome};
use support::{Api, Session, World, keys};

const CAPTURED: [(&str, Option<&str>); 10] = [
    ("/capture/plain", Some("/capture/plain")),
    ("/capture/space%20value", Some("/capture/space value")),
    ("/capture/question%3Fvalue", Some("/capture/question")),
    ("/capture/percent%25done", None),
    ("/capture/hash%23value", Some("/capture/hash#value")),
    ("/capture/slash%2Fvalue", Some("/capture/slash/value")),
    (
        "/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C",
        Some("/capture/unicode-λ-世界"),
    ),
    ("/capture/literal%252Fvalue", Some("/capture/literal/value")),
    ("/capture/literal%253Fvalue", Some("/capture/literal?value")),
    ("/capture/literal%2525value", Some("/capture/literal%value")),
];

fn api<'a>(world: &'a World, path: &str) -> &'a Api {
    match path {
        "/ping" | "/v1/ping" | "/v1/logout" | "/v1/users/me/phone" => &world.login,
        path if path.starts_with("/v1/login") => &world.login,
        path if path.contains("/uploads") => &world.presign,
        _ => &world.users,
    }
}

async fn start(name: &str, world: &World) -> LambdaProcess {
    let test = std::env::current_exe().expect("a path");
    let binary = test.ancestors().nth(2).expect("a directory").join(name);
    let mut variables = support::emulator::aws_variables(&world.emulator.endpoint);
    let own = [
        ("TABLE_NAME", world.table.as_str()),
        ("BUCKET_NAME", &world.bucket),
        ("PURGE_QUEUE_URL", &world.queue),
        ("MODERATION_QUEUE_URL", &world.moderation_queue),
        ("JWT_JWKS", keys::JWKS),
        ("JWT_ISSUER", keys::ISSUER),
        ("JWT_AUDIENCE", keys::AUDIENCE),
        ("WECHAT_APP_SECRET", &world.wechat.app_secret()),
        ("JWT_PRIVATE_JWK", keys::PRIVATE_JWK),
        ("WECHAT_APP_ID", &world.wechat.app_id()),
        ("WECHAT_API_BASE_URL", &world.wechat.base_url()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    variables.extend(own);
    LambdaProcess::start(&binary, variables)
        .await
        .expect("it starts: run `make test`")
}

/// The answer to an event, which is one of the contract's.
async fn answer(function: &LambdaProcess, event: &Value) -> (u64, Value) {
    let response = match function.invoke(event.clone()).await {
        Outcome::Response(response) => response,
        outcome => panic!("{event} ended in {outcome:?}"),
    };
    let status = response["statusCode"].as_u64().expect("a status");
    let body: Value =
        serde_json::from_str(response["body"].as_str().unwrap_or("null")).unwrap_or_default();
    let headers = &response["headers"];
    assert!(headers["x-request-id"].is_string(), "{response}");
    assert_eq!(headers["x-content-type-options"], "nosniff", "{response}");
    if status >= 400 {
        assert_eq!(
            headers["content-type"], "application/problem+json",
            "{response}"
        );
        assert_eq!(body["request_id"], headers["x-request-id"], "{response}");
    }
    (status, body)
}

fn about(method: &str, raw_path: &str, session: &Session) -> Value {
    let mut event = HttpEvent::new(method, "/").bearer(&session.token).build();
    event["rawPath"] = raw_path.into();
    event["requestContext"]["http"]["path"] = raw_path.into();
    event
}
