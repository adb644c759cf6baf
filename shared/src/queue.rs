//! SQS batches: every message on its own, several at a time, and one failure is one message's failure.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

mod sender;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use crate::telemetry::causes;
use crate::telemetry::record::Summary;
use crate::telemetry::{self, Metric, Telemetry};
use crate::time::{Clock, Timestamp};

pub use sender::{MAX_DELAY, SendError, Sender};

/// How many messages are worked on at a time.
const CONCURRENCY: usize = 10;
/// What is left for answering when the invocation's time is nearly over.
const RESERVE: Duration = Duration::from_secs(1);

/// A message of an SQS batch, whatever is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What the answer calls it; empty if the record names none. The answer cannot mention such a message, and would fail
    /// the whole batch if it tried.
    pub id: String,
    /// Its text; empty if the record has none.
    pub body: String,
    /// How often it has been received, this time included.
    pub receives: u32,
}

/// What became of a message that is not to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did its work.
    Done(&'static str),
    /// It can never do any: logged, counted and acknowledged.
    Discarded(&'static str),
}

/// A message failed, and is to come again.
#[derive(Debug, thiserror::Error)]
#[error("the message has to be retried")]
pub struct RetryError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl RetryError {
    /// A failure of one message for `reason`, which goes into the log.
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// The answer: the messages that are to come again, and nothing beside them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBatchResponse {
    /// One entry for each message that failed.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A message that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// The `messageId` of a message that SQS is to deliver again.
    pub item_identifier: String,
}

/// The messages of an SQS event; `None` if the event is not one.
///
/// A record of another shape is a message without work, and does not cost the others theirs.
pub fn messages(event: &Value) -> Option<Vec<Message>> {
    let records = event.get("Records")?.as_array()?;
    let is_sqs = |record: &Value| record.get("messageId").is_some() || record.get("body").is_some();
    if !records.is_empty() && !records.iter().any(is_sqs) {
        return None;
    }
    let text = |record: &Value, pointer: &str| {
        let text = record.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let message = |record: &Value| Message {
        id: text(record, "/messageId"),
        body: text(record, "/body"),
        receives: text(record, "/attributes/ApproximateReceiveCount")
            .parse()
            .unwrap_or(1),
    };
    Some(records.iter().map(message).collect())
}

/// Works on messages until `deadline`, several at a time.
///
/// What `work` does for one message cannot touch another's fate: an error, a panic or too little time fail that message
/// alone.
pub async fn run<W>(
    messages: Vec<Message>,
    deadline: Timestamp,
    clock: &Clock,
    telemetry: &Telemetry,
    work: impl Fn(Message) -> W,
) -> SqsBatchResponse
where
    W: Future<Output = Result<Outcome, RetryError>>,
{
    // One moment for all: a message whose turn comes late has what is left.
    let end = tokio::time::Instant::now() + deadline.before(RESERVE).since(clock.now());
    let failures = stream::iter(messages).map(|message| {
        let id = message.id.clone();
        let receives = message.receives;
        let work = AssertUnwindSafe(tokio::time::timeout_at(end, work(message))).catch_unwind();
        async move {
            let outcome = telemetry
                .record(bounded(work), |outcome| summary(&id, receives, outcome))
                .await;
            let failed = outcome.is_err() && !id.is_empty();
            failed.then_some(ItemFailure {
                item_identifier: id,
            })
        }
    });
    let failures = failures
        .buffer_unordered(CONCURRENCY)
        .filter_map(std::future::ready)
        .collect()
        .await;
    SqsBatchResponse {
        batch_item_failures: failures,
    }
}

type Unwound<T> = Result<T, Box<dyn std::any::Any + Send>>;
type InTime<T> = Result<T, tokio::time::error::Elapsed>;

async fn bounded(
    work: impl Future<Output = Unwound<InTime<Result<Outcome, RetryError>>>>,
) -> Result<Outcome, RetryError> {
    match work.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(elapsed)) => Err(RetryError::new(elapsed)),
        // The panic's text may hold a value; where it was is in the panic hook's own line.
        Err(_) => {
            telemetry::count(Metric::Panics);
            Err(RetryError::new("the handler panicked"))
        }
    }
}

