//! Upload records, and the limits on open tickets.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::auth::Caller;
use crate::auth::refresh::Hash;
use crate::ids::{Epoch, UploadId, UserId};
use crate::seams::Timestamp;
use crate::store::item::{self, Item, b, n, names, s, values};
use crate::store::session::user_key;
use crate::store::user::{Edit, Page};
use crate::store::{
    Account, Refusal, Store, StoreError, Transacted, Updated, is_refused, store_error,
};
use crate::upload::key::ObjectKey;
use crate::upload::limits::Limits;
use crate::user::Avatar;

/// How long a ticket is good for, at most.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long a record waits for its object. Far longer than a ticket lives, so that an event delayed by an outage still
/// finds its record.
const PENDING_LIFETIME: Duration = DAY;
/// How long a deleted record stays behind, unseen, so that a late event finds it and removes the object.
pub(super) const TOMBSTONE_LIFETIME: Duration = DAY;
/// How long a rejected record can be read.
const REJECTED_LIFETIME: Duration = Duration::from_secs(7 * DAY.as_secs());
const IDEMPOTENCY_LIFETIME: Duration = DAY;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Sorts after every upload id.
pub(super) const GATE: &str = "~";

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its object.
    Pending,
    /// The object is there and is what it should be.
    Ready,
    /// The object was not what it should be, and was removed.
    Rejected,
    /// The object was removed from the bucket.
    Deleted,
    /// The owner deleted the upload: the record is a tombstone, and is shown to nobody.
    Gone,
}

impl State {
    /// The state's name in the API and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Rejected => "rejected",
            Self::Deleted => "deleted",
            Self::Gone => "gone",
        }
    }
}

impl std::str::FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [
            Self::Pending,
            Self::Ready,
            Self::Rejected,
            Self::Deleted,
            Self::Gone,
        ];
        all.into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// An upload as stored.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its object.
    pub key: ObjectKey,
    /// Where it stands.
    pub state: State,
    /// The size in bytes that the ticket allowed.
    pub declared_size: u64,
    /// The object's size in bytes, once verified.
    pub size: Option<u64>,
    /// The object's ETag, without quotes.
    pub etag: Option<String>,
    /// The version that was verified.
    pub version: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it was verified.
    pub ready_at: Option<Timestamp>,
    /// The version that was verified before this one: the same ticket was used twice.
    pub previous_version: Option<String>,
}

/// An upload to issue a ticket for.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its object.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
}

/// The client's promise that a repeated request is the same one.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// Hash of the client's key.
    pub key: Hash,
    /// Hash of the request.
    pub request: Hash,
}

/// What became of a request for tickets.
#[derive(Debug)]
pub enum Issued {
    /// The records are written.
    New,
    /// The request was answered before, with this upload.
    Before(UploadId),
    /// The idempotency key was used for another request.
    Mismatch,
    /// Too many open tickets, or too many today; worth another try after that time.
    Quota(Duration),
    /// The account does not let the caller in.
    Refused(Refusal),
}

/// An object as an event and a look at its bytes describe it.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Its key.
    pub key: ObjectKey,
    /// Orders the events of one key; greater is later.
    pub sequence: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its version, in a versioned bucket.
    pub version: Option<String>,
}

/// What an event changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The record is as the event says. `replaced` is an older avatar whose object is to be removed now.
    Done {
        /// The object that is no longer needed.
        replaced: Option<Replaced>,
        /// The version that the record stood for before.
        version: Option<String>,
    },
    /// The same event was applied before.
    Duplicate {
        /// As above: its removal may not have been finished.
        replaced: Option<Replaced>,
        /// The version that the record stands for, or stood for.
        version: Option<String>,
    },
    /// The same event led to the rejection of the object, whose removal may not have been finished.
    RejectedBefore {
        /// The version that the record stood for before.
        version: Option<String>,
    },
    /// A later event was applied already.
    Stale,
    /// The size is not the one that the ticket allowed.
    WrongSize,
    /// There is no record.
    NoRecord,
    /// The owner has deleted the upload or the account.
    Gone,
}

/// An object that a newer avatar has replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Its key.
    pub key: ObjectKey,
    /// Its version.
    pub version: Option<String>,
}

