//! `make doctor` before a deployment.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{APP_SECRET, NOWHERE, assert_finds, local_keys, run, said, variable};

/// The local stack's app id, which has the shape of a real one.
const APP_ID: &str = "wx0123456789abcdef";

#[tokio::test]
async fn before_a_deployment_ids_keys_and_credentials_are_looked_at() {
    let keys = local_keys();
    let secret = "0123456789abcdef0123456789abcdef";
    let right = [("WECHAT_APP_ID", APP_ID), ("WECHAT_APP_SECRET", secret)];
    let named = ["doctor", "--keys", &keys, "--name", "another"];
    let found = said(run(&named, &right).await, true);
    assert!(found.contains("invocations at once"), "{found}");
    assert_finds(
        &found,
        &[
            ("ok", "cargo", "cargo 1."),
            ("ok", "credentials", "account 000000000000"),
            ("ok", "stack name", "another is free"),
            ("ok", "signing keys", "1 public in all"),
            ("ok", "app id", APP_ID),
            ("ok", "app secret", "has the right shape"),
            ("note", "domains", "STACK=name"),
        ],
    );
    assert!(!found.contains(secret), "{found}");

    let wrong = [
        ("WECHAT_APP_ID", "wx0123"),
        ("WECHAT_APP_SECRET", "not-a-secret"),
        ("AWS_ENDPOINT_URL", NOWHERE),
    ];
    let found = said(
        run(&["doctor", "--keys", "target/none"], &wrong).await,
        false,
    );
    assert_finds(
        &found,
        &[
            ("note", "credentials", "not checked"),
            ("PROBLEM", "signing keys", "make keys"),
            ("PROBLEM", "app id", "'wx0123' is none"),
            ("PROBLEM", "app secret", "12 characters"),
        ],
    );
    assert!(!found.contains("not-a-secret"), "{found}");

    let nothing = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let found = said(run(&["doctor", "--keys", &keys], &nothing).await, false);
    assert_finds(
        &found,
        &[
            ("PROBLEM", "credentials", "there are none"),
            ("note", "app id", "not checked"),
            ("note", "app secret", "not checked"),
        ],
    );
}

#[tokio::test]
async fn a_name_that_the_bucket_cannot_have_is_told() {
    // `-uploads-`, the account and the region leave 32 of a bucket's 63 characters.
    let (longest, longer) = ("a".repeat(32), "a".repeat(33));
    for (name, level, text) in [
        (longest.as_str(), "ok", "is free"),
        (&longer, "PROBLEM", "at most 32"),
        ("Capital", "PROBLEM", "lower-case letters"),
        ("9-lives", "PROBLEM", "a letter first"),
        ("local", "PROBLEM", "is there already"),
    ] {
        let words = ["doctor", "--keys", "target/none", "--name", name];
        let found = said(run(&words, &[]).await, false);
        assert_finds(&found, &[(level, "stack name", text)]);
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_an_hour_is_told() {
    let sts = an_hour_behind().await;
    let environment = [("AWS_ENDPOINT_URL_STS", sts.as_str())];
    let keys = local_keys();
    let found = said(run(&["doctor", "--keys", &keys], &environment).await, false);
    assert_finds(&found, &[("PROBLEM", "clock", "ahead: AWS refuses")]);
}

/// An STS whose clock stands still in the past.
async fn an_hour_behind() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let answer = format!(
        "HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/xml\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn wechat_is_asked_when_that_is_wanted_and_its_refusals_are_explained() {
    let (url, keys) = (variable("STACK_WECHAT_URL"), local_keys());
    let words = ["doctor", "--keys", &keys, "--wechat"];
    let with = |app_id, secret| {
        [
            ("WECHAT_API_BASE_URL", url.clone()),
            ("WECHAT_APP_ID", app_id),
            ("WECHAT_APP_SECRET", secret),
        ]
    };
    for (app_id, secret, level, text) in [
        (APP_ID, APP_SECRET, "ok", "takes app id and app secret"),
        (APP_ID, "another", "PROBLEM", "40125: the app secret is not"),
        ("wxffffffffffffffff", APP_SECRET, "PROBLEM", "40013: WeChat"),
    ] {
        let environment = with(app_id.to_owned(), secret.to_owned());
        let environment = environment.each_ref().map(|(k, v)| (*k, v.as_str()));
        // The stand-in's secret has no real one's shape, so there is a problem in every case.
        let found = said(run(&words, &environment).await, false);
        assert_finds(&found, &[(level, "WeChat", text)]);
        assert!(!found.contains(secret), "{found}");
    }
    let text = json!({"endpoint": "stable_token", "fault": {"errcode_as": "45009"}});
    let http = support::http_client(Duration::from_secs(5));
    let scripted = http.post(format!("{url}/_standin/faults")).json(&text);
    assert_eq!(scripted.send().await.expect("an answer").status(), 204);
    let environment = with(APP_ID.to_owned(), APP_SECRET.to_owned());
    let environment = environment.each_ref().map(|(k, v)| (*k, v.as_str()));
    let found = said(run(&words, &environment).await, false);
    assert_finds(&found, &[("PROBLEM", "WeChat", "45009: today's quota")]);
}
