//! The end of an upload: a tombstone when its version is removed, or `deleted` after a foreign delete marker. An avatar
//! leaves the profile in the same transaction.

use crate::ids::Purpose;
use crate::store::Store;
use crate::store::account::AccountUpdate;
use crate::store::actor::Actor;
use crate::store::audit::{Action, AdminError, AdminWrite};
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, s};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::avatar::shows;
use crate::store::upload::complete::{LAST_SEQUENCER, RecordConflict, remove_version_attributes};
use crate::store::upload::{EVENT_LIFETIME, REJECTED_LIFETIME, Record, ttl};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{RejectionReason, UploadStatus};

/// The states in which a record references a version.
const WITH_VERSION: [UploadStatus; 3] = [
    UploadStatus::Checking,
    UploadStatus::Review,
    UploadStatus::Ready,
];

/// The result of ending an upload, or of rejecting it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseUploadOutcome {
    /// The record references no version any more, and the profile does not show it.
    Closed,
    /// Nothing was written: the record was not in the required state.
    Conflict(RecordConflict),
}

/// Whether the profile shows the upload.
#[derive(Clone, Copy)]
enum ProfileAvatar {
    /// It does; with the time of the profile's last change, if that is known.
    Shown(Option<Timestamp>),
    NotShown,
}

/// One attempt to close an upload in a transaction.
enum Attempt {
    Finished(CloseUploadOutcome),
    /// Nothing was written, and this is what the profile shows by now.
    ProfileChanged(ProfileAvatar),
}

impl Attempt {
    fn of(transacted: Transacted, key: &ObjectKey) -> Result<Self, StoreError> {
        let cancelled = match transacted {
            Transacted::Done => return Ok(Self::Finished(CloseUploadOutcome::Closed)),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        let slot = Slot::Upload(key.upload);
        if !cancelled.refused(&slot) {
            let profile = ProfileAvatar::from_item(cancelled.item(&Slot::Account), key);
            return Ok(Self::ProfileChanged(profile));
        }
        let conflict = RecordConflict::from_item(cancelled.item(&slot), key)?;
        Ok(Self::Finished(CloseUploadOutcome::Conflict(conflict)))
    }
}

impl ProfileAvatar {
    fn from_item(item: Option<&Item>, key: &ObjectKey) -> Self {
        let shown = item.and_then(|item| item::opt_str(item, "avatar_upload_id"));
        if shown != Some(key.upload.to_string().as_str()) {
            return Self::NotShown;
        }
        let changed = item.and_then(|item| item::opt_num(item, "updated_at"));
        Self::Shown(changed.map(Timestamp::from_millis))
    }
}

impl Store {
    /// Makes a record that references `version` a tombstone, after that version was removed from the bucket.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn tombstone_removed_version(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<CloseUploadOutcome, StoreError> {
        let mut update = self.closing(UploadStatus::Tombstone, key);
        update.require(is_in(&WITH_VERSION));
        update.require(references(version));
        self.close(key, update).await
    }