impl Record {
    pub(super) fn of_item(item: &Item, user: &UserId) -> Result<Self, StoreError> {
        let upload = item::parsed(item, "sk")?;
        let content_type = item::parsed(item, "content_type")?;
        Ok(Self {
            key: ObjectKey {
                user: user.clone(),
                upload,
                content_type,
            },
            state: item::parsed(item, "status")?,
            declared_size: item::num(item, "declared_size")?,
            size: item::opt_num(item, "size"),
            etag: item::opt_str(item, "etag").map(str::to_owned),
            version: item::opt_str(item, "version_id").map(str::to_owned),
            reason: item::opt_str(item, "reason").map(str::to_owned),
            ready_at: item::opt_num(item, "ready_at").map(Timestamp::from_millis),
            previous_version: item::opt_str(item, "previous_version")
                .filter(|version| !version.is_empty())
                .map(str::to_owned),
        })
    }
}

pub(super) fn upload_key(user: &UserId, upload: UploadId) -> Item {
    item::key(format!("UP#{user}"), upload.to_string())
}

/// What uploads need to know of their owner's account, in their own partition: read along with them, it costs nothing.
/// Absent means that nothing is wrong.
pub(super) fn gate_item(user: &UserId, epoch: Epoch, disabled: bool) -> Item {
    let mut gate = item::key(format!("UP#{user}"), GATE);
    gate.insert("epoch".to_owned(), n(epoch.get()));
    gate.insert("disabled".to_owned(), AttributeValue::Bool(disabled));
    gate
}

fn pass_gate(gate: Option<&Item>, caller: &Caller) -> Result<(), Refusal> {
    let Some(gate) = gate else {
        return Ok(());
    };
    if item::opt_num::<u16>(gate, "epoch").is_some_and(|epoch| caller.epoch.get() < epoch) {
        return Err(Refusal::Gone);
    }
    let disabled = gate
        .get("disabled")
        .and_then(|flag| flag.as_bool().ok())
        .copied()
        .unwrap_or(false);
    if disabled {
        Err(Refusal::Disabled)
    } else {
        Ok(())
    }
}

fn is_gate(item: &Item) -> bool {
    item::opt_str(item, "sk") == Some(GATE)
}

fn ttl(at: Timestamp, lifetime: Duration) -> AttributeValue {
    n(at.after(lifetime).secs())
}

