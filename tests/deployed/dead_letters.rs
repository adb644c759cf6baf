//! Dead letters on the deployed local stack: what goes on failing ends in its dead-letter queue, and `make redrive`
//! brings it back.

use std::process::{Output, Stdio};
use std::time::Duration;

use aws_sdk_sqs::types::{
    MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use support::{Emulator, samples};
use tokio::process::Command;

use crate::STACK;

/// The receives after which the template gives up on a message.
const MAX_RECEIVES: &str = "7";
/// So that those take seconds here, and not a quarter of an hour.
const SHORT_VISIBILITY: &str = "2";

/// The stack's queues and bucket, by the names of its outputs.
struct Stack {
    emulator: Emulator,
    http: Client,
}

/// An upload that was promised, and the object that is to come.
struct Upload {
    id: String,
    key: String,
    ticket: Value,
}

impl Stack {
    fn new() -> Self {
        let http = support::http_client(Duration::from_secs(20));
        Self {
            emulator: Emulator::new(),
            http,
        }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", variable("STACK_API_URL"));
        let request = self.http.request(method, url).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.expect("the API answers");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn issue(&self, token: &str, size: usize) -> Upload {
        let wanted =
            json!({"content_type": "image/png", "size": size, "purpose": "file", "method": "PUT"});
        let issued = self
            .call(Method::POST, "/v1/uploads", token, Some(wanted))
            .await;
        let url = text(&issued["ticket"]["url"]);
        let path = url.split('?').next().expect("a path");
        let key = path.split_once("/u/").expect("a key of ours").1;
        Upload {
            id: text(&issued["upload"]["id"]),
            key: format!("u/{key}"),
            ticket: issued["ticket"].clone(),
        }
    }

    /// Returns the version that the bucket made of it.
    async fn put(&self, upload: &Upload, bytes: Vec<u8>) -> String {
        let put = self.http.put(text(&upload.ticket["url"])).body(bytes);
        let headers = upload.ticket["headers"].as_object().expect("headers");
        let put = headers
            .iter()
            .fold(put, |put, (name, value)| put.header(name, text(value)));
        let answer = put.send().await.expect("S3 answers");
        assert!(answer.status().is_success(), "{}", answer.status());
        let version = answer.headers().get("x-amz-version-id");
        let version = version.expect("the bucket is versioned");
        version.to_str().expect("a text").to_owned()
    }

    async fn status(&self, token: &str, upload: &Upload) -> String {
        let path = format!("/v1/uploads/{}", upload.id);
        text(&self.call(Method::GET, &path, token, None).await["status"])
    }

    async fn attribute(&self, queue: &str, name: QueueAttributeName) -> String {
        let request = self.emulator.sqs().get_queue_attributes().queue_url(queue);
        let answer = request.attribute_names(name.clone()).send().await;
        let attributes = answer.expect("SQS answers").attributes.expect("attributes");
        attributes[&name].clone()
    }

    async fn set_visibility(&self, queue: &str, seconds: &str) {
        let request = self.emulator.sqs().set_queue_attributes().queue_url(queue);
        let request = request.attributes(QueueAttributeName::VisibilityTimeout, seconds);
        request.send().await.expect("SQS answers");
    }

    /// How many messages a queue holds, received, delayed or neither.
    async fn held(&self, queue: &str) -> u32 {
        let mut held = 0;
        for name in [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ] {
            let number = self.attribute(queue, name).await;
            held += number.parse::<u32>().expect("a number");
        }
        held
    }

    async fn until_held(&self, queue: &str, wanted: u32) {
        for _ in 0..300 {
            if self.held(queue).await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let held = self.held(queue).await;
        panic!("{queue} holds {held} messages after a minute, and not {wanted}");
    }

    /// The bodies in a queue, and how often each was received, which stay there.
    async fn look(&self, queue: &str) -> Vec<(String, u32)> {
        let request = self.emulator.sqs().receive_message().queue_url(queue);
        let request = request.max_number_of_messages(10).visibility_timeout(0);
        let receives = MessageSystemAttributeName::ApproximateReceiveCount;
        let answer = request
            .message_system_attribute_names(receives.clone())
            .send()
            .await
            .expect("SQS answers");
        let messages = answer.messages.unwrap_or_default().into_iter();
        let read = messages.map(|message| {
            let count = message.attributes.expect("attributes")[&receives].clone();
            (
                message.body.expect("a body"),
                count.parse().expect("a number"),
            )
        });
        read.collect()
    }

    async fn send(&self, queue: &str, bodies: &[String]) {
        let entries = bodies.iter().enumerate().map(|(i, body)| {
            let entry = SendMessageBatchRequestEntry::builder().id(i.to_string());
            entry.message_body(body).build().expect("complete")
        });
        let request = self.emulator.sqs().send_message_batch().queue_url(queue);
        let request = request.set_entries(Some(entries.collect()));
        let answer = request.send().await.expect("SQS answers");
        assert!(answer.failed.is_empty(), "{:?}", answer.failed);
    }

    /// Lets nobody read what is stored under the key: S3 answers 403, whoever asks.
    async fn refuse_reads(&self, key: &str) {
        let bucket = variable("STACK_BUCKET_NAME");
        let statement = json!({
            "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": format!("arn:aws:s3:::{bucket}/{key}"),
        });
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        let request = self.emulator.s3().put_bucket_policy().bucket(bucket);
        let request = request.policy(policy.to_string());
        request.send().await.expect("S3 takes the policy");
    }

    async fn allow_reads(&self) {
        let request = self.emulator.s3().delete_bucket_policy();
        let request = request.bucket(variable("STACK_BUCKET_NAME"));
        request.send().await.expect("S3 drops the policy");
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("this test needs the local stack: run `make test`")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// `make redrive`, with nobody at the terminal.
async fn redrive(arguments: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut command = Command::new("python3");
    command.args(["tools/backend", "redrive"]).args(arguments);
    let command = command.current_dir(root).stdin(Stdio::null());
    command.output().await.expect("Python 3 runs")
}

/// What it says, if it ended as it should.
fn said(output: Output, success: bool) -> String {
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.success(), success, "{said}");
    said
}

fn notification(event: &str, key: &str, version: Option<&str>) -> String {
    let bucket = variable("STACK_BUCKET_NAME");
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": event,
        "eventTime": "2026-01-02T13:34:28.512Z",
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "s3": {"bucket": {"name": bucket},
            "object": {"key": key, "versionId": version, "sequencer": "0000"}},
    }]})
    .to_string()
}

