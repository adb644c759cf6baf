//! The same requests to the model and to the local stack's emulator, whose address is in `EMULATOR`:
//! `EMULATOR=http://127.0.0.1:4566 cargo test -p sim emulator -- --ignored`.

mod side;
mod sqs;
mod steps;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Method;
use http_body_util::BodyExt;

use super::*;
use side::{AUTHORIZATION, Side};
use steps::{lists_and_deletions, reads, tickets, with_body};

/// Where the emulator differs, which the documentation lists with the reasons.
const KNOWN: [&str; 7] = [
    "PUT metadata",
    "GET range",
    "GET malformed version",
    "GET range of empty",
    "link",
    "DELETE malformed version",
    "list after a version that is gone",
];

async fn send(aws: &Aws, request: Request<Bytes>) -> Response<Bytes> {
    let request = request.map(|body| SdkBody::from(body.to_vec()));
    let request = HttpRequest::try_from(request).unwrap();
    let response = aws.http().unwrap().call(request).await.unwrap();
    let (parts, body) = response.try_into_http1x().unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// A name that no earlier run took.
fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "compared-{}-{}",
        now(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn now() -> i64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    i64::try_from(now).unwrap()
}

async fn make_bucket(side: &Side) {
    let versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    for (query, body) in [("", ""), ("?versioning", versioned)] {
        let request = with_body(side.sdk(Method::PUT, query), body);
        assert_eq!(send(&side.aws, request).await.status(), 200);
    }
}

fn model_of(bucket: &str) -> S3 {
    S3::new(bucket, "us-east-1").with_credential(Credential {
        id: "test".to_owned(),
        secret: "test".to_owned(),
        token: None,
    })
}

#[tokio::test]
#[ignore = "needs an emulator"]
async fn the_emulators_s3_differs_where_it_is_known_to() {
    let origin = std::env::var("EMULATOR").unwrap();
    let (bucket, now) = (fresh_name(), now());
    let mut s3 = model_of(&bucket);
    let mut model = Side::new("http://aws", &bucket, now);
    let mut emulator = Side::new(&origin, &bucket, now);
    make_bucket(&emulator).await;
    let mut found = Vec::new();
    for (name, step) in [tickets(), reads(), lists_and_deletions()].concat() {
        let request = step(&model);
        let response = s3.call(&request, now);
        model.note(&request, &response);
        let expected = model.summary(&response);
        let request = step(&emulator);
        let response = send(&emulator.aws, request.clone()).await;
        emulator.note(&request, &response);
        let actual = emulator.summary(&response);
        found.extend((expected != actual).then_some((name, expected, actual)));
    }
    let names: Vec<_> = found.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, KNOWN, "{found:#?}");
}
