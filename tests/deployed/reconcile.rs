//! `make reconcile` on the deployed local stack: whatever got between bucket and table while no event told of it is shown,
//! left alone until somebody asks, and then in order.

use std::process::{Output, Stdio};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::types::NotificationConfiguration;
use aws_sdk_sqs::types::QueueAttributeName;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::{Emulator, samples};
use tokio::process::Command;

use crate::STACK;

struct Stack {
    emulator: Emulator,
    http: Client,
    bucket: String,
    table: String,
}

#[derive(Debug)]
struct Person {
    id: String,
    token: String,
}

#[derive(Debug)]
struct Upload {
    id: String,
    key: String,
    version: String,
}

impl Stack {
    fn new() -> Self {
        Self {
            emulator: Emulator::new(),
            http: support::http_client(Duration::from_secs(20)),
            bucket: variable("STACK_BUCKET_NAME"),
            table: variable("STACK_TABLE_NAME"),
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

    async fn person(&self, name: &str) -> Person {
        let code = json!({"code": format!("reconcile_{name}_{}-1", std::process::id())});
        let session = self.call(Method::POST, "/v1/login", "", Some(code)).await;
        Person {
            id: text(&session["user"]["id"]),
            token: text(&session["access_token"]),
        }
    }

    /// A ticket that was used.
    async fn stored(&self, person: &Person, purpose: &str) -> Upload {
        let bytes = samples::png();
        let wanted = json!({"content_type": "image/png", "size": bytes.len(), "purpose": purpose, "method": "PUT"});
        let issued = self
            .call(Method::POST, "/v1/uploads", &person.token, Some(wanted))
            .await;
        let ticket = &issued["ticket"];
        let put = self.http.put(text(&ticket["url"])).body(bytes);
        let headers = ticket["headers"].as_object().expect("headers");
        let put = headers
            .iter()
            .fold(put, |put, (name, value)| put.header(name, text(value)));
        let answer = put.send().await.expect("S3 answers");
        assert!(answer.status().is_success(), "{}", answer.status());
        let version = answer.headers()["x-amz-version-id"].to_str();
        let id = text(&issued["upload"]["id"]);
        Upload {
            key: format!("u/{}/{id}.png", person.id),
            version: version.expect("a text").to_owned(),
            id,
        }
    }

    async fn ready(&self, person: &Person, purpose: &str) -> Upload {
        let upload = self.stored(person, purpose).await;
        self.until(person, &upload, "ready").await;
        upload
    }

    async fn until(&self, person: &Person, upload: &Upload, wanted: &str) {
        let mut status = String::new();
        for _ in 0..150 {
            let path = format!("/v1/uploads/{}", upload.id);
            let answer = self.call(Method::GET, &path, &person.token, None).await;
            status = text(&answer["status"]);
            if status == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{upload:?} is {status}, and not {wanted}");
    }

    async fn until_gone(&self, person: &Person, upload: &Upload) {
        for _ in 0..150 {
            let url = format!("{}/v1/uploads/{}", variable("STACK_API_URL"), upload.id);
            let read = self.http.get(url).bearer_auth(&person.token).send().await;
            if read.expect("the API answers").status() == StatusCode::NOT_FOUND {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{upload:?} is still shown");
    }

    async fn until_events_are_worked_on(&self) {
        let queue = variable("STACK_UPLOAD_EVENTS_QUEUE_URL");
        for _ in 0..150 {
            let request = self.emulator.sqs().get_queue_attributes().queue_url(&queue);
            let names = [
                QueueAttributeName::ApproximateNumberOfMessages,
                QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            ];
            let answer = request.set_attribute_names(Some(names.to_vec())).send();
            let attributes = answer.await.expect("SQS answers").attributes;
            if attributes.expect("attributes").values().all(|n| n == "0") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the queue does not get empty");
    }

    /// Returns what the bucket told before.
    async fn notify(&self, events: NotificationConfiguration) -> NotificationConfiguration {
        let s3 = self.emulator.s3();
        let before = s3.get_bucket_notification_configuration();
        let before = before.bucket(&self.bucket).send().await.expect("S3");
        s3.put_bucket_notification_configuration()
            .bucket(&self.bucket)
            .notification_configuration(events)
            .send()
            .await
            .expect("S3 takes it");
        NotificationConfiguration::builder()
            .set_queue_configurations(before.queue_configurations)
            .build()
    }

    async fn delete(&self, upload: &Upload, version: Option<&str>) {
        let request = self.emulator.s3().delete_object().bucket(&self.bucket);
        let request = request.key(&upload.key);
        let request = request.set_version_id(version.map(str::to_owned));
        request.send().await.expect("S3 deletes");
    }

    /// Another version under the same key.
    async fn overwrite(&self, upload: &Upload) {
        let request = self.emulator.s3().put_object().bucket(&self.bucket);
        let request = request.key(&upload.key).body(samples::html().into());
        request.send().await.expect("S3 stores");
    }

    /// Versions and delete markers.
    async fn versions(&self, upload: &Upload) -> Vec<String> {
        let request = self.emulator.s3().list_object_versions();
        let request = request.bucket(&self.bucket).prefix(&upload.key);
        let answer = request.send().await.expect("S3 lists");
        let versions = answer.versions.unwrap_or_default().into_iter();
        let markers = answer.delete_markers.unwrap_or_default().into_iter();
        versions
            .map(|version| version.version_id)
            .chain(markers.map(|marker| marker.version_id))
            .map(|id| id.expect("the bucket is versioned"))
            .collect()
    }

    async fn forget_record(&self, person: &Person, upload: &Upload) {
        let request = self.emulator.dynamodb().delete_item();
        let request = request
            .table_name(&self.table)
            .key("pk", AttributeValue::S(format!("UP#{}", person.id)))
            .key("sk", AttributeValue::S(upload.id.clone()));
        request.send().await.expect("DynamoDB deletes");
    }

    /// As if the account had been deleted and made anew since, and its purge had left something out.
    async fn begin_next_generation(&self, person: &Person) {
        let request = self.emulator.dynamodb().update_item();
        let request = request
            .table_name(&self.table)
            .key("pk", AttributeValue::S(format!("U#{}", person.id)))
            .key("sk", AttributeValue::S("A".to_owned()))
            .update_expression("SET epoch = :next")
            .expression_attribute_values(":next", AttributeValue::N("2".to_owned()));
        request.send().await.expect("DynamoDB writes");
    }

    async fn avatar(&self, person: &Person) -> Value {
        let me = self
            .call(Method::GET, "/v1/users/me", &person.token, None)
            .await;
        me["avatar_url"].clone()
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("this test needs the local stack: run `make test`")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// `make reconcile`, in small pages, so that accounts and keys go on from one to the next.
async fn reconcile(arguments: &[&str]) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let endpoint = variable("AWS_ENDPOINT_URL");
    let mut command = Command::new("python3");
    command.args([
        "tools/backend",
        "reconcile",
        "--endpoint",
        &endpoint,
        "--page",
        "2",
    ]);
    let command = command.args(arguments).current_dir(root);
    let Output { status, stderr, .. } = command
        .stdin(Stdio::null())
        .output()
        .await
        .expect("Python 3 runs");
    let said = String::from_utf8(stderr).expect("UTF-8");
    assert!(status.success(), "{said}");
    said
}

#[tokio::test]
async fn what_no_event_told_of_is_shown_and_then_repaired() {
    let _alone = STACK.write().await;
    let stack = Stack::new();
    // What other tests have left behind, which is told apart by nothing.
    stack.until_events_are_worked_on().await;
    reconcile(&["--minutes", "0", "--yes"]).await;
    stack.until_events_are_worked_on().await;

    let alice = stack.person("alice").await;
    let [kept, overwritten, lost, hidden] = [
        stack.ready(&alice, "file").await,
        stack.ready(&alice, "file").await,
        stack.ready(&alice, "file").await,
        stack.ready(&alice, "file").await,
    ];
    let avatar = stack.ready(&alice, "avatar").await;
    let (bob, carol, dave) = (
        stack.person("bob").await,
        stack.person("carol").await,
        stack.person("dave").await,
    );
    let ended = stack.ready(&bob, "file").await;
    let only = stack.ready(&carol, "file").await;
    let shown = stack.ready(&dave, "avatar").await;
    stack.until_events_are_worked_on().await;

    let events = stack
        .notify(NotificationConfiguration::builder().build())
        .await;
    let waiting = stack.stored(&alice, "file").await;
    let orphan = stack.stored(&alice, "file").await;
    stack.forget_record(&alice, &orphan).await;
    stack.overwrite(&overwritten).await;
    stack.delete(&lost, Some(&lost.version)).await;
    stack.delete(&hidden, None).await;
    stack.delete(&avatar, Some(&avatar.version)).await;
    stack.begin_next_generation(&bob).await;
    stack.delete(&only, Some(&only.version)).await;
    stack.forget_record(&dave, &shown).await;
    stack.notify(events).await;

    let young = reconcile(&[]).await;
    assert!(young.contains("are younger than 60 minutes"), "{young}");
    for upload in [&waiting, &orphan, &overwritten, &hidden, &ended] {
        assert!(!young.contains(&upload.key), "{young}");
    }

    let all = ["--minutes", "0"];
    let found = reconcile(&all).await;
    for (count, what, uploads) in [
        (2, "that no record names", vec![&orphan, &overwritten]),
        (1, "of accounts that have ended", vec![&ended]),
        (1, "whose record still waits", vec![&waiting]),
        (1, "hidden by a delete marker", vec![&hidden]),
        (3, "named by a record, but", vec![&lost, &avatar, &only]),
        (1, "named by a profile", vec![&avatar]),
        (1, "shown by a profile", vec![&shown]),
    ] {
        let (_, section) = found
            .split_once(&format!("{count} {what}"))
            .unwrap_or_else(|| panic!("not {count} {what}: {found}"));
        for upload in uploads {
            assert!(section.contains(&upload.key), "{}: {found}", upload.key);
        }
    }
    assert!(!found.contains(&kept.key), "{found}");
    assert!(
        found.ends_with("Nothing was changed. YES=1 repairs it.\n"),
        "{found}"
    );
    assert_eq!(reconcile(&all).await, found, "nothing was changed");

    let repaired = reconcile(&["--minutes", "0", "--yes"]).await;
    assert!(repaired.contains("Removed 3 versions"), "{repaired}");
    assert!(repaired.contains("sent 5 events"), "{repaired}");
    stack.until(&alice, &waiting, "ready").await;
    stack.until_gone(&alice, &lost).await;
    stack.until(&alice, &hidden, "deleted").await;
    stack.until_gone(&carol, &only).await;
    stack.until_events_are_worked_on().await;
    for gone in [&orphan, &ended, &lost] {
        assert_eq!(stack.versions(gone).await, Vec::<String>::new());
    }
    for one in [&kept, &overwritten, &waiting, &shown] {
        assert_eq!(stack.versions(one).await, [one.version.as_str()]);
    }
    assert_eq!(stack.avatar(&alice).await, Value::Null);
    assert!(stack.avatar(&dave).await.is_string());
}