impl Store {
    /// Writes the records of one to nine uploads, all or none, in one transaction that also checks the account and
    /// counts against the limits.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn issue_uploads(
        &self,
        caller: &Caller,
        uploads: &[NewUpload],
        limits: &Limits,
        idempotency: Option<&Idempotency>,
    ) -> Result<Issued, StoreError> {
        let wanted = uploads.len() as u64;
        if wanted > limits.pending.min(limits.daily) {
            return Ok(Issued::Quota(TICKET_LIFETIME));
        }
        for attempt in 0..2 {
            let now = self.clock.now();
            let writes = self.issue_writes(caller, uploads, limits, idempotency, now);
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            let Transacted::Cancelled(reasons) = self.transact(writes).await? else {
                return Ok(Issued::New);
            };
            if is_refused(&reasons, 0) {
                let account = reasons[0].item.as_ref().map(Account::of_item).transpose()?;
                let refusal = account
                    .and_then(|account| account.admit(caller.epoch).err())
                    .unwrap_or(Refusal::Gone);
                return Ok(Issued::Refused(refusal));
            }
            let last = reasons.len() - 1;
            if let Some(idempotency) = idempotency.filter(|_| is_refused(&reasons, last)) {
                return answered_before(&reasons[last], idempotency);
            }
            if !is_refused(&reasons, 1) {
                return Err(StoreError::Refused("an upload id was taken".into()));
            }
            let quota = reasons[1].item.clone().unwrap_or_default();
            if item::opt_num::<u64>(&quota, &day_attribute(now)).unwrap_or(0) + wanted
                > limits.daily
            {
                return Ok(Issued::Quota(now.window_start(DAY).after(DAY).since(now)));
            }
            let open = self.close_tickets(&caller.user, &quota, now).await?;
            if attempt > 0 || open.len() as u64 + wanted > limits.pending {
                let oldest = open
                    .iter()
                    .map(|upload| upload.issued_at())
                    .min()
                    .unwrap_or(now);
                return Ok(Issued::Quota(oldest.after(TICKET_LIFETIME).since(now)));
            }
        }
        Ok(Issued::Quota(TICKET_LIFETIME))
    }

    fn issue_writes(
        &self,
        caller: &Caller,
        uploads: &[NewUpload],
        limits: &Limits,
        idempotency: Option<&Idempotency>,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let mut writes = vec![
            self.account_check(caller)?,
            self.quota_update(caller, uploads, limits, now)?,
        ];
        for upload in uploads {
            let mut record = upload_key(&caller.user, upload.key.upload);
            record.insert("status".to_owned(), s(State::Pending.as_str()));
            record.insert(
                "content_type".to_owned(),
                s(upload.key.content_type.as_str()),
            );
            record.insert("declared_size".to_owned(), n(upload.size));
            record.insert("ttl".to_owned(), ttl(now, PENDING_LIFETIME));
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(record))
                .condition_expression("attribute_not_exists(pk)")
                .build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        if let (Some(idempotency), Some(upload)) = (idempotency, uploads.first()) {
            let key = data_encoding::HEXLOWER.encode(&idempotency.key[..16]);
            let mut memory = item::key(
                format!("RL#IK#{}#{}#{key}", caller.user, caller.epoch.get()),
                "A",
            );
            memory.insert("request".to_owned(), b(&idempotency.request));
            memory.insert("upload".to_owned(), s(upload.key.upload.to_string()));
            memory.insert("ttl".to_owned(), ttl(now, IDEMPOTENCY_LIFETIME));
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(memory))
                .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
                .set_expression_attribute_names(names([("#ttl", "ttl")]))
                .set_expression_attribute_values(values([(":now", n(now.secs()))]))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(writes)
    }

    fn account_check(&self, caller: &Caller) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(user_key(&caller.user)))
            .condition_expression("#status = :active AND epoch = :epoch")
            .set_expression_attribute_names(names([("#status", "status")]))
            .set_expression_attribute_values(values([
                (":active", s("active")),
                (":epoch", n(caller.epoch.get())),
            ]))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn quota_update(
        &self,
        caller: &Caller,
        uploads: &[NewUpload],
        limits: &Limits,
        now: Timestamp,
    ) -> Result<TransactWriteItem, BuildError> {
        let wanted = uploads.len() as u64;
        let ids = uploads
            .iter()
            .map(|upload| upload.key.upload.to_string())
            .collect();
        let yesterday = day_attribute(now.before(DAY));
        let before = day_attribute(now.before(2 * DAY));
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(quota_key(&caller.user)))
            .update_expression(
                "ADD #open :ids SET #today = if_not_exists(#today, :zero) + :wanted, #ttl = :ttl \
                 REMOVE #yesterday, #before",
            )
            .condition_expression(
                "(attribute_not_exists(#open) OR size(#open) <= :room) \
                 AND (attribute_not_exists(#today) OR #today <= :left)",
            )
            .set_expression_attribute_names(names([
                ("#open", "open"),
                ("#today", &day_attribute(now)),
                ("#yesterday", &yesterday),
                ("#before", &before),
                ("#ttl", "ttl"),
            ]))
            .set_expression_attribute_values(values([
                (":ids", AttributeValue::Ss(ids)),
                (":zero", n(0)),
                (":wanted", n(wanted)),
                (":room", n(limits.pending.saturating_sub(wanted))),
                (
                    ":left",
                    n(i64::try_from(limits.daily)
                        .unwrap_or(i64::MAX)
                        .saturating_sub_unsigned(wanted)),
                ),
                (":ttl", ttl(now, 2 * DAY)),
            ]))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Takes tickets off the list of open ones that ran out or were used; returns those that are still open. Done only
    /// when the list is full, so that an ordinary request has nothing to do with it.
    async fn close_tickets(
        &self,
        user: &UserId,
        quota: &Item,
        now: Timestamp,
    ) -> Result<Vec<UploadId>, StoreError> {
        let listed = quota
            .get("open")
            .and_then(|set| set.as_ss().ok())
            .cloned()
            .unwrap_or_default();
        let listed: Vec<UploadId> = listed.iter().filter_map(|text| text.parse().ok()).collect();
        let unexpired = listed
            .iter()
            .filter(|upload| now.since(upload.issued_at()) < TICKET_LIFETIME);
        let keys: Vec<_> = unexpired.map(|upload| upload_key(user, *upload)).collect();
        let items = if keys.is_empty() {
            Vec::new()
        } else {
            self.batch_get(keys).await?
        };
        let pending = |item: &&Item| item::opt_str(item, "status") == Some(State::Pending.as_str());
        let open: Vec<UploadId> = items
            .iter()
            .filter(pending)
            .filter_map(|item| item::parsed(item, "sk").ok())
            .collect();
        let closed: Vec<_> = listed
            .iter()
            .filter(|upload| !open.contains(upload))
            .map(UploadId::to_string)
            .collect();
        if !closed.is_empty() {
            self.client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(quota_key(user)))
                .update_expression("DELETE #open :closed")
                .set_expression_attribute_names(names([("#open", "open")]))
                .set_expression_attribute_values(values([(":closed", AttributeValue::Ss(closed))]))
                .send()
                .await
                .map_err(store_error)?;
        }
        Ok(open)
    }

    /// One of the caller's uploads, in whatever state.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is not let in.
    pub async fn upload(
        &self,
        caller: &Caller,
        upload: UploadId,
    ) -> Result<Result<Option<Record>, Refusal>, StoreError> {
        let gate = item::key(format!("UP#{}", caller.user), GATE);
        let items = self
            .batch_get(vec![gate, upload_key(&caller.user, upload)])
            .await?;
        let (gates, records): (Vec<_>, Vec<_>) = items.into_iter().partition(is_gate);
        if let Err(refusal) = pass_gate(gates.first(), caller) {
            return Ok(Err(refusal));
        }
        let record = records
            .first()
            .map(|item| Record::of_item(item, &caller.user))
            .transpose()?;
        Ok(Ok(record.filter(|record| {
            record.key.upload.epoch() == caller.epoch
        })))
    }

    /// The caller's uploads from the newest to the oldest, `limit` at a time. A page can be short without being the
    /// last: tombstones are not shown.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is not let in.
    pub async fn uploads(
        &self,
        caller: &Caller,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Result<Page<Record>, Refusal>, StoreError> {
        let pk = format!("UP#{}", caller.user);
        // The gate sorts first on the first page. Later pages fetch it alongside.
        let (range, at) = match before {
            None => ("sk <= :at", GATE.to_owned()),
            Some(upload) => ("sk < :at", upload.to_string()),
        };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(format!("pk = :pk AND {range}"))
            .set_expression_attribute_values(values([(":pk", s(&pk)), (":at", s(at))]))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit + 2).unwrap_or(i32::MAX))
            .send();
        let gate = async {
            match before {
                None => Ok(Vec::new()),
                Some(_) => self.batch_get(vec![item::key(&pk, GATE)]).await,
            }
        };
        let (page, gates) = futures_util::future::join(query, gate).await;
        let items = page.map_err(store_error)?.items.unwrap_or_default();
        let (inline, mut items): (Vec<_>, Vec<_>) = items.into_iter().partition(is_gate);
        if let Err(refusal) = pass_gate(gates?.first().or(inline.first()), caller) {
            return Ok(Err(refusal));
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let records = items
            .iter()
            .map(|item| Record::of_item(item, &caller.user))
            .collect::<Result<Vec<_>, _>>()?;
        let next = records
            .last()
            .filter(|_| more)
            .map(|record| record.key.upload.to_string());
        let shown = |record: &Record| {
            record.state != State::Gone && record.key.upload.epoch() == caller.epoch
        };
        Ok(Ok(Page {
            items: records.into_iter().filter(shown).collect(),
            next,
        }))
    }

    /// Turns a record into a tombstone and returns it as it was; `None` if there is none.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn bury_upload(&self, key: &ObjectKey) -> Result<Option<Record>, StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET #status = :gone, #ttl = :ttl")
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_names(names([("#status", "status"), ("#ttl", "ttl")]))
            .set_expression_attribute_values(values([
                (":gone", s(State::Gone.as_str())),
                (":ttl", ttl(self.clock.now(), TOMBSTONE_LIFETIME)),
            ]))
            .return_values(ReturnValue::AllOld);
        match self
            .update(upload_key(&key.user, key.upload), update)
            .await?
        {
            Updated::Done(item) => Record::of_item(&item, &key.user).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }

    /// Takes the picture off a profile if it still is this upload, and, with a version, this version of it: a later one
    /// may have been verified in the meantime.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn clear_avatar(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut condition = "avatar_upload_id = :upload".to_owned();
        let mut wanted = values([
            (":now", n(self.clock.now().millis())),
            (":one", n(1)),
            (":upload", s(key.upload.to_string())),
        ]);
        if let (Some(version), Some(wanted)) = (version, &mut wanted) {
            condition.push_str(" AND avatar_version = :version");
            wanted.insert(":version".to_owned(), s(version));
        }
        let update = self
            .client
            .update_item()
            .update_expression(
                "SET updated_at = :now REMOVE avatar_key, avatar_version, avatar_upload_id ADD version :one",
            )
            .condition_expression(condition)
            .set_expression_attribute_values(wanted);
        self.update(user_key(&key.user), update).await?;
        Ok(())
    }

    /// Marks an upload as ready, unless a later event was applied; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn complete_upload(&self, object: &StoredObject) -> Result<Applied, StoreError> {
        let change = RecordChange::ready(object, None, self.clock.now());
        self.apply(&object.key, &object.sequence, change).await
    }

    /// Marks an upload as rejected, unless a later event was applied.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn reject_upload(
        &self,
        object: &StoredObject,
        reason: &str,
    ) -> Result<Applied, StoreError> {
        let change = RecordChange::rejected(object, reason, self.clock.now());
        self.apply(&object.key, &object.sequence, change).await
    }

    /// Notes that a version is not the one that the record stands for, so that the event of its removal changes nothing.
    /// Only a ticket that was used more than once makes such versions. Returns whether it is so.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn disown_version(&self, object: &StoredObject) -> Result<bool, StoreError> {
        let Some(version) = &object.version else {
            return Ok(false);
        };
        let update = self
            .client
            .update_item()
            .update_expression("ADD other_versions :versions")
            // Two events of one object, told apart by their sequencers alone, are about the record's own version.
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(version_id) OR version_id <> :version)",
            )
            .set_expression_attribute_values(values([
                (":versions", AttributeValue::Ss(vec![version.clone()])),
                (":version", s(version)),
            ]));
        let record = upload_key(&object.key.user, object.key.upload);
        Ok(matches!(
            self.update(record, update).await?,
            Updated::Done(_)
        ))
    }

    /// Marks an upload's object as removed, unless a later event was applied. The removal of a version that was rejected,
    /// or verified and superseded, changes nothing.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn remove_upload(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
        sequence: &str,
    ) -> Result<Applied, StoreError> {
        self.apply(
            key,
            sequence,
            RecordChange::removed(key, version, sequence, self.clock.now()),
        )
        .await
    }

    async fn apply(
        &self,
        key: &ObjectKey,
        sequence: &str,
        change: RecordChange,
    ) -> Result<Applied, StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values(ReturnValue::AllOld);
        let record = upload_key(&key.user, key.upload);
        Ok(match self.update(record, update).await? {
            Updated::Done(item) => Applied::Done {
                replaced: None,
                version: item::opt_str(&item, "version_id").map(str::to_owned),
            },
            Updated::Refused(item) => not_applied(item.as_ref(), sequence, change.otherwise),
        })
    }

    /// Marks an avatar as ready and puts it on the profile, both or neither. An older avatar never takes the place of a
    /// newer one; it is then merely ready. `current` is the profile's picture as last read.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn complete_avatar(
        &self,
        object: &StoredObject,
        current: Option<Option<Avatar>>,
    ) -> Result<Applied, StoreError> {
        let mut current = current;
        for _ in 0..3 {
            let seen = match current.take() {
                Some(seen) => seen,
                None => match self
                    .account(&object.key.user)
                    .await?
                    .and_then(|account| account.user)
                {
                    Some(user) if user.epoch == object.key.upload.epoch() => user.avatar,
                    _ => return Ok(Applied::Gone),
                },
            };
            if seen
                .as_ref()
                .is_some_and(|avatar| avatar.upload > object.key.upload)
            {
                return self.complete_upload(object).await;
            }
            let replaced = seen
                .as_ref()
                .filter(|avatar| avatar.upload != object.key.upload);
            let replaced = replaced.map(|old| Replaced {
                key: old.key.clone(),
                version: old.version.clone(),
            });
            let writes = self.avatar_writes(object, seen.as_ref(), replaced.as_ref());
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            match self.transact(writes).await? {
                Transacted::Done => {
                    return Ok(Applied::Done {
                        replaced,
                        version: None,
                    });
                }
                Transacted::Cancelled(reasons) if is_refused(&reasons, 0) => {
                    return Ok(not_applied(
                        reasons[0].item.as_ref(),
                        &object.sequence,
                        Applied::WrongSize,
                    ));
                }
                // The profile changed in the meantime: look again.
                Transacted::Cancelled(_) => {}
            }
        }
        Err(StoreError::Unavailable("the profile kept changing".into()))
    }

    fn avatar_writes(
        &self,
        object: &StoredObject,
        seen: Option<&Avatar>,
        replaced: Option<&Replaced>,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let now = self.clock.now();
        let key = &object.key;
        let record = RecordChange::ready(object, replaced, now);
        let record = Update::builder()
            .table_name(&self.table)
            .set_key(Some(upload_key(&key.user, key.upload)))
            .update_expression(record.update)
            .condition_expression(record.condition)
            .set_expression_attribute_names(Some(record.names))
            .set_expression_attribute_values(Some(record.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let mut profile = Edit::new(now);
        profile.set_avatar(&Avatar {
            upload: key.upload,
            key: key.clone(),
            version: object.version.clone(),
        });
        profile.require("epoch = :epoch AND #status IN (:active, :disabled)");
        profile.value(":epoch", n(key.upload.epoch().get()));
        profile.value(":active", s("active"));
        profile.value(":disabled", s("disabled"));
        profile.name("#status", "status");
        match seen {
            Some(avatar) => {
                profile.require("avatar_upload_id = :seen");
                profile.value(":seen", s(avatar.upload.to_string()));
            }
            None => profile.require("attribute_not_exists(avatar_upload_id)"),
        }
        let mut writes = vec![
            TransactWriteItem::builder().update(record).build(),
            profile.into_transaction(&self.table, &key.user)?,
        ];
        if let Some(old) = replaced {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(upload_key(&old.key.user, old.key.upload)))
                .build()?;
            writes.push(TransactWriteItem::builder().delete(delete).build());
        }
        Ok(writes)
    }
}

