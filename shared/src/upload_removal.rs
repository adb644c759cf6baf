//! Removing an upload in its owner's name: the version that its record references, then the record.

use crate::store::upload::{CloseUploadOutcome, ObjectVersion, Record};
use crate::store::{Store, StoreError};
use crate::upload::deleter::{DeleteObjectError, ObjectDeleter};
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::UploadStatus;

/// How often a removal starts over because the record changed. A record changes a few times in its lifetime.
pub const ATTEMPTS: u32 = 4;

/// An upload was not removed, or not all of it. A repetition continues.
#[derive(Debug, thiserror::Error)]
pub enum RemoveUploadError {
    /// The table gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// S3 did not confirm.
    #[error("the object was not deleted")]
    Object(#[from] DeleteObjectError),
    /// The record kept changing.
    #[error("the record kept changing")]
    Contended,
}

/// What a removal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// An upload, which is a tombstone now.
    Now,
    /// A tombstone, or nothing.
    Before,
}

/// Removes the version that the record references, then writes the tombstone. If the tombstone is not reached, the event
/// of the removal writes it, or a repetition. Versions that were not inspected yet are removed by their own events, which
/// find the tombstone.
///
/// # Errors
/// If the removal did not come to its end.
pub async fn remove_upload(
    store: &Store,
    deleter: &ObjectDeleter,
    record: Record,
) -> Result<Removed, RemoveUploadError> {
    let mut record = record;
    for _ in 0..ATTEMPTS {
        if let Some(version) = &record.version {
            deleter.delete(&record.key, version).await?;
        }
        if record.status == UploadStatus::Tombstone {
            remove_listed_versions(deleter, &record).await?;
            return Ok(Removed::Before);
        }
        let conflict = match store.tombstone_upload(&record).await? {
            CloseUploadOutcome::Closed => return Ok(Removed::Now),
            CloseUploadOutcome::Conflict(conflict) => conflict,
        };
        if !record.update_from(conflict) {
            return Ok(Removed::Before);
        }
    }
    Err(RemoveUploadError::Contended)
}

/// Removes the versions that the record lists for deletion.
///
/// # Errors
/// If S3 does not confirm.
pub async fn remove_listed_versions(
    deleter: &ObjectDeleter,
    record: &Record,
) -> Result<(), DeleteObjectError> {
    let listed = record.versions_to_delete.iter();
    for (key, version) in listed.filter_map(named) {
        deleter.delete(key, version).await?;
    }
    Ok(())
}

fn named(listed: &ObjectVersion) -> Option<(&ObjectKey, &str)> {
    listed
        .version
        .as_deref()
        .map(|version| (&listed.key, version))
}
