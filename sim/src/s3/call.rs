//! A request, taken apart.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use percent_encoding::percent_decode_str;

use super::answer::Error;

/// A request to the bucket.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// The host as the client named it, which is signed.
    pub(super) host: &'a str,
    /// The whole path, decoded.
    pub(super) path: String,
    /// Empty for the bucket itself.
    pub(super) key: String,
    /// The query, decoded, in the order in which it was sent.
    pub(super) query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn parse(request: &'a Request<Bytes>, bucket: &str) -> Result<Self, Error> {
        let invalid = || Error::new(400, "InvalidURI", "Couldn't parse the specified URI.");
        let uri = request.uri();
        let path = percent_decode_str(uri.path()).decode_utf8();
        let path = path.map_err(|_| invalid())?.into_owned();
        let (named, key) = path
            .strip_prefix('/')
            .unwrap_or(&path)
            .split_once('/')
            .unwrap_or((path.trim_start_matches('/'), ""));
        if named != bucket {
            let error = Error::new(404, "NoSuchBucket", "The specified bucket does not exist");
            return Err(error.with("BucketName", named));
        }
        let key = key.to_owned();
        if key.len() > 1024 {
            return Err(Error::new(400, "KeyTooLongError", "Your key is too long"));
        }
        let headers = request.headers();
        let host = headers.get(http::header::HOST);
        let host = host.and_then(|host| host.to_str().ok());
        Ok(Self {
            method: request.method(),
            host: host
                .or(uri.authority().map(http::uri::Authority::as_str))
                .unwrap_or_default(),
            query: parse_query(uri.query().unwrap_or_default()).ok_or_else(invalid)?,
            path,
            key,
            headers,
            body: request.body(),
        })
    }

    /// The first parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        let pair = query.find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_ref())
    }

    pub(super) fn has(&self, parameter: &str) -> bool {
        self.parameter(parameter).is_some()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it is an upload by a browser's form.
    pub(super) fn is_form(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        self.method == Method::POST && content_type.starts_with("multipart/form-data")
    }
}

fn parse_query(query: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}
