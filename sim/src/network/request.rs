//! A call on its way: to which service, and what can go wrong with it.

use bytes::Bytes;
use http::Request;

/// The services that the functions and phones talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The table.
    DynamoDb,
    /// The bucket.
    S3,
    /// The queues.
    Sqs,
    /// The secrets.
    SecretsManager,
    /// WeChat's API.
    Wechat,
}

/// The host that AWS's services have here.
pub const AWS: &str = "http://aws";
/// The host that WeChat has here.
pub const WECHAT: &str = "http://wechat";

/// Which service a request is for, and which operation it names.
pub fn destination(request: &Request<Bytes>) -> (Service, &str) {
    if request.uri().host() == Some("wechat") {
        return (Service::Wechat, request.uri().path());
    }
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.split_once('.')) {
        Some(("DynamoDB_20120810", operation)) => (Service::DynamoDb, operation),
        Some(("AmazonSQS", operation)) => (Service::Sqs, operation),
        Some(("secretsmanager", operation)) => (Service::SecretsManager, operation),
        _ => (Service::S3, request.method().as_str()),
    }
}

impl Service {
    /// The kinds of faults of one operation, by their places in [`NAMES`](super::fault::NAMES).
    pub fn faults(self, operation: &str) -> &'static [usize] {
        const WRITE: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7];
        const READ: &[usize] = &[0, 1, 3, 5, 6];
        match (self, operation) {
            (Self::DynamoDb, "UpdateItem" | "TransactWriteItems" | "DeleteItem" | "PutItem") => {
                WRITE
            }
            (Self::DynamoDb, "Query") => &[0, 1, 3, 5, 6, 8],
            (Self::DynamoDb, "BatchGetItem") => &[0, 1, 3, 5, 6, 9],
            (Self::DynamoDb, "BatchWriteItem") => &[0, 1, 2, 3, 4, 5, 6, 9],
            (Self::DynamoDb | Self::SecretsManager, _) | (Self::S3, "GET" | "HEAD") => READ,
            (Self::S3 | Self::Sqs, _) => &[0, 1, 2, 3, 4, 5, 6],
            (Self::Wechat, _) => &[4, 5, 6, 10, 11, 12],
        }
    }
}
