//! Upload records, by use case: issue tickets, complete or reject an upload, end it, read it.

mod admin;
mod avatar;
mod check;
mod close;
mod complete;
mod idempotency;
mod issue;
mod quota;
mod read;
mod ready;
mod record;
mod recount;
mod repeat;
mod request;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::store::item::n;
use crate::time::Timestamp;

pub(in crate::store) use check::checks_of;
pub use check::{CheckedVersion, NewCheck, NoteCheckOutcome, UploadOfAccount};
pub use close::CloseUploadOutcome;
pub use complete::{CompleteUploadOutcome, RecordConflict};
pub use idempotency::IdempotencyKey;
pub(super) use quota::day_attribute;
pub use read::ReadUploadError;
pub use record::{NewUpload, ObjectVersion, Record};
pub use request::{IssueUploads, IssueUploadsError, IssuedUploads, RepeatedUpload};

/// The longest validity of a ticket.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long after an object was stored its event can arrive: 14 days in the queue, and 14 in its dead-letter queue.
/// Pending records and tombstones live that long, and the bucket keeps old versions longer; the template's test holds
/// them against each other.
pub const EVENT_LIFETIME: Duration = Duration::from_secs(30 * DAY.as_secs());
/// How long after the end of its ticket a pending upload is still shown.
const PENDING_SHOWN: Duration = DAY;
/// How long a rejected record can be read.
const REJECTED_LIFETIME: Duration = Duration::from_secs(7 * DAY.as_secs());
/// How long the item of a check is kept. WeChat's verdict comes within half an hour.
const CHECK_LIFETIME: Duration = Duration::from_secs(2 * DAY.as_secs());
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn ttl(at: Timestamp, lifetime: Duration) -> AttributeValue {
    n(at.after(lifetime).secs())
}