#[tokio::test]
async fn what_goes_on_failing_becomes_a_dead_letter_and_comes_back_when_asked_for() {
    let _alone = STACK.write().await;
    let stack = Stack::new();
    let queue = variable("STACK_UPLOAD_EVENTS_QUEUE_URL");
    let dead_letters = variable("STACK_UPLOAD_EVENTS_DEAD_LETTERS_URL");
    let visibility = stack
        .attribute(&queue, QueueAttributeName::VisibilityTimeout)
        .await;
    let redrive_policy = stack
        .attribute(&queue, QueueAttributeName::RedrivePolicy)
        .await;
    let redrive_policy: Value = serde_json::from_str(&redrive_policy).expect("JSON");
    let receives = redrive_policy["maxReceiveCount"].to_string();
    assert_eq!(receives.trim_matches('"'), MAX_RECEIVES);
    stack.set_visibility(&queue, SHORT_VISIBILITY).await;

    let code = json!({"code": format!("dead_{}-1", std::process::id())});
    let session = stack.call(Method::POST, "/v1/login", "", Some(code)).await;
    let token = text(&session["access_token"]);
    let bytes = samples::png();
    let neighbour = stack.issue(&token, bytes.len()).await;
    let upload = stack.issue(&token, bytes.len()).await;
    let key = &upload.key;
    stack.refuse_reads(key).await;

    // S3 sends one notification of its own; another one comes in a batch with messages that can be dealt with.
    stack.put(&neighbour, bytes.clone()).await;
    let version = stack.put(&upload, bytes).await;
    let batch = [
        "no JSON".to_owned(),
        notification("ObjectCreated:Put", key, Some(&version)),
        notification("ObjectRemoved:Delete", &neighbour.key, Some("another")),
    ];
    stack.send(&queue, &batch).await;

    stack.until_held(&dead_letters, 2).await;
    stack.until_held(&queue, 0).await;
    let dead = stack.look(&dead_letters).await;
    assert_eq!(dead.len(), 2, "{dead:?}");
    let given_up = MAX_RECEIVES.parse::<u32>().expect("a number");
    for (body, receives) in &dead {
        assert!(body.contains(key), "another message died: {body}");
        assert!(*receives > given_up, "it was given up after {receives}");
    }

    let endpoint = variable("AWS_ENDPOINT_URL");
    let local = ["--endpoint", &endpoint, "--queue", "upload-events"];
    let refused = said(redrive(&local).await, false);
    assert!(
        refused.contains("2 messages in the dead-letter queue"),
        "{refused}"
    );
    assert!(
        refused.contains(&format!("ObjectCreated:Put {key}")),
        "{refused}"
    );
    assert!(refused.contains("YES=1"), "{refused}");
    assert!(!refused.contains("203.0.113.7"), "{refused}");
    assert_eq!(stack.held(&dead_letters).await, 2);

    assert_eq!(stack.status(&token, &upload).await, "pending");
    assert_eq!(stack.status(&token, &neighbour).await, "ready");
    stack.allow_reads().await;
    let moved = said(redrive(&[&local[..], &["--yes"]].concat()).await, true);
    assert!(moved.contains("moved 2 messages back"), "{moved}");
    stack.until_held(&queue, 0).await;
    assert_eq!(stack.held(&dead_letters).await, 0);
    assert_eq!(stack.status(&token, &upload).await, "ready");

    let again = said(redrive(&[&local[..], &["--yes"]].concat()).await, true);
    assert!(
        again.contains("upload-events: the dead-letter queue is empty"),
        "{again}"
    );
    stack.set_visibility(&queue, &visibility).await;
}

