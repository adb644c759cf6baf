//! `SendMessage`, in the JSON protocol.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Sqs;
use super::event::md5;
use crate::aws_json::{JSON_1_0, respond};

/// 1 MiB.
const MAX_MESSAGE: usize = 1024 * 1024;
const MAX_DELAY: i64 = 900;

struct Error(&'static str, &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
}

impl Sqs {
    /// Answers a request at once.
    pub fn call(&mut self, request: &Request<Bytes>, now: i64) -> Response<Bytes> {
        let target = request.headers().get("x-amz-target");
        let answer = match target.map(HeaderValue::as_bytes) {
            Some(b"AmazonSQS.SendMessage") => self.send_message(request.body(), now),
            _ => Err(Error(
                "InvalidAction",
                "The action or operation requested is invalid.",
            )),
        };
        match answer {
            Ok(answer) => respond(JSON_1_0, 200, answer.to_string()),
            Err(Error(code, message)) => refused(400, code, message),
        }
    }

    fn send_message(&mut self, body: &[u8], now: i64) -> Result<Value, Error> {
        let request: SendMessage = serde_json::from_slice(body)
            .map_err(|_| Error("SerializationException", "The request is not valid JSON."))?;
        let missing = |message| Error("MissingParameter", message);
        let url = request
            .queue_url
            .ok_or(missing("The request must contain the parameter QueueUrl."))?;
        let queue = self.queues.get(&url);
        let queue = queue.ok_or(Error(
            "QueueDoesNotExist",
            "The specified queue does not exist.",
        ))?;
        let text = request.message_body.filter(|body| !body.is_empty());
        let text = text.ok_or(missing(
            "The request must contain the parameter MessageBody.",
        ))?;
        check_body(&text)?;
        let delay = match request.delay_seconds {
            None => queue.settings.delay,
            Some(seconds) if (0..=MAX_DELAY).contains(&seconds) => seconds * 1000,
            Some(_) => {
                let message = "DelaySeconds must be >= 0 and <= 900.";
                return Err(Error("InvalidParameterValue", message));
            }
        };
        let id = self.send(&url, &text, now, now + delay);
        Ok(json!({"MD5OfMessageBody": md5(&text), "MessageId": id}))
    }
}

fn check_body(text: &str) -> Result<(), Error> {
    if text.len() > MAX_MESSAGE {
        let message = "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.";
        return Err(Error("InvalidParameterValue", message));
    }
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_allowed) {
        Ok(())
    } else {
        let message = "The message contains characters outside the allowed set.";
        Err(Error("InvalidMessageContents", message))
    }
}

/// A refusal that has nothing to do with what was asked, such as 503 `ServiceUnavailable`.
pub fn refusal(status: u16, code: &str) -> Response<Bytes> {
    refused(status, code, "Please try again.")
}

fn refused(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let body = json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": message});
    let mut response = respond(JSON_1_0, status, body.to_string());
    // The code that the query protocol had.
    let old_code = match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        code => code,
    };
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    if let Ok(value) = HeaderValue::from_str(&format!("{old_code};{fault}")) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}
