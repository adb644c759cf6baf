//! Upload records.
//!
//! | attribute | is |
//! |---|---|
//! | `status` | an [`UploadStatus`] |
//! | `content_type`, `declared_size` | what the ticket allows |
//! | `ticket_until` | when the last ticket ends, in seconds since the Unix epoch |
//! | `version_id`, `size`, `etag`, `ready_at` | the version that the record names |
//! | `replaced` | key and version of the picture that this avatar took the place of |
//! | `remove_version` | on the tombstone of a replaced avatar: the version that is to be removed |
//! | `reason` | why the object was rejected |
//! | `ttl` | when the record may go, in seconds since the Unix epoch |
//!
//! What happens to a record is in [`crate::upload::lifecycle`]. The record does not grow, whatever is sent.

mod close;
mod complete;
mod issue;
mod owner;
mod quota;
mod read;
mod renew;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::ids::{UploadId, UserId};
use crate::store::StoreError;
use crate::store::item::{self, Item, n};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{Snapshot, UploadStatus};

pub use close::Closed;
pub use complete::{Named, Refused};
pub use issue::{Idempotency, Issued, NewUpload, Repeated};
pub(super) use owner::{SORT_KEY as OWNER_SORT_KEY, owner_state};
pub(super) use quota::quota_key;

/// How long a ticket is good for, at most.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// For how long the event of a stored object can arrive: 14 days in the queue, and 14 in its dead-letter queue.
/// Pending records and tombstones live that long, and the bucket keeps old versions longer; the template's test holds
/// them against each other.
pub const EVENT_LIFETIME: Duration = Duration::from_secs(30 * DAY.as_secs());
/// How long after the end of its ticket a pending upload is still shown.
const PENDING_SHOWN: Duration = DAY;
/// How long a rejected record can be read.
const REJECTED_LIFETIME: Duration = Duration::from_secs(7 * DAY.as_secs());
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An upload as stored.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its object.
    pub key: ObjectKey,
    /// Where it stands.
    pub status: UploadStatus,
    /// The size in bytes that the ticket allowed.
    pub declared_size: u64,
    /// When its last ticket ends, or ended.
    pub ticket_until: Timestamp,
    /// The object's size in bytes, once verified.
    pub size: Option<u64>,
    /// The object's ETag, without quotes.
    pub etag: Option<String>,
    /// The version that the record names.
    pub version: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it was verified.
    pub ready_at: Option<Timestamp>,
    /// Versions that are to be removed, and do not count as named: that of the picture which this one took the place of,
    /// and this record's own if another picture took its place.
    pub leftovers: Vec<Leftover>,
    expires: Option<Timestamp>,
}

/// An object's version that has to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The object.
    pub key: ObjectKey,
    /// Its version; `None` for records of a bucket that had none.
    pub version: Option<String>,
}

impl Record {
    /// The record of a ticket that was just issued.
    pub fn pending(upload: &NewUpload, ticket_until: Timestamp) -> Self {
        Self {
            key: upload.key.clone(),
            status: UploadStatus::Pending,
            declared_size: upload.size,
            ticket_until,
            size: None,
            etag: None,
            version: None,
            reason: None,
            ready_at: None,
            leftovers: Vec::new(),
            expires: None,
        }
    }

    /// Whether the API shows the record. Past its TTL it is gone though DynamoDB may take days to remove it; a pending
    /// one is hidden a day after its ticket ended, while its event can still complete it.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        match self.status {
            UploadStatus::Tombstone => false,
            _ if self.is_expired(now) => false,
            UploadStatus::Pending => now < self.ticket_until.after(PENDING_SHOWN),
            _ => true,
        }
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// What matters to an event.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            status: self.status,
            version: self.version.clone(),
            declared_size: Some(self.declared_size),
        }
    }

    pub(super) fn from_item(item: &Item, user: &UserId) -> Result<Self, StoreError> {
        let upload: UploadId = item::parsed(item, "sk")?;
        let status: UploadStatus = item::parsed(item, "status")?;
        let key = ObjectKey {
            user: user.clone(),
            upload,
            content_type: item::parsed(item, "content_type")?,
        };
        // Records of earlier releases kept the version of an object that they no longer stood for.
        let version = item::opt_str(item, "version_id").filter(|_| status.names_version());
        Ok(Self {
            leftovers: leftovers(item, &key),
            key,
            status,
            declared_size: item::num(item, "declared_size")?,
            ticket_until: seconds(item, "ticket_until")
                .unwrap_or_else(|| upload.issued_at().after(TICKET_LIFETIME)),
            size: item::opt_num(item, "size"),
            etag: item::opt_str(item, "etag").map(str::to_owned),
            version: version.map(str::to_owned),
            reason: item::opt_str(item, "reason").map(str::to_owned),
            ready_at: item::opt_num(item, "ready_at").map(Timestamp::from_millis),
            expires: seconds(item, "ttl"),
        })
    }
}

fn leftovers(item: &Item, key: &ObjectKey) -> Vec<Leftover> {
    let own = item::opt_str(item, "remove_version").map(|version| Leftover {
        key: key.clone(),
        version: Some(version.to_owned()),
    });
    own.into_iter().chain(replaced(item)).collect()
}

fn replaced(item: &Item) -> Option<Leftover> {
    let (key, version) = item::opt_str(item, "replaced")?.split_once(' ')?;
    Some(Leftover {
        key: key.parse().ok()?,
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
    })
}

fn seconds(item: &Item, name: &str) -> Option<Timestamp> {
    let seconds: i64 = item::opt_num(item, name)?;
    Some(Timestamp::from_millis(seconds.saturating_mul(1000)))
}

pub(super) fn upload_key(user: &UserId, upload: UploadId) -> Item {
    item::key(format!("UP#{user}"), upload.to_string())
}

fn ttl(at: Timestamp, lifetime: Duration) -> AttributeValue {
    n(at.after(lifetime).secs())
}