#[tokio::test]
async fn only_ids_of_our_own_are_shown_of_a_dead_letter() {
    let _alone = STACK.write().await;
    let stack = Stack::new();
    let queue = variable("STACK_PURGE_QUEUE_URL");
    let dead_letters = variable("STACK_PURGE_DEAD_LETTERS_URL");
    let account = "uaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let bodies = [
        json!({"uid": account, "epoch": 1}).to_string(),
        json!({"uid": "xiaoming@example.com", "epoch": 1}).to_string(),
        json!({"uid": "13800138000", "epoch": 1}).to_string(),
        json!(["oLVPpjqs9BhvzwPj5A"]).to_string(),
        "openid-of-somebody".to_owned(),
    ];
    stack.send(&dead_letters, &bodies).await;

    // As for a stack on AWS: found by its name, with the credentials and the address of the environment.
    let deployed = ["--stack", "local", "--queue", "purge", "--yes"];
    let moved = said(redrive(&deployed).await, true);
    assert!(
        moved.contains("purge: 5 messages in the dead-letter queue"),
        "{moved}"
    );
    assert!(
        moved.contains(&format!("account {account}, generation 1")),
        "{moved}"
    );
    for secret in ["xiaoming", "13800138000", "oLVPp", "openid-of"] {
        assert!(!moved.contains(secret), "{moved}");
    }
    assert!(moved.contains("moved 5 messages back"), "{moved}");
    stack.until_held(&queue, 0).await;
    assert_eq!(stack.held(&dead_letters).await, 0);

    let unknown = said(redrive(&["--stack", "elsewhere"]).await, false);
    assert_eq!(
        unknown.trim(),
        "There is no stack 'elsewhere' in us-east-1 of this account."
    );
    let unknown = said(redrive(&["--queue", "elsewhere"]).await, false);
    assert_eq!(
        unknown.trim(),
        "QUEUE must be one of upload-events, purge, moderation, and 'elsewhere' is not."
    );
}
