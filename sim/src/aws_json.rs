//! Responses of AWS's JSON protocols, which differ in their content type.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};

/// What DynamoDB and SQS speak.
pub(crate) const JSON_1_0: &str = "application/x-amz-json-1.0";
/// What Secrets Manager speaks.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

pub(crate) fn respond(
    content_type: &'static str,
    status: u16,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("sim"));
    response
}
