//! `GetObject` and `HeadObject`.

use bytes::Bytes;
use http::{HeaderName, Method, Response};

use super::S3;
use super::answer::{Answer, Error, bare, set, with_body};
use super::bucket::Version;
use super::call::Call;
use super::text::http_date;

const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// The bytes that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    All,
    /// From the first to the last, which is included.
    Part(usize, usize),
}

impl S3 {
    pub(super) fn read(&self, call: &Call<'_>) -> Answer {
        let version = self.version_to_read(call)?;
        if call
            .header("if-none-match")
            .is_some_and(|tags| matches(tags, version))
        {
            return Ok(describe(bare(304), version, call));
        }
        if call
            .header("if-match")
            .is_some_and(|tags| !matches(tags, version))
        {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(
                Error::new(412, "PreconditionFailed", message).with("Condition", "If-Match")
            );
        }
        let size = version.bytes.len();
        let (status, body) = match range(call.header("range"), size)? {
            Range::All => (200, version.bytes.clone()),
            Range::Part(first, last) => (206, version.bytes.slice(first..=last)),
        };
        let mut response = describe(bare(status), version, call);
        if let Range::Part(first, last) = range(call.header("range"), size)? {
            let value = format!("bytes {first}-{last}/{size}");
            set(&mut response, http::header::CONTENT_RANGE, &value);
        }
        let response = with_body(response, body);
        Ok(if call.method == Method::HEAD {
            response.map(|_| Bytes::new())
        } else {
            response
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>
    fn version_to_read(&self, call: &Call<'_>) -> Result<&Version, Error> {
        let no_such_key = || {
            let error = Error::new(404, "NoSuchKey", "The specified key does not exist.");
            error.with("Key", &call.key)
        };
        if let Some(id) = call.parameter("versionId") {
            return match self.bucket.find(&call.key, id)? {
                None => {
                    let message = "The specified version does not exist.";
                    let error = Error::new(404, "NoSuchVersion", message);
                    Err(error.with("Key", &call.key).with("VersionId", id))
                }
                Some(version) if version.is_marker => Err(marker_was_named(call, version)),
                Some(version) => Ok(version),
            };
        }
        match self.versions(&call.key).last() {
            None => Err(no_such_key()),
            Some(marker) if marker.is_marker => Err(no_such_key()
                .with_header("x-amz-delete-marker", "true")
                .with_header("x-amz-version-id", &marker.id)),
            Some(version) => Ok(version),
        }
    }
}

fn marker_was_named(call: &Call<'_>, marker: &Version) -> Error {
    let message = "The specified method is not allowed against this resource.";
    Error::new(405, "MethodNotAllowed", message)
        .with("Method", call.method.as_str())
        .with("ResourceType", "DeleteMarker")
        .with_header("allow", "DELETE")
        .with_header("last-modified", &http_date(marker.stored_at))
        .with_header("x-amz-delete-marker", "true")
        .with_header("x-amz-version-id", &marker.id)
}

fn matches(tags: &str, version: &Version) -> bool {
    let mut tags = tags.split(',').map(|tag| tag.trim().trim_matches('"'));
    tags.any(|tag| tag == "*" || tag == version.etag)
}

/// A range that is not understood is no range, as RFC 9110 has it.
fn range(header: Option<&str>, size: usize) -> Result<Range, Error> {
    let parsed = header
        .and_then(|header| header.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'));
    let Some((first, last)) = parsed else {
        return Ok(Range::All);
    };
    let part = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), _) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => {
            (size.saturating_sub(count), size.saturating_sub(1))
        }
        _ => return Ok(Range::All),
    };
    if part.0 < size {
        return Ok(Range::Part(part.0, part.1));
    }
    let error = Error::new(
        416,
        "InvalidRange",
        "The requested range is not satisfiable",
    );
    Err(error
        .with("RangeRequested", header.unwrap_or_default())
        .with("ActualObjectSize", &size.to_string()))
}

/// The version's headers, those that the request asks for instead among them.
fn describe(mut response: Response<Bytes>, version: &Version, call: &Call<'_>) -> Response<Bytes> {
    set(
        &mut response,
        http::header::ETAG,
        &format!("\"{}\"", version.etag),
    );
    set(&mut response, VERSION_ID, &version.id);
    set(
        &mut response,
        http::header::LAST_MODIFIED,
        &http_date(version.stored_at),
    );
    set(&mut response, http::header::ACCEPT_RANGES, "bytes");
    set(
        &mut response,
        http::header::CONTENT_TYPE,
        &version.content_type,
    );
    for (name, value) in &version.headers {
        set(&mut response, name.clone(), value);
    }
    for (name, value) in &call.query {
        let overridden = name.strip_prefix("response-").and_then(overridable);
        if let Some(name) = overridden {
            response.headers_mut().remove(&name);
            set(&mut response, name, value);
        }
    }
    response
}

fn overridable(name: &str) -> Option<HeaderName> {
    let names = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    ];
    let name = names.into_iter().find(|known| *known == name)?;
    Some(HeaderName::from_static(name))
}
