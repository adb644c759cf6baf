//! The end of an upload: a tombstone after its version was removed, or `deleted` after somebody else's delete marker. An
//! avatar leaves the profile in the same transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::auth::Caller;
use crate::ids::Purpose;
use crate::store::audit::{Action, AdminWrite, NotAdmin};
use crate::store::item::{self, Item, s};
use crate::store::session::user_key;
use crate::store::upload::complete::{LAST_SEQUENCER, Refused, UNNAMED};
use crate::store::upload::{EVENT_LIFETIME, Record, ttl, upload_key};
use crate::store::user::Edit;
use crate::store::{Store, StoreError, Transacted, Updated, is_refused};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::UploadStatus;

/// How often the write starts over because the profile changed.
const ATTEMPTS: u32 = 4;

/// What became of the end of an upload, or of its rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The record names no version any more, and the profile does not show it.
    Done,
    /// The record was not as it had to be.
    Refused(Refused),
}

/// Whether the profile shows the upload.
#[derive(Clone, Copy)]
enum Profile {
    /// It does, and was last changed then, as far as is known.
    Shows(Option<Timestamp>),
    DoesNotShow,
}

impl Profile {
    fn from_item(item: Option<&Item>, key: &ObjectKey) -> Self {
        let shown = item.and_then(|item| item::opt_str(item, "avatar_upload_id"));
        if shown != Some(key.upload.to_string().as_str()) {
            return Self::DoesNotShow;
        }
        let changed = item.and_then(|item| item::opt_num(item, "updated_at"));
        Self::Shows(changed.map(Timestamp::from_millis))
    }
}

