//! API Gateway's events: no event makes a function fail, and a route sees the path, query, headers and body that stand in
//! the event, or is not asked.

use axum::extract::Request;
use data_encoding::BASE64;
use http::HeaderName;
use http_body_util::BodyExt;
use lambda_runtime::Context;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use shared::http::event::request;

use crate::users_function::USERS;
use crate::{Target, repository};

pub(crate) const TARGET: Target = Target {
    name: "gateway_events",
    seeds,
    tokens: &[
        "\"rawPath\":\"",
        "\"rawQueryString\":\"",
        "\"headers\":",
        "\"body\":",
        "\"isBase64Encoded\":true,",
        "null",
        "{}",
        "[]",
        "\"",
        "\\",
        "/..",
        "/.",
        "//",
        "%2e%2e",
        "%",
        "?",
        "#",
        "\\u0000",
        "\\r\\n",
        "\u{e9}",
        "PATCH",
        "\"if-match\":\"*\",",
        "\"cookies\":[\"a=b\"],",
        "multipart/form-data",
        "application/json; charset=gbk",
    ],
    check,
    cases: 1200,
};

fn seeds() -> Vec<Vec<u8>> {
    let events = repository::events("rawPath").into_iter().map(|event| {
        let text = String::from_utf8(event).expect("a sample is text");
        text.replace("REPLACE_WITH_ACCESS_TOKEN", &USERS.token)
            .into_bytes()
    });
    events.collect()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let answer = USERS.invoke(text);
    assert!(
        (200..500).contains(&answer.status),
        "{} for {text}",
        answer.status
    );
    assert!(answer.body.is_empty() || serde_json::from_str::<Value>(&answer.body).is_ok());
    assert_eq!(
        answer.status >= 400,
        answer.headers["content-type"] == "application/problem+json",
        "{text}"
    );
    let event = serde_json::from_str::<Value>(text).unwrap_or_default();
    let read = request(text, Context::default());
    if !is_request(&event) {
        assert!(
            [400, 404].contains(&answer.status),
            "{} for {text}",
            answer.status
        );
        return false;
    }
    let (head, body) = read.into_parts();
    assert_eq!(
        Some(head.method.as_str()),
        event["requestContext"]["http"]["method"].as_str()
    );
    if head.uri.path() == "/" && event["rawPath"] != "/" {
        // Too long for a URI.
        assert!(text.len() > 60_000, "{text}");
        return false;
    }
    let path = percent_decode_str(head.uri.path())
        .decode_utf8()
        .expect("what was text");
    assert_eq!(Some(path.as_ref()), event["rawPath"].as_str());
    let query = event["rawQueryString"]
        .as_str()
        .filter(|query| !query.is_empty());
    let decoded = |query: &str| percent_decode_str(query).collect::<Vec<_>>();
    assert_eq!(head.uri.query().map(decoded), query.map(decoded));
    headers(&Request::from_parts(head, ()), &event);
    assert_eq!(collected(body), expected_body(&event));
    answer.status < 400
}

/// Whether it has all that a request has, in the types of the documentation.
fn is_request(event: &Value) -> bool {
    let is = |name: &str, is: fn(&Value) -> bool| event[name].is_null() || is(&event[name]);
    let path = event["rawPath"].as_str().unwrap_or_default();
    let method = event["requestContext"]["http"]["method"].as_str();
    let header_values = event["headers"]
        .as_object()
        .into_iter()
        .flat_map(|object| object.values());
    let mut headers_are_text = header_values.map(|value| !value.is_array() && !value.is_object());
    method.is_some_and(|method| http::Method::from_bytes(method.as_bytes()).is_ok())
        && path.starts_with('/')
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
        && is("rawQueryString", Value::is_string)
        && is("headers", Value::is_object)
        && headers_are_text.all(|is_text| is_text)
        && is("isBase64Encoded", Value::is_boolean)
        && is("body", Value::is_string)
        && expected_bytes(event).is_some()
}

fn expected_bytes(event: &Value) -> Option<Vec<u8>> {
    let text = event["body"].as_str().unwrap_or_default().as_bytes();
    if event["isBase64Encoded"] == true {
        BASE64.decode(text).ok()
    } else {
        Some(text.to_vec())
    }
}

fn expected_body(event: &Value) -> Vec<u8> {
    expected_bytes(event).expect("it was looked at")
}

fn collected(body: axum::body::Body) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime
        .block_on(body.collect())
        .expect("a body in memory")
        .to_bytes()
        .to_vec()
}

/// Each header that has a name is there, with what stands in the event, but for control characters.
fn headers(request: &Request<()>, event: &Value) {
    for (name, value) in event["headers"].as_object().into_iter().flatten() {
        let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value.as_str())
        else {
            continue;
        };
        let is_control = |byte: u8| byte.is_ascii_control() && byte != b'\t';
        let expected: Vec<u8> = value
            .bytes()
            .map(|byte| if is_control(byte) { b' ' } else { byte })
            .collect();
        if name != http::header::COOKIE {
            let mut values = request.headers().get_all(&name).iter();
            assert!(
                values.any(|value| value.as_bytes() == expected.trim_ascii()
                    || value.as_bytes() == expected),
                "{name}"
            );
        }
    }
}