/// A change that an event makes to a record, under the condition that no later event made one.
struct RecordChange {
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
    /// What it means if the condition does not hold though the record is there and no later event was applied.
    otherwise: Applied,
}

impl RecordChange {
    fn ready(object: &StoredObject, replaced: Option<&Replaced>, now: Timestamp) -> Self {
        let mut set =
            "SET #status = :status, #seq = :seq, #size = :size, etag = :etag, ready_at = :now, \
             previous_version = if_not_exists(version_id, :none)"
                .to_owned();
        let mut remove = " REMOVE reason, #ttl".to_owned();
        let mut changed = HashMap::from([
            (":status".to_owned(), s(State::Ready.as_str())),
            (":size".to_owned(), n(object.size)),
            (":etag".to_owned(), s(&object.etag)),
            (":now".to_owned(), n(now.millis())),
            (":none".to_owned(), s("")),
        ]);
        let mut optional = |name: &str, value: Option<String>| match value {
            Some(value) => {
                set.push_str(&format!(", {name} = :{name}"));
                changed.insert(format!(":{name}"), s(value));
            }
            None => remove.push_str(&format!(", {name}")),
        };
        optional("version_id", object.version.clone());
        optional("replaced", replaced.map(Replaced::to_text));
        let mut change = Self::new(
            &object.key,
            &object.sequence,
            format!("{set}{remove}"),
            changed,
        );
        change.names.insert("#size".to_owned(), "size".to_owned());
        change.names.insert("#ttl".to_owned(), "ttl".to_owned());
        change.condition.push_str(" AND declared_size = :size");
        change.otherwise = Applied::WrongSize;
        change
    }

