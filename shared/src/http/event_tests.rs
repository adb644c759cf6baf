use super::*;

use axum::extract::Path;
use axum::routing::{any, get, post};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, IF_MATCH};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::json;

use crate::http::body::OptionalJsonFields;
use crate::http::{JsonFields, edge};
use crate::telemetry::Telemetry;
use crate::time::{Clock, Timestamp};

/// What API Gateway makes of a path: a capture of a live HTTP API, whose first part was `/capture/`. What it answers by
/// itself does not arrive.
const CAPTURED: [(&str, Option<&str>); 10] = [
    ("plain", Some("plain")),
    ("space%20value", Some("space value")),
    ("question%3Fvalue", Some("question")),
    ("percent%25done", None),
    ("hash%23value", Some("hash#value")),
    ("slash%2Fvalue", Some("slash/value")),
    ("unicode-%CE%BB-%E4%B8%96%E7%95%8C", Some("unicode-λ-世界")),
    ("literal%252Fvalue", Some("literal/value")),
    ("literal%253Fvalue", Some("literal?value")),
    ("literal%2525value", Some("literal%value")),
];

fn event(method: &str, path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "cookies": ["a=1", "b=2"],
        "headers": {
            "authorization": "Bearer token",
            "content-type": "application/json",
            "host": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "if-match": "\"1\"",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "body": "{\"a\":1}",
        "isBase64Encoded": false,
    })
}

fn context() -> Context {
    let mut context = Context::default();
    context.request_id = "lambda-request".to_owned();
    context.deadline = 60_000;
    context
}

fn router() -> Router {
    let clock = Clock::new(|| Timestamp::from_millis(0));
    let telemetry = Telemetry::writing_to("test", clock.clone(), |_| {});
    let routes = Router::new()
        .route("/ping", get(async || "pong"))
        .route("/v1/users/me", any(async || "me"))
        .route("/v1/users/{id}", any(async |Path(id): Path<String>| id))
        .route(
            "/v1/items",
            post(async |fields: JsonFields| fields.finish(Some(()))),
        )
        .route(
            "/v1/logout",
            post(async |OptionalJsonFields(fields): OptionalJsonFields| fields.finish(Some(()))),
        );
    edge(routes, telemetry, clock)
}

async fn answer(event: &str) -> Value {
    let response = invoke(router(), event, context()).await;
    serde_json::to_value(response).unwrap()
}

async fn answer_to(event: &Value) -> Value {
    answer(&event.to_string()).await
}

#[tokio::test]
async fn an_id_is_the_segment_that_the_gateway_gives_and_nothing_else() {
    for (sent, arrives) in CAPTURED {
        let Some(raw) = arrives else { continue };
        let answer = answer_to(&event("DELETE", &format!("/v1/users/{raw}"), "")).await;
        if raw.contains('/') {
            assert_eq!(answer["statusCode"], 404, "{sent}");
        } else {
            assert_eq!(answer["body"], raw, "{sent}");
        }
    }
    for near in [
        "me ",
        " me",
        "me\n",
        "me\t",
        "\u{feff}me",
        "me#x",
        "me?x",
        "m%65",
        "me%20",
        "me%00",
        "me\0",
        "ME",
        "me\u{a0}",
        "me\\",
        "m\te",
        "m\ne",
        "me;",
        "me&x=1",
    ] {
        let answer = answer_to(&event("DELETE", &format!("/v1/users/{near}"), "")).await;
        assert_eq!(answer["body"], near);
    }
    for elsewhere in [
        "/v1/users/x/../me",
        "/v1/users/./me",
        "/v1/users/..",
        "/v1/users/.",
        "/v1/users/../users/me",
        "/../v1/users/me",
        "/v1/users/me/.",
        "/v1/users/me/",
        "//v1/users/me",
        "/v1//users/me",
        "/v1/users\\me",
        "v1/users/me",
        "",
        "*",
        "https://x/v1/users/me",
        "/v1/users/me\n/v1",
    ] {
        let answer = answer_to(&event("DELETE", elsewhere, "")).await;
        assert_eq!(answer["statusCode"], 404, "{elsewhere:?}: {answer}");
        assert_eq!(answer["headers"]["x-request-id"], "JKJaXmPLvHcESHA=");
    }
}

#[tokio::test]
async fn what_the_gateway_passes_on_never_fails_an_invocation() {
    let mut strange = event("GET", "/ping", "x=<y>&a= b\"|{}^`\\%zz%&&\u{1F600}#f");
    strange["headers"]["x-forwarded-proto"] = "https, http".into();
    strange["headers"]["host"] = "no host/at all?".into();
    strange["headers"]["no name"] = "x".into();
    strange["headers"]["x-control"] = "a\r\nb\0".into();
    strange["requestContext"]["domainName"] = "[".into();
    strange["requestContext"]["stage"] = "%".into();
    let answer = answer_to(&strange).await;
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&json!(200), &json!("pong"))
    );
}

