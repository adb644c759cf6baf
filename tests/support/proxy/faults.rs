//! How AWS answers, in its own words, when something goes wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame};
use serde_json::{Value, json};

use super::{Answer, Service};

pub(super) fn whole(body: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// The first half of the answer, which promises the whole.
pub(super) async fn cut_off(answer: Answer) -> io::Result<Answer> {
    let (mut parts, body) = answer.into_parts();
    let mut body = body.collect().await?.to_bytes();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    body.truncate(body.len() / 2);
    let half = Half::Unsent(body).boxed();
    Ok(Response::from_parts(parts, half))
}

/// A body that breaks off.
enum Half {
    Unsent(Bytes),
    Sent,
    Broken,
}

impl Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match std::mem::replace(&mut *self, Self::Broken) {
            Self::Unsent(body) => {
                *self = Self::Sent;
                Poll::Ready(Some(Ok(Frame::data(body))))
            }
            // What is there is sent while there is nothing else to do.
            Self::Sent => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            // This is what makes hyper close the connection.
            Self::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}

pub(super) fn throttled(service: Service) -> io::Result<Answer> {
    match service {
        Service::DynamoDb => dynamodb(
            StatusCode::BAD_REQUEST,
            "ProvisionedThroughputExceededException",
            json!({"message": "The level of configured provisioned throughput for the table was exceeded. \
                Consider increasing your provisioning level with the UpdateTable API."}),
        ),
        Service::S3 => s3("SlowDown", "Please reduce your request rate."),
        Service::Sqs => sqs(
            StatusCode::BAD_REQUEST,
            "com.amazonaws.sqs#RequestThrottled",
        ),
    }
}

pub(super) fn not_repeated() -> io::Result<Answer> {
    dynamodb(
        StatusCode::BAD_REQUEST,
        "ItemCollectionSizeLimitExceededException",
        json!({"message": "Collection size exceeded."}),
    )
}

pub(super) fn broken(service: Service) -> io::Result<Answer> {
    match service {
        Service::DynamoDb => dynamodb(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            json!({"message": "The request processing has failed because of an unknown error."}),
        ),
        Service::S3 => s3(
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
        Service::Sqs => sqs(
            StatusCode::INTERNAL_SERVER_ERROR,
            "com.amazon.coral.service#InternalFailure",
        ),
    }
}

/// The first write of a transaction meets another one; a write by itself is refused as a whole.
pub(super) fn conflicting(writes: usize) -> io::Result<Answer> {
    if writes == 0 {
        let message = "Transaction is ongoing for the item";
        return dynamodb(
            StatusCode::BAD_REQUEST,
            "TransactionConflictException",
            json!({"message": message}),
        );
    }
    let mut codes = vec!["None"; writes];
    codes[0] = "TransactionConflict";
    let reason = |code: &&str| match *code {
        "None" => json!({"Code": "None"}),
        code => json!({"Code": code, "Message": "Transaction is ongoing for the item"}),
    };
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    dynamodb(
        StatusCode::BAD_REQUEST,
        "TransactionCanceledException",
        json!({"Message": message, "CancellationReasons": codes.iter().map(reason).collect::<Vec<_>>()}),
    )
}

fn dynamodb(status: StatusCode, kind: &str, mut body: Value) -> io::Result<Answer> {
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{kind}").into();
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn sqs(status: StatusCode, kind: &str) -> io::Result<Answer> {
    let body = json!({"__type": kind, "message": "The request was not served."});
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn s3(code: &str, message: &str) -> io::Result<Answer> {
    let status = match code {
        "SlowDown" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>C3D13FE58DE4C810</RequestId><HostId>EXAMPLE</HostId></Error>"
    );
    answer(status, "application/xml", body)
}

fn answer(status: StatusCode, content_type: &str, body: String) -> io::Result<Answer> {
    let answer = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type);
    answer.body(whole(body.into())).map_err(io::Error::other)
}
