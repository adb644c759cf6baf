//! SQS batches: each message has a fate of its own, and the answer names those that failed and nothing that was not in the
//! event.

use std::time::Duration;

use serde_json::Value;
use shared::queue::{Outcome, RetryError, messages, run};
use shared::telemetry::Telemetry;

use crate::access_tokens::{NOW, clock};
use crate::{Target, repository};

pub(crate) const TARGET: Target = Target {
    name: "queue_events",
    seeds: || repository::events("aws:sqs"),
    tokens: &[
        "\"Records\":",
        "\"messageId\":",
        "\"body\":",
        "null",
        "{}",
        "[]",
        "{},",
        "7,",
        "\"\"",
        ",",
        "\"ApproximateReceiveCount\":\"",
        "4294967296",
        "-1",
        "\\ud83d\\ude00",
        "fail",
    ],
    check,
    cases: 1500,
};

fn check(bytes: &[u8]) -> bool {
    let Ok(event) = serde_json::from_slice::<Value>(bytes) else {
        return false;
    };
    let found = messages(&event);
    let records = event["Records"].as_array();
    let is_message =
        |record: &Value| record.get("messageId").is_some() || record.get("body").is_some();
    let expected = records.filter(|records| records.is_empty() || records.iter().any(is_message));
    assert_eq!(found.is_some(), expected.is_some());
    let (Some(found), Some(records)) = (found, expected) else {
        return false;
    };
    assert_eq!(found.len(), records.len());
    for (message, record) in found.iter().zip(records) {
        assert_eq!(message.id, record["messageId"].as_str().unwrap_or_default());
        assert_eq!(message.body, record["body"].as_str().unwrap_or_default());
    }
    let fails = |body: &str| body.len() % 2 == 1;
    let failed = found
        .iter()
        .filter(|message| fails(&message.body) && !message.id.is_empty());
    let mut expected: Vec<_> = failed.map(|message| message.id.clone()).collect();
    let telemetry = Telemetry::writing_to("fuzz", clock(), |_| {});
    let work = |message: shared::queue::Message| async move {
        match fails(&message.body) {
            // A panic is a failure too, of its message alone.
            true if message.body.contains("fail") => panic!("on purpose"),
            true => Err(RetryError::new("on purpose")),
            false => Ok(Outcome::Done("done")),
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let deadline = NOW.after(Duration::from_secs(60));
    let clock = clock();
    let response = runtime.block_on(run(found, deadline, &clock, &telemetry, work));
    let mut named: Vec<_> = response
        .batch_item_failures
        .into_iter()
        .map(|item| item.item_identifier)
        .collect();
    named.sort();
    expected.sort();
    assert_eq!(named, expected);
    true
}