#[tokio::test]
async fn what_is_no_request_gets_a_problem() {
    let without = |pointer: &str, value: Value| {
        let mut event = event("POST", "/v1/items", "");
        *event.pointer_mut(pointer).unwrap() = value;
        event.to_string()
    };
    let mut malformed = vec![
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "\"\\ud800\"".to_owned(),
        "[".repeat(1000) + &"]".repeat(1000),
        without("/rawPath", Value::Null),
        without("/rawPath", json!(1)),
        without("/rawPath", format!("/{}", "x".repeat(70_000)).into()),
        without("/rawQueryString", json!([])),
        without("/requestContext", json!(null)),
        without("/requestContext/http/method", json!("GET it")),
        without("/headers", json!([])),
        without("/headers/if-match", json!({})),
        without("/body", json!({})),
        without("/isBase64Encoded", json!("true")),
    ];
    let mut not_base64 = event("POST", "/v1/items", "");
    not_base64["isBase64Encoded"] = true.into();
    malformed.push(not_base64.to_string());
    let mut too_many = event("POST", "/v1/items", "");
    too_many["headers"] = (0..40_000)
        .map(|i| (format!("x-{i}"), json!("1")))
        .collect();
    malformed.push(too_many.to_string());
    for event in malformed {
        let answer = answer(&event).await;
        let shown: String = event.chars().take(300).collect();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&answer["statusCode"], &body["code"]),
            (&json!(400), &json!("invalid_request")),
            "{shown}: {answer}"
        );
        assert_eq!(
            answer["headers"]["content-type"],
            "application/problem+json"
        );
        assert_eq!(answer["headers"]["x-request-id"], body["request_id"]);
    }
}

#[tokio::test]
async fn a_request_is_read_as_it_was_sent() {
    let mut sent = event("PATCH", "/v1/users/me", "a=%2F&b=+");
    sent["headers"]["If-Match"] = "\"2\"".into();
    sent["headers"]["x-number"] = 5.into();
    sent["headers"]["x-text"] = "Zo\u{eb}\r\n\tx".into();
    sent["body"] = "AP8=".into();
    sent["isBase64Encoded"] = true.into();
    let request = request(&sent.to_string(), context());
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::PATCH, "/v1/users/me?a=%2F&b=+")
    );
    let headers = request.headers();
    assert_eq!(headers.get_all(IF_MATCH).iter().count(), 2);
    assert_eq!(headers["x-number"], "5");
    assert_eq!(headers["x-text"].as_bytes(), "Zo\u{eb}  \tx".as_bytes());
    assert_eq!(headers[COOKIE], "a=1; b=2");
    assert_eq!(headers[AUTHORIZATION], "Bearer token");
    assert!(headers.contains_key(HOST) && headers.contains_key(CONTENT_TYPE));
    let gateway = request.extensions().get::<Gateway>().unwrap().clone();
    assert_eq!(
        (gateway.request_id.as_deref(), gateway.source_ip.as_deref()),
        (Some("JKJaXmPLvHcESHA="), Some("203.0.113.7"))
    );
    assert_eq!(
        request.extensions().get::<Context>().unwrap().deadline,
        60_000
    );
    let body = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], [0, 255]);
}

#[tokio::test]
async fn the_gateways_request_id_is_used_if_it_can_be_a_header() {
    for (id, expected) in [
        (json!("Gw="), "Gw="),
        (json!("a b"), "lambda-request"),
        (json!("\u{e9}\n"), "lambda-request"),
        (json!(""), "lambda-request"),
        (json!(7), "lambda-request"),
    ] {
        let mut event = event("GET", "/ping", "");
        event["requestContext"]["requestId"] = id;
        assert_eq!(answer_to(&event).await["headers"]["x-request-id"], expected);
    }
}

