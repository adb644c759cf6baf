//! The item that remembers which uploads a request with an idempotency key created.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::digest::Sha256;
use crate::ids::UploadId;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, b, n, s};
use crate::store::schema::Key;
use crate::store::upload::record::seconds;
use crate::store::upload::{EVENT_LIFETIME, TICKET_LIFETIME, ttl};
use crate::time::Timestamp;

/// The client's promise that a repeated request is the same one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// SHA-256 of the header `Idempotency-Key`.
    pub key_hash: Sha256,
    /// SHA-256 of what the request asks for.
    pub request_hash: Sha256,
}

/// What the first request with a key created.
#[derive(Debug)]
pub(super) struct IdempotencyItem {
    pub(super) uploads: Vec<UploadId>,
    pub(super) ticket_until: Timestamp,
}

impl IdempotencyItem {
    pub(super) fn to_item(&self, at: Key, key: &IdempotencyKey) -> Item {
        let mut item = at.into_item();
        let uploads = self.uploads.iter().map(|id| s(id.to_string()));
        item.extend([
            ("request".to_owned(), b(&key.request_hash)),
            ("uploads".to_owned(), AttributeValue::L(uploads.collect())),
            ("ticket_until".to_owned(), n(self.ticket_until.secs())),
            ("ttl".to_owned(), ttl(self.ticket_until, EVENT_LIFETIME)),
        ]);
        // The only upload that the previous release, which may run beside this one, knows of.
        let first = self.uploads.first();
        item.extend(first.map(|first| ("upload".to_owned(), s(first.to_string()))));
        item
    }

    /// What the key's first request created; `None` if that was a different request.
    pub(super) fn from_item(
        item: Option<&Item>,
        key: &IdempotencyKey,
    ) -> Result<Option<Self>, StoreError> {
        let item = item.ok_or(StoreError::Corrupt("idempotency item"))?;
        if item::opt_bytes(item, "request") != Some(key.request_hash.as_slice()) {
            return Ok(None);
        }
        let uploads: Vec<UploadId> = match item.get("uploads").and_then(|list| list.as_l().ok()) {
            Some(list) => {
                let ids = list.iter().filter_map(|id| id.as_s().ok()?.parse().ok());
                ids.collect()
            }
            // Earlier releases stored one upload, and not when its ticket ends.
            None => vec![item::parsed(item, "upload")?],
        };
        let first = uploads.first().ok_or(StoreError::Corrupt("uploads"))?;
        let ticket_until = seconds(item, "ticket_until")
            .unwrap_or_else(|| first.issued_at().after(TICKET_LIFETIME));
        Ok(Some(Self {
            uploads,
            ticket_until,
        }))
    }
}

/// Moves the end of the tickets, unless another request has done so since `until` was read.
pub(super) fn renewal(until: Timestamp, next: Timestamp) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("ticket_until", n(next.secs()));
    update.set("ttl", ttl(next, EVENT_LIFETIME));
    update.require(
        Condition::new(
            "attribute_exists(pk) AND (attribute_not_exists(ticket_until) OR ticket_until = :read)",
        )
        .value(":read", n(until.secs())),
    );
    update
}
