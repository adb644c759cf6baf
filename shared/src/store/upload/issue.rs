//! Issuing tickets: one transaction checks the account, counts against the limits and writes the records.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::auth::Caller;
use crate::digest::Sha256;
use crate::ids::UploadId;
use crate::store::item::{self, Item, b, n, names, s, values};
use crate::store::session::user_key;
use crate::store::upload::quota::{Exceeded, Wanted};
use crate::store::upload::{EVENT_LIFETIME, Record, TICKET_LIFETIME, seconds, ttl, upload_key};
use crate::store::{Account, Refusal, Store, StoreError, Transacted, is_refused};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::UploadStatus;
use crate::upload::limits::Limits;

/// Where in the transaction the account is checked, and where the limits are.
pub(super) const ACCOUNT: usize = 0;
pub(super) const QUOTA: usize = 1;
/// Each of the limits may have to be corrected once.
pub(super) const ATTEMPTS: u32 = 3;

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
    /// Sha256 of the client's key.
    pub key: Sha256,
    /// Sha256 of the request.
    pub request: Sha256,
}

/// What became of a request for tickets.
#[derive(Debug)]
pub enum Issued {
    /// The records are written; the tickets end then.
    New(Timestamp),
    /// The request was answered before, with these uploads in the order asked for.
    Repeated(Vec<Repeated>),
    /// The idempotency key was used for another request.
    Mismatch,
    /// A limit is reached; worth another try after that time, if time alone makes room.
    Quota(Option<Duration>),
    /// The account does not let the caller in.
    Refused(Refusal),
}

/// An upload that an earlier request of the same idempotency key was answered with.
#[derive(Clone, Debug)]
pub enum Repeated {
    /// Its ticket is good until then.
    Open(UploadId, Timestamp),
    /// It has its object, or lost it: there is nothing left to send.
    Settled(Box<Record>),
    /// It is not there any more.
    Gone,
}

/// What is stored of an answered request.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) uploads: Vec<UploadId>,
    pub(super) until: Timestamp,
}

impl From<Exceeded> for Issued {
    fn from(exceeded: Exceeded) -> Self {
        Self::Quota(exceeded.retry_after)
    }
}

impl Store {
    /// Writes the records of the uploads, all or none, in one transaction that also checks the account and counts
    /// against the limits.
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
        let wanted = Wanted {
            open: uploads.len() as u64,
            new: uploads.len() as u64,
            bytes: uploads.iter().map(|upload| upload.size).sum(),
        };
        // With a key it may be a repetition, which asks for less.
        if let Some(exceeded) = wanted.exceeds(limits).filter(|_| idempotency.is_none()) {
            return Ok(exceeded.into());
        }
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let until = now.to_whole_second().after(TICKET_LIFETIME);
            let count = self.count_tickets(caller, entries(uploads), wanted, limits, now);
            let writes = count
                .and_then(|count| self.issue_writes(caller, count, uploads, until, idempotency));
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            let reasons = match self.transact(writes).await? {
                Transacted::Done => return Ok(Issued::New(until)),
                Transacted::Cancelled(reasons) => reasons,
            };
            if is_refused(&reasons, ACCOUNT) {
                return Ok(Issued::Refused(refusal(
                    reasons[ACCOUNT].item.as_ref(),
                    caller,
                )?));
            }
            let last = reasons.len() - 1;
            if let Some(idempotency) = idempotency.filter(|_| is_refused(&reasons, last)) {
                let answered = answered(reasons[last].item.as_ref(), idempotency)?;
                return match answered {
                    Some(answered) => {
                        self.repeat(caller, answered, uploads, limits, idempotency)
                            .await
                    }
                    None => Ok(Issued::Mismatch),
                };
            }
            if !is_refused(&reasons, QUOTA) {
                return Err(StoreError::Refused("an upload id was taken".into()));
            }
            let quota = reasons[QUOTA].item.clone().unwrap_or_default();
            if let Err(exceeded) = self.make_room(caller, &quota, wanted, limits, now).await? {
                return Ok(exceeded.into());
            }
        }
        Ok(Issued::Quota(Some(TICKET_LIFETIME)))
    }

    fn issue_writes(
        &self,
        caller: &Caller,
        count: TransactWriteItem,
        uploads: &[NewUpload],
        until: Timestamp,
        idempotency: Option<&Idempotency>,
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let mut writes = vec![self.account_check(caller)?, count];
        for upload in uploads {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(pending_item(upload, until)))
                .condition_expression("attribute_not_exists(pk)")
                .build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        if let Some(idempotency) = idempotency {
            let ids = uploads.iter().map(|upload| upload.key.upload);
            let mut memory = idempotency_key(caller, idempotency);
            memory.insert("request".to_owned(), b(&idempotency.request));
            memory.insert(
                "uploads".to_owned(),
                AttributeValue::L(ids.map(|id| s(id.to_string())).collect()),
            );
            // The only one that the previous release, which may run beside this one, knows of.
            let first = uploads.first().map(|upload| upload.key.upload.to_string());
            memory.extend(first.map(|first| ("upload".to_owned(), s(first))));
            memory.insert("ticket_until".to_owned(), n(until.secs()));
            memory.insert("ttl".to_owned(), ttl(until, EVENT_LIFETIME));
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(memory))
                .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
                .set_expression_attribute_names(names([("#ttl", "ttl")]))
                .set_expression_attribute_values(values([(":now", n(self.clock.now().secs()))]))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(writes)
    }

    pub(super) fn account_check(&self, caller: &Caller) -> Result<TransactWriteItem, BuildError> {
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
}

