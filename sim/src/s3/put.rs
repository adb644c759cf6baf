//! `PutObject`.

use bytes::Bytes;
use http::{HeaderName, Response};

use super::S3;
use super::answer::{Answer, Error, bare, set, with_body};
use super::bucket::{Content, Version};
use super::call::Call;

/// What an object is served with if it was stored with it.
const STORED_HEADERS: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-website-redirect-location",
];

impl S3 {
    pub(super) fn put(&mut self, call: &Call<'_>, now: i64) -> Answer {
        check_length(call)?;
        self.check_condition(call)?;
        let headers = call
            .headers
            .iter()
            .filter(|(name, _)| is_stored(name.as_str()));
        let headers = headers
            .filter_map(|(name, value)| Some((name.clone(), value.to_str().ok()?.to_owned())));
        let content = Content {
            bytes: call.body.clone(),
            content_type: call.header("content-type").map(str::to_owned),
            headers: headers.collect(),
        };
        let stored = self
            .bucket
            .store(&call.key, content, "ObjectCreated:Put", now);
        Ok(describe(with_body(bare(200), Bytes::new()), stored))
    }

    /// The condition may be a parameter of a presigned request in place of a header.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    fn check_condition(&self, call: &Call<'_>) -> Result<(), Error> {
        let mut query = call.query.iter();
        let parameter = query.find(|(name, _)| name.eq_ignore_ascii_case("if-none-match"));
        let condition = call.header("if-none-match");
        match condition.or(parameter.map(|(_, value)| value.as_ref())) {
            None => Ok(()),
            Some("*") if self.bucket.current(&call.key).is_none() => Ok(()),
            Some("*") => {
                let message = "At least one of the pre-conditions you specified did not hold";
                Err(Error::new(412, "PreconditionFailed", message)
                    .with("Condition", "If-None-Match"))
            }
            Some(_) => {
                let message = "A header you provided implies functionality that is not implemented";
                Err(Error::new(501, "NotImplemented", message).with("Header", "If-None-Match"))
            }
        }
    }
}

fn check_length(call: &Call<'_>) -> Result<(), Error> {
    let Some(length) = call.header("content-length") else {
        return Ok(());
    };
    if length.parse() == Ok(call.body.len()) {
        return Ok(());
    }
    let message =
        "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Err(Error::new(400, "IncompleteBody", message))
}

pub(super) fn is_stored(header: &str) -> bool {
    STORED_HEADERS.contains(&header) || header.starts_with("x-amz-meta-")
}

/// The headers that tell of a version that was just stored.
pub(super) fn describe(mut response: Response<Bytes>, stored: &Version) -> Response<Bytes> {
    set(
        &mut response,
        http::header::ETAG,
        &format!("\"{}\"", stored.etag),
    );
    set(
        &mut response,
        HeaderName::from_static("x-amz-version-id"),
        &stored.id,
    );
    response
}
