//! What becomes of an upload: one ticket, one object.
//!
//! A record is `pending` until the first stored version is inspected. That version decides: the record then names it
//! (`checking`, `review` or `ready`) or is `rejected`. A record never becomes pending again and never changes the version
//! that it names, so an event needs no order: it is about the version that it names, and the record says all the rest.
//!
//! | record | version stored | version removed | delete marker is the latest |
//! |---|---|---|---|
//! | unknown | retry; at the third receive the version is removed | ignored | retry; then every version goes |
//! | `pending` | named, or rejected and removed | retry, twice at most | `deleted`, every version goes |
//! | names a version | its own: ignored; another: removed | its own: tombstone; another: ignored | `deleted`, every version goes |
//! | `rejected`, `deleted`, tombstone | removed | ignored | every version goes |
//!
//! [`decide`] is this table. It reads no clock and makes no call, so that the handler and the tests share it.

use std::fmt;
use std::str::FromStr;

/// At this receive of a message, what is still unknown stays unknown: the event is not retried.
const LAST_RECEIVE: u32 = 3;

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadStatus {
    /// Waits for its object.
    Pending,
    /// Names a verified version that waits for WeChat's verdict.
    Checking,
    /// Names a verified version that waits for a person's decision.
    Review,
    /// Names a verified version that may be shown.
    Ready,
    /// The object was not what the ticket allowed.
    Rejected,
    /// Somebody else's delete marker took the object.
    Deleted,
    /// A tombstone: shown to nobody, kept so that late events find it.
    Tombstone,
}

impl UploadStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Checking,
        Self::Review,
        Self::Ready,
        Self::Rejected,
        Self::Deleted,
        Self::Tombstone,
    ];

    /// The status in the table and, but for the tombstone's, in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Checking => "checking",
            Self::Review => "review",
            Self::Ready => "ready",
            Self::Rejected => "rejected",
            Self::Deleted => "deleted",
            Self::Tombstone => "gone",
        }
    }

    /// Whether a record of this status names a version.
    pub const fn names_version(self) -> bool {
        matches!(self, Self::Checking | Self::Review | Self::Ready)
    }
}

impl FromStr for UploadStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(())
    }
}

/// Why an object was rejected; shown as the upload's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectionReason(pub &'static str);

impl RejectionReason {
    /// The object has another size than the ticket allowed.
    pub const SIZE_MISMATCH: Self = Self("size_mismatch");
    /// The object is larger than any upload may be.
    pub const TOO_LARGE: Self = Self("too_large");
    /// The object is stored with another content type.
    pub const TYPE_MISMATCH: Self = Self("type_mismatch");
    /// The object carries response headers or metadata that the ticket did not fix.
    pub const HEADERS_NOT_ALLOWED: Self = Self("headers_not_allowed");
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a record says that matters to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the upload stands.
    pub status: UploadStatus,
    /// The version that the record names; `None` unless the status [names one](UploadStatus::names_version).
    pub version: Option<String>,
    /// The size in bytes that the ticket allowed; `None` if it is not known here.
    pub declared_size: Option<u64>,
}

impl Snapshot {
    /// A record that names no version and never will.
    pub const CLOSED: Self = Self {
        status: UploadStatus::Tombstone,
        version: None,
        declared_size: None,
    };

    /// The record for which `event` would change something: what a handler assumes to save a read.
    pub fn expected_by(event: &Event<'_>) -> Self {
        let (status, version) = match event {
            Event::Stored(..) | Event::Hidden => (UploadStatus::Pending, None),
            Event::Removed(version) => (UploadStatus::Ready, Some((*version).to_owned())),
        };
        Self {
            status,
            version,
            declared_size: None,
        }
    }

    fn names(&self, version: &str) -> bool {
        self.status.names_version() && self.version.as_deref() == Some(version)
    }
}

/// A stored version, as an inspection describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its id.
    pub id: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
}

