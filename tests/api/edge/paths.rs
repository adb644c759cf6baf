//! How API Gateway decodes a path, and how the local one does.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::CAPTURED;

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
