//! What stands between a client and a handler: paths as the gateway gives them, queries that nobody asked for, events that
//! are no requests. In this process, on the built binaries, and through the local gateway.

use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::http_event::HttpEvent;
use support::runtime_api::{LambdaProcess, Outcome};
use support::{Api, Session, World, keys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// What API Gateway makes of a path: a capture of a live HTTP API (vokerhttp/testdata/ingress-paths.json in
/// github.com/hotsock/voker). `None`: it answers 400 by itself.
/// The id of no upload.
const UPLOAD_ID: &str = "06c0000000002000000000000c";

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

// ---- queries

fn api<'a>(world: &'a World, path: &str) -> &'a Api {
    match path {
        "/ping" | "/v1/ping" | "/v1/logout" | "/v1/users/me/phone" => &world.login,
        path if path.starts_with("/v1/login") => &world.login,
        path if path.contains("/uploads") => &world.presign,
        _ => &world.users,
    }
}

/// Every operation of openapi.yaml: method, path, and whether it needs a token.
fn operations() -> Vec<(Method, String, bool)> {
    let text = include_str!("../openapi.yaml");
    let description: Value = serde_yaml_ng::from_str(text).expect("YAML");
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && operation["operationId"].is_string()
            {
                assert!(
                    path.ends_with("/ping") || operation["responses"]["400"].is_object(),
                    "{method} {path}: what an unknown parameter is answered is not described"
                );
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                operations.push((method, path.clone(), !open));
            }
        }
    }
    operations
}

#[tokio::test]
async fn a_query_parameter_that_is_not_described_is_refused_after_authentication() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    let operations = operations();
    assert!(operations.len() > 20, "openapi.yaml was read");
    for (method, path, needs_token) in operations {
        let about = format!("{method} {path}");
        let id = if path.starts_with("/v1/uploads") {
            "0".repeat(26)
        } else {
            alice.id.clone()
        };
        for query in ["x=1", "limit=1&x=1", "x", "x=1&x=2", "%78=%31"] {
            let uri = format!(
                "{}?{query}",
                path.replace("{id}", &id).replace("{upload}", UPLOAD_ID)
            );
            let call = || {
                api(&world, &path)
                    .call(method.clone(), &uri)
                    .json(&json!({}))
            };
            if path.ends_with("/ping") {
                call().send().await.expect(200);
                continue;
            }
            if needs_token {
                call().send().await.expect_error(401, "unauthorized");
            }
            let refused = call().bearer(&admin.token).send().await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (400, "invalid_request"),
                "{about}?{query}"
            );
            assert!(
                refused.fields().contains(&"x"),
                "{about}?{query}: {}",
                refused.json
            );
        }
    }
    world
        .users
        .get("/v1/users/me")
        .bearer(&alice.token)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_refused_query_costs_no_code_and_no_session() {
    let world = World::new().await;
    let login = json!({"code": world.code("alice")});
    world
        .login
        .post("/v1/login?x=1", &login)
        .send()
        .await
        .expect_error(400, "invalid_request");
    let session = Session::of(
        world
            .login
            .post("/v1/login", &login)
            .send()
            .await
            .expect(200)
            .json,
    );
    let refresh = json!({"refresh_token": session.refresh_token});
    world
        .login
        .post("/v1/login/refresh?x=1", &refresh)
        .send()
        .await
        .expect_error(400, "invalid_request");
    world
        .login
        .post("/v1/login/refresh?", &refresh)
        .send()
        .await
        .expect(200);
    world
        .login
        .post("/v1/logout?all=true", &json!({}))
        .bearer(&session.token)
        .send()
        .await
        .expect(400);
    world
        .users
        .delete("/v1/users/me?x=1")
        .bearer(&session.token)
        .send()
        .await
        .expect(400);
    world
        .users
        .get("/v1/users/me")
        .bearer(&session.token)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn what_clients_write_differently_is_read_alike() {
    let world = World::new().await;
    let (alice, bob) = (world.log_in("alice").await, world.log_in("bob").await);
    let admin = world.log_in("admin").await;
    let get = |path: &str, session: &Session| {
        let api = api(&world, path.split('?').next().unwrap_or_default());
        api.get(path)
            .header("authorization", &format!("bearer    {}", session.token))
    };
    for path in [
        "/v1/users?cursor=",
        "/v1/users?cursor=&limit=1.0",
        "/v1/users?username=alice&cursor=",
    ] {
        get(path, &admin).send().await.expect(200);
    }
    get("/v1/uploads?limit=20&cursor=", &alice)
        .send()
        .await
        .expect(200);
    get("/v1/uploads?cursor=%20", &alice)
        .send()
        .await
        .expect_error(400, "invalid_cursor");
    let profiles = get(
        &format!("/v1/profiles?ids={},%20{}%20", alice.id, bob.id),
        &alice,
    );
    let profiles = profiles.send().await.expect(200).json;
    assert_eq!(
        profiles["items"].as_array().map(Vec::len),
        Some(2),
        "{profiles}"
    );
    get("/v1/profiles?ids=x&cursor=", &alice)
        .send()
        .await
        .expect_error(400, "invalid_request");

    let ticket = r#"{"content_type":"image/png","size":68.0,"purpose":"file"}"#;
    let post = |body: &'static str| {
        let call = world
            .presign
            .call(Method::POST, "/v1/uploads")
            .bearer(&alice.token);
        call.header("content-type", "application/json").body(body)
    };
    post(ticket).send().await.expect(201);
    let half = r#"{"content_type":"image/png","size":68.5,"purpose":"file"}"#;
    assert_eq!(post(half).send().await.expect(400).fields(), ["size"]);
}