    fn rejected(object: &StoredObject, reason: &str, now: Timestamp) -> Self {
        let update = "SET #status = :status, #seq = :seq, reason = :reason, #ttl = :ttl \
             REMOVE #size, etag, ready_at";
        let mut changed = HashMap::from([
            (":status".to_owned(), s(State::Rejected.as_str())),
            (":reason".to_owned(), s(reason)),
            (":ttl".to_owned(), ttl(now, REJECTED_LIFETIME)),
        ]);
        let mut update = update.to_owned();
        // The event of this version's removal, which is our own doing, says nothing about the object that may have
        // taken its place by then.
        if let Some(version) = &object.version {
            update.push_str(" ADD other_versions :versions");
            changed.insert(
                ":versions".to_owned(),
                AttributeValue::Ss(vec![version.clone()]),
            );
        }
        let mut change = Self::new(&object.key, &object.sequence, update, changed);
        change.names.insert("#size".to_owned(), "size".to_owned());
        change.names.insert("#ttl".to_owned(), "ttl".to_owned());
        change
    }

    fn removed(key: &ObjectKey, version: Option<&str>, sequence: &str, now: Timestamp) -> Self {
        let update = "SET #status = :status, #seq = :seq, #ttl = :ttl REMOVE ready_at";
        let changed = HashMap::from([
            (":status".to_owned(), s(State::Deleted.as_str())),
            (":ttl".to_owned(), ttl(now, TOMBSTONE_LIFETIME)),
        ]);
        let mut change = Self::new(key, sequence, update.to_owned(), changed);
        change.names.insert("#ttl".to_owned(), "ttl".to_owned());
        if let Some(version) = version {
            change.condition.push_str(
                " AND (attribute_not_exists(other_versions) OR NOT contains(other_versions, :version)) \
                 AND (attribute_not_exists(previous_version) OR previous_version <> :version)",
            );
            change.values.insert(":version".to_owned(), s(version));
        }
        change
    }