fn summary(id: &str, receives: u32, outcome: &Result<Outcome, RetryError>) -> Summary {
    let (level, message) = match outcome {
        Ok(Outcome::Done(what)) => ("INFO", (*what).to_owned()),
        Ok(Outcome::Discarded(why)) => {
            telemetry::count(Metric::HopelessMessages);
            ("WARN", format!("message discarded: {why}"))
        }
        Err(again) => {
            telemetry::count(Metric::FailedMessages);
            (
                "ERROR",
                format!("message returned to the queue: {}", causes(&*again.0)),
            )
        }
    };
    let fields = [
        ("message_id", Value::from(id)),
        ("receives", receives.into()),
    ];
    Summary {
        level,
        message,
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(id: &str) -> Message {
        Message {
            id: id.into(),
            body: id.into(),
            receives: 1,
        }
    }

    #[tokio::test]
    async fn each_message_has_a_fate_of_its_own() {
        let clock = Clock::system();
        let telemetry = Telemetry::writing_to("test", clock.clone(), |_| {});
        let deadline = clock.now().after(Duration::from_millis(1200));
        let batch = ["done", "discarded", "retry", "panic", "slow"]
            .map(message)
            .into();
        let answer = run(batch, deadline, &clock, &telemetry, |message| async move {
            match message.body.as_str() {
                "done" => Ok(Outcome::Done("done")),
                "discarded" => Ok(Outcome::Discarded("discarded")),
                "panic" => panic!("on purpose"),
                "slow" => std::future::pending().await,
                _ => Err(RetryError::new("not yet")),
            }
        });
        let mut failed: Vec<_> = answer
            .await
            .batch_item_failures
            .into_iter()
            .map(|f| f.item_identifier)
            .collect();
        failed.sort();
        assert_eq!(failed, ["panic", "retry", "slow"]);
    }

    #[test]
    fn the_answer_is_bare() {
        let answer = SqsBatchResponse {
            batch_item_failures: vec![ItemFailure {
                item_identifier: "a".into(),
            }],
        };
        assert_eq!(
            json!(answer),
            json!({"batchItemFailures": [{"itemIdentifier": "a"}]})
        );
        assert_eq!(
            json!(SqsBatchResponse::default()),
            json!({"batchItemFailures": []})
        );
    }

    #[test]
    fn events_of_other_kinds_hold_no_messages() {
        for event in [
            json!({}),
            json!(null),
            json!({"Records": [{"s3": {}}]}),
            json!({"Records": 1}),
        ] {
            assert_eq!(messages(&event), None);
        }
        let event = json!({"Records": [{"messageId": "m", "attributes": {"ApproximateReceiveCount": "3"}, "x": 1}]});
        assert_eq!(
            messages(&event),
            Some(vec![Message {
                id: "m".into(),
                body: String::new(),
                receives: 3
            }])
        );
    }

    #[tokio::test]
    async fn a_record_without_an_id_costs_its_neighbours_nothing() {
        let event = json!({"Records": [{"body": "again"}, {"messageId": "a", "body": "again"}, 7,
            {"messageId": "b", "body": null}, {"messageId": "c", "body": "done", "attributes": null}]});
        let messages = messages(&event).unwrap();
        assert_eq!(messages.len(), 5);
        let clock = Clock::system();
        let telemetry = Telemetry::writing_to("test", clock.clone(), |_| {});
        let deadline = clock.now().after(Duration::from_secs(60));
        let answer = run(
            messages,
            deadline,
            &clock,
            &telemetry,
            |message| async move {
                match message.body.as_str() {
                    "again" => Err(RetryError::new("not yet")),
                    "done" => Ok(Outcome::Done("done")),
                    _ => Ok(Outcome::Discarded("it is empty")),
                }
            },
        );
        let failed = answer.await.batch_item_failures;
        let failed: Vec<_> = failed.iter().map(|f| f.item_identifier.as_str()).collect();
        assert_eq!(failed, ["a"]);
    }
}
