//! The header `Idempotency-Key` of requests that create something.

use axum::extract::OptionalFromRequestParts;
use http::HeaderValue;
use http::request::Parts;
use serde::Serialize;

use crate::digest::{Sha256, sha256};
use crate::error::Error;
use crate::store::own::Place;
use crate::store::upload;

/// The client's promise that a repeated request is the same one. A handler that takes it says so in its signature:
/// `key: Option<IdempotencyKey>`.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    hash: Sha256,
    request: Option<Sha256>,
}

impl IdempotencyKey {
    /// The key, with what the request asks for: needed only if the item is not the same in each repetition, because the
    /// handler puts a time or a price in it. Otherwise the item itself tells one request from another.
    #[must_use]
    pub fn for_request(self, request: &impl Serialize) -> Self {
        let json = serde_json::to_value(request).unwrap_or_default();
        Self {
            request: Some(sha256(json.to_string().as_bytes())),
            ..self
        }
    }

    /// The same content in another partition is another request.
    pub(super) fn for_content(&self, place: Place<'_>, json: &str) -> upload::IdempotencyKey {
        let request = self.request.unwrap_or_else(|| sha256(json.as_bytes()));
        upload::IdempotencyKey {
            key_hash: self.hash,
            request_hash: match place {
                Place::Own => request,
                Place::Shared { partition, .. } => {
                    sha256(&[&request[..], partition.as_bytes()].concat())
                }
            },
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        let key = parts.headers.get("idempotency-key");
        key.map(parsed).transpose()
    }
}

fn parsed(value: &HeaderValue) -> Result<IdempotencyKey, Error> {
    if (1..=255).contains(&value.len()) {
        return Ok(IdempotencyKey {
            hash: sha256(value.as_bytes()),
            request: None,
        });
    }
    let message = "must have 1 to 255 characters";
    Err(Error::invalid_field(
        "Idempotency-Key",
        "invalid_value",
        message,
    ))
}
