//! The two ways in which an upload becomes ready: when its object was inspected, or when it has passed its check.

use crate::ids::Purpose;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{n, s};
use crate::store::upload::CompleteUploadOutcome;
use crate::store::upload::close::{CloseUploadOutcome, is_in, references};
use crate::store::upload::complete::completion;
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{StoredVersion, UploadStatus};

/// What makes a record ready.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReadyStep<'a> {
    /// The version was inspected: from pending.
    Inspected(&'a StoredVersion),
    /// The version, which a record in the state `was` references, may be shown.
    Cleared { version: &'a str, was: UploadStatus },
}

impl ReadyStep<'_> {
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Inspected(version) => &version.id,
            Self::Cleared { version, .. } => version,
        }
    }

    pub(super) fn update(&self, key: &ObjectKey, now: Timestamp) -> UpdateExpression {
        match self {
            Self::Inspected(version) => completion(key, version, UploadStatus::Ready, now),
            Self::Cleared { version, was } => {
                let mut update = from(key, version, *was, UploadStatus::Ready);
                update.set("ready_at", n(now.millis()));
                update
            }
        }
    }
}

impl Store {
    /// Makes a record that references `version` in the state `was` ready, and shows an avatar on the profile, as
    /// [`Store::complete_avatar`] does.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn clear_upload(
        &self,
        key: &ObjectKey,
        version: &str,
        was: UploadStatus,
    ) -> Result<CompleteUploadOutcome, StoreError> {
        let step = ReadyStep::Cleared { version, was };
        match key.upload.purpose() {
            Purpose::Avatar => self.make_avatar_ready(key, step, None).await,
            Purpose::File => self.make_record_ready(key, step).await,
        }
    }

    /// Has a record that references `version` in the state `was` wait for a moderator.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn hold_upload(
        &self,
        key: &ObjectKey,
        version: &str,
        was: UploadStatus,
    ) -> Result<CloseUploadOutcome, StoreError> {
        let update = from(key, version, was, UploadStatus::Review);
        Ok(match self.update_record(key, update).await? {
            None => CloseUploadOutcome::Closed,
            Some(conflict) => CloseUploadOutcome::Conflict(conflict),
        })
    }

    pub(super) async fn make_record_ready(
        &self,
        key: &ObjectKey,
        step: ReadyStep<'_>,
    ) -> Result<CompleteUploadOutcome, StoreError> {
        let update = step.update(key, self.clock.now());
        Ok(match self.update_record(key, update).await? {
            None => CompleteUploadOutcome::Completed { replaced: None },
            Some(conflict) => CompleteUploadOutcome::Conflict(conflict),
        })
    }
}

/// The change of a record that goes on referencing `version`.
fn from(
    key: &ObjectKey,
    version: &str,
    was: UploadStatus,
    status: UploadStatus,
) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("status", s(status.as_str()));
    update.require(is_in(&[was]));
    update.require(references(version));
    let content_type = s(key.content_type.as_str());
    update.require(Condition::new("content_type = :type").value(":type", content_type));
    update
}
