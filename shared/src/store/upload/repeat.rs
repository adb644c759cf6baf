//! A repeated request for tickets. While its tickets are valid it changes nothing; afterwards it renews them.

use std::collections::BTreeMap;

use crate::ids::UploadId;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{n, s};
use crate::store::schema::Key;
use crate::store::transaction::{Cancelled, Slot, Transacted, Transaction};
use crate::store::upload::idempotency::{self, IdempotencyItem, IdempotencyKey};
use crate::store::upload::quota::{self, QuotaRequest};
use crate::store::upload::request::{
    IssueUploads, IssueUploadsError, IssuedUploads, RepeatedUpload, check_account,
};
use crate::store::upload::{EVENT_LIFETIME, Record, TICKET_LIFETIME, ttl};
use crate::store::{Store, account};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;

/// A repetition and what is known of its uploads so far.
struct Repetition<'a> {
    request: &'a IssueUploads<'a>,
    key: &'a IdempotencyKey,
    uploads: Vec<UploadId>,
    ticket_until: Timestamp,
    /// Uploads that need no ticket; `None` for one without a record.
    settled: BTreeMap<UploadId, Option<Record>>,
}

impl Store {
    /// The uploads that an `earlier` request created. Tickets that ended are renewed in one transaction, which counts them
    /// as open again; its refusals tell which uploads need none.
    pub(super) async fn repeat(
        &self,
        request: &IssueUploads<'_>,
        key: &IdempotencyKey,
        earlier: IdempotencyItem,
    ) -> Result<IssuedUploads, IssueUploadsError> {
        let mut repetition = Repetition {
            request,
            key,
            uploads: earlier.uploads,
            ticket_until: earlier.ticket_until,
            settled: BTreeMap::new(),
        };
        // Each of the limits may have to be recounted once, and uploads can settle in the meantime.
        let mut attempts = self.attempts();
        loop {
            let now = self.clock.now();
            let is_done = now < repetition.ticket_until || repetition.pending().is_empty();
            if is_done || self.try_renew(&mut repetition, now).await? {
                return Ok(IssuedUploads::Repeated(repetition.into_uploads(now)));
            }
            attempts.start_over().await?;
        }
    }

    /// One attempt to renew the tickets of what is still pending; `false` if something has changed, which the repetition
    /// knows by now.
    async fn try_renew(
        &self,
        repetition: &mut Repetition<'_>,
        now: Timestamp,
    ) -> Result<bool, IssueUploadsError> {
        let request = repetition.request;
        let pending = repetition.pending();
        let quota = repetition.quota_request(&pending);
        let next = now.to_whole_second().after(TICKET_LIFETIME);
        let transaction = repetition.renewal(&pending, quota, next);
        let cancelled = match self.dynamo.transact(transaction).await? {
            Transacted::Done => {
                repetition.ticket_until = next;
                return Ok(true);
            }
            Transacted::Cancelled(cancelled) => cancelled,
        };
        check_account(&cancelled, request.owner.epoch)?;
        let has_settled = repetition.settle(&pending, &cancelled)?;
        if cancelled.refused(&Slot::Idempotency) {
            repetition.update_end(&cancelled)?;
        } else if cancelled.refused(&Slot::Quota) && !has_settled {
            let counted = cancelled.item(&Slot::Quota);
            self.make_room(request, counted, quota, now).await?;
        }
        Ok(false)
    }
}

impl Repetition<'_> {
    fn pending(&self) -> Vec<UploadId> {
        let uploads = self.uploads.iter().copied();
        uploads
            .filter(|id| !self.settled.contains_key(id))
            .collect()
    }

    fn quota_request(&self, pending: &[UploadId]) -> QuotaRequest {
        let requested = self.request.uploads.iter().map(|upload| upload.size);
        let sizes = self.uploads.iter().zip(requested);
        let bytes = sizes.filter(|(id, _)| pending.contains(id));
        QuotaRequest {
            open: pending.len() as u64,
            new: 0,
            bytes: bytes.map(|(_, size)| size).sum(),
        }
    }

    fn renewal(&self, pending: &[UploadId], quota: QuotaRequest, next: Timestamp) -> Transaction {
        let Actor { user, epoch } = self.request.owner;
        let mut transaction = Transaction::new()
            .check(Slot::Account, Key::user(user), account::is_open(epoch))
            .update(
                Slot::Quota,
                Key::quota(user),
                quota::count_renewed(self.request, pending, quota, next),
            );
        for id in pending {
            transaction =
                transaction.update(Slot::Upload(*id), Key::upload(user, *id), new_ticket(next));
        }
        transaction.update(
            Slot::Idempotency,
            Key::idempotency(user, epoch, &self.key.key_hash),
            idempotency::renewal(self.ticket_until, next),
        )
    }

    /// Notes which `pending` uploads are not pending any more; returns whether there were any.
    fn settle(&mut self, pending: &[UploadId], cancelled: &Cancelled) -> Result<bool, StoreError> {
        let before = self.settled.len();
        for id in pending {
            let slot = Slot::Upload(*id);
            if cancelled.refused(&slot) {
                let record = cancelled.item(&slot);
                let record = record.map(|item| Record::from_item(item, self.request.owner.user));
                self.settled.insert(*id, record.transpose()?);
            }
        }
        Ok(self.settled.len() > before)
    }

    /// Another request has renewed the tickets, or the key has expired and was used for other uploads.
    fn update_end(&mut self, cancelled: &Cancelled) -> Result<(), IssueUploadsError> {
        let item = IdempotencyItem::from_item(cancelled.item(&Slot::Idempotency), self.key)?;
        match item {
            Some(item) if item.uploads == self.uploads => {
                self.ticket_until = item.ticket_until;
                Ok(())
            }
            _ => Err(IssueUploadsError::IdempotencyMismatch),
        }
    }

    fn into_uploads(mut self, now: Timestamp) -> Vec<RepeatedUpload> {
        let ticket_until = self.ticket_until;
        let uploads = self.uploads.into_iter();
        uploads
            .map(|id| match self.settled.remove(&id) {
                None => RepeatedUpload::Pending { id, ticket_until },
                Some(Some(record)) if record.is_shown(now) => {
                    RepeatedUpload::Settled(Box::new(record))
                }
                Some(_) => RepeatedUpload::Gone,
            })
            .collect()
    }
}

fn new_ticket(until: Timestamp) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("ticket_until", n(until.secs()));
    update.set("ttl", ttl(until, EVENT_LIFETIME));
    let pending = s(UploadStatus::Pending.as_str());
    update.require(Condition::new("#status = :pending").value(":pending", pending));
    update
}
