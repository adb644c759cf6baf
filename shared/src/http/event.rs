//! The gateway's event as a request, and a response as the gateway takes it (HTTP API, payload format 2.0).
//!
//! Events are converted here and not by `lambda_http`, which makes a URL of `rawPath` by WHATWG's rules (white space is
//! trimmed, `?` and `#` cut, `..` resolved) and panics on what is no URL. Nothing here can fail: an event that is no
//! request becomes one that the edge refuses, so that it is named, logged and answered like any other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tower::ServiceExt;

use crate::error::{Code, Error};

/// What stands in a path as it is: RFC 3986's `pchar` without `%`, and `/`. API Gateway gives `rawPath` decoded, so a
/// `%` in it is a character of the text and no escape.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// What stands in a query as it is. API Gateway leaves `rawQueryString` encoded, so a `%` begins an escape.
const QUERY: &AsciiSet = &PATH.remove(b'?').remove(b'%');

/// What the gateway says of a request beside the request itself.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// The id that its access log has too.
    pub request_id: Option<Arc<str>>,
    /// The address that the request came from. Personal data: never logged.
    pub source_ip: Option<Arc<str>>,
}

/// Answers the invocations of a function until its environment ends.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn run(router: Router) -> Result<(), lambda_runtime::Error> {
    // Taken as text, because an event that was refused while it is read would fail the invocation.
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(invoke(router, event.payload.get(), event.context).await) }
    });
    lambda_runtime::run(handler).await
}

/// Answers one invocation, whatever its event holds.
pub async fn invoke(router: Router, event: &str, context: Context) -> GatewayResponse {
    let response = router.oneshot(request(event, context)).await;
    GatewayResponse::of(response.unwrap_or_else(|never| match never {})).await
}

/// The request that the gateway's event stands for.
pub fn request(event: &str, context: Context) -> Request {
    // Only an event that no gateway makes, such as one nested a thousand levels deep, is unreadable.
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let gateway = Gateway::of(&event);
    let method = event["requestContext"]["http"]["method"].as_str();
    let method: Option<Method> = method.and_then(|method| method.parse().ok());
    let converted = match method {
        Some(_) => convert(event),
        None => Err(Refusal::Malformed("its method")),
    };
    let mut request = converted.unwrap_or_else(|refusal| {
        let mut request = Request::default();
        request.extensions_mut().insert(refusal);
        request
    });
    *request.method_mut() = method.unwrap_or_default();
    request.extensions_mut().insert(gateway);
    request.extensions_mut().insert(context);
    request
}

impl Gateway {
    fn of(event: &Value) -> Self {
        let context = &event["requestContext"];
        // It becomes a header of the answer.
        let request_id = context["requestId"]
            .as_str()
            .filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()));
        Self {
            request_id: request_id.map(Arc::from),
            source_ip: context["http"]["sourceIp"].as_str().map(Arc::from),
        }
    }
}

/// Why no route is asked about an event.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// Its path can name nothing.
    NoSuchPath,
    /// It is no request: this part of it is missing or unusable.
    Malformed(&'static str),
}

/// Answers for the routes when the event was no request.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    match request.extensions().get::<Refusal>() {
        None => next.run(request).await,
        Some(Refusal::NoSuchPath) => Error::new(Code::NotFound).into_response(),
        Some(Refusal::Malformed(part)) => Error::new(Code::InvalidRequest)
            .detail(format!("the request cannot be read: {part}"))
            .into_response(),
    }
}

/// The request but for its method.
fn convert(mut event: Value) -> Result<Request, Refusal> {
    let mut request = Request::default();
    *request.uri_mut() = uri(&event)?;
    *request.headers_mut() = headers(&event)?;
    *request.body_mut() = body(&mut event)?;
    Ok(request)
}