fn entries(uploads: &[NewUpload]) -> Vec<String> {
    let ids = uploads.iter().map(|upload| upload.key.upload.to_string());
    ids.collect()
}

fn pending_item(upload: &NewUpload, until: Timestamp) -> Item {
    let mut record = upload_key(&upload.key.user, upload.key.upload);
    let content_type = upload.key.content_type.as_str();
    record.extend([
        ("status".to_owned(), s(UploadStatus::Pending.as_str())),
        ("content_type".to_owned(), s(content_type)),
        ("declared_size".to_owned(), n(upload.size)),
        ("ticket_until".to_owned(), n(until.secs())),
        ("ttl".to_owned(), ttl(until, EVENT_LIFETIME)),
    ]);
    record
}

/// Why the account that was checked does not let the caller in.
pub(super) fn refusal(account: Option<&Item>, caller: &Caller) -> Result<Refusal, StoreError> {
    let account = account.map(Account::from_item).transpose()?;
    let refusal = account.and_then(|account| account.admit(caller.epoch).err());
    Ok(refusal.unwrap_or(Refusal::Gone))
}

pub(super) fn idempotency_key(caller: &Caller, idempotency: &Idempotency) -> Item {
    let key = data_encoding::HEXLOWER.encode(&idempotency.key[..16]);
    let pk = format!("RL#IK#{}#{}#{key}", caller.user, caller.epoch.get());
    item::key(pk, "A")
}

/// What the request of that key was answered with; `None` if it was another request.
pub(super) fn answered(
    memory: Option<&Item>,
    idempotency: &Idempotency,
) -> Result<Option<Answered>, StoreError> {
    let memory = memory.ok_or(StoreError::Corrupt("idempotency item"))?;
    if item::opt_bytes(memory, "request") != Some(idempotency.request.as_slice()) {
        return Ok(None);
    }
    let uploads = match memory.get("uploads").and_then(|list| list.as_l().ok()) {
        Some(list) => {
            let ids = list.iter().filter_map(|id| id.as_s().ok()?.parse().ok());
            ids.collect()
        }
        // Earlier releases kept the one upload of an answer, and not when its ticket ends.
        None => vec![item::parsed::<UploadId>(memory, "upload")?],
    };
    let first: &UploadId = uploads.first().ok_or(StoreError::Corrupt("uploads"))?;
    let until =
        seconds(memory, "ticket_until").unwrap_or_else(|| first.issued_at().after(TICKET_LIFETIME));
    Ok(Some(Answered { uploads, until }))
}