    fn new(key: &ObjectKey, sequence: &str, update: String, changed: Item) -> Self {
        let mut values = changed;
        // A key of the upload's with another extension is not the upload's object.
        values.insert(":type".to_owned(), s(key.content_type.as_str()));
        values.insert(":seq".to_owned(), s(sequence));
        values.insert(":gone".to_owned(), s(State::Gone.as_str()));
        Self {
            update,
            condition: "attribute_exists(pk) AND #status <> :gone AND content_type = :type \
                 AND (attribute_not_exists(#seq) OR #seq < :seq)"
                .to_owned(),
            names: HashMap::from([
                ("#status".to_owned(), "status".to_owned()),
                ("#seq".to_owned(), "seq".to_owned()),
            ]),
            values,
            otherwise: Applied::Stale,
        }
    }
}

/// Why a change was not made; `otherwise` if neither the record's state nor the order of events explains it.
fn not_applied(item: Option<&Item>, sequence: &str, otherwise: Applied) -> Applied {
    let Some(item) = item else {
        return Applied::NoRecord;
    };
    if item::opt_str(item, "status") == Some(State::Gone.as_str()) {
        return Applied::Gone;
    }
    let version = item::opt_str(item, "version_id").map(str::to_owned);
    match item::opt_str(item, "seq").map(|applied| applied.cmp(sequence)) {
        Some(std::cmp::Ordering::Equal)
            if item::opt_str(item, "status") == Some(State::Rejected.as_str()) =>
        {
            Applied::RejectedBefore { version }
        }
        Some(std::cmp::Ordering::Equal) => Applied::Duplicate {
            version,
            replaced: item::opt_str(item, "replaced").and_then(Replaced::of_text),
        },
        Some(std::cmp::Ordering::Greater) => Applied::Stale,
        _ => otherwise,
    }
}

impl Replaced {
    fn to_text(&self) -> String {
        format!(
            "{} {}",
            self.key,
            self.version.as_deref().unwrap_or_default()
        )
    }

    fn of_text(text: &str) -> Option<Self> {
        let (key, version) = text.split_once(' ')?;
        Some(Self {
            key: key.parse().ok()?,
            version: Some(version.to_owned()).filter(|v| !v.is_empty()),
        })
    }
}

fn answered_before(
    reason: &CancellationReason,
    idempotency: &Idempotency,
) -> Result<Issued, StoreError> {
    let memory = reason
        .item
        .as_ref()
        .ok_or(StoreError::Corrupt("idempotency item"))?;
    if item::opt_bytes(memory, "request") != Some(idempotency.request.as_slice()) {
        return Ok(Issued::Mismatch);
    }
    Ok(Issued::Before(item::parsed(memory, "upload")?))
}

fn quota_key(user: &UserId) -> Item {
    item::key(format!("RL#UP#{user}"), "A")
}

fn day_attribute(at: Timestamp) -> String {
    format!("d{}", &at.to_amz_date()[..8])
}
