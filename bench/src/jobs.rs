//! What is measured: an event, the calls that it may cost, and what a right answer is.
//!
//! The job that other languages are measured with is `users GET /v1/users/me`: verify an EdDSA access token (its
//! signature against `JWT_JWKS` by `kid`; `typ`, `iss`, `aud`, times), read the user's item with one strongly consistent
//! GetItem of `pk` = `U#<sub>`, `sk` = `A` in `TABLE_NAME`, check the item's `status` and `epoch` against the token, answer
//! 200 with the user as JSON, and write one JSON line of log and metrics.

mod own;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::{Encoding, HEXLOWER, Specification};
use serde_json::{Value, json};

use crate::token::{AUDIENCE, ISSUER, JWKS, Tokens};
use crate::upstream::Traffic;

/// `TABLE_NAME`
pub(crate) const TABLE: &str = "backend-table";
/// `BUCKET_NAME`
pub(crate) const BUCKET: &str = "uploads-123456789012";
/// `WECHAT_SECRETS_ID`
pub(crate) const WECHAT_SECRET_ID: &str = "backend/wechat";
/// `JWT_SECRETS_ID`
pub(crate) const JWT_SECRET_ID: &str = "backend/jwt";
/// `PUSH_TOKEN`
const PUSH_TOKEN: &str = "benchtoken";
/// The user of every job; derived from the openid `alice`.
pub(crate) const USER: &str = "u5esjy36duo2g3uwfwiew2hluhz";
/// The user whose account has ended.
pub(crate) const DELETED_USER: &str = "um5pzijy4hmaetgeee2ii7xc623";
/// An upload of the user's.
pub(crate) const UPLOAD: &str = "06dqxtn6t20037sw59rx81dyd0";
/// How many people a page of profiles shows.
const MANY: usize = 50;
/// The size of every object.
pub(crate) const OBJECT_BYTES: u32 = 204_800;
const REFRESH_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const TOKEN_PLACEHOLDERS: [&str; 2] = ["{{token}}", "REPLACE_WITH_ACCESS_TOKEN"];

/// What one invocation is to do.
#[derive(Debug)]
pub(crate) struct Job {
    /// The binary.
    pub(crate) function: &'static str,
    /// The route, or what stands for one.
    pub(crate) name: &'static str,
    /// The calls that one invocation makes, sorted.
    pub(crate) calls: Vec<&'static str>,
    /// How long each service lets every invocation wait.
    pub(crate) delay: Duration,
    event: Value,
    check: fn(&Value) -> Result<()>,
}

/// No batch of events holds more.
const MOST_RECORDS: usize = 10;

impl Job {
    /// What a row of a table, a budget and `--only` call it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.function, self.name)
    }

    /// The event of invocation `number`.
    pub(crate) fn event(&self, tokens: &Tokens, number: usize) -> String {
        let mut text = self.event.to_string();
        if self.function == "wechat-push" {
            text = text.replace("REPLACE_WITH_SIGNATURE", &push_signature());
        }
        if self.function == "s3-event" {
            // A function remembers the objects that it has worked on: each invocation is about others.
            for record in 0..MOST_RECORDS {
                let fresh = upload_id(number * MOST_RECORDS + record);
                text = text.replace(&upload_id(record), &fresh);
            }
        }
        let Some(placeholder) = TOKEN_PLACEHOLDERS
            .iter()
            .find(|known| text.contains(**known))
        else {
            return text;
        };
        text.replace(placeholder, &tokens.mint(USER, number))
    }

    /// Whether that is the right answer.
    pub(crate) fn check(&self, answer: &[u8]) -> Result<()> {
        let text = || format!("a wrong answer: {}", String::from_utf8_lossy(answer));
        let answer: Value = serde_json::from_slice(answer).with_context(text)?;
        (self.check)(&answer).with_context(text)
    }

    /// Whether an invocation made just the calls that it should make.
    pub(crate) fn check_calls(&self, traffic: &Traffic) -> Result<()> {
        ensure!(
            traffic.calls == self.calls,
            "an invocation calls {:?}, and should call {:?}",
            traffic.calls,
            self.calls
        );
        Ok(())
    }
}

