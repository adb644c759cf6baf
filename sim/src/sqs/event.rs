//! What Lambda hands to a function.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::Received;

/// The event that a batch is for a function; `queue` is the queue's ARN.
pub fn lambda_event(batch: &[Received], queue: &str) -> Value {
    let region = queue.split(':').nth(3).unwrap_or_default();
    let record = |message: &Received| {
        json!({
            "messageId": message.id,
            "receiptHandle": format!("{}#{}", message.id, message.receives),
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": message.receives.to_string(),
                "SentTimestamp": message.sent_at.to_string(),
                "SenderId": "AIDAJXNJGGKNS7OSV23OI",
                "ApproximateFirstReceiveTimestamp": message.first_received_at.to_string(),
            },
            "messageAttributes": {},
            "md5OfBody": md5(&message.body),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue,
            "awsRegion": region,
        })
    };
    json!({"Records": batch.iter().map(record).collect::<Vec<_>>()})
}

pub(super) fn md5(text: &str) -> String {
    HEXLOWER.encode(&Md5::digest(text))
}
