//! Requests for tickets, and what becomes of them.

use std::time::Duration;

use crate::ids::{Epoch, UploadId};
use crate::store::account::{self, Refusal};
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::transaction::Cancelled;
use crate::store::upload::idempotency::IdempotencyKey;
use crate::store::upload::record::{NewUpload, Record};
use crate::time::Timestamp;
use crate::upload::limits::Limits;

/// A request for tickets.
#[derive(Clone, Debug)]
pub struct IssueUploads<'a> {
    /// The owner of the uploads.
    pub owner: Actor<'a>,
    /// The uploads, which are all created or none.
    pub uploads: &'a [NewUpload],
    /// What the owner may have open, issue in a day, and store.
    pub limits: &'a Limits,
    /// Present if the request may be a repetition.
    pub idempotency: Option<&'a IdempotencyKey>,
}

/// Uploads for which tickets can be handed out.
#[derive(Debug)]
pub enum IssuedUploads {
    /// The requested uploads were created.
    New {
        /// The end of their tickets.
        ticket_until: Timestamp,
    },
    /// An earlier request with the same idempotency key created these, in the order of the request.
    Repeated(Vec<RepeatedUpload>),
}

/// An upload that an earlier request with the same idempotency key created.
#[derive(Clone, Debug)]
pub enum RepeatedUpload {
    /// It still waits for its object.
    Pending {
        /// The id that the first request gave it.
        id: UploadId,
        /// The end of its ticket.
        ticket_until: Timestamp,
    },
    /// It has its object, or lost it, and needs no ticket.
    Settled(Box<Record>),
    /// It was deleted or has expired.
    Gone,
}

/// Why no tickets were issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueUploadsError {
    /// The idempotency key was used for a different request.
    #[error("the idempotency key belongs to a different request")]
    IdempotencyMismatch,
    /// A limit is reached.
    #[error("an upload limit is reached")]
    QuotaExceeded {
        /// When time alone will have made room; `None` if something has to be deleted first.
        retry_after: Option<Duration>,
    },
    /// The account does not let its owner in.
    #[error("the account does not let its owner in")]
    AccessDenied(Refusal),
    /// The table is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error if the transaction was cancelled because the account does not let its owner in.
pub(super) fn check_account(cancelled: &Cancelled, epoch: Epoch) -> Result<(), IssueUploadsError> {
    let refusal = account::refusal(cancelled, epoch)?;
    refusal.map_or(Ok(()), |refusal| {
        Err(IssueUploadsError::AccessDenied(refusal))
    })
}
