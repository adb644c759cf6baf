//! Events of an HTTP API, payload format 2.0.
//!
//! ```
//! use serde_json::json;
//! use support::http_event::HttpEvent;
//!
//! let event = HttpEvent::new("PUT", "/v1/users/u1?dry=1")
//!     .route("/v1/users/{id}")
//!     .header("If-Match", "\"3\"")
//!     .bearer("token")
//!     .json(&json!({ "nickname": "Alice" }))
//!     .build();
//! assert_eq!(event["routeKey"], "PUT /v1/users/{id}");
//! assert_eq!(event["pathParameters"]["id"], "u1");
//! assert_eq!(event["rawQueryString"], "dry=1");
//! ```

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// What a request says that no test cares about. Fixed, so that an event is the same each time.
const DOMAIN: &str = "abcdefghij.execute-api.us-east-1.amazonaws.com";
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";
const SOURCE_IP: &str = "203.0.113.7";
const TIME: &str = "02/Jan/2026:03:04:05 +0000";
const TIME_EPOCH: u64 = 1_767_323_045_000;
const USER_AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN";

/// A request on its way to being an event.
#[derive(Debug, Clone)]
pub struct HttpEvent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
    route: Option<String>,
    request_id: String,
    source_ip: String,
}

#[derive(Debug, Clone)]
enum Body {
    Text(String),
    Binary(Vec<u8>),
}

impl HttpEvent {
    /// A request without a body. What follows a `?` is the query, already encoded.
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: None,
            route: None,
            request_id: REQUEST_ID.to_owned(),
            source_ip: SOURCE_IP.to_owned(),
        }
    }

    /// The route that matched, with its parameters in braces; without it the path itself is the route.
    #[must_use]
    pub fn route(mut self, template: &str) -> Self {
        self.route = Some(template.to_owned());
        self
    }

    /// A header; one sent twice arrives joined by a comma, as at the gateway.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The header of an access token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A JSON body with its content type.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .text(&body.to_string())
    }

    /// A body of text as it stands, without a content type.
    #[must_use]
    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(Body::Text(body.to_owned()));
        self
    }

    /// A body that the gateway encodes in base64 because its content type is not text.
    #[must_use]
    pub fn binary(mut self, body: &[u8]) -> Self {
        self.body = Some(Body::Binary(body.to_owned()));
        self
    }

    /// The gateway's id of the request.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.request_id);
        self
    }

    /// The address of the client.
    #[must_use]
    pub fn source_ip(mut self, address: &str) -> Self {
        address.clone_into(&mut self.source_ip);
        self
    }

    /// The event.
    pub fn build(self) -> Value {
        let route_key = format!(
            "{} {}",
            self.method,
            self.route.as_deref().unwrap_or(&self.path)
        );
        let headers = self.all_headers();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path,
            "rawQueryString": self.query,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abcdefghij",
                "domainName": DOMAIN,
                "domainPrefix": "abcdefghij",
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip,
                    "userAgent": headers["user-agent"],
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": TIME,
                "timeEpoch": TIME_EPOCH,
            },
            "isBase64Encoded": matches!(self.body, Some(Body::Binary(_))),
        });
        // The gateway leaves out what there is none of.
        let optional = [
            ("cookies", self.cookies()),
            ("queryStringParameters", self.query_parameters()),
            ("pathParameters", self.path_parameters()),
        ];
        for (name, value) in optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
        {
            event[name] = value;
        }
        match self.body {
            Some(Body::Text(text)) => event["body"] = text.into(),
            Some(Body::Binary(bytes)) => event["body"] = BASE64.encode(&bytes).into(),
            None => {}
        }
        event["headers"] = headers.into();
        event
    }

    fn all_headers(&self) -> Map<String, Value> {
        let length = match &self.body {
            Some(Body::Text(text)) => text.len(),
            Some(Body::Binary(bytes)) => bytes.len(),
            None => 0,
        };
        let mut headers: Map<_, _> = [
            ("accept", "*/*".to_owned()),
            ("content-length", length.to_string()),
            ("host", DOMAIN.to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            (
                "x-amzn-trace-id",
                "Root=1-695735a5-0123456789abcdef01234567".to_owned(),
            ),
            ("x-forwarded-for", self.source_ip.clone()),
            ("x-forwarded-port", "443".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
        for (name, value) in joined(self.headers.iter().filter(|(name, _)| name != "cookie")) {
            headers.insert(name, value);
        }
        headers
    }

    fn cookies(&self) -> Option<Value> {
        let sent = self.headers.iter().filter(|(name, _)| name == "cookie");
        let cookies: Vec<_> = sent.flat_map(|(_, value)| value.split("; ")).collect();
        (!cookies.is_empty()).then(|| cookies.into())
    }

    fn query_parameters(&self) -> Option<Value> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        let decoded: Vec<_> = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| {
                (
                    decode(&name.replace('+', " ")),
                    decode(&value.replace('+', " ")),
                )
            })
            .collect();
        (!decoded.is_empty()).then(|| joined(decoded.iter()).into())
    }

    fn path_parameters(&self) -> Option<Value> {
        let segments = self.route.as_deref()?.split('/').zip(self.path.split('/'));
        let parameters: Map<_, _> = segments
            .filter_map(|(name, value)| {
                Some((
                    name.strip_prefix('{')?.strip_suffix('}')?.to_owned(),
                    decode(value).into(),
                ))
            })
            .collect();
        (!parameters.is_empty()).then(|| parameters.into())
    }
}

