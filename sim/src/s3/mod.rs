//! A model of S3: one versioned bucket, as the API reference describes it and as it was observed.
//!
//! It is addressed by path (`http://aws/<bucket>/<key>`). A request with an `Authorization` header is the SDK's and is
//! believed; what phones send, and presigned requests, are verified as S3 verifies them.

mod access;
mod answer;
mod bucket;
mod call;
mod delete;
mod event;
mod form;
mod lifecycle;
mod list;
mod policy;
mod post;
mod put;
mod read;
mod signature;
mod text;
pub mod ticket;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;

pub use access::Credential;
pub use answer::refusal;
pub use bucket::Version;
pub use event::message;

use access::Access;
use answer::{Answer, Error};
use bucket::Bucket;
use call::Call;

/// One versioned bucket.
#[derive(Clone, Debug)]
pub struct S3 {
    bucket: Bucket,
    access: Access,
    page_limit: usize,
}

impl S3 {
    /// An empty bucket, in which nobody is known yet.
    pub fn new(bucket: &str, region: &str) -> Self {
        Self {
            bucket: Bucket::new(bucket),
            access: Access::new(region),
            page_limit: list::MAX_KEYS,
        }
    }

    /// Believes signatures made with this credential from now on.
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.access.credentials.push(credential);
        self
    }

    /// Lists hold no more entries than this on a page, as S3's need not hold as many as they were asked for.
    #[must_use]
    pub fn with_page_limit(mut self, entries: usize) -> Self {
        self.page_limit = entries.clamp(1, list::MAX_KEYS);
        self
    }

    /// Answers a request at once.
    pub fn call(&mut self, request: &Request<Bytes>, now: i64) -> Response<Bytes> {
        let outcome =
            Call::parse(request, &self.bucket.name).and_then(|call| self.answer(&call, now));
        outcome.unwrap_or_else(|error| error.into_response(request.method() == Method::HEAD))
    }

    fn answer(&mut self, call: &Call<'_>, now: i64) -> Answer {
        if call.is_form() {
            return self.post(call, now);
        }
        let is_signed = self.access.check(call, now)?;
        if !is_signed {
            return Err(Error::new(403, "AccessDenied", "Access Denied"));
        }
        match (call.method.as_str(), call.key.is_empty()) {
            ("GET" | "HEAD", false) => self.read(call),
            ("PUT", false) => self.put(call, now),
            ("DELETE", false) => self.delete(call, now),
            ("POST", true) if call.has("delete") => self.delete_several(call, now),
            ("GET", true) if call.has("versions") => self.list(call),
            _ => Err(Error::new(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )),
        }
    }

    /// The records of the bucket's notifications since the last call, in order, without those that the template's
    /// filter (`u/`) leaves out.
    pub fn take_events(&mut self) -> Vec<Value> {
        let events = std::mem::take(&mut self.bucket.events);
        let region = &self.access.region;
        let wanted = events.iter().filter(|event| event.key.starts_with("u/"));
        wanted
            .map(|event| event.to_record(&self.bucket.name, region))
            .collect()
    }

    /// All keys in order, each with its versions and markers, the oldest first. No key is without any.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &[Version])> {
        let keys = self.bucket.keys.iter();
        keys.map(|(key, versions)| (key.as_str(), versions.as_slice()))
    }

    /// A key's versions and markers, the oldest first.
    pub fn versions(&self, key: &str) -> &[Version] {
        self.bucket.keys.get(key).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
