//! The state machine of an upload: one ticket, one object.
//!
//! A record is `pending` until the first stored version is inspected. That version decides: the record then references it
//! (`checking`, `review` or `ready`) or is `rejected`. A record never becomes pending again and never references another
//! version, so events may arrive in any order: each carries its version, and the record holds the rest.
//!
//! | record | version stored | version removed | delete marker is the latest |
//! |---|---|---|---|
//! | not found | retry; at the third receive remove the version | ignore | retry; at the third receive remove every version |
//! | `pending` | complete, or reject and remove the version | retry, twice at most | `deleted`, remove every version |
//! | references a version | this one: ignore; another: remove it | this one: tombstone; another: ignore | `deleted`, remove every version |
//! | `rejected`, `deleted`, tombstone | remove the version | ignore | remove every version |
//!
//! What becomes of a referenced version after that is decided by WeChat's check and by moderators; a ruling is about the
//! version that it names, too, and about any other it changes nothing.
//!
//! | record | check: passed | risky | unsure | moderator: approved | denied |
//! |---|---|---|---|---|---|
//! | `checking` | `ready` | `rejected` | `review` | `ready` | `rejected` |
//! | `review` | ignore | ignore | ignore | `ready` | `rejected` |
//! | `ready` | ignore | ignore | ignore | ignore | `rejected` |
//! | any other | ignore | ignore | ignore | ignore | ignore |
//!
//! A record that is rejected so lists its version until that is removed from the bucket.
//!
//! [`decide`] and [`judge`] are these tables as pure functions, so that the handlers and the tests share them.

mod ruling;

use std::fmt;
use std::str::FromStr;

pub use ruling::{Judgement, Ruling, judge};

/// An event without a matching record is retried until its message has been received this often.
const LAST_RECEIVE: u32 = 3;

/// The state of an upload record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UploadStatus {
    /// A ticket was issued; no object has been inspected yet.
    Pending,
    /// References a verified version that waits for WeChat's content check.
    Checking,
    /// References a verified version that waits for a moderator's decision.
    Review,
    /// References a verified version that may be shown.
    Ready,
    /// The object did not match its ticket; the record references no version.
    Rejected,
    /// The object was hidden by a delete marker, which this system never places itself.
    Deleted,
    /// Kept for late events only; the API answers 404.
    Tombstone,
}

impl UploadStatus {
    /// Every status, for parsing and for tests.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Checking,
        Self::Review,
        Self::Ready,
        Self::Rejected,
        Self::Deleted,
        Self::Tombstone,
    ];

    /// The attribute `status` in the table and the field `status` in the API, which never shows a tombstone.
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

    /// Whether a record in this state references a version of its object.
    pub const fn has_version(self) -> bool {
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
    /// The object's size differs from the size on its ticket.
    pub const SIZE_MISMATCH: Self = Self("size_mismatch");
    /// The object is larger than any upload may be.
    pub const TOO_LARGE: Self = Self("too_large");
    /// The object is stored with a content type other than that of its ticket.
    pub const TYPE_MISMATCH: Self = Self("type_mismatch");
    /// The object carries response headers or metadata that the ticket did not fix.
    pub const HEADERS_NOT_ALLOWED: Self = Self("headers_not_allowed");
    /// A check or a moderator found that it must not be shown.
    pub const CONTENT: Self = Self("content");
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The part of a record that decides what an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the record is in its life cycle.
    pub status: UploadStatus,
    /// The version that the record references; `None` unless the status [has one](UploadStatus::has_version).
    pub version: Option<String>,
    /// The size in bytes that the ticket allowed; `None` if it is not known here, and then the write checks it.
    pub declared_size: Option<u64>,
}

impl Snapshot {
    /// A record that references no version and never will.
    pub const FINAL: Self = Self {
        status: UploadStatus::Tombstone,
        version: None,
        declared_size: None,
    };

