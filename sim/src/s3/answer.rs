//! Responses.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::borrow::Cow;
use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::text::escape_xml;

pub(super) type Answer = Result<Response<Bytes>, Error>;

/// A refusal.
#[derive(Debug)]
pub(super) struct Error {
    status: u16,
    code: &'static str,
    message: Cow<'static, str>,
    details: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl Error {
    pub(super) fn new(
        status: u16,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// A further element of the body.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.details.push((name, value.to_owned()));
        self
    }

    pub(super) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn into_response(self, is_head: bool) -> Response<Bytes> {
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>",
            self.code,
            escape_xml(&self.message)
        );
        for (name, value) in &self.details {
            let _ = write!(body, "<{name}>{}</{name}>", escape_xml(value));
        }
        body.push_str("<RequestId>SIM</RequestId><HostId>SIM</HostId></Error>");
        let mut response = xml(self.status, if is_head { String::new() } else { body });
        for (name, value) in self.headers {
            set(&mut response, HeaderName::from_static(name), &value);
        }
        response
    }
}

/// A refusal that has nothing to do with what was asked, such as 503 `SlowDown`.
pub fn refusal(status: u16, code: &'static str) -> Response<Bytes> {
    Error::new(status, code, "Please try again.").into_response(false)
}

pub(super) fn xml(status: u16, body: String) -> Response<Bytes> {
    let mut response = bare(status);
    let value = HeaderValue::from_static("application/xml");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, value);
    with_body(response, body.into())
}

pub(super) fn bare(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let id = HeaderValue::from_static("SIM");
    response.headers_mut().insert("x-amz-request-id", id);
    response
}

pub(super) fn with_body(mut response: Response<Bytes>, body: Bytes) -> Response<Bytes> {
    let length = HeaderValue::from(body.len());
    response
        .headers_mut()
        .insert(http::header::CONTENT_LENGTH, length);
    *response.body_mut() = body;
    response
}

/// Sets a header, unless its value cannot stand in one.
pub(super) fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
}
