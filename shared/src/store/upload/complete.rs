//! The first inspected version of an upload's object: the record names it or is rejected.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::store::item::{Item, n, names, s, values};
use crate::store::upload::close::Closed;
use crate::store::upload::{EVENT_LIFETIME, Leftover, REJECTED_LIFETIME, Record, ttl, upload_key};
use crate::store::user::Edit;
use crate::store::{Account, Store, StoreError, Transacted, Updated, is_refused};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::{RejectionReason, Snapshot, StoredVersion, UploadStatus};
use crate::user::{Avatar, Status, User};

/// How often an avatar's write starts over because the profile changed.
const ATTEMPTS: u32 = 3;

/// What became of the change to name a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The record names it. The picture that it took the place of is to be removed.
    Done(Option<Leftover>),
    /// The record is not pending, or its ticket allowed another size.
    Refused(Refused),
    /// The owner's account generation has ended.
    OwnerGone,
}

/// A record that was not changed, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// What it says; `None` if there is no record.
    pub record: Option<Snapshot>,
    /// What is still to be removed on its account.
    pub leftovers: Vec<Leftover>,
}

impl Refused {
    pub(super) fn from_item(item: Option<&Item>, key: &ObjectKey) -> Result<Self, StoreError> {
        let Some(item) = item else {
            return Ok(Self::default());
        };
        let record = Record::from_item(item, &key.user)?;
        // A key of the upload's with another extension is not the upload's object.
        let snapshot = if record.key == *key {
            record.snapshot()
        } else {
            Snapshot::CLOSED
        };
        Ok(Self {
            record: Some(snapshot),
            leftovers: record.leftovers,
        })
    }
}

impl Store {
    /// Makes a pending record name `version`; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn name_version(
        &self,
        key: &ObjectKey,
        version: &StoredVersion,
        status: UploadStatus,
    ) -> Result<Named, StoreError> {
        let change = RecordChange::name(key, version, status, None, self.clock.now());
        Ok(match self.change_record(key, change).await? {
            None => Named::Done(None),
            Some(refused) => Named::Refused(refused),
        })
    }

    /// Makes a pending record rejected, for good; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn reject_upload(
        &self,
        key: &ObjectKey,
        reason: RejectionReason,
    ) -> Result<Closed, StoreError> {
        let change = RecordChange::new(
            key,
            "SET #status = :status, reason = :reason, #ttl = :ttl, seq = :last",
            [
                (":status", s(UploadStatus::Rejected.as_str())),
                (":reason", s(reason.0)),
                (":ttl", ttl(self.clock.now(), REJECTED_LIFETIME)),
            ],
        );
        Ok(match self.change_record(key, change).await? {
            None => Closed::Done,
            Some(refused) => Closed::Refused(refused),
        })
    }

    async fn change_record(
        &self,
        key: &ObjectKey,
        change: RecordChange,
    ) -> Result<Option<Refused>, StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values));
        match self
            .update(upload_key(&key.user, key.upload), update)
            .await?
        {
            Updated::Done(_) => Ok(None),
            Updated::Refused(item) => Refused::from_item(item.as_ref(), key).map(Some),
        }
    }

    /// Makes a pending record of an avatar name `version` and puts it on the profile, both or neither. A newer picture
    /// stays there, and so does whatever a disabled account shows; the record is then merely ready. `owner` is the
    /// account as last read; `None` has it read.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn name_avatar(
        &self,
        key: &ObjectKey,
        version: &StoredVersion,
        owner: Option<User>,
    ) -> Result<Named, StoreError> {
        let mut owner = owner;
        for _ in 0..ATTEMPTS {
            let found = match owner.take() {
                Some(found) => Some(found),
                None => self.account(&key.user).await?.and_then(Account::into_user),
            };
            let Some(found) = found.filter(|user| user.epoch == key.upload.epoch()) else {
                return Ok(Named::OwnerGone);
            };
            let current = found.avatar;
            let is_newer = |avatar: &Avatar| avatar.upload >= key.upload;
            if found.status != Status::Active || current.as_ref().is_some_and(is_newer) {
                return self.name_version(key, version, UploadStatus::Ready).await;
            }
            let now = self.clock.now().following(found.updated_at);
            let writes = self.avatar_writes(key, version, current.as_ref(), now);
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            match self.transact(writes).await? {
                Transacted::Done => {
                    return Ok(Named::Done(current.as_ref().map(Leftover::of_avatar)));
                }
                Transacted::Cancelled(reasons) if is_refused(&reasons, 0) => {
                    let refused = Refused::from_item(reasons[0].item.as_ref(), key);
                    return refused.map(Named::Refused);
                }
                // The profile changed in the meantime: look again.
                Transacted::Cancelled(_) => {}
            }
        }
        Err(StoreError::Unavailable("the profile kept changing".into()))
    }

    fn avatar_writes(
        &self,
        key: &ObjectKey,
        version: &StoredVersion,
        current: Option<&Avatar>,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let change = RecordChange::name(key, version, UploadStatus::Ready, current, now);
        let record = Update::builder()
            .table_name(&self.table)
            .set_key(Some(upload_key(&key.user, key.upload)))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let mut profile = Edit::new(now);
        profile.set_avatar(&Avatar {
            upload: key.upload,
            key: key.clone(),
            version: Some(version.id.clone()),
        });
        profile.require("epoch = :epoch AND #status = :active AND updated_at < :now");
        profile.value(":epoch", n(key.upload.epoch().get()));
        profile.value(":active", s("active"));
        profile.name("#status", "status");
        match current {
            Some(avatar) => {
                profile.require("avatar_upload_id = :current");
                profile.value(":current", s(avatar.upload.to_string()));
            }
            None => profile.require("attribute_not_exists(avatar_upload_id)"),
        }
        let mut writes = vec![
            TransactWriteItem::builder().update(record).build(),
            profile.into_transaction(&self.table, &key.user)?,
        ];
        if let Some(old) = current {
            let tombstone = self.replaced_avatar(old)?;
            writes.push(TransactWriteItem::builder().update(tombstone).build());
        }
        Ok(writes)
    }

    /// The tombstone of a picture that a newer one takes the place of; it lists the version that is to be removed, beside
    /// the one that it may itself have to remove yet.
    fn replaced_avatar(&self, old: &Avatar) -> Result<Update, BuildError> {
        let mut sets = "SET #status = :gone, content_type = :type, #ttl = :ttl, seq = :last, \
                        declared_size = if_not_exists(declared_size, :zero)"
            .to_owned();
        let mut wanted = Item::from([
            (":gone".to_owned(), s(UploadStatus::Tombstone.as_str())),
            (":type".to_owned(), s(old.key.content_type.as_str())),
            (":ttl".to_owned(), ttl(self.clock.now(), EVENT_LIFETIME)),
            (":last".to_owned(), s(LAST_SEQUENCER)),
            (":zero".to_owned(), n(0)),
        ]);
        if let Some(version) = &old.version {
            sets.push_str(", remove_version = :version");
            wanted.insert(":version".to_owned(), s(version));
        }
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(upload_key(&old.key.user, old.key.upload)))
            .update_expression(format!("{sets} {UNNAMED}"))
            .set_expression_attribute_names(names([
                ("#status", "status"),
                ("#ttl", "ttl"),
                ("#size", "size"),
            ]))
            .set_expression_attribute_values(Some(wanted))
            .build()
    }
}