/// What happened to an upload's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A version was stored; with the status that its bytes earn it, or the reason to reject it.
    Stored(&'a StoredVersion, Result<UploadStatus, RejectionReason>),
    /// The version of this id was removed for good.
    Removed(&'a str),
    /// A delete marker was placed and still is the key's latest version.
    Hidden,
}

/// A change of a record. Each is one write, on condition that the record still is one for which [`decide`] chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// From pending: the record names the version, with this status.
    Name(&'a StoredVersion, UploadStatus),
    /// From pending: the record is final, and the version is to be removed.
    Reject(&'a StoredVersion, RejectionReason),
    /// From naming the version of this id: a tombstone.
    Tombstone(&'a str),
    /// From pending or naming a version: `deleted`, and every version of the key is to be removed.
    MarkDeleted,
}

/// What an event leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// The record changes.
    Change(Change<'a>),
    /// The record stays; the version of this id is removed.
    RemoveVersion(&'a str),
    /// The record stays; every version of the key is removed.
    RemoveAllVersions,
    /// There is nothing to do, for this reason.
    Ignore(&'static str),
    /// It is too early to tell: the message is retried, for this reason.
    Retry(&'static str),
}

/// The decision on `event`, whose message has been received `receives` times; `record` is `None` if there is none.
pub fn decide<'a>(record: Option<&Snapshot>, event: &Event<'a>, receives: u32) -> Decision<'a> {
    let is_last = receives >= LAST_RECEIVE;
    let Some(record) = record else {
        return match event {
            Event::Removed(_) => Decision::Ignore("the removed version's upload is unknown"),
            _ if !is_last => Decision::Retry("the upload is unknown"),
            Event::Stored(version, _) => Decision::RemoveVersion(&version.id),
            Event::Hidden => Decision::RemoveAllVersions,
        };
    };
    match (*event, record.status) {
        (Event::Stored(version, inspection), UploadStatus::Pending) => {
            Decision::Change(first_version(record, version, inspection))
        }
        (Event::Stored(version, _), _) if record.names(&version.id) => {
            Decision::Ignore("the event was applied before")
        }
        (Event::Stored(version, _), _) => Decision::RemoveVersion(&version.id),
        (Event::Removed(_), UploadStatus::Pending) if !is_last => {
            Decision::Retry("a version was removed before it was inspected")
        }
        (Event::Removed(version), _) if record.names(version) => {
            Decision::Change(Change::Tombstone(version))
        }
        (Event::Removed(_), _) => Decision::Ignore("the record does not name the version"),
        (Event::Hidden, status) if status == UploadStatus::Pending || status.names_version() => {
            Decision::Change(Change::MarkDeleted)
        }
        (Event::Hidden, _) => Decision::RemoveAllVersions,
    }
}

fn first_version<'a>(
    record: &Snapshot,
    version: &'a StoredVersion,
    inspection: Result<UploadStatus, RejectionReason>,
) -> Change<'a> {
    let fits = record
        .declared_size
        .is_none_or(|declared| declared == version.size);
    match inspection {
        Err(reason) => Change::Reject(version, reason),
        Ok(_) if !fits => Change::Reject(version, RejectionReason::SIZE_MISMATCH),
        Ok(status) => Change::Name(version, status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn version(id: &str, size: u64) -> StoredVersion {
        StoredVersion {
            id: id.to_owned(),
            size,
            etag: "etag".to_owned(),
        }
    }

    fn record(status: UploadStatus) -> Snapshot {
        Snapshot {
            status,
            version: status.names_version().then(|| "named".to_owned()),
            declared_size: Some(10),
        }
    }

    const GOOD: Result<UploadStatus, RejectionReason> = Ok(UploadStatus::Ready);

    #[test]
    fn the_first_version_decides_and_its_size_counts() {
        let pending = record(UploadStatus::Pending);
        let (right, wrong) = (version("v", 10), version("v", 11));
        assert_eq!(
            decide(Some(&pending), &Event::Stored(&right, GOOD), 1),
            Decision::Change(Change::Name(&right, UploadStatus::Ready))
        );
        assert_eq!(
            decide(Some(&pending), &Event::Stored(&wrong, GOOD), 1),
            Decision::Change(Change::Reject(&wrong, RejectionReason::SIZE_MISMATCH))
        );
    }

    #[test]
    fn what_is_unknown_is_retried_twice() {
        let stored = version("v", 10);
        for event in [Event::Stored(&stored, GOOD), Event::Hidden] {
            for receives in [0, 1, 2] {
                assert!(matches!(decide(None, &event, receives), Decision::Retry(_)));
            }
        }
        assert_eq!(
            decide(None, &Event::Stored(&stored, GOOD), 3),
            Decision::RemoveVersion("v")
        );
        let removed = Event::Removed("v");
        let pending = record(UploadStatus::Pending);
        assert!(matches!(
            decide(Some(&pending), &removed, 2),
            Decision::Retry(_)
        ));
        assert!(matches!(
            decide(Some(&pending), &removed, 3),
            Decision::Ignore(_)
        ));
    }

    proptest! {
        /// Whatever happens: a version is kept only while it is named, a named one is never removed by an event about
        /// another, and a record leaves `pending` once.
        #[test]
        fn a_version_is_named_or_removed(
            status in select(&UploadStatus::ALL[..]), id in select(&["named", "other"][..]),
            fits: bool, receives in 0..6_u32
        ) {
            let (record, stored) = (record(status), version(id, 10));
            let inspection = if fits { GOOD } else { Err(RejectionReason::TYPE_MISMATCH) };
            let decision = decide(Some(&record), &Event::Stored(&stored, inspection), receives);
            let is_named = record.names(id);
            match decision {
                Decision::Change(Change::Name(..) | Change::Reject(..)) => {
                    prop_assert_eq!(status, UploadStatus::Pending);
                }
                Decision::RemoveVersion(removed) => prop_assert!(removed == id && !is_named),
                Decision::Ignore(_) => prop_assert!(is_named),
                other => prop_assert!(false, "{:?}", other),
            }
            match decide(Some(&record), &Event::Removed(id), receives) {
                Decision::Change(Change::Tombstone(removed)) => prop_assert!(removed == id && is_named),
                Decision::Retry(_) => prop_assert!(status == UploadStatus::Pending && receives < 3),
                Decision::Ignore(_) => prop_assert!(!is_named),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
