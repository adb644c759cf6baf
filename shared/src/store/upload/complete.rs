//! The first inspected version of an upload's object: the record references it or is rejected.

use crate::store::Store;
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{Item, n, s};
use crate::store::schema::Key;
use crate::store::upload::close::CloseUploadOutcome;
use crate::store::upload::{ObjectVersion, REJECTED_LIFETIME, Record, ttl};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{RejectionReason, Snapshot, StoredVersion, UploadStatus};

/// The result of completing an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompleteUploadOutcome {
    /// The record references the version.
    Completed {
        /// The picture that this avatar replaced, which is now to be deleted.
        replaced: Option<ObjectVersion>,
    },
    /// Nothing was written: the record is not pending, or its ticket allowed another size.
    Conflict(RecordConflict),
    /// Nothing was written: the owner's account generation has ended.
    OwnerGone,
}

/// The record that refused a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordConflict {
    /// Its state; `None` if there is no record.
    pub record: Option<Snapshot>,
    /// The versions that it lists for deletion.
    pub versions_to_delete: Vec<ObjectVersion>,
}

impl RecordConflict {
    pub(super) fn from_item(item: Option<&Item>, key: &ObjectKey) -> Result<Self, StoreError> {
        let Some(item) = item else {
            return Ok(Self::default());
        };
        let record = Record::from_item(item, &key.user)?;
        // The upload's id with another extension is not the upload's object.
        let snapshot = if record.key == *key {
            record.snapshot()
        } else {
            Snapshot::FINAL
        };
        Ok(Self {
            record: Some(snapshot),
            versions_to_delete: record.versions_to_delete,
        })
    }
}

impl Store {
    /// Makes a pending record reference `version`; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn complete_upload(
        &self,
        key: &ObjectKey,
        version: &StoredVersion,
        status: UploadStatus,
    ) -> Result<CompleteUploadOutcome, StoreError> {
        let update = completion(key, version, status, self.clock.now());
        Ok(match self.update_record(key, update).await? {
            None => CompleteUploadOutcome::Completed { replaced: None },
            Some(conflict) => CompleteUploadOutcome::Conflict(conflict),
        })
    }

    /// Makes a pending record `rejected`, which is final; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn reject_upload(
        &self,
        key: &ObjectKey,
        reason: RejectionReason,
    ) -> Result<CloseUploadOutcome, StoreError> {
        let mut update = from_pending(key, UploadStatus::Rejected);
        update.set("reason", s(reason.0));
        update.set("ttl", ttl(self.clock.now(), REJECTED_LIFETIME));
        Ok(match self.update_record(key, update).await? {
            None => CloseUploadOutcome::Closed,
            Some(conflict) => CloseUploadOutcome::Conflict(conflict),
        })
    }

    /// Changes a record under the update's condition; `None` if it was written.
    pub(super) async fn update_record(
        &self,
        key: &ObjectKey,
        update: UpdateExpression,
    ) -> Result<Option<RecordConflict>, StoreError> {
        let record = Key::upload(&key.user, key.upload);
        match self.dynamo.update(record, update).await? {
            Updated::Done(_) => Ok(None),
            Updated::Refused(item) => RecordConflict::from_item(item.as_ref(), key).map(Some),
        }
    }
}

/// The change of a pending record that references `version` from now on, if that has the size of the ticket.
pub(super) fn completion(
    key: &ObjectKey,
    version: &StoredVersion,
    status: UploadStatus,
    now: Timestamp,
) -> UpdateExpression {
    let mut update = from_pending(key, status);
    update.set("version_id", s(&version.id));
    update.set("size", n(version.size));
    update.set("etag", s(&version.etag));
    if status == UploadStatus::Ready {
        update.set("ready_at", n(now.millis()));
    }
    update.remove("ttl");
    update.require(Condition::new("declared_size = :size"));
    update
}

fn from_pending(key: &ObjectKey, status: UploadStatus) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("status", s(status.as_str()));
    update.set("seq", s(LAST_SEQUENCER));
    update.require(
        Condition::new("#status = :pending AND content_type = :type")
            .value(":pending", s(UploadStatus::Pending.as_str()))
            .value(":type", s(key.content_type.as_str())),
    );
    update
}

/// Removes what describes the version that a record referenced. The attribute `replaced` stays: an event that was cut off
/// may still have to delete that picture.
pub(super) fn remove_version_attributes(update: &mut UpdateExpression) {
    for attribute in [
        "version_id",
        "size",
        "etag",
        "ready_at",
        // Of earlier releases.
        "previous_version",
        "other_versions",
    ] {
        update.remove(attribute);
    }
}

/// Earlier releases let the event with the greatest sequencer win, and run beside this one during a gradual deployment.
/// To them no event is later than the one that decided.
pub(super) const LAST_SEQUENCER: &str =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