impl Leftover {
    fn of_avatar(avatar: &Avatar) -> Self {
        Self {
            key: avatar.key.clone(),
            version: avatar.version.clone(),
        }
    }
}

/// A change of a record that is pending.
struct RecordChange {
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
}

impl RecordChange {
    fn name(
        key: &ObjectKey,
        version: &StoredVersion,
        status: UploadStatus,
        replaced: Option<&Avatar>,
        now: Timestamp,
    ) -> Self {
        let mut change = Self::new(
            key,
            "SET #status = :status, version_id = :version, #size = :size, etag = :etag, ready_at = :now, seq = :last",
            [
                (":status", s(status.as_str())),
                (":version", s(&version.id)),
                (":size", n(version.size)),
                (":etag", s(&version.etag)),
                (":now", n(now.millis())),
            ],
        );
        if let Some(old) = replaced {
            let version = old.version.as_deref().unwrap_or_default();
            change.update.push_str(", replaced = :replaced");
            change
                .values
                .insert(":replaced".to_owned(), s(format!("{} {version}", old.key)));
        }
        change.update.push_str(" REMOVE #ttl");
        change.names.insert("#size".to_owned(), "size".to_owned());
        change.condition.push_str(" AND declared_size = :size");
        change
    }

    fn new<const N: usize>(
        key: &ObjectKey,
        update: &str,
        changed: [(&str, AttributeValue); N],
    ) -> Self {
        let mut wanted = values(changed).unwrap_or_default();
        wanted.insert(":pending".to_owned(), s(UploadStatus::Pending.as_str()));
        wanted.insert(":type".to_owned(), s(key.content_type.as_str()));
        wanted.insert(":last".to_owned(), s(LAST_SEQUENCER));
        Self {
            update: update.to_owned(),
            condition: "#status = :pending AND content_type = :type".to_owned(),
            names: names([("#status", "status"), ("#ttl", "ttl")]).unwrap_or_default(),
            values: wanted,
        }
    }
}

/// What a record loses that names no version any more. What it has `replaced` stays: an event that was cut off may have to
/// remove it yet.
pub(super) const UNNAMED: &str =
    "REMOVE version_id, #size, etag, ready_at, previous_version, other_versions";

/// Earlier releases let the event with the greatest sequencer win, and run beside this one during a gradual deployment.
/// To them no event is later than the one that decided.
pub(super) const LAST_SEQUENCER: &str =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