    /// Makes a record a tombstone if it has not changed since it was read.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn tombstone_upload(
        &self,
        record: &Record,
    ) -> Result<CloseUploadOutcome, StoreError> {
        self.close(&record.key, self.closing_as_read(record)).await
    }

    /// [`Store::tombstone_upload`] by an administrator, with an audit entry. The tombstone lists the version that the
    /// record referenced, which is deleted only after the transaction has confirmed the administrator.
    ///
    /// # Errors
    /// If the actor is no administrator, or the table is not available.
    pub async fn tombstone_upload_as_admin(
        &self,
        actor: Actor<'_>,
        record: &Record,
    ) -> Result<CloseUploadOutcome, AdminError> {
        let mut update = self.closing_as_read(record);
        if let Some(version) = &record.version {
            update.set("remove_version", s(version));
        }
        let key = &record.key;
        let mut profile = ProfileAvatar::Shown(None);
        let mut attempts = self.attempts();
        loop {
            let transaction = self.closing_transaction(key, &update, profile);
            let write = deletion(key);
            let transacted = self.transact_audited(actor, &write, transaction).await?;
            match Attempt::of(transacted?, key)? {
                Attempt::Finished(outcome) => return Ok(outcome),
                Attempt::ProfileChanged(found) => profile = found,
            }
            attempts.start_over().await?;
        }
    }

    /// Makes a record that is pending or references a version `deleted`.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn mark_deleted(&self, key: &ObjectKey) -> Result<CloseUploadOutcome, StoreError> {
        let mut update = self.closing(UploadStatus::Deleted, key);
        let [checking, review, ready] = WITH_VERSION;
        update.require(is_in(&[UploadStatus::Pending, checking, review, ready]));
        self.close(key, update).await
    }

    /// Makes a record that references `version` in the state `was` rejected, and lists the version, which is to be removed
    /// next. Until [`Store::forget_removed_version`] says that it was, the record stays.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn withdraw_upload(
        &self,
        key: &ObjectKey,
        version: &str,
        was: UploadStatus,
    ) -> Result<CloseUploadOutcome, StoreError> {
        let mut update = without_version(UploadStatus::Rejected, key);
        update.set("reason", s(RejectionReason::CONTENT.0));
        update.set("remove_version", s(version));
        update.require(is_in(&[was]));
        update.require(references(version));
        self.close(key, update).await
    }

    /// Notes that a rejected upload's version was removed from the bucket.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn forget_removed_version(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<(), StoreError> {
        let mut update = UpdateExpression::new();
        update.remove("remove_version");
        update.set("ttl", ttl(self.clock.now(), REJECTED_LIFETIME));
        update.require(is_in(&[UploadStatus::Rejected]));
        let is_listed = Condition::new("remove_version = :version");
        update.require(is_listed.value(":version", s(version)));
        self.update_record(key, update).await?;
        Ok(())
    }

    fn closing(&self, status: UploadStatus, key: &ObjectKey) -> UpdateExpression {
        let mut update = without_version(status, key);
        update.set("ttl", ttl(self.clock.now(), EVENT_LIFETIME));
        update
    }

    fn closing_as_read(&self, record: &Record) -> UpdateExpression {
        let mut update = self.closing(UploadStatus::Tombstone, &record.key);
        update.require(is_in(&[record.status]));
        if let Some(version) = &record.version {
            update.require(references(version));
        }
        update
    }

    async fn close(
        &self,
        key: &ObjectKey,
        update: UpdateExpression,
    ) -> Result<CloseUploadOutcome, StoreError> {
        if key.upload.purpose() == Purpose::Avatar {
            return self.close_avatar(key, &update).await;
        }
        Ok(match self.update_record(key, update).await? {
            None => CloseUploadOutcome::Closed,
            Some(conflict) => CloseUploadOutcome::Conflict(conflict),
        })
    }

    async fn close_avatar(
        &self,
        key: &ObjectKey,
        update: &UpdateExpression,
    ) -> Result<CloseUploadOutcome, StoreError> {
        // A picture that a newer one replaced is a tombstone already, so this one is probably shown.
        let mut profile = ProfileAvatar::Shown(None);
        let mut attempts = self.attempts();
        loop {
            let transaction = self.closing_transaction(key, update, profile);
            let transacted = self.dynamo.transact(transaction).await?;
            match Attempt::of(transacted, key)? {
                Attempt::Finished(outcome) => return Ok(outcome),
                Attempt::ProfileChanged(found) => profile = found,
            }
            attempts.start_over().await?;
        }
    }

    fn closing_transaction(
        &self,
        key: &ObjectKey,
        update: &UpdateExpression,
        profile: ProfileAvatar,
    ) -> Transaction {
        let record = Key::upload(&key.user, key.upload);
        let transaction =
            Transaction::new().update(Slot::Upload(key.upload), record, update.clone());
        if key.upload.purpose() == Purpose::Avatar {
            self.without_avatar(transaction, key, profile)
        } else {
            transaction
        }
    }

    /// Takes the picture off the profile, or checks that it is not there.
    fn without_avatar(
        &self,
        transaction: Transaction,
        key: &ObjectKey,
        profile: ProfileAvatar,
    ) -> Transaction {
        let account = Key::user(&key.user);
        match profile {
            ProfileAvatar::Shown(changed) => {
                let now = self.clock.now();
                let mut update = AccountUpdate::at(changed.map_or(now, |at| now.following(at)));
                update.clear_avatar();
                update.require(shows(key.upload));
                update.require_latest();
                transaction.update(Slot::Account, account, update)
            }
            ProfileAvatar::NotShown => {
                let other = Condition::new(
                    "(attribute_not_exists(avatar_upload_id) OR avatar_upload_id <> :upload)",
                );
                let upload = s(key.upload.to_string());
                transaction.check(Slot::Account, account, other.value(":upload", upload))
            }
        }
    }
}

/// The change of a record that no longer references a version.
fn without_version(status: UploadStatus, key: &ObjectKey) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("status", s(status.as_str()));
    update.set("seq", s(LAST_SEQUENCER));
    remove_version_attributes(&mut update);
    let content_type = s(key.content_type.as_str());
    update.require(Condition::new("content_type = :type").value(":type", content_type));
    update
}

pub(super) fn is_in(statuses: &[UploadStatus]) -> Condition {
    let statuses = statuses.iter().map(|status| s(status.as_str()));
    Condition::one_of("status", ":was", statuses)
}

pub(super) fn references(version: &str) -> Condition {
    Condition::new("version_id = :version").value(":version", s(version))
}

/// The audit entry of a deletion.
const fn deletion(key: &ObjectKey) -> AdminWrite<'_> {
    AdminWrite {
        action: Action::DeleteUpload,
        target: &key.user,
        upload: Some(key.upload),
        fields: Vec::new(),
        before: None,
        after: None,
    }
}
