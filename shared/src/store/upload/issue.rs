//! Issuing tickets: one transaction checks the account, counts against the limits and writes the records.

use crate::store::Store;
use crate::store::account;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{Item, n, s};
use crate::store::schema::Key;
use crate::store::transaction::{Cancelled, Slot, Transacted, Transaction};
use crate::store::upload::idempotency::IdempotencyItem;
use crate::store::upload::quota::{self, QuotaRequest};
use crate::store::upload::request::{
    IssueUploads, IssueUploadsError, IssuedUploads, check_account,
};
use crate::store::upload::{EVENT_LIFETIME, NewUpload, Record, TICKET_LIFETIME, ttl};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;

/// Each of the limits may have to be recounted once.
const ATTEMPTS: u32 = 3;

impl Store {
    /// Creates pending records for the uploads, all or none. A repetition of an earlier request gets the uploads of that
    /// one instead; see [`IssuedUploads::Repeated`].
    ///
    /// # Errors
    /// As [`IssueUploadsError`] says; then nothing was written.
    pub async fn issue_uploads(
        &self,
        request: &IssueUploads<'_>,
    ) -> Result<IssuedUploads, IssueUploadsError> {
        let quota = QuotaRequest::of_new(request.uploads);
        // A repetition may ask for less.
        if request.idempotency.is_none() {
            quota.check_attainable(request.limits)?;
        }
        for _ in 0..ATTEMPTS {
            if let Some(issued) = self.try_issue(request, quota).await? {
                return Ok(issued);
            }
        }
        Err(IssueUploadsError::QuotaExceeded {
            retry_after: Some(TICKET_LIFETIME),
        })
    }

    /// One attempt; `None` if the limits left no room and the recount has made some.
    async fn try_issue(
        &self,
        request: &IssueUploads<'_>,
        quota: QuotaRequest,
    ) -> Result<Option<IssuedUploads>, IssueUploadsError> {
        let now = self.clock.now();
        let ticket_until = now.to_whole_second().after(TICKET_LIFETIME);
        let transaction = creation(request, quota, now, ticket_until);
        let cancelled = match self.dynamo.transact(transaction).await? {
            Transacted::Done => return Ok(Some(IssuedUploads::New { ticket_until })),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        check_account(&cancelled, request.owner.epoch)?;
        if let Some(key) = request.idempotency
            && cancelled.refused(&Slot::Idempotency)
        {
            let earlier = IdempotencyItem::from_item(cancelled.item(&Slot::Idempotency), key)?;
            let earlier = earlier.ok_or(IssueUploadsError::IdempotencyMismatch)?;
            return self.repeat(request, key, earlier).await.map(Some);
        }
        if let Some(ticket_until) = end_of_created(request, &cancelled)? {
            return Ok(Some(IssuedUploads::New { ticket_until }));
        }
        if !cancelled.refused(&Slot::Quota) {
            return Err(StoreError::Refused("an upload id was taken".into()).into());
        }
        let counted = cancelled.item(&Slot::Quota);
        self.make_room(request, counted, quota, now).await?;
        Ok(None)
    }
}

/// The end of the request's tickets, if its uploads are there: an earlier attempt that was refused when the SDK repeated it,
/// and arrived once there was room.
fn end_of_created(
    request: &IssueUploads<'_>,
    cancelled: &Cancelled,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(upload) = request.uploads.first() else {
        return Ok(None);
    };
    let found = cancelled.item(&Slot::Upload(upload.key.upload));
    let record = found.map(|item| Record::from_item(item, request.owner.user));
    let own = record
        .transpose()?
        .filter(|record| record.key == upload.key);
    Ok(own.map(|record| record.ticket_until))
}

/// Everything that new uploads write, under the conditions that allow them.
fn creation(
    request: &IssueUploads<'_>,
    quota: QuotaRequest,
    now: Timestamp,
    ticket_until: Timestamp,
) -> Transaction {
    let Actor { user, epoch } = request.owner;
    let ids = request.uploads.iter().map(|upload| upload.key.upload);
    let ids: Vec<_> = ids.collect();
    let mut transaction = Transaction::new()
        .check(Slot::Account, Key::user(user), account::is_open(epoch))
        .update(
            Slot::Quota,
            Key::quota(user),
            quota::count_new(request, &ids, quota, now),
        );
    for upload in request.uploads {
        let is_new = Condition::new("attribute_not_exists(pk)");
        let slot = Slot::Upload(upload.key.upload);
        transaction = transaction.put_if(slot, pending_item(upload, ticket_until), is_new);
    }
    let Some(key) = request.idempotency else {
        return transaction;
    };
    let at = Key::idempotency(user, epoch, &key.key_hash);
    let item = IdempotencyItem {
        uploads: ids,
        ticket_until,
    };
    let is_free = Condition::new("(attribute_not_exists(pk) OR #ttl < :now)");
    transaction.put_if(
        Slot::Idempotency,
        item.to_item(at, key),
        is_free.value(":now", n(now.secs())),
    )
}

fn pending_item(upload: &NewUpload, ticket_until: Timestamp) -> Item {
    let mut record = Key::upload(&upload.key.user, upload.key.upload).into_item();
    let content_type = upload.key.content_type.as_str();
    record.extend([
        ("status".to_owned(), s(UploadStatus::Pending.as_str())),
        ("content_type".to_owned(), s(content_type)),
        ("declared_size".to_owned(), n(upload.size)),
        ("ticket_until".to_owned(), n(ticket_until.secs())),
        ("ttl".to_owned(), ttl(ticket_until, EVENT_LIFETIME)),
    ]);
    record
}
