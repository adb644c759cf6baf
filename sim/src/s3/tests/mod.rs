//! The bucket through its requests: those of the SDK, of the project's own signer, and of phones.

mod delete;
mod emulator;
mod event;
mod list;
mod post;
mod put;
mod read;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::config::Vars;
use shared::net::Network;
use shared::time::Timestamp;
use shared::upload::key::ObjectKey;
use shared::upload::post_policy::PostPolicy;
use shared::upload::signer::{Presign, S3Signer};

use super::text::RESERVED_IN_PATH;
use super::{Credential, S3, ticket};
use crate::sdk;

const BUCKET: &str = "uploads";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const TOKEN: &str = "token/+=";
/// 2026-01-02T13:34:28Z
const NOW: i64 = 1_767_360_868_000;
const MINUTE: i64 = 60_000;

/// An empty bucket that knows the signer of [`signer`].
fn bucket() -> S3 {
    S3::new(BUCKET, "us-east-1").with_credential(Credential {
        id: ID.to_owned(),
        secret: SECRET.to_owned(),
        token: Some(TOKEN.to_owned()),
    })
}

fn signer() -> S3Signer {
    let get = |name: &str| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" => Some(ID.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.to_owned()),
        "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
        "AWS_ENDPOINT_URL" => Some("http://aws".to_owned()),
        _ => None,
    };
    let mut vars = Vars::new(&get);
    let aws = Aws::read(&mut vars, Network::mozilla());
    vars.finish().unwrap();
    S3Signer::new(&aws, BUCKET.to_owned())
}

fn key() -> ObjectKey {
    "u/uaaaaaaaaaaaaaaaaaaaaaaaaaa/06c0000000002000000000000c.jpg"
        .parse()
        .unwrap()
}

/// A ticket as `presign` writes it, for an object of `size` bytes and five minutes.
fn ticket_for(method: &str, size: usize) -> Value {
    let (key, from) = (key(), Timestamp::from_millis(NOW));
    let lifetime = Duration::from_secs(300);
    let content_type = key.content_type.as_str();
    let length = size.to_string();
    if method == "POST" {
        let policy = PostPolicy {
            key: &key,
            size: size as u64,
            from,
            until: from.after(lifetime),
        };
        return json!({"method": "POST", "url": signer().post_url(), "fields": signer().post_fields(&policy), "file_field": "file"});
    }
    let url = signer().presign_for_client(&Presign {
        method: "PUT",
        key: &key,
        version: None,
        headers: &[("content-type", content_type), ("content-length", &length)],
        query: &[("If-None-Match", "*")],
        from,
        expires_in: lifetime,
    });
    json!({"method": "PUT", "url": url, "headers": {"content-type": content_type}})
}

fn upload(bytes: &'static str) -> Request<Bytes> {
    ticket::request(&ticket_for("POST", bytes.len()), &Bytes::from(bytes)).unwrap()
}

/// Puts `bytes` at `key` as the SDK would, which is believed.
fn stored(s3: &mut S3, key: &str, bytes: &'static str) -> String {
    let request = Request::put(url(key))
        .header("authorization", "AWS4-HMAC-SHA256 …")
        .body(Bytes::from(bytes));
    let response = s3.call(&request.unwrap(), NOW);
    header(&response, "x-amz-version-id").unwrap().to_owned()
}

/// Hides what is at `key`; returns the marker's id.
fn hidden(s3: &mut S3, key: &str) -> String {
    let request = Request::delete(url(key))
        .header("authorization", "AWS4-HMAC-SHA256 …")
        .body(Bytes::new());
    let response = s3.call(&request.unwrap(), NOW);
    header(&response, "x-amz-version-id").unwrap().to_owned()
}

fn url(key: &str) -> String {
    let path = utf8_percent_encode(key, RESERVED_IN_PATH);
    format!("http://aws/{BUCKET}/{path}")
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Status and code of a refusal.
fn refusal_of(response: &Response<Bytes>) -> (u16, String) {
    let body = std::str::from_utf8(response.body()).unwrap();
    let document = roxmltree::Document::parse(body).expect(body);
    let mut nodes = document.descendants();
    let code = nodes.find(|node| node.has_tag_name("Code")).expect(body);
    (response.status().as_u16(), code.text().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// An SDK whose requests this bucket answers.
fn client(s3: S3) -> (Client, Arc<Mutex<S3>>) {
    let s3 = Arc::new(Mutex::new(s3));
    let model = s3.clone();
    let http = sdk::http_client(move |request| model.lock().unwrap().call(request, NOW));
    let config = aws_sdk_s3::config::Builder::from(&sdk::config(http)).force_path_style(true);
    (Client::from_conf(config.build()), s3)
}

/// Status and code of a refusal, as the SDK understands it.
fn sdk_refusal<T, E: ProvideErrorMetadata>(
    outcome: Result<T, SdkError<E>>,
) -> (u16, Option<String>) {
    let error = outcome.err().expect("a refusal");
    let status = error.raw_response().expect("a response").status().as_u16();
    (status, error.code().map(str::to_owned))
}