/// A map of the pairs, values of one name joined by commas.
fn joined<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in pairs {
        let value = match map.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.clone(),
        };
        map.insert(name.clone(), value.into());
    }
    map
}

/// Undoes percent-encoding; what is no code stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        rest = match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                &tail[2..]
            }
            None => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use http::{Method, Request};
    use shared::http::event::{Gateway, request as read};

    fn request(event: HttpEvent) -> Request<axum::body::Body> {
        read(
            &event.build().to_string(),
            lambda_runtime::Context::default(),
        )
    }

    #[tokio::test]
    async fn the_functions_read_method_path_query_headers_and_body() {
        let event = HttpEvent::new("POST", "/v1/uploads?limit=2&cursor=a%2Bb+c")
            .header("X-One", "1")
            .header("x-one", "2")
            .json(&json!({ "size": 1 }));
        let request = request(event);
        assert_eq!(
            (request.method(), request.uri().path()),
            (&Method::POST, "/v1/uploads")
        );
        assert_eq!(request.uri().query(), Some("limit=2&cursor=a%2Bb+c"));
        assert_eq!(
            (
                &request.headers()["x-one"],
                &request.headers()["content-type"]
            ),
            (
                &"1,2".parse().unwrap(),
                &"application/json".parse().unwrap()
            )
        );
        let body = to_bytes(request.into_body(), 1000).await.unwrap();
        assert_eq!(body, r#"{"size":1}"#);
    }

    #[test]
    fn the_functions_read_the_context() {
        let event = HttpEvent::new("GET", "/v1/users/u1")
            .route("/v1/users/{id}")
            .request_id("r1")
            .source_ip("192.0.2.1");
        let request = request(event);
        let gateway = request.extensions().get::<Gateway>().unwrap();
        assert_eq!(
            (gateway.request_id.as_deref(), gateway.source_ip.as_deref()),
            (Some("r1"), Some("192.0.2.1"))
        );
    }

    #[test]
    fn a_binary_body_is_encoded_and_an_absent_one_left_out() {
        let binary = HttpEvent::new("POST", "/").binary(&[0, 255]).build();
        assert_eq!(
            (&binary["body"], &binary["isBase64Encoded"]),
            (&json!("AP8="), &json!(true))
        );
        let none = HttpEvent::new("GET", "/ping").build();
        assert!(
            none.get("body").is_none() && none.get("queryStringParameters").is_none(),
            "{none}"
        );
        assert_eq!(
            (&none["routeKey"], &none["isBase64Encoded"]),
            (&json!("GET /ping"), &json!(false))
        );
    }

    #[test]
    fn cookies_have_a_list_of_their_own() {
        let event = HttpEvent::new("GET", "/")
            .header("Cookie", "a=1; b=2")
            .build();
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert!(event["headers"].get("cookie").is_none());
    }
}
