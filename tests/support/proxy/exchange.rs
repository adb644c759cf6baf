//! A request to AWS.

use http::header::HeaderName;
use http::{HeaderMap, Method, Uri};
use hyper::body::Bytes;
use serde_json::Value;

use super::Service;

/// A request, read to its end.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Exchange {
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn operation(&self) -> (Service, String) {
        let target = self.header(&HeaderName::from_static("x-amz-target"));
        match target.and_then(|target| target.split_once('.')) {
            Some((service, operation)) if service.starts_with("DynamoDB") => {
                (Service::DynamoDb, operation.to_owned())
            }
            Some((_, operation)) => (Service::Sqs, operation.to_owned()),
            None => (Service::S3, self.s3_operation().to_owned()),
        }
    }

    fn s3_operation(&self) -> &'static str {
        let has = |name| {
            let mut parameters = self.target.query().unwrap_or_default().split('&');
            parameters.any(|parameter| parameter.split('=').next() == Some(name))
        };
        match self.method {
            Method::GET if has("versions") => "ListObjectVersions",
            Method::GET => "GetObject",
            Method::HEAD => "HeadObject",
            Method::PUT => "PutObject",
            Method::DELETE => "DeleteObject",
            Method::POST if has("delete") => "DeleteObjects",
            _ => "PostObject",
        }
    }

    /// The items that a request to DynamoDB writes or checks.
    pub(super) fn written_keys(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let writes = match body["TransactItems"].as_array() {
            Some(writes) => writes
                .iter()
                .filter_map(|write| write.as_object()?.values().next())
                .collect(),
            None if body["UpdateExpression"].is_string() => vec![&body],
            None => Vec::new(),
        };
        let key = |write: &&Value| {
            let key = if write["Key"].is_object() {
                &write["Key"]
            } else {
                &write["Item"]
            };
            format!("{} {}", key["pk"]["S"], key["sk"]["S"])
        };
        writes.iter().map(key).collect()
    }

    pub(super) fn is_consistent_read(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["ConsistentRead"] == true
    }

    /// How many writes a transaction has; zero for what is none.
    pub(super) fn transaction_size(&self) -> usize {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["TransactItems"].as_array().map_or(0, Vec::len)
    }
}