#[tokio::test]
async fn a_response_is_what_the_gateway_takes() {
    let response = Response::builder()
        .status(201)
        .header("vary", "a")
        .header("vary", "b")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2");
    let text = GatewayResponse::of(response.body(Body::from("Zo\u{eb}")).unwrap()).await;
    assert_eq!(
        serde_json::to_value(text).unwrap(),
        json!({
            "statusCode": 201,
            "headers": {"vary": "a, b"},
            "cookies": ["a=1", "b=2"],
            "body": "Zo\u{eb}",
            "isBase64Encoded": false,
        })
    );
    let binary = GatewayResponse::of(Response::new(Body::from(vec![0, 255]))).await;
    assert_eq!(
        (binary.body.as_str(), binary.is_base64_encoded),
        ("AP8=", true)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_decoding_of_the_path_gives_raw_path_back(raw in "/\\PC{0,20}[\0-\x20%#?/\\\\.]{0,4}\\PC{0,20}") {
        let request = request(&event("GET", &raw, "").to_string(), context());
        if raw.split('/').any(|segment| segment == "." || segment == "..") {
            prop_assert_eq!(request.uri().path(), "/");
        } else {
            let decoded = percent_decode_str(request.uri().path()).decode_utf8().unwrap();
            prop_assert_eq!(decoded, raw);
        }
    }
}

// ---- arbitrary events

/// A small generator of numbers (xorshift64*): always the same, and fast enough for a debug build.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn one_of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 44] = [
            "/",
            "/v1",
            "/users",
            "/me",
            "/v1/users/me",
            "/ping",
            ".",
            "..",
            "%",
            "%2F",
            "%25",
            "%00",
            "%ff",
            "?",
            "#",
            " ",
            "\n",
            "\r",
            "\t",
            "\0",
            "\u{7f}",
            "\u{feff}",
            "\u{2028}",
            "<",
            ">",
            "\"",
            "\\",
            "[",
            "]",
            "{",
            "}",
            "|",
            ":",
            "@",
            "=",
            "&",
            ",",
            ";",
            "https://",
            "\u{e9}",
            "\u{1F600}",
            "\u{fffd}",
            "a",
            "GET",
        ];
        (0..self.below(7)).map(|_| self.one_of(&PIECES)).collect()
    }

    fn value(&mut self) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(usize::MAX)),
            3 => json!(-1.5e300),
            4 => json!([self.text(), 1]),
            5 => json!({self.text(): self.text()}),
            6 if self.below(300) == 0 => json!("=".repeat(self.below(70_000))),
            _ => self.text().into(),
        }
    }

    /// An event in which some things are not as the gateway makes them.
    fn event(&mut self) -> Value {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
        const PATHS: [&str; 5] = [
            "/ping",
            "/v1/users/me",
            "/v1/users/x",
            "/v1/items",
            "/v1/logout",
        ];
        const PLACES: [&str; 24] = [
            "",
            "/rawPath",
            "/rawQueryString",
            "/rawPath",
            "/rawQueryString",
            "/headers",
            "/headers/host",
            "/headers/if-match",
            "/headers/content-type",
            "/headers/authorization",
            "/headers/x-forwarded-proto",
            "/headers/x-forwarded-for",
            "/headers/x-forwarded-port",
            "/cookies",
            "/cookies/0",
            "/body",
            "/isBase64Encoded",
            "/requestContext",
            "/requestContext/http",
            "/requestContext/http/method",
            "/requestContext/http/sourceIp",
            "/requestContext/requestId",
            "/requestContext/domainName",
            "/requestContext/stage",
        ];
        let mut event = event(self.one_of(&METHODS), self.one_of(&PATHS), "");
        event["isBase64Encoded"] = json!(self.below(8) == 0);
        for _ in 0..1 + self.below(2) {
            let value = match self.below(4) {
                0 => self.value(),
                _ => self.text().into(),
            };
            if let Some(place) = event.pointer_mut(self.one_of(&PLACES)) {
                *place = value;
            }
        }
        if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
            headers.insert(self.text(), self.value());
        }
        event
    }

    /// As [`Self::event`], as text, with a byte of it changed now and then.
    fn event_text(&mut self) -> String {
        let text = self.event().to_string();
        if self.below(10) > 0 {
            return text;
        }
        let mut bytes = text.into_bytes();
        let place = self.below(bytes.len());
        bytes[place] = self
            .one_of(&["{", "}", "\"", "\\", ",", "0", "[", "\0"])
            .as_bytes()[0];
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whoever can send a request can ring the alarm on a function's errors, and take a deployment back, if one of these
/// panics. Every tenth goes the whole way, which takes long in a debug build.
#[tokio::test]
async fn a_hundred_thousand_arbitrary_events_are_answered() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (router, context) = (router(), context());
    let mut statuses = BTreeMap::new();
    for number in 0..100_000 {
        let event = numbers.event_text();
        if number % 10 > 0 {
            let request = request(&event, context.clone());
            assert!(request.extensions().get::<Gateway>().is_some());
            continue;
        }
        let response = invoke(router.clone(), &event, context.clone()).await;
        *statuses.entry(response.status_code).or_insert(0) += 1;
        if let Err(fault) = is_ours(&response) {
            let event: String = event.chars().take(2000).collect();
            panic!("{fault}: {event} got {response:?}");
        }
    }
    for status in [200, 400, 404, 405, 415] {
        let count = statuses.get(&status).copied().unwrap_or(0);
        assert!(count >= 10, "{status} is hardly ever reached: {statuses:?}");
    }
}

fn is_ours(response: &GatewayResponse) -> Result<(), &'static str> {
    let header = |name: &str| response.headers.get(name).map_or("", String::as_str);
    let names = ["x-request-id", "cache-control", "x-content-type-options"];
    let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
    match response.status_code {
        _ if names.iter().any(|name| header(name).is_empty()) => Err("a header is missing"),
        200..400 => Ok(()),
        400..500 if header("content-type") != "application/problem+json" => Err("no problem"),
        400..500 if body["request_id"] != header("x-request-id") => Err("another request id"),
        400..500 if body["code"].is_string() => Ok(()),
        _ => Err("an unexpected status"),
    }
}
