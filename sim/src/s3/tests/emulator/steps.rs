//! The requests, each made for the side that answers it.

use std::fmt::Write;

use http::Method;
use http::request::Builder;

use super::super::*;
use super::side::Side;

/// A name, and a request.
pub(super) type Step = (&'static str, fn(&Side) -> Request<Bytes>);

pub(super) fn tickets() -> Vec<Step> {
    vec![
        ("POST", |s| s.post(json!({}), "hello", 0)),
        ("POST again", |s| s.post(json!({}), "other", 0)),
        ("POST expired", |s| s.post(json!({}), "hello", 400_000)),
        ("POST too small", |s| s.post(json!({}), "hell", 0)),
        ("POST too large", |s| s.post(json!({}), "hello!", 0)),
        ("POST other key", |s| {
            s.post(json!({"key": "u/other"}), "hello", 0)
        }),
        ("POST other type", |s| {
            s.post(json!({"Content-Type": "text/html"}), "hello", 0)
        }),
        ("POST extra field", |s| {
            s.post(json!({"Cache-Control": "no-cache"}), "hello", 0)
        }),
        ("POST ignored field", |s| {
            s.post(json!({"x-ignore-a": "b"}), "hello", 0)
        }),
        ("POST wrong signature", |s| {
            s.post(json!({"x-amz-signature": "00"}), "hello", 0)
        }),
        ("PUT while there is one", |s| s.put(5, "hello", 0)),
        ("DELETE hides", |s| {
            with_body(s.sdk(Method::DELETE, &path("")), "")
        }),
        ("PUT", |s| s.put(5, "hello", 0)),
        ("PUT again", |s| s.put(5, "hello", 0)),
        ("PUT expired", |s| s.put(5, "hello", 400_000)),
        ("PUT other length", |s| s.put(4, "hello", 0)),
        ("PUT other type", |s| {
            let mut request = s.put(5, "hello", 0);
            let html = http::HeaderValue::from_static("text/html");
            request.headers_mut().insert("content-type", html);
            request
        }),
        ("PUT metadata", |s| {
            let mut request = s.put(5, "hello", 0);
            let value = http::HeaderValue::from_static("b");
            request.headers_mut().insert("x-amz-meta-a", value);
            request
        }),
        ("PUT other key", |s| {
            let mut request = s.put(5, "hello", 0);
            *request.uri_mut() = request
                .uri()
                .to_string()
                .replace(".jpg", ".png")
                .parse()
                .unwrap();
            request
        }),
    ]
}

pub(super) fn reads() -> Vec<Step> {
    vec![
        ("GET range", |s| {
            ranged(s.sdk(Method::GET, &path("?versionId={0}")))
        }),
        ("GET newest", |s| ranged(s.sdk(Method::GET, &path("")))),
        ("GET nothing", |s| ranged(s.sdk(Method::GET, "/u/none"))),
        ("GET marker", |s| {
            ranged(s.sdk(Method::GET, &path("?versionId={3}")))
        }),
        ("GET malformed version", |s| {
            ranged(s.sdk(Method::GET, &path("?versionId=x")))
        }),
        ("PUT empty", |s| {
            with_body(s.sdk(Method::PUT, "/u/empty"), "")
        }),
        ("GET range of empty", |s| {
            ranged(s.sdk(Method::GET, "/u/empty"))
        }),
        ("HEAD", |s| with_body(s.sdk(Method::HEAD, &path("")), "")),
        ("link", |s| {
            let query = [
                ("response-cache-control", "private, max-age=3600"),
                ("response-content-disposition", "inline"),
            ];
            s.presigned("GET", Some(0), &query)
        }),
        ("link to a marker", |s| s.presigned("GET", Some(3), &[])),
        ("link to another version", |s| {
            let mut request = s.presigned("GET", Some(0), &[]);
            let url = request
                .uri()
                .to_string()
                .replace(&s.versions[0], &s.versions[1]);
            *request.uri_mut() = url.parse().unwrap();
            request
        }),
        ("GET unsigned", |s| {
            let url = format!("{}/{}{}", s.origin, s.bucket, path(""));
            with_body(Request::get(url), "")
        }),
    ]
}

pub(super) fn lists_and_deletions() -> Vec<Step> {
    vec![
        ("list", |s| {
            with_body(s.sdk(Method::GET, "?versions&prefix=u/ua"), "")
        }),
        ("list first page", |s| {
            with_body(s.sdk(Method::GET, "?versions&prefix=u/ua&max-keys=2"), "")
        }),
        ("list next page", |s| {
            let query = format!(
                "?versions&prefix=u/ua&max-keys=2&key-marker={}&version-id-marker={{3}}",
                key()
            );
            with_body(s.sdk(Method::GET, &query), "")
        }),
        ("signed DELETE", |s| s.presigned("DELETE", Some(0), &[])),
        ("signed DELETE again", |s| {
            s.presigned("DELETE", Some(0), &[])
        }),
        ("GET of a deleted version", |s| {
            ranged(s.sdk(Method::GET, &path("?versionId={0}")))
        }),
        ("link to a deleted version", |s| {
            s.presigned("GET", Some(0), &[])
        }),
        ("DELETE marker", |s| {
            with_body(s.sdk(Method::DELETE, &path("?versionId={3}")), "")
        }),
        ("DELETE malformed version", |s| {
            with_body(s.sdk(Method::DELETE, &path("?versionId=x")), "")
        }),
        ("list after a version that is gone", |s| {
            let query = format!(
                "?versions&prefix=u/ua&key-marker={}&version-id-marker={{3}}",
                key()
            );
            with_body(s.sdk(Method::GET, &query), "")
        }),
        ("delete several quietly", |s| several(s, true)),
        ("delete several", |s| several(s, false)),
        ("list the rest", |s| {
            with_body(s.sdk(Method::GET, "?versions&prefix=u/ua"), "")
        }),
    ]
}

fn path(query: &str) -> String {
    format!("/{}{query}", key())
}

pub(super) fn with_body(request: Builder, body: &'static str) -> Request<Bytes> {
    let request = request.header("content-length", body.len());
    request.body(Bytes::from(body)).unwrap()
}

fn ranged(request: Builder) -> Request<Bytes> {
    with_body(request.header("range", "bytes=0-511"), "")
}

fn several(side: &Side, is_quiet: bool) -> Request<Bytes> {
    let mut body = String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for at in [0, 1] {
        let _ = write!(
            body,
            "<Object><Key>{}</Key><VersionId>{}</VersionId></Object>",
            key(),
            side.versions[at]
        );
    }
    let _ = write!(body, "<Quiet>{is_quiet}</Quiet></Delete>");
    let request = side
        .sdk(Method::POST, "?delete")
        .header("content-length", body.len());
    let digest = data_encoding::BASE64.encode(&md5_of(&body));
    request
        .header("content-md5", digest)
        .body(body.into())
        .unwrap()
}

fn md5_of(text: &str) -> Vec<u8> {
    use md5::Digest;
    md5::Md5::digest(text).to_vec()
}