impl Store {
    /// Makes a record that names `version` a tombstone.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn tombstone_version(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<Closed, StoreError> {
        let mut change = self.ending(UploadStatus::Tombstone, key);
        change.require_status(&NAMING);
        change.condition.push_str(" AND version_id = :version");
        change.values.insert(":version".to_owned(), s(version));
        self.close(key, change).await
    }

    /// Makes a record a tombstone if it still is as it was read.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn tombstone_record(&self, record: &Record) -> Result<Closed, StoreError> {
        self.close(&record.key, self.ending_as_read(record)).await
    }

    /// [`Store::tombstone_record`] in the name of an administrator, with an entry in the audit. The tombstone lists the
    /// version that the record named: it is removed afterwards, by whom the write has let do it.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the actor is no administrator.
    pub async fn tombstone_record_as(
        &self,
        actor: &Caller,
        record: &Record,
    ) -> Result<Result<Closed, NotAdmin>, StoreError> {
        let mut change = self.ending_as_read(record);
        if record.version.is_some() {
            change.sets = ENDING_WITH_LEFTOVER;
        }
        self.close_in_transaction(&record.key, &change, Some(actor))
            .await
    }

    fn ending_as_read(&self, record: &Record) -> Ending {
        let mut change = self.ending(UploadStatus::Tombstone, &record.key);
        change.require_status(&[record.status]);
        if let Some(version) = &record.version {
            change.condition.push_str(" AND version_id = :version");
            change.values.insert(":version".to_owned(), s(version));
        }
        change
    }

    /// Makes a record that is pending or names a version `deleted`.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn mark_deleted(&self, key: &ObjectKey) -> Result<Closed, StoreError> {
        let mut change = self.ending(UploadStatus::Deleted, key);
        let [checking, review, ready] = NAMING;
        change.require_status(&[UploadStatus::Pending, checking, review, ready]);
        self.close(key, change).await
    }

    fn ending(&self, status: UploadStatus, key: &ObjectKey) -> Ending {
        Ending {
            sets: ENDING,
            condition: "content_type = :type".to_owned(),
            values: Item::from([
                (":ending".to_owned(), s(status.as_str())),
                (":ttl".to_owned(), ttl(self.clock.now(), EVENT_LIFETIME)),
                (":type".to_owned(), s(key.content_type.as_str())),
                (":last".to_owned(), s(LAST_SEQUENCER)),
            ]),
        }
    }

    async fn close(&self, key: &ObjectKey, change: Ending) -> Result<Closed, StoreError> {
        if key.upload.purpose() == Purpose::Avatar {
            let closed = self.close_in_transaction(key, &change, None).await?;
            return closed.map_err(|_| StoreError::Corrupt("actor"));
        }
        let update = self
            .client
            .update_item()
            .update_expression(change.update())
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(ending_names()))
            .set_expression_attribute_values(Some(change.values));
        Ok(
            match self
                .update(upload_key(&key.user, key.upload), update)
                .await?
            {
                Updated::Done(_) => Closed::Done,
                Updated::Refused(item) => Closed::Refused(Refused::from_item(item.as_ref(), key)?),
            },
        )
    }

    /// Ends an upload together with what else has to be written or to hold.
    async fn close_in_transaction(
        &self,
        key: &ObjectKey,
        change: &Ending,
        actor: Option<&Caller>,
    ) -> Result<Result<Closed, NotAdmin>, StoreError> {
        // A picture that a newer one replaced is a tombstone already, so this one is probably shown.
        let mut profile = Profile::Shows(None);
        for _ in 0..ATTEMPTS {
            let writes = self.ending_writes(key, change, profile);
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            let outcome = match actor {
                None => self.transact(writes).await?,
                Some(actor) => match self.transact_as(actor, &deletion(key), writes).await? {
                    Ok(outcome) => outcome,
                    Err(refusal) => return Ok(Err(refusal)),
                },
            };
            match outcome {
                Transacted::Done => return Ok(Ok(Closed::Done)),
                Transacted::Cancelled(reasons) if is_refused(&reasons, 0) => {
                    let refused = Refused::from_item(reasons[0].item.as_ref(), key);
                    return Ok(Ok(Closed::Refused(refused?)));
                }
                Transacted::Cancelled(reasons) => {
                    let found = reasons.get(1).and_then(|reason| reason.item.as_ref());
                    profile = Profile::from_item(found, key);
                }
            }
        }
        Err(StoreError::Unavailable("the profile kept changing".into()))
    }

    fn ending_writes(
        &self,
        key: &ObjectKey,
        change: &Ending,
        profile: Profile,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let record = Update::builder()
            .table_name(&self.table)
            .set_key(Some(upload_key(&key.user, key.upload)))
            .update_expression(change.update())
            .condition_expression(&change.condition)
            .set_expression_attribute_names(Some(ending_names()))
            .set_expression_attribute_values(Some(change.values.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let mut writes = vec![TransactWriteItem::builder().update(record).build()];
        if key.upload.purpose() == Purpose::Avatar {
            writes.push(self.profile_write(key, profile)?);
        }
        Ok(writes)
    }

    /// Takes the picture off the profile, or makes sure that it is not there.
    fn profile_write(
        &self,
        key: &ObjectKey,
        profile: Profile,
    ) -> Result<TransactWriteItem, BuildError> {
        let upload = s(key.upload.to_string());
        Ok(match profile {
            Profile::Shows(changed) => {
                let now = self.clock.now();
                let mut edit = Edit::new(changed.map_or(now, |at| now.following(at)));
                edit.clear_avatar();
                edit.require("avatar_upload_id = :upload AND updated_at < :now");
                edit.value(":upload", upload);
                edit.into_transaction(&self.table, &key.user)?
            }
            Profile::DoesNotShow => {
                let check = ConditionCheck::builder()
                    .table_name(&self.table)
                    .set_key(Some(user_key(&key.user)))
                    .condition_expression(
                        "attribute_not_exists(avatar_upload_id) OR avatar_upload_id <> :upload",
                    )
                    .expression_attribute_values(":upload", upload)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .build()?;
                TransactWriteItem::builder().condition_check(check).build()
            }
        })
    }
}

/// The audit's entry of a deletion.
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

const NAMING: [UploadStatus; 3] = [
    UploadStatus::Checking,
    UploadStatus::Review,
    UploadStatus::Ready,
];

const ENDING: &str = "SET #status = :ending, #ttl = :ttl, seq = :last";

const ENDING_WITH_LEFTOVER: &str =
    "SET #status = :ending, #ttl = :ttl, seq = :last, remove_version = :version";

fn ending_names() -> HashMap<String, String> {
    let names = [("#status", "status"), ("#ttl", "ttl"), ("#size", "size")];
    names
        .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
        .into()
}

/// How a record ends.
struct Ending {
    sets: &'static str,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

impl Ending {
    fn update(&self) -> String {
        format!("{} {UNNAMED}", self.sets)
    }

    fn require_status(&mut self, allowed: &[UploadStatus]) {
        let mut placeholders = Vec::new();
        for (i, status) in allowed.iter().enumerate() {
            let placeholder = format!(":status{i}");
            self.values.insert(placeholder.clone(), s(status.as_str()));
            placeholders.push(placeholder);
        }
        let list = placeholders.join(", ");
        self.condition
            .push_str(&format!(" AND #status IN ({list})"));
    }
}