#[tokio::test]
async fn bodies_that_two_readers_would_read_differently_are_refused() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let put = |body: &str| {
        let call = world
            .users
            .call(Method::PUT, "/v1/users/me")
            .bearer(&alice.token);
        call.body(body.to_owned())
    };
    let json = |body: &str| put(body).header("content-type", "application/json");
    for (body, field) in [
        (r#"{"nickname":"a","nickname":"b"}"#, "nickname"),
        (r#"{"nickname":"a","n\u0069ckname":"b"}"#, "nickname"),
        (r#"{"nickname":"\ud83d"}"#, "nickname"),
        (r#"{"nickname":"a\udc00\ud800"}"#, "nickname"),
    ] {
        let refused = json(body).send().await.expect_error(400, "invalid_request");
        assert_eq!(refused.fields(), [field], "{body}");
    }
    let batch = r#"{"items":[{"content_type":"image/png","size":1,"size":2,"purpose":"file"}]}"#;
    let batch = world
        .presign
        .call(Method::POST, "/v1/uploads/batch")
        .bearer(&alice.token)
        .body(batch);
    let batch = batch
        .header("content-type", "application/json")
        .send()
        .await
        .expect(400);
    assert_eq!(batch.fields(), ["items[0].size"]);

    let body = r#"{"nickname":"n"}"#;
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-encoding", "identity, br"),
        ("content-type", "text/plain"),
        ("content-type", "application/json"),
    ] {
        // Two content types of which each is right are not in conflict.
        let status = if value == "application/json" {
            200
        } else {
            415
        };
        json(body).header(name, value).send().await.expect(status);
    }
    for refused in [
        "application/json; charset=gbk",
        "application/json,text/plain",
    ] {
        put(body)
            .header("content-type", refused)
            .send()
            .await
            .expect(415);
    }
    json(body)
        .header("content-encoding", "identity")
        .send()
        .await
        .expect(200);
    let with_mark = format!("\u{feff}{}", r#"{"nickname":"marked"}"#);
    assert_eq!(
        json(&with_mark).send().await.expect(200).json["nickname"],
        "marked"
    );
    // An empty body is of no type, whatever the gateway adds.
    let logout = world
        .login
        .call(Method::POST, "/v1/logout")
        .bearer(&alice.token);
    logout
        .header("content-type", "text/plain")
        .header("content-encoding", "gzip")
        .send()
        .await
        .expect(204);
}

// ---- the built binaries

async fn start(name: &str, world: &World) -> LambdaProcess {
    let test = std::env::current_exe().expect("a path");
    let binary = test.ancestors().nth(2).expect("a directory").join(name);
    let mut variables = support::emulator::aws_variables(&world.emulator.endpoint);
    let own = [
        ("TABLE_NAME", world.table.as_str()),
        ("BUCKET_NAME", &world.bucket),
        ("PURGE_QUEUE_URL", &world.queue),
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

#[tokio::test]
async fn no_text_beside_me_and_an_id_names_anybody() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let users = start("users", &world).await;
    let captured = CAPTURED
        .iter()
        .filter_map(|(_, arrives)| arrives.map(|raw| raw.replace("/capture/", "")));
    let mut segments: Vec<String> = captured.collect();
    for name in ["me", alice.id.as_str()] {
        segments.extend(
            [
                "%20", " ", "\n", "\t", "\0", "#x", "?x", "%", "%23", "\u{feff}", ";", "\u{a0}",
                "\\", "&x=1",
            ]
            .map(|after| format!("{name}{after}")),
        );
        segments.extend(
            [" ", "\n", "\t", "\u{feff}", "\u{3000}"].map(|before| format!("{before}{name}")),
        );
        segments.push(name.to_uppercase());
        segments.push(name.replacen(['m', 'u'], "%6d", 1));
    }
    let elsewhere = ["x/../", "./", "../users/", "x/./../"].map(|before| format!("{before}me"));
    for segment in segments {
        let path = format!("/v1/users/{segment}");
        let (status, body) = answer(&users, &about("GET", &path, &alice)).await;
        assert_eq!(
            (status, &body["code"]),
            (404, &json!("not_found")),
            "{path:?}"
        );
        // Whoever may not delete others learns nothing more; a path of more parts is no route.
        let (status, _) = answer(&users, &about("DELETE", &path, &alice)).await;
        assert!(
            status == if segment.contains('/') { 404 } else { 403 },
            "{path:?}: {status}"
        );
    }
    for path in elsewhere.map(|path| format!("/v1/users/{path}")) {
        for method in ["GET", "DELETE"] {
            assert_eq!(
                answer(&users, &about(method, &path, &alice)).await.0,
                404,
                "{path:?}"
            );
        }
    }
    for dots in [
        "/v1/users/.",
        "/v1/users/..",
        "/v1/users/me/..",
        "/v1/./users/me",
    ] {
        assert_eq!(
            answer(&users, &about("DELETE", dots, &alice)).await.0,
            404,
            "{dots}"
        );
    }
    for name in ["me", alice.id.as_str()] {
        let path = format!("/v1/users/{name}");
        assert_eq!(
            answer(&users, &about("GET", &path, &alice)).await.0,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn nothing_that_an_event_holds_makes_an_invocation_fail() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let ping = |change: &dyn Fn(&mut Value)| {
        let mut event = HttpEvent::new("GET", "/v1/ping").build();
        change(&mut event);
        event
    };
    let login = start("login", &world).await;
    for query in [
        "x=<y>", "x= y", "x=\"", "{|}", "\u{4e2d}", "%", "%zz", "\\", "#", "?",
    ] {
        let event = ping(&|event| event["rawQueryString"] = query.into());
        assert_eq!(answer(&login, &event).await.0, 200, "{query}");
    }
    for (header, value) in [
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-proto", ""),
        ("x-forwarded-port", "no port"),
        ("host", "a b"),
        ("host", "[::"),
        ("user-agent", "a\nb"),
        ("no name", "x"),
        ("authorization", "Bearer \u{1F600}"),
    ] {
        let event = ping(&|event| event["headers"][header] = value.into());
        assert_eq!(answer(&login, &event).await.0, 200, "{header}: {value:?}");
    }
    let (status, body) = answer(&login, &ping(&|event| event["rawPath"] = "/ping".into())).await;
    assert_eq!((status, &body["message"]), (200, &json!("pong")));
    let body = body.as_object().expect("an object");
    assert_eq!(body.len(), 2, "{body:?}");
    assert_eq!(
        body["version"],
        env!("CARGO_PKG_VERSION"),
        "the release and no commit"
    );

    for name in ["login", "users", "presign"] {
        let function = start(name, &world).await;
        let no_requests = [
            json!(null),
            json!([]),
            json!("x"),
            json!({"Records": [{"messageId": "m", "body": "{}"}]}),
            ping(&|event| event["requestContext"] = json!({})),
            ping(&|event| event["requestContext"]["http"]["method"] = "G T".into()),
            ping(&|event| event["rawPath"] = json!(1)),
            ping(&|event| event["headers"] = json!("x")),
            ping(&|event| event["body"] = json!({"code": 1})),
            ping(&|event| {
                event["isBase64Encoded"] = true.into();
                event["body"] = "*".into();
            }),
        ];
        for event in no_requests {
            let (status, body) = answer(&function, &event).await;
            assert_eq!(
                (status, &body["code"]),
                (400, &json!("invalid_request")),
                "{name}: {event}"
            );
        }
        let strange = HttpEvent::new("TRACE", "/v1/users")
            .bearer(&alice.token)
            .build();
        assert!(
            (400..500).contains(&answer(&function, &strange).await.0),
            "{name}"
        );
        assert!(function.is_alive(), "{name}");
    }
}

// ---- the local gateway

#[tokio::test]
async fn the_local_gateway_reads_a_path_as_the_real_one_does() {
    let program = "import json, sys, raw_path
for sent in json.load(sys.stdin):
    arrives = raw_path.decoded_twice(raw_path.decoded_once(sent)) if raw_path.is_acceptable(sent) else None
    print(json.dumps(arrives))";
    let mut python = Command::new("python3");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/backend/local");
    python.args(["-c", program]).current_dir(folder);
    python
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut python = python.spawn().expect("Python 3 runs");
    let sent: Value = CAPTURED.iter().map(|(sent, _)| *sent).collect();
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin
        .write_all(sent.to_string().as_bytes())
        .await
        .expect("it reads");
    drop(stdin);
    let output = python.wait_with_output().await.expect("it ends");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let arrived: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let expected: Vec<Value> = CAPTURED.iter().map(|(_, arrives)| json!(arrives)).collect();
    assert_eq!(arrived, expected);
}

/// An answer of the stack's API to a target that is sent byte by byte as it is, which no client library does.
async fn ask(method: &str, target: &str, token: &str, body: &str) -> (u16, Value) {
    let api =
        std::env::var("STACK_API_URL").expect("this test needs the local stack: run `make test`");
    let address = api.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the gateway listens");
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), reading)
        .await
        .expect("in time")
        .expect("it answers");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn paths_go_through_the_gateway_as_on_aws() {
    let code = format!("{{\"code\":\"edge_{}-1\"}}", std::process::id());
    let (status, session) = ask("POST", "/v1/login", "", &code).await;
    assert_eq!(status, 200, "{session}");
    let (token, id) = (
        session["access_token"].as_str().expect("a token"),
        session["user"]["id"].as_str().expect("an id"),
    );
    for (target, expected) in [
        ("/v1/ping?x=1", 200),
        ("/ping", 200),
        ("/v1/users/me?x=%3Cy%3E", 400),
    ] {
        assert_eq!(ask("GET", target, token, "").await.0, expected, "{target}");
    }
    for method in ["POST", "TRACE", "SEARCH", "get"] {
        assert_eq!(
            ask(method, "/v1/ping", token, "").await,
            (404, json!({"message": "Not Found"})),
            "{method}"
        );
    }
    for name in ["me", id] {
        // Decoded twice, and cut at a question mark that was encoded once.
        for same in [
            format!("{name}%3Fx"),
            name.replacen(['m', 'u'], if name == "me" { "%6D" } else { "%2575" }, 1),
        ] {
            assert_eq!(
                ask("GET", &format!("/v1/users/{same}"), token, "").await.0,
                200,
                "{same}"
            );
        }
        for after in [
            "%20",
            "%0A",
            "%09",
            "%00",
            "%23x",
            "%253Fx",
            "%2520",
            "%2525",
            "%E4%B8%AD",
            "\u{4e2d}",
        ] {
            let (status, body) =
                ask("DELETE", &format!("/v1/users/{name}{after}"), token, "").await;
            assert_eq!(
                (status, &body["code"]),
                (403, &json!("forbidden")),
                "{name}{after}"
            );
        }
        // The function's answer, because the route is looked for before the second decoding; and the gateway's.
        for (before, code) in [
            ("x%252F..%252F", json!("not_found")),
            ("x%2F..%2F", Value::Null),
            ("x/../", Value::Null),
        ] {
            let (status, body) =
                ask("DELETE", &format!("/v1/users/{before}{name}"), token, "").await;
            assert_eq!(
                (status, &body["code"]),
                (404, &code),
                "{before}{name}: {body}"
            );
        }
        let (status, body) = ask("GET", &format!("/v1/users/{name}%25zz"), token, "").await;
        assert_eq!((status, &body), (400, &json!({"message": "Bad Request"})));
    }
    assert_eq!(
        ask("GET", "/v1/users/me", token, "").await.0,
        200,
        "the account is there"
    );

    let (encoded, raw) = ("username=%E5%B0%8F%E6%98%8E", "username=\u{5c0f}\u{660e}");
    let (encoded, raw) = (
        ask("GET", &format!("/v1/profiles?ids=x&{encoded}"), token, "").await,
        ask("GET", &format!("/v1/profiles?ids=x&{raw}"), token, "").await,
    );
    assert_eq!((encoded.0, &encoded.1["errors"]), (raw.0, &raw.1["errors"]));
    assert_eq!(encoded.0, 400);
}