    /// The record that `event` would change. A handler assumes it and writes conditionally, which saves a read.
    pub fn expected_by(event: &Event<'_>) -> Self {
        let (status, version) = match event {
            Event::Stored(..) | Event::DeleteMarker => (UploadStatus::Pending, None),
            Event::Removed(version) => (UploadStatus::Ready, Some((*version).to_owned())),
        };
        Self {
            status,
            version,
            declared_size: None,
        }
    }

    fn references(&self, version: &str) -> bool {
        self.status.has_version() && self.version.as_deref() == Some(version)
    }
}

/// A version of an object, as S3 reported it when it was inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The S3 version id.
    pub id: String,
    /// The whole object's size in bytes.
    pub size: u64,
    /// The ETag, without quotes.
    pub etag: String,
}

/// What an S3 event says about an upload's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A version was stored; the inspection's result is the status to give the record, or the reason to reject it.
    Stored(&'a StoredVersion, Result<UploadStatus, RejectionReason>),
    /// The version of this id was removed for good.
    Removed(&'a str),
    /// A delete marker was placed and still is the key's latest version.
    DeleteMarker,
}

/// A change of a record. Each is one conditional write, refused if the record is no longer as [`decide`] was given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// From pending: the record references the version, with this status.
    Complete(&'a StoredVersion, UploadStatus),
    /// From pending: the record is final, and the version is to be removed from the bucket.
    Reject(&'a StoredVersion, RejectionReason),
    /// From referencing this version id: a tombstone.
    Tombstone(&'a str),
    /// From pending or referencing a version: `deleted`, and every version of the key is to be removed.
    MarkDeleted,
}

/// What to do about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Change the record, and the bucket as the change says.
    Change(Change<'a>),
    /// Leave the record and remove this version id.
    RemoveVersion(&'a str),
    /// Leave the record and remove every version of the key.
    RemoveAllVersions,
    /// Nothing to do; the reason is logged.
    Ignore(&'static str),
    /// Too early to decide: return the message to the queue; the reason is logged.
    Retry(&'static str),
}

/// Decides on `event`, whose message has been received `receives` times. `record` is `None` if the table holds none.
pub fn decide<'a>(record: Option<&Snapshot>, event: &Event<'a>, receives: u32) -> Decision<'a> {
    let is_last_receive = receives >= LAST_RECEIVE;
    let Some(record) = record else {
        return match event {
            Event::Removed(_) => Decision::Ignore("the removed version's upload is unknown"),
            _ if !is_last_receive => Decision::Retry("the upload is unknown"),
            Event::Stored(version, _) => Decision::RemoveVersion(&version.id),
            Event::DeleteMarker => Decision::RemoveAllVersions,
        };
    };
    match (*event, record.status) {
        (Event::Stored(version, inspection), UploadStatus::Pending) => {
            Decision::Change(first_version(record, version, inspection))
        }
        (Event::Stored(version, _), _) if record.references(&version.id) => {
            Decision::Ignore("the event has already been applied")
        }
        (Event::Stored(version, _), _) => Decision::RemoveVersion(&version.id),
        (Event::Removed(_), UploadStatus::Pending) if !is_last_receive => {
            Decision::Retry("a version was removed before it was inspected")
        }
        (Event::Removed(version), _) if record.references(version) => {
            Decision::Change(Change::Tombstone(version))
        }
        (Event::Removed(_), _) => {
            Decision::Ignore("the record does not reference the removed version")
        }
        (Event::DeleteMarker, status)
            if status == UploadStatus::Pending || status.has_version() =>
        {
            Decision::Change(Change::MarkDeleted)
        }
        (Event::DeleteMarker, _) => Decision::RemoveAllVersions,
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
        Ok(status) => Change::Complete(version, status),
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
            version: status.has_version().then(|| "referenced".to_owned()),
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
            Decision::Change(Change::Complete(&right, UploadStatus::Ready))
        );
        assert_eq!(
            decide(Some(&pending), &Event::Stored(&wrong, GOOD), 1),
            Decision::Change(Change::Reject(&wrong, RejectionReason::SIZE_MISMATCH))
        );
    }

    #[test]
    fn what_is_unknown_is_retried_twice() {
        let stored = version("v", 10);
        for event in [Event::Stored(&stored, GOOD), Event::DeleteMarker] {
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

    #[test]
    fn names_are_those_of_the_table_and_of_the_api() {
        let names = [
            "pending", "checking", "review", "ready", "rejected", "deleted", "gone",
        ];
        assert_eq!(UploadStatus::ALL.map(UploadStatus::as_str), names);
        assert_eq!(names.map(str::parse), UploadStatus::ALL.map(Ok));
        assert_eq!("tombstone".parse::<UploadStatus>(), Err(()));
        assert_eq!(RejectionReason::TOO_LARGE.to_string(), "too_large");
    }

    /// The lower half of the table above, written out.
    #[test]
    fn a_settled_record_keeps_its_version_and_removes_every_other() {
        let (own, other) = (version("referenced", 10), version("other", 10));
        for (status, is_referencing) in [
            (UploadStatus::Checking, true),
            (UploadStatus::Review, true),
            (UploadStatus::Ready, true),
            (UploadStatus::Rejected, false),
            (UploadStatus::Deleted, false),
            (UploadStatus::Tombstone, false),
        ] {
            // An earlier release left the version on records that no longer reference it.
            let record = Snapshot {
                status,
                version: Some("referenced".to_owned()),
                declared_size: Some(10),
            };
            let decided = |event: Event<'static>| decide(Some(&record), &event, 1);
            let stored = decide(Some(&record), &Event::Stored(&own, GOOD), 1);
            let removed = decided(Event::Removed("referenced"));
            let marked = decided(Event::DeleteMarker);
            if is_referencing {
                assert!(matches!(stored, Decision::Ignore(_)), "{status:?}");
                assert_eq!(removed, Decision::Change(Change::Tombstone("referenced")));
                assert_eq!(marked, Decision::Change(Change::MarkDeleted));
            } else {
                assert_eq!(stored, Decision::RemoveVersion("referenced"));
                assert!(matches!(removed, Decision::Ignore(_)), "{status:?}");
                assert_eq!(marked, Decision::RemoveAllVersions);
            }
            assert_eq!(
                decide(Some(&record), &Event::Stored(&other, GOOD), 1),
                Decision::RemoveVersion("other")
            );
            assert!(matches!(
                decided(Event::Removed("other")),
                Decision::Ignore(_)
            ));
        }
    }

    proptest! {
        /// A version is kept only while a record references it, a referenced one is never removed by an event about
        /// another, and a record leaves `pending` once.
        #[test]
        fn a_version_is_referenced_or_removed(
            status in select(&UploadStatus::ALL[..]), id in select(&["referenced", "other"][..]),
            fits: bool, receives in 0..6_u32
        ) {
            let (record, stored) = (record(status), version(id, 10));
            let inspection = if fits { GOOD } else { Err(RejectionReason::TYPE_MISMATCH) };
            let decision = decide(Some(&record), &Event::Stored(&stored, inspection), receives);
            let is_referenced = record.references(id);
            match decision {
                Decision::Change(Change::Complete(..) | Change::Reject(..)) => {
                    prop_assert_eq!(status, UploadStatus::Pending);
                }
                Decision::RemoveVersion(removed) => prop_assert!(removed == id && !is_referenced),
                Decision::Ignore(_) => prop_assert!(is_referenced),
                other => prop_assert!(false, "{:?}", other),
            }
            match decide(Some(&record), &Event::Removed(id), receives) {
                Decision::Change(Change::Tombstone(removed)) => prop_assert!(removed == id && is_referenced),
                Decision::Retry(_) => prop_assert!(status == UploadStatus::Pending && receives < 3),
                Decision::Ignore(_) => prop_assert!(!is_referenced),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
