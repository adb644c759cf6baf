//! Upload records as stored.
//!
//! | attribute | is |
//! |---|---|
//! | `status` | an [`UploadStatus`] |
//! | `content_type`, `declared_size` | what the ticket allows |
//! | `ticket_until` | when the last ticket ends, in seconds since the Unix epoch |
//! | `version_id`, `size`, `etag`, `ready_at` | the version that the record references |
//! | `replaced` | key and version of the picture that this avatar replaced |
//! | `remove_version` | on a tombstone, and when a verified upload was rejected: the version of its own object that is still to be deleted |
//! | `check_id`, `check_before` | what WeChat called the newest check of the version, and the one before |
//! | `reason` | why the object was rejected |
//! | `ttl` | when DynamoDB may remove the record, in seconds since the Unix epoch |
//!
//! The record does not grow, whatever is sent. [`crate::upload::lifecycle`] is its state machine.

use crate::ids::{UploadId, UserId};
use crate::store::error::StoreError;
use crate::store::item::{self, Item};
use crate::store::upload::{PENDING_SHOWN, RecordConflict, TICKET_LIFETIME};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{Snapshot, UploadStatus};
use crate::user::Avatar;

/// An upload to issue a ticket for.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The key that its object will have.
    pub key: ObjectKey,
    /// The exact size in bytes that the ticket will allow.
    pub size: u64,
}

/// An upload as stored.
#[derive(Clone, Debug)]
pub struct Record {
    /// The key of its object; it holds user, upload id and content type.
    pub key: ObjectKey,
    /// The state of the upload.
    pub status: UploadStatus,
    /// The size in bytes that the ticket allowed.
    pub declared_size: u64,
    /// The end of its last ticket.
    pub ticket_until: Timestamp,
    /// The object's size in bytes, once verified.
    pub size: Option<u64>,
    /// The object's ETag without quotes, once verified.
    pub etag: Option<String>,
    /// The version that the record references.
    pub version: Option<String>,
    /// What WeChat called the newest check of the version, if there was one.
    pub check: Option<String>,
    /// What WeChat called the check before that.
    pub check_before: Option<String>,
    /// Why the object was rejected.
    pub reason: Option<String>,
    /// When the object was verified.
    pub ready_at: Option<Timestamp>,
    /// Versions that this record no longer references or never did, and that are still to be deleted: that of the picture
    /// that this one replaced, and its own.
    pub versions_to_delete: Vec<ObjectVersion>,
    expires: Option<Timestamp>,
}

/// One version of an object in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Where the object is in the bucket, or will be.
    pub key: ObjectKey,
    /// The version id; `None` on records from a bucket without versioning.
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
            check: None,
            check_before: None,
            reason: None,
            ready_at: None,
            versions_to_delete: Vec::new(),
            expires: None,
        }
    }

    /// Brings the record up to date with what refused a write; `false` if the table no longer holds it.
    pub fn update_from(&mut self, conflict: RecordConflict) -> bool {
        let Some(found) = conflict.record else {
            return false;
        };
        self.status = found.status;
        self.version = found.version;
        self.versions_to_delete = conflict.versions_to_delete;
        true
    }

    /// Whether the API shows the record. An expired one is gone though DynamoDB may take days to remove it. A pending one
    /// is hidden a day after its ticket ended, while its event can still complete it.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        match self.status {
            UploadStatus::Tombstone => false,
            _ if self.is_expired(now) => false,
            UploadStatus::Pending => now < self.ticket_until.after(PENDING_SHOWN),
            _ => true,
        }
    }

    pub(in crate::store) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The part of the record that decides what an event does.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            status: self.status,
            version: self.version.clone(),
            declared_size: Some(self.declared_size),
        }
    }

    pub(in crate::store) fn from_item(item: &Item, user: &UserId) -> Result<Self, StoreError> {
        let upload: UploadId = item::parsed(item, "sk")?;
        let status: UploadStatus = item::parsed(item, "status")?;
        let key = ObjectKey {
            user: user.clone(),
            upload,
            content_type: item::parsed(item, "content_type")?,
        };
        // Records of earlier releases kept the version of an object that they no longer referenced.
        let version = item::opt_str(item, "version_id").filter(|_| status.has_version());
        Ok(Self {
            versions_to_delete: versions_to_delete(item, &key),
            key,
            status,
            declared_size: item::num(item, "declared_size")?,
            ticket_until: seconds(item, "ticket_until")
                .unwrap_or_else(|| upload.issued_at().after(TICKET_LIFETIME)),
            size: item::opt_num(item, "size"),
            etag: item::opt_str(item, "etag").map(str::to_owned),
            version: version.map(str::to_owned),
            check: item::opt_str(item, "check_id").map(str::to_owned),
            check_before: item::opt_str(item, "check_before").map(str::to_owned),
            reason: item::opt_str(item, "reason").map(str::to_owned),
            ready_at: item::opt_num(item, "ready_at").map(Timestamp::from_millis),
            expires: seconds(item, "ttl"),
        })
    }
}

impl ObjectVersion {
    pub(super) fn from_avatar(avatar: &Avatar) -> Self {
        Self {
            key: avatar.key.clone(),
            version: avatar.version.clone(),
        }
    }

    /// As the attribute `replaced`: key, space, version.
    pub(super) fn to_attribute(&self) -> String {
        let version = self.version.as_deref().unwrap_or_default();
        format!("{} {version}", self.key)
    }

    fn from_attribute(text: &str) -> Option<Self> {
        let (key, version) = text.split_once(' ')?;
        Some(Self {
            key: key.parse().ok()?,
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        })
    }
}

fn versions_to_delete(item: &Item, key: &ObjectKey) -> Vec<ObjectVersion> {
    let own = item::opt_str(item, "remove_version").map(|version| ObjectVersion {
        key: key.clone(),
        version: Some(version.to_owned()),
    });
    let replaced = item::opt_str(item, "replaced").and_then(ObjectVersion::from_attribute);
    own.into_iter().chain(replaced).collect()
}

pub(super) fn seconds(item: &Item, name: &str) -> Option<Timestamp> {
    let seconds: i64 = item::opt_num(item, name)?;
    Some(Timestamp::from_millis(seconds.saturating_mul(1000)))
}