/// Calls as a table shows them: `1 DynamoDb`, `10 DynamoDb, 10 S3`.
pub(crate) fn by_service(calls: &[&str]) -> String {
    let service = |call: &str| call.split(' ').next().unwrap_or_default().to_owned();
    let services: BTreeSet<_> = calls.iter().map(|call| service(call)).collect();
    let counted = services.iter().map(|name| {
        let count = calls.iter().filter(|call| service(call) == *name).count();
        format!("{count} {}", name.replace("DynamoDb", "DynamoDB"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// Every job, in the order of the tables. The first is the one that others are compared with.
pub(crate) fn all(root: &Path) -> Result<Vec<Job>> {
    let read = |path: &str| -> Result<Value> {
        let text = std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned())?;
        serde_json::from_str(&text).with_context(|| path.to_owned())
    };
    let with_body = |path: &str, body: Value| -> Result<Value> {
        let mut event = read(path)?;
        event["body"] = body.to_string().into();
        Ok(event)
    };
    let at_once = |function, name, event, calls: &[&'static str], check| Job {
        function,
        name,
        calls: calls.to_vec(),
        delay: Duration::ZERO,
        event,
        check,
    };
    let refresh = json!({"refresh_token": format!("{USER}.0123456789abcdef.{REFRESH_SECRET}")});
    let mut jobs = vec![
        at_once(
            "users",
            "GET /v1/users/me",
            read("bench/fixtures/get-user-event.json")?,
            &["DynamoDb GetItem"],
            shows_user,
        ),
        at_once(
            "users",
            "PATCH /v1/users/me",
            with_body("events/users-me-patch.json", json!({"nickname": "Alice"}))?,
            &["DynamoDb UpdateItem"],
            shows_user,
        ),
        at_once(
            "users",
            "GET /v1/profiles of 50",
            for_many(read("events/profiles.json")?),
            &["DynamoDb BatchGetItem"],
            shows_many,
        ),
        at_once(
            "presign",
            "POST /v1/uploads",
            read("events/uploads-create.json")?,
            &["DynamoDb TransactWriteItems"],
            is_ticket,
        ),
        at_once(
            "presign",
            "GET /v1/uploads/{id}",
            read("events/uploads-get.json")?,
            &["DynamoDb BatchGetItem"],
            has_link,
        ),
        at_once(
            "login",
            "POST /v1/login",
            read("events/login.json")?,
            &["DynamoDb UpdateItem", "WeChat jscode2session"],
            is_session,
        ),
        at_once(
            "login",
            "POST /v1/login/refresh",
            with_body("events/login-refresh.json", refresh)?,
            &["DynamoDb UpdateItem"],
            is_session,
        ),
    ];
    for (name, records, millis) in [
        ("1 object", 1, 0),
        ("10 objects", 10, 0),
        ("1 object, 20 ms a call", 1, 20),
        ("10 objects, 20 ms a call", 10, 20),
    ] {
        let calls: Vec<_> = ["DynamoDb UpdateItem", "S3 GetObject"]
            .into_iter()
            .flat_map(|call| std::iter::repeat_n(call, records))
            .collect();
        let mut job = at_once("s3-event", name, stored_objects(records), &calls, is_done);
        job.delay = Duration::from_millis(millis);
        jobs.push(job);
    }
    jobs.push(at_once(
        "purge",
        "an account with nothing left",
        with_deleted_user(read("events/purge.json")?),
        &[
            "DynamoDb DeleteItem",
            "DynamoDb GetItem",
            // Uploads, items of own functions, reviews, reports.
            "DynamoDb Query",
            "DynamoDb Query",
            "DynamoDb Query",
            "DynamoDb Query",
            "DynamoDb UpdateItem",
            "S3 ListObjectVersions",
        ],
        is_done,
    ));
    jobs.push(at_once(
        "moderation",
        "a verdict",
        read("events/moderation.json")?,
        &["DynamoDb UpdateItem"],
        is_done,
    ));
    jobs.push(at_once(
        "wechat-push",
        "POST /v1/wechat/push",
        read("events/wechat-push.json")?,
        &["Sqs SendMessage"],
        is_acknowledged,
    ));
    jobs.extend(own::jobs(root)?);
    Ok(jobs)
}

/// What the template gives the functions, beside where AWS is. It is the same for all, so that none is forgotten: a variable
/// that a function does not read costs it nothing.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("TABLE_NAME", TABLE),
    ("BUCKET_NAME", BUCKET),
    (
        "PURGE_QUEUE_URL",
        "https://sqs.us-east-1.amazonaws.com/123456789012/purge",
    ),
    (
        "MODERATION_QUEUE_URL",
        "https://sqs.us-east-1.amazonaws.com/123456789012/moderation",
    ),
    ("JWT_JWKS", JWKS),
    ("JWT_ISSUER", ISSUER),
    ("JWT_AUDIENCE", AUDIENCE),
    ("WECHAT_APP_ID", "wx0123456789abcdef"),
    ("PUSH_TOKEN", PUSH_TOKEN),
    (
        "PUSH_AES_KEY",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    ("WECHAT_SECRETS_ID", WECHAT_SECRET_ID),
    ("JWT_SECRETS_ID", JWT_SECRET_ID),
    // One client address asks for everything here: the limit is looked at, and never reached.
    ("LOGIN_RATE_LIMIT", "1000000"),
];

/// The most people that one call may ask for.
fn for_many(mut event: Value) -> Value {
    let digits = b"abcdefghijklmnopqrstuvwxyz234567";
    let id = |number: usize| {
        let (high, low) = (digits[number / 32], digits[number % 32]);
        format!("u{}{}{}", char::from(high), char::from(low), &USER[3..])
    };
    let ids: Vec<_> = (0..MANY).map(id).collect();
    event["queryStringParameters"]["ids"] = ids.join(",").into();
    event["rawQueryString"] = format!("ids={}", ids.join("%2C")).into();
    event
}

fn stored_objects(count: usize) -> Value {
    let record = |number: usize| {
        let object = json!({"key": format!("u/{USER}/{}.jpg", upload_id(number)), "size": OBJECT_BYTES,
            "eTag": "d3b07384d113edec49eaa6238ad5ff00", "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
            "sequencer": "0055AED6DCD90281E5"});
        let event = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-01-02T13:34:28.512Z", "eventName": "ObjectCreated:Post",
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "uploads", "bucket": {"name": BUCKET,
                "arn": format!("arn:aws:s3:::{BUCKET}")}, "object": object}}]});
        json!({"messageId": format!("059f36b4-87a3-44ab-83d2-{number:012}"), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": event.to_string(), "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767360869000"},
            "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads", "awsRegion": "us-east-1"})
    };
    json!({"Records": (0..count).map(record).collect::<Vec<_>>()})
}

