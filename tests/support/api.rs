//! Requests to a function's router, and its answers.

use std::fmt;
use std::ops::Index;
use std::pin::Pin;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat as Format};
use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::responses;

/// A function's routes, called without a network.
#[derive(Clone, Debug)]
pub struct Api(pub Router);

/// A request in the making.
#[derive(Debug)]
pub struct Call {
    router: Router,
    asked: String,
    request: http::request::Builder,
    body: Body,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// What was asked, for whoever reads why a test failed.
    pub asked: String,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON, a string if it is plain text; `null` if there is none.
    pub json: Value,
}

impl Api {
    /// A request with that method.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let asked = format!("{method} {path}");
        let request = Request::builder().method(method).uri(path);
        Call {
            router: self.0.clone(),
            asked,
            request,
            body: Body::empty(),
        }
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST request with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// A PUT request with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }
}

impl Call {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Adds an access token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds the key by which a repetition is known.
    #[must_use]
    pub fn idempotency_key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Adds the tag that the answer has to have changed from.
    #[must_use]
    pub fn if_none_match(self, tag: &str) -> Self {
        self.header("if-none-match", tag)
    }

    /// Adds the tag that the change depends on.
    #[must_use]
    pub fn if_match(self, tag: &str) -> Self {
        self.header("if-match", tag)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.asked = format!("{} {body}", self.asked);
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Sets a body as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request, and checks what every answer has to have.
    pub async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("a well-formed request");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self
            .router
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let is_text = |value: &HeaderValue| value.as_bytes().starts_with(b"text/plain");
        let json = if bytes.is_empty() {
            Value::Null
        } else if parts.headers.get(CONTENT_TYPE).is_some_and(is_text) {
            Value::String(String::from_utf8(bytes.into()).expect("UTF-8"))
        } else {
            serde_json::from_slice(&bytes).expect("JSON")
        };
        let answer = Answer {
            asked: self.asked,
            status: parts.status,
            headers: parts.headers,
            json,
        };
        responses::note(&method, &path, answer.status, answer.code());
        answer.check();
        answer
    }
}

/// A time in a body. As texts, times do not compare: a fraction ends with its last digit that is not zero.
///
/// # Panics
/// If it is none.
pub fn time(text: &Value) -> DateTime {
    let text = text.as_str().expect("a text");
    DateTime::from_str(text, Format::DateTime).expect("a time")
}

/// Sends requests that are all refused alike.
///
/// # Panics
/// If one is not.
pub async fn refused(calls: impl IntoIterator<Item = Call>, status: u16, code: &str) {
    for call in calls {
        call.await.expect_problem(status, code);
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.status, self.asked, self.json)
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

impl Answer {
    /// The error's code; empty if this is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Fails the test unless the status is that one.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is the point")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// Fails the test unless this is the problem of that status and code.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is the point")]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let got = (self.status.as_u16(), self.code());
        assert_eq!(got, (status, code), "{self}");
        self
    }

    /// Fails the test unless the request was refused because of just these fields.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is the point")]
    pub fn expect_invalid<const N: usize>(self, fields: [&str; N]) -> Self {
        let refused = self.expect_problem(400, "invalid_request");
        assert_eq!(refused.fields(), fields, "{refused}");
        refused
    }

    /// A text of the body.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        let text = self.json[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {self}"))
            .to_owned()
    }

    /// The entity tag.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn etag(&self) -> String {
        let tag = self.header("etag");
        assert!(!tag.is_empty(), "no tag on {self}");
        tag.to_owned()
    }

    /// The items of a page.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn items(&self) -> &[Value] {
        let items = self.json["items"].as_array();
        items.unwrap_or_else(|| panic!("no items in {self}"))
    }

    /// The faulty fields that a validation error names.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }

    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    fn check(&self) {
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        if self.status.as_u16() < 400 {
            return;
        }
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.json
        );
        assert_eq!(self.json["status"], self.status.as_u16());
        for member in ["type", "title", "detail", "code", "request_id"] {
            assert!(self.json[member].is_string(), "{member} of {}", self.json);
        }
        match self.status.as_u16() {
            401 => assert_eq!(self.header("www-authenticate"), "Bearer"),
            405 => assert!(!self.header("allow").is_empty()),
            // The upload limit that time does not lift.
            429 if self.code() == "upload_quota" && self.header("retry-after").is_empty() => {}
            429 | 502 | 503 => assert!(
                self.header("retry-after")
                    .parse::<u32>()
                    .is_ok_and(|secs| secs > 0)
            ),
            _ => {}
        }
    }
}
