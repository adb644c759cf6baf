//! What can go wrong with own items, and what it is to a client.

use crate::error::{Code, Error};
use crate::queue::SendError;
use crate::store::own::OwnStoreError;
use crate::store::{Refusal, StoreError};

/// Why an item was neither read nor written. `?` in a handler makes it the problem that the client gets.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// There is no such item, or none of the caller's. 404 `not_found`.
    #[error("there is no such item")]
    NotFound,
    /// `If-Match` names an older version. 412 `version_mismatch`.
    #[error("the item has changed")]
    VersionMismatch,
    /// The idempotency key was used for another request. 422 `idempotency_mismatch`.
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    /// The cursor is damaged, or was made for another caller or list. 400 `invalid_cursor`.
    #[error("the cursor is not valid")]
    InvalidCursor,
    /// The account has ended or is disabled since the token was issued. 401 `unauthorized`, 403 `account_disabled`.
    #[error("the account does not let its owner in")]
    AccessDenied(Refusal),
    /// The content is larger than [`MAX_CONTENT`](crate::own::MAX_CONTENT). 413 `body_too_large`.
    #[error("the item is too large")]
    TooLarge,
    /// A later version of the type has written the item: a deployment is under way. 503 `temporarily_unavailable`.
    #[error("the item was written by a later version")]
    WrittenLater,
    /// What is stored cannot be read as the type, or the type not be written as JSON. 500 `internal`.
    #[error("an item of kind {kind} cannot be read or written")]
    Unreadable {
        /// The item's kind.
        kind: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A text that is to be checked, or the removal of an item that has marks, could not be announced, and was not made. 503
    /// `temporarily_unavailable`.
    #[error("the change could not be announced")]
    NotAnnounced(#[from] SendError),
    /// The table is not available. 503 `temporarily_unavailable`, or 429 `rate_limited` if too many requests change the same
    /// item.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OwnStoreError> for OwnError {
    fn from(error: OwnStoreError) -> Self {
        match error {
            OwnStoreError::AccessDenied(refusal) => Self::AccessDenied(refusal),
            OwnStoreError::IdempotencyMismatch => Self::IdempotencyMismatch,
            OwnStoreError::Store(error) => Self::Store(error),
        }
    }
}

impl From<OwnError> for Error {
    fn from(error: OwnError) -> Self {
        match error {
            OwnError::NotFound => Self::new(Code::NotFound),
            OwnError::VersionMismatch => Self::new(Code::VersionMismatch),
            OwnError::IdempotencyMismatch => Self::new(Code::IdempotencyMismatch),
            OwnError::InvalidCursor => Self::new(Code::InvalidCursor),
            OwnError::AccessDenied(refusal) => refusal.into(),
            OwnError::TooLarge => {
                Self::new(Code::BodyTooLarge).detail("an item may have up to 350 KB")
            }
            OwnError::WrittenLater => Self::new(Code::TemporarilyUnavailable).caused_by(error),
            OwnError::Unreadable { .. } => Self::internal(error),
            OwnError::NotAnnounced(error) => error.into(),
            OwnError::Store(error) => error.into(),
        }
    }
}