/// The id of an upload of the purpose `file`, in the account's first generation.
fn upload_id(number: usize) -> String {
    let bits = 1_767_360_868_512_u128 << 80 | 1 << 64 | number as u128;
    crockford()
        .map(|base| base.encode(&bits.to_be_bytes()))
        .unwrap_or_default()
}

fn crockford() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.encoding().ok()
}

fn with_deleted_user(mut event: Value) -> Value {
    let body = json!({"uid": DELETED_USER, "epoch": 1});
    event["Records"][0]["body"] = body.to_string().into();
    event
}

/// The part of a push's query that signs it; WeChat's messages are good for ten minutes.
fn push_signature() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let (now, nonce) = (now.as_secs().to_string(), "1");
    let mut parts = [PUSH_TOKEN, &now, nonce];
    parts.sort_unstable();
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
    let signature = HEXLOWER.encode(digest.as_ref());
    format!("signature={signature}&timestamp={now}&nonce={nonce}")
}

fn is_acknowledged(answer: &Value) -> Result<()> {
    ensure!(
        answer["statusCode"] == 200 && answer["body"] == "success",
        "not acknowledged"
    );
    Ok(())
}

fn body(answer: &Value, status: u16) -> Result<Value> {
    ensure!(answer["statusCode"] == status, "the status is not {status}");
    Ok(serde_json::from_str(
        answer["body"].as_str().context("no body")?,
    )?)
}

