//! Completing an avatar: record, profile and the picture that it replaces change in one transaction.

use crate::ids::UploadId;
use crate::store::Store;
use crate::store::account::{self, Account, AccountUpdate};
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{n, s};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::complete::{LAST_SEQUENCER, remove_version_attributes};
use crate::store::upload::ready::ReadyStep;
use crate::store::upload::{
    CompleteUploadOutcome, EVENT_LIFETIME, ObjectVersion, RecordConflict, ttl,
};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{StoredVersion, UploadStatus};
use crate::user::{Avatar, Status, User};

impl Store {
    /// Makes a pending record of an avatar reference `version` and shows it on the profile, both or neither. A newer
    /// picture stays on the profile, and so does the picture of a disabled account; the record then only becomes `ready`.
    /// `owner` is the account as last read; `None` has it read.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn complete_avatar(
        &self,
        key: &ObjectKey,
        version: &StoredVersion,
        owner: Option<User>,
    ) -> Result<CompleteUploadOutcome, StoreError> {
        let step = ReadyStep::Inspected(version);
        self.make_avatar_ready(key, step, owner).await
    }

    /// Makes a record of an avatar `ready` and shows it on the profile, as [`Store::complete_avatar`] says.
    pub(super) async fn make_avatar_ready(
        &self,
        key: &ObjectKey,
        step: ReadyStep<'_>,
        owner: Option<User>,
    ) -> Result<CompleteUploadOutcome, StoreError> {
        let mut owner = owner;
        let mut attempts = self.attempts();
        loop {
            let owner = match owner.take() {
                Some(owner) => Some(owner),
                None => self.account(&key.user).await?.and_then(Account::into_user),
            };
            let Some(owner) = owner.filter(|user| user.epoch == key.upload.epoch()) else {
                return Ok(CompleteUploadOutcome::OwnerGone);
            };
            let shows_newer = |avatar: &Avatar| avatar.upload >= key.upload;
            if owner.status != Status::Active || owner.avatar.as_ref().is_some_and(shows_newer) {
                return self.make_record_ready(key, step).await;
            }
            if let Some(outcome) = self.try_make_avatar_ready(key, step, owner).await? {
                return Ok(outcome);
            }
            attempts.start_over().await?;
        }
    }

    /// One attempt; `None` if the profile has changed since `owner` was read.
    async fn try_make_avatar_ready(
        &self,
        key: &ObjectKey,
        step: ReadyStep<'_>,
        owner: User,
    ) -> Result<Option<CompleteUploadOutcome>, StoreError> {
        let now = self.clock.now().following(owner.updated_at);
        let replaced = owner.avatar.as_ref().map(ObjectVersion::from_avatar);
        let mut record = step.update(key, now);
        if let Some(replaced) = &replaced {
            record.set("replaced", s(replaced.to_attribute()));
        }
        let mut transaction = Transaction::new()
            .update(
                Slot::Upload(key.upload),
                Key::upload(&key.user, key.upload),
                record,
            )
            .update(
                Slot::Account,
                Key::user(&key.user),
                show_avatar(key, step.version(), owner.avatar.as_ref(), now),
            );
        if let Some(old) = &replaced {
            let upload = old.key.upload;
            let at = Key::upload(&old.key.user, upload);
            transaction = transaction.update(Slot::Upload(upload), at, self.replacement(old));
        }
        match self.dynamo.transact(transaction).await? {
            Transacted::Done => Ok(Some(CompleteUploadOutcome::Completed { replaced })),
            Transacted::Cancelled(cancelled) => {
                let slot = Slot::Upload(key.upload);
                if !cancelled.refused(&slot) {
                    return Ok(None);
                }
                let conflict = RecordConflict::from_item(cancelled.item(&slot), key)?;
                Ok(Some(CompleteUploadOutcome::Conflict(conflict)))
            }
        }
    }

    /// Makes the record of a replaced picture a tombstone that lists the picture's version for deletion. What it lists
    /// already stays listed.
    fn replacement(&self, old: &ObjectVersion) -> UpdateExpression {
        let mut update = UpdateExpression::new();
        update.set("status", s(UploadStatus::Tombstone.as_str()));
        update.set("content_type", s(old.key.content_type.as_str()));
        update.set("ttl", ttl(self.clock.now(), EVENT_LIFETIME));
        update.set("seq", s(LAST_SEQUENCER));
        update.set_if_absent("declared_size", n(0));
        if let Some(version) = &old.version {
            update.set("remove_version", s(version));
        }
        remove_version_attributes(&mut update);
        update
    }
}

/// Shows the picture on the profile, as long as that shows `current` and its owner is let in.
fn show_avatar(
    key: &ObjectKey,
    version: &str,
    current: Option<&Avatar>,
    now: Timestamp,
) -> AccountUpdate {
    let mut profile = AccountUpdate::at(now);
    profile.set_avatar(&Avatar {
        upload: key.upload,
        key: key.clone(),
        version: Some(version.to_owned()),
    });
    profile.require(account::is_open(key.upload.epoch()));
    profile.require_latest();
    profile.require(match current {
        Some(avatar) => shows(avatar.upload),
        None => Condition::new("attribute_not_exists(avatar_upload_id)"),
    });
    profile
}

/// That the profile shows the upload.
pub(super) fn shows(upload: UploadId) -> Condition {
    Condition::new("avatar_upload_id = :shown").value(":shown", s(upload.to_string()))
}