/// The path, in which one decoding gives `rawPath` back, and the query.
fn uri(event: &Value) -> Result<Uri, Refusal> {
    let path = event["rawPath"]
        .as_str()
        .ok_or(Refusal::Malformed("its path"))?;
    let is_relative = |segment| matches!(segment, "." | "..");
    if !path.starts_with('/') || path.split('/').any(is_relative) {
        return Err(Refusal::NoSuchPath);
    }
    let mut uri = utf8_percent_encode(path, PATH).to_string();
    match &event["rawQueryString"] {
        Value::Null => {}
        Value::String(query) if query.is_empty() => {}
        Value::String(query) => {
            uri.push('?');
            uri.extend(utf8_percent_encode(query, QUERY));
        }
        _ => return Err(Refusal::Malformed("its query string")),
    }
    // What is left to refuse is its length.
    Uri::try_from(uri).map_err(|_| Refusal::Malformed("its path or query string"))
}

fn headers(event: &Value) -> Result<HeaderMap, Refusal> {
    const UNUSABLE: Refusal = Refusal::Malformed("its headers");
    let mut headers = HeaderMap::new();
    let object = match &event["headers"] {
        Value::Object(object) => object,
        Value::Null => return Ok(headers),
        _ => return Err(UNUSABLE),
    };
    for (name, value) in object {
        let value = match value {
            Value::String(text) => header_value(text),
            Value::Number(_) | Value::Bool(_) => header_value(&value.to_string()),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return Err(UNUSABLE),
        };
        // A name that no header can have is none that anybody reads. A value that is read must never be lost: a write
        // whose `If-Match` was left out would be unconditional.
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        headers
            .try_append(name, value.ok_or(UNUSABLE)?)
            .map_err(|_| UNUSABLE)?;
    }
    if let Some(cookies) = event["cookies"].as_array() {
        let cookies: Vec<_> = cookies.iter().filter_map(Value::as_str).collect();
        headers
            .try_insert(COOKIE, header_value(&cookies.join("; ")).ok_or(UNUSABLE)?)
            .map_err(|_| UNUSABLE)?;
    }
    Ok(headers)
}

/// The text as a header's value; control characters become spaces (RFC 9110, section 5.5).
fn header_value(text: &str) -> Option<HeaderValue> {
    let is_control = |byte: u8| byte.is_ascii_control() && byte != b'\t';
    let bytes = if text.bytes().any(is_control) {
        let replaced = |byte| if is_control(byte) { b' ' } else { byte };
        Cow::Owned(text.bytes().map(replaced).collect())
    } else {
        Cow::Borrowed(text.as_bytes())
    };
    HeaderValue::from_bytes(&bytes).ok()
}

fn body(event: &mut Value) -> Result<Body, Refusal> {
    const UNUSABLE: Refusal = Refusal::Malformed("its body");
    let is_base64 = match event["isBase64Encoded"] {
        Value::Null => false,
        Value::Bool(is_base64) => is_base64,
        _ => return Err(UNUSABLE),
    };
    match event.get_mut("body").map(Value::take) {
        None | Some(Value::Null) => Ok(Body::empty()),
        Some(Value::String(text)) if is_base64 => {
            let bytes = BASE64.decode(text.as_bytes());
            bytes.map(Body::from).map_err(|_| UNUSABLE)
        }
        Some(Value::String(text)) => Ok(Body::from(text)),
        Some(_) => Err(UNUSABLE),
    }
}

/// A response in the shape that the gateway takes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl GatewayResponse {
    async fn of(response: Response) -> Self {
        let (mut head, body) = response.into_parts();
        let bytes = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::error!(cause = %error, "the response could not be made");
                head.status = StatusCode::INTERNAL_SERVER_ERROR;
                Bytes::new()
            }
        };
        let (body, is_base64_encoded) = match String::from_utf8(bytes.into()) {
            Ok(text) => (text, false),
            Err(error) => (BASE64.encode(error.as_bytes()), true),
        };
        let mut response = Self {
            status_code: head.status.as_u16(),
            headers: BTreeMap::new(),
            cookies: Vec::new(),
            body,
            is_base64_encoded,
        };
        for (name, value) in &head.headers {
            response.add_header(name, String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
        response
    }

    /// The format has one value for each header: a repeated one becomes a list (RFC 9110, section 5.3), which
    /// `Set-Cookie` alone cannot be.
    fn add_header(&mut self, name: &HeaderName, value: String) {
        if *name == SET_COOKIE {
            self.cookies.push(value);
            return;
        }
        let list = self.headers.entry(name.to_string()).or_default();
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&value);
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