fn shows_user(answer: &Value) -> Result<()> {
    is_user(&body(answer, 200)?)
}

/// Whether that is the user of the fixtures; servers without Lambda answer it as it is.
pub(crate) fn is_user(user: &Value) -> Result<()> {
    ensure!(
        user["id"] == USER && user["nickname"] == "Alice" && user["version"] == 7,
        "not the user"
    );
    Ok(())
}

fn shows_many(answer: &Value) -> Result<()> {
    let body = body(answer, 200)?;
    let items = body["items"].as_array().context("no items")?;
    ensure!(
        items.len() == MANY && items.iter().all(|item| item["nickname"] == "Alice"),
        "not everybody"
    );
    Ok(())
}

fn is_ticket(answer: &Value) -> Result<()> {
    let body = body(answer, 201)?;
    let (upload, ticket) = (&body["upload"], &body["ticket"]);
    let key = ticket["fields"]["key"].as_str().unwrap_or_default();
    ensure!(
        upload["status"] == "pending" && key.starts_with(&format!("u/{USER}/")),
        "not a pending upload"
    );
    let signature = ticket["fields"]["x-amz-signature"].as_str();
    ensure!(
        ticket["method"] == "POST" && signature.is_some(),
        "no signed ticket"
    );
    Ok(())
}

fn has_link(answer: &Value) -> Result<()> {
    let upload = body(answer, 200)?;
    let link = upload["download_url"].as_str().unwrap_or_default();
    ensure!(
        upload["id"] == UPLOAD && upload["status"] == "ready" && link.contains("X-Amz-Signature="),
        "not a ready upload with a signed link"
    );
    Ok(())
}

fn is_session(answer: &Value) -> Result<()> {
    let body = body(answer, 200)?;
    let parts = |name: &str| {
        body[name]
            .as_str()
            .map_or(0, |token| token.split('.').count())
    };
    ensure!(
        body["user"]["id"] == USER && parts("access_token") == 3 && parts("refresh_token") == 3,
        "not the user's session"
    );
    Ok(())
}

fn is_done(answer: &Value) -> Result<()> {
    ensure!(
        *answer == json!({"batchItemFailures": []}),
        "a message failed"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs() -> Vec<Job> {
        all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
    }

    #[test]
    fn every_event_is_complete_and_every_title_its_own() {
        let tokens = Tokens::new().unwrap();
        let mut titles = Vec::new();
        for job in jobs() {
            let event = job.event(&tokens, 1);
            assert!(
                !event.contains("REPLACE_WITH") && !event.contains("{{"),
                "{event}"
            );
            assert!(job.calls.is_sorted());
            assert!(!titles.contains(&job.title()));
            titles.push(job.title());
        }
    }

    #[test]
    fn a_call_more_or_less_is_a_fault() {
        for job in jobs() {
            let made = |more: Option<&str>| Traffic {
                calls: job
                    .calls
                    .iter()
                    .copied()
                    .chain(more)
                    .map(str::to_owned)
                    .collect(),
                connections: 0,
            };
            assert!(job.check_calls(&made(None)).is_ok());
            assert!(job.check_calls(&made(Some("S3 PutObject"))).is_err());
            assert!(job.check_calls(&Traffic::default()).is_err());
        }
    }

    #[test]
    fn calls_are_counted_by_service() {
        assert_eq!(
            by_service(&["DynamoDb GetItem", "DynamoDb Query", "S3 GetObject"]),
            "2 DynamoDB, 1 S3"
        );
        assert_eq!(by_service(&[]), "");
    }

    #[test]
    fn an_error_is_no_answer() {
        for job in jobs() {
            for answer in [
                "",
                "null",
                r#"{"statusCode":500,"body":"{}"}"#,
                r#"{"batchItemFailures":[{}]}"#,
            ] {
                assert!(
                    job.check(answer.as_bytes()).is_err(),
                    "{} {answer}",
                    job.title()
                );
            }
        }
    }
}
