//! A repeated request for tickets. While its tickets live it changes nothing; afterwards it renews them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::auth::Caller;
use crate::ids::UploadId;
use crate::store::item::{n, names, s, values};
use crate::store::upload::issue::{
    ACCOUNT, ATTEMPTS, Answered, Idempotency, Issued, NewUpload, QUOTA, Repeated, answered,
    idempotency_key, refusal,
};
use crate::store::upload::quota::{OpenTicket, Wanted};
use crate::store::upload::{EVENT_LIFETIME, Record, TICKET_LIFETIME, ttl, upload_key};
use crate::store::{Store, StoreError, Transacted, is_refused};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::upload::limits::Limits;

/// Uploads that need no ticket, by id; `None` if there is none.
type Settled = BTreeMap<UploadId, Option<Record>>;

impl Store {
    /// Answers a request for the `requested` uploads that was answered before. Tickets that ended are renewed in one
    /// transaction, which counts them as open again; it shows in passing which uploads need none.
    pub(super) async fn repeat(
        &self,
        caller: &Caller,
        answered_before: Answered,
        requested: &[NewUpload],
        limits: &Limits,
        idempotency: &Idempotency,
    ) -> Result<Issued, StoreError> {
        let Answered { uploads, mut until } = answered_before;
        let sizes = requested.iter().map(|upload| upload.size);
        let sizes: BTreeMap<_, _> = uploads.iter().copied().zip(sizes).collect();
        let mut settled = Settled::new();
        for _ in 0..=ATTEMPTS {
            let now = self.clock.now();
            let pending = uploads.iter().copied();
            let pending: Vec<_> = pending.filter(|id| !settled.contains_key(id)).collect();
            if now < until || pending.is_empty() {
                return Ok(Issued::Repeated(in_order(&uploads, settled, until, now)));
            }
            let next = now.to_whole_second().after(TICKET_LIFETIME);
            let wanted = Wanted {
                open: pending.len() as u64,
                new: 0,
                bytes: pending.iter().filter_map(|id| sizes.get(id)).sum(),
            };
            let count = |entries| self.count_renewed(caller, entries, wanted, limits);
            let writes = self.renewal_writes(caller, &pending, count, idempotency, (until, next));
            let writes = writes.map_err(|error| StoreError::Refused(error.into()))?;
            let reasons = match self.transact(writes).await? {
                Transacted::Done => {
                    return Ok(Issued::Repeated(in_order(&uploads, settled, next, now)));
                }
                Transacted::Cancelled(reasons) => reasons,
            };
            if is_refused(&reasons, ACCOUNT) {
                let account = reasons[ACCOUNT].item.as_ref();
                return Ok(Issued::Refused(refusal(account, caller)?));
            }
            let last = reasons.len() - 1;
            if is_refused(&reasons, last) {
                // Somebody else has renewed them, or the key has run out and was used anew.
                match answered(reasons[last].item.as_ref(), idempotency)? {
                    Some(again) if again.uploads == uploads => until = again.until,
                    _ => return Ok(Issued::Mismatch),
                }
                settled.extend(no_longer_pending(caller, &pending, &reasons)?);
                continue;
            }
            let found = no_longer_pending(caller, &pending, &reasons)?;
            let is_full = is_refused(&reasons, QUOTA) && found.is_empty();
            settled.extend(found);
            if is_full {
                let quota = reasons[QUOTA].item.clone().unwrap_or_default();
                if let Err(exceeded) = self.make_room(caller, &quota, wanted, limits, now).await? {
                    return Ok(exceeded.into());
                }
            }
        }
        Err(StoreError::Unavailable("the uploads kept changing".into()))
    }

    fn renewal_writes(
        &self,
        caller: &Caller,
        pending: &[UploadId],
        count: impl FnOnce(Vec<String>) -> Result<TransactWriteItem, BuildError>,
        idempotency: &Idempotency,
        (until, next): (Timestamp, Timestamp),
    ) -> Result<Vec<TransactWriteItem>, BuildError> {
        let entries = pending.iter().map(|id| OpenTicket::renewed(*id, next));
        let mut writes = vec![self.account_check(caller)?, count(entries.collect())?];
        let builder = || {
            Update::builder()
                .table_name(&self.table)
                .update_expression("SET ticket_until = :next, #ttl = :ttl")
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
        };
        for id in pending {
            let renewal = builder()
                .set_key(Some(upload_key(&caller.user, *id)))
                .condition_expression("#status = :pending")
                .set_expression_attribute_names(names([("#status", "status"), ("#ttl", "ttl")]))
                .set_expression_attribute_values(values([
                    (":pending", s(UploadStatus::Pending.as_str())),
                    (":next", n(next.secs())),
                    (":ttl", ttl(next, EVENT_LIFETIME)),
                ]))
                .build()?;
            writes.push(TransactWriteItem::builder().update(renewal).build());
        }
        let memory = builder()
            .set_key(Some(idempotency_key(caller, idempotency)))
            // Two repetitions at once renew the tickets once.
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(ticket_until) OR ticket_until = :until)",
            )
            .set_expression_attribute_names(names([("#ttl", "ttl")]))
            .set_expression_attribute_values(values([
                (":until", n(until.secs())),
                (":next", n(next.secs())),
                (":ttl", ttl(next, EVENT_LIFETIME)),
            ]))
            .build()?;
        writes.push(TransactWriteItem::builder().update(memory).build());
        Ok(writes)
    }
}

/// Those of the `pending` uploads whose renewal was refused.
fn no_longer_pending(
    caller: &Caller,
    pending: &[UploadId],
    reasons: &[CancellationReason],
) -> Result<Settled, StoreError> {
    let mut settled = Settled::new();
    for (at, id) in pending.iter().enumerate() {
        let at = QUOTA + 1 + at;
        if is_refused(reasons, at) {
            let record = reasons[at].item.as_ref();
            let record = record.map(|item| Record::from_item(item, &caller.user));
            settled.insert(*id, record.transpose()?);
        }
    }
    Ok(settled)
}

fn in_order(
    uploads: &[UploadId],
    mut settled: Settled,
    until: Timestamp,
    now: Timestamp,
) -> Vec<Repeated> {
    let repeated = |id: &UploadId| match settled.remove(id) {
        None => Repeated::Open(*id, until),
        Some(Some(record)) if record.is_shown(now) => Repeated::Settled(Box::new(record)),
        Some(_) => Repeated::Gone,
    };
    uploads.iter().map(repeated).collect()
}
