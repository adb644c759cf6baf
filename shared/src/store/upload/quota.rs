//! The limits on a user's uploads: open tickets, tickets of the day, stored bytes. One item counts them, and the
//! transaction that issues a ticket changes it in passing.
//!
//! | attribute | is |
//! |---|---|
//! | `open` | the open tickets: `<upload>`, or `<upload>.<end>` (seconds) of a renewed one |
//! | `d<date>` | the number of tickets issued on that day (UTC) |
//! | `bytes` | at least the bytes that tickets have reserved, including those of rejected, deleted and unused uploads |
//! | `counted_at` | when `bytes` was last made exact, in milliseconds |
//! | `epoch` | the account generation that used it last |
//!
//! Open tickets and bytes are only ever counted too high, and recounted (`recount.rs`) when a limit is reached, so an
//! ordinary ticket costs nothing more. An entry of `open` is never added again once it was removed (a renewed ticket has
//! another end), so a removal that arrives late removes nothing new.

use std::time::Duration;

use crate::ids::{Epoch, UploadId};
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::n;
use crate::store::upload::request::{IssueUploads, IssueUploadsError};
use crate::store::upload::{DAY, NewUpload, TICKET_LIFETIME};
use crate::time::Timestamp;
use crate::upload::limits::Limits;

/// What a request needs of the limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuotaRequest {
    /// The number of tickets that will be open.
    pub(super) open: u64,
    /// The number of tickets that count for the day; renewed ones do not.
    pub(super) new: u64,
    /// The bytes to reserve.
    pub(super) bytes: u64,
}

/// An entry of `open`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenTicket {
    pub(super) upload: UploadId,
    pub(super) until: Timestamp,
}

impl OpenTicket {
    fn renewed(upload: UploadId, until: Timestamp) -> String {
        format!("{upload}.{}", until.secs())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (upload, end) = match text.split_once('.') {
            Some((upload, end)) => (upload, Some(end.parse::<i64>().ok()?)),
            None => (text, None),
        };
        let upload: UploadId = upload.parse().ok()?;
        let until = match end {
            Some(end) => Timestamp::from_millis(end.saturating_mul(1000)),
            None => upload.issued_at().after(TICKET_LIFETIME),
        };
        Some(Self { upload, until })
    }
}

impl QuotaRequest {
    pub(super) fn of_new(uploads: &[NewUpload]) -> Self {
        let count = uploads.len() as u64;
        Self {
            open: count,
            new: count,
            bytes: uploads.iter().map(|upload| upload.size).sum(),
        }
    }

    /// An error if the limits could not grant it even to a user without uploads.
    pub(super) fn check_attainable(&self, limits: &Limits) -> Result<(), IssueUploadsError> {
        if self.open > limits.pending || self.new > limits.daily {
            return Err(exceeded(Some(TICKET_LIFETIME)));
        }
        match limits.total_bytes {
            Some(total) if self.bytes > total => Err(exceeded(None)),
            _ => Ok(()),
        }
    }
}

/// An error to try again after that time; `None` if time alone makes no room.
pub(super) const fn exceeded(retry_after: Option<Duration>) -> IssueUploadsError {
    IssueUploadsError::QuotaExceeded { retry_after }
}

/// Counts new tickets, on condition that the limits leave room.
pub(super) fn count_new(
    request: &IssueUploads<'_>,
    uploads: &[UploadId],
    quota: QuotaRequest,
    now: Timestamp,
) -> UpdateExpression {
    let entries = uploads.iter().map(UploadId::to_string).collect();
    let mut update = count(request.owner.epoch, entries, quota, request.limits);
    let left = request.limits.daily.saturating_sub(quota.new);
    update.name("#today", day_attribute(now));
    update.increase("#today", quota.new);
    update.require(
        Condition::new("(attribute_not_exists(#today) OR #today <= :left)").value(":left", n(left)),
    );
    // The item counts from now on and does not expire, as it did in earlier releases.
    update.remove("ttl");
    update.name("#yesterday", day_attribute(now.before(DAY)));
    update.remove("#yesterday");
    update.name("#before", day_attribute(now.before(2 * DAY)));
    update.remove("#before");
    update
}

/// Counts renewed tickets as open, on condition that the limits leave room. Their bytes are reserved again: a recount may
/// have left them out when the tickets had ended.
pub(super) fn count_renewed(
    request: &IssueUploads<'_>,
    uploads: &[UploadId],
    quota: QuotaRequest,
    until: Timestamp,
) -> UpdateExpression {
    let entries = uploads.iter().map(|id| OpenTicket::renewed(*id, until));
    count(
        request.owner.epoch,
        entries.collect(),
        quota,
        request.limits,
    )
}

fn count(
    epoch: Epoch,
    entries: Vec<String>,
    quota: QuotaRequest,
    limits: &Limits,
) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("epoch", n(epoch.get()));
    let room = limits.pending.saturating_sub(entries.len() as u64);
    update.add("open", entries);
    update.require(
        Condition::new("(attribute_not_exists(#open) OR size(#open) <= :room)")
            .value(":room", n(room)),
    );
    if let Some(total) = limits.total_bytes {
        update.increase("bytes", quota.bytes);
        let left = total.saturating_sub(quota.bytes);
        update.require(
            Condition::new("(attribute_not_exists(#bytes) OR #bytes <= :bytes_left)")
                .value(":bytes_left", n(left)),
        );
    }
    if quota.check_attainable(limits).is_err() {
        // Never true: the transaction then only tells whether the request is a repetition.
        update.require(Condition::new(
            "attribute_exists(pk) AND attribute_not_exists(pk)",
        ));
    }
    update
}

/// The attribute that counts what was done on a day.
pub(in crate::store) fn day_attribute(at: Timestamp) -> String {
    format!("d{}", &at.to_amz_date()[..8])
}
