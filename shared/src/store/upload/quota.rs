//! The limits on a person's uploads: open tickets, tickets of the day, stored bytes. One item counts them, and a ticket's
//! transaction changes it in passing.
//!
//! | attribute | is |
//! |---|---|
//! | `open` | the open tickets: `<upload>`, or `<upload>.<end>` (seconds) of a renewed one |
//! | `d<date>` | how many tickets were issued that day (UTC) |
//! | `bytes` | at least the bytes that tickets have reserved: what was rejected, deleted or never sent is still in it |
//! | `counted_at` | when `bytes` was last made exact, in milliseconds |
//! | `epoch` | the account generation that used it last |
//!
//! Open tickets and bytes are only ever too high, and are corrected when a limit is reached: an ordinary ticket has
//! nothing to do with that. An entry of `open` is never added again once it was closed (a renewed ticket has another
//! end), so a removal that arrives late removes nothing new.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::auth::Caller;
use crate::ids::{Epoch, UploadId, UserId};
use crate::store::item::{self, Item, n, names, s, values};
use crate::store::upload::{DAY, Record, TICKET_LIFETIME, upload_key};
use crate::store::{Store, StoreError, store_error};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::upload::limits::Limits;

/// Stored bytes are not counted again sooner than this, unless something was deleted in the meantime.
const COUNT_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// What a request asks of the limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// How many tickets are to be open.
    pub(super) open: u64,
    /// How many of them are new, and count for the day.
    pub(super) new: u64,
    /// How many bytes they reserve.
    pub(super) bytes: u64,
}

/// A limit leaves no room, even after the count was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// When there may be room again, if time alone makes it.
    pub(super) retry_after: Option<Duration>,
}

/// A ticket that counts as open until its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenTicket {
    pub(super) upload: UploadId,
    pub(super) until: Timestamp,
}

impl OpenTicket {
    /// The entry of a ticket that was renewed.
    pub(super) fn renewed(upload: UploadId, until: Timestamp) -> String {
        format!("{upload}.{}", until.secs())
    }

    fn parse(text: &str) -> Option<Self> {
        let (upload, end) = match text.split_once('.') {
            Some((upload, end)) => (upload, Some(end.parse::<i64>().ok()?)),
            None => (text, None),
        };
        let upload: UploadId = upload.parse().ok()?;
        let until = match end {
            Some(end) => Timestamp::from_millis(end.saturating_mul(1000)),
            None => upload.issued_at().after(TICKET_LIFETIME),
        };
        Some(Self { upload, until })
    }
}

impl Wanted {
    /// Whether the limits could never grant it.
    pub(super) fn exceeds(&self, limits: &Limits) -> Option<Exceeded> {
        if self.open > limits.pending || self.new > limits.daily {
            return Some(Exceeded {
                retry_after: Some(TICKET_LIFETIME),
            });
        }
        let too_much = limits.total_bytes.is_some_and(|total| self.bytes > total);
        too_much.then_some(Exceeded { retry_after: None })
    }
}

impl Store {
    /// Counts new tickets, on condition that the limits leave room.
    pub(super) fn count_tickets(
        &self,
        caller: &Caller,
        entries: Vec<String>,
        wanted: Wanted,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<TransactWriteItem, BuildError> {
        let mut update = QuotaUpdate::new(caller, entries, wanted, limits);
        update
            .sets
            .push_str(", #today = if_not_exists(#today, :zero) + :wanted");
        update
            .condition
            .push_str(" AND (attribute_not_exists(#today) OR #today <= :left)");
        update.name("#today", &day_attribute(now));
        update.value(":zero", 0);
        update.value(":wanted", wanted.new);
        update.value(":left", limits.daily.saturating_sub(wanted.new));
        // The item counts from now on and does not expire, as it did in earlier releases.
        update.removes.push_str("#ttl, #yesterday, #before");
        update.name("#ttl", "ttl");
        update.name("#yesterday", &day_attribute(now.before(DAY)));
        update.name("#before", &day_attribute(now.before(2 * DAY)));
        update.build(&self.table, &caller.user)
    }

    /// Counts renewed tickets as open, on condition that the limits leave room. Their bytes are reserved anew: a count may
    /// have left them out when the tickets had ended.
    pub(super) fn count_renewed(
        &self,
        caller: &Caller,
        entries: Vec<String>,
        wanted: Wanted,
        limits: &Limits,
    ) -> Result<TransactWriteItem, BuildError> {
        QuotaUpdate::new(caller, entries, wanted, limits).build(&self.table, &caller.user)
    }

    /// Corrects the counts of a `quota` that left no room.
    ///
    /// # Errors
    /// If the table is not available; in the inner result the limit that still leaves none.
    pub(super) async fn make_room(
        &self,
        caller: &Caller,
        quota: &Item,
        wanted: Wanted,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Result<(), Exceeded>, StoreError> {
        if let Some(exceeded) = wanted.exceeds(limits) {
            return Ok(Err(exceeded));
        }
        let today: u64 = item::opt_num(quota, &day_attribute(now)).unwrap_or(0);
        if wanted.new > 0 && today + wanted.new > limits.daily {
            let tomorrow = now.window_start(DAY).after(DAY);
            return Ok(Err(Exceeded {
                retry_after: Some(tomorrow.since(now)),
            }));
        }
        let open = self.close_tickets(&caller.user, quota, now).await?;
        if open.len() as u64 + wanted.open > limits.pending {
            let first_end = open.iter().map(|ticket| ticket.until).min();
            return Ok(Err(Exceeded {
                retry_after: Some(first_end.unwrap_or(now).since(now)),
            }));
        }
        let reserved: u64 = item::opt_num(quota, "bytes").unwrap_or(0);
        let is_full = limits
            .total_bytes
            .is_some_and(|total| reserved + wanted.bytes > total);
        if is_full && !self.count_bytes(caller, quota, now).await? {
            return Ok(Err(Exceeded { retry_after: None }));
        }
        Ok(Ok(()))
    }

    /// Takes tickets off the list of open ones that ended or were used; returns those that are still open.
    async fn close_tickets(
        &self,
        user: &UserId,
        quota: &Item,
        now: Timestamp,
    ) -> Result<Vec<OpenTicket>, StoreError> {
        let listed = quota.get("open").and_then(|set| set.as_ss().ok());
        let listed = listed.cloned().unwrap_or_default();
        let live = |text: &String| OpenTicket::parse(text).filter(|ticket| now < ticket.until);
        let live: Vec<_> = listed
            .iter()
            .filter_map(|text| Some((text, live(text)?)))
            .collect();
        let uploads: BTreeSet<_> = live.iter().map(|(_, ticket)| ticket.upload).collect();
        let pending = self.pending_of(user, uploads).await?;
        let (open, entries): (Vec<_>, BTreeSet<_>) = live
            .into_iter()
            .filter(|(_, ticket)| pending.contains(&ticket.upload))
            .map(|(text, ticket)| (ticket, text.clone()))
            .unzip();
        let closed: Vec<_> = listed
            .into_iter()
            .filter(|text| !entries.contains(text))
            .collect();
        if !closed.is_empty() {
            let past = past_days(quota, now).into_iter().enumerate();
            let past: Vec<_> = past.map(|(i, day)| (format!("#past{i}"), day)).collect();
            let removed: Vec<_> = past.iter().map(|(name, _)| name.as_str()).collect();
            let remove = if removed.is_empty() { "" } else { " REMOVE " };
            let mut named = names([("#open", "open")]).unwrap_or_default();
            let expression = format!("DELETE #open :closed{remove}{}", removed.join(", "));
            named.extend(past);
            let update = self
                .client
                .update_item()
                .update_expression(expression)
                // Late, it may meet an account that was purged.
                .condition_expression("attribute_exists(pk)")
                .set_expression_attribute_names(Some(named))
                .set_expression_attribute_values(values([(":closed", AttributeValue::Ss(closed))]));
            self.update(quota_key(user), update).await?;
        }
        Ok(open)
    }

    async fn pending_of(
        &self,
        user: &UserId,
        uploads: BTreeSet<UploadId>,
    ) -> Result<BTreeSet<UploadId>, StoreError> {
        if uploads.is_empty() {
            return Ok(uploads);
        }
        let keys = uploads.into_iter().map(|upload| upload_key(user, upload));
        let items = self.batch_get(keys.collect()).await?;
        let pending = UploadStatus::Pending.as_str();
        let pending = items
            .iter()
            .filter(|item| item::opt_str(item, "status") == Some(pending));
        pending.map(|item| item::parsed(item, "sk")).collect()
    }

    /// Makes `bytes` exact by going through the records; `false` if that was done a short while ago and nothing was
    /// deleted since.
    async fn count_bytes(
        &self,
        caller: &Caller,
        quota: &Item,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let counted_at = item::opt_num(quota, "counted_at").map(Timestamp::from_millis);
        if counted_at.is_some_and(|at| now.since(at) < COUNT_INTERVAL) {
            return Ok(false);
        }
        let bytes = self.stored_bytes(&caller.user, caller.epoch, now).await?;
        let reserved: u64 = item::opt_num(quota, "bytes").unwrap_or(0);
        let update = self
            .client
            .update_item()
            .update_expression("SET #bytes = :bytes, counted_at = :now")
            // Refused: another request has reserved more, or counted. What there is room for, the ticket's own
            // condition says.
            .condition_expression(
                "#bytes = :reserved AND (attribute_not_exists(counted_at) OR counted_at < :now)",
            )
            .set_expression_attribute_names(names([("#bytes", "bytes")]))
            .set_expression_attribute_values(values([
                (":bytes", n(bytes)),
                (":now", n(now.millis())),
                (":reserved", n(reserved)),
            ]));
        self.update(quota_key(&caller.user), update).await?;
        Ok(true)
    }

    async fn stored_bytes(
        &self,
        user: &UserId,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut start = None;
        let mut bytes = 0;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk < :owner")
                .set_expression_attribute_values(values([
                    (":pk", s(format!("UP#{user}"))),
                    (":owner", s(super::owner::SORT_KEY)),
                ]))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(store_error)?;
            for item in page.items() {
                let record = Record::from_item(item, user)?;
                if record.key.upload.epoch() == epoch {
                    bytes += occupied(&record, now);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(bytes);
            }
        }
    }

    /// Notes that bytes of `user` became free, so that the next ticket which lacks room has them counted.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn note_freed_bytes(&self, user: &UserId) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression("REMOVE counted_at")
            .condition_expression("attribute_exists(counted_at)");
        self.update(quota_key(user), update).await?;
        Ok(())
    }
}

/// The bytes that a record stands for: those of its object, or those that a live ticket may yet send.
fn occupied(record: &Record, now: Timestamp) -> u64 {
    match record.status {
        UploadStatus::Pending if now < record.ticket_until => record.declared_size,
        status if status.names_version() => record.size.unwrap_or(record.declared_size),
        _ => 0,
    }
}

/// What every change of the item has in common: entries are added if there is room for them.
struct QuotaUpdate {
    sets: String,
    removes: String,
    condition: String,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
}

impl QuotaUpdate {
    fn new(caller: &Caller, entries: Vec<String>, wanted: Wanted, limits: &Limits) -> Self {
        let mut update = Self {
            sets: "epoch = :epoch".to_owned(),
            removes: String::new(),
            condition: "(attribute_not_exists(#open) OR size(#open) <= :room)".to_owned(),
            names: Vec::new(),
            values: Vec::new(),
        };
        update.name("#open", "open");
        update.value(":epoch", caller.epoch.get());
        update.value(":room", limits.pending.saturating_sub(entries.len() as u64));
        update
            .values
            .push((":entries".to_owned(), AttributeValue::Ss(entries)));
        if let Some(total) = limits.total_bytes {
            update.value(":zero", 0);
            update
                .sets
                .push_str(", #bytes = if_not_exists(#bytes, :zero) + :bytes");
            update
                .condition
                .push_str(" AND (attribute_not_exists(#bytes) OR #bytes <= :bytes_left)");
            update.name("#bytes", "bytes");
            update.value(":bytes", wanted.bytes);
            update.value(":bytes_left", total.saturating_sub(wanted.bytes));
        }
        if wanted.exceeds(limits).is_some() {
            // Never granted, whatever is counted; whether it is a repetition, the same transaction tells.
            update
                .condition
                .push_str(" AND attribute_exists(pk) AND attribute_not_exists(pk)");
        }
        update
    }

    fn name(&mut self, placeholder: &str, name: &str) {
        self.names.push((placeholder.to_owned(), name.to_owned()));
    }

    fn value(&mut self, placeholder: &str, number: impl ToString) {
        self.values.push((placeholder.to_owned(), n(number)));
    }

    fn build(self, table: &str, user: &UserId) -> Result<TransactWriteItem, BuildError> {
        let remove = if self.removes.is_empty() {
            ""
        } else {
            " REMOVE "
        };
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(quota_key(user)))
            .update_expression(format!(
                "ADD #open :entries SET {}{remove}{}",
                self.sets, self.removes
            ))
            .condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names.into_iter().collect()))
            .set_expression_attribute_values(Some(self.values.into_iter().collect()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

pub(in crate::store) fn quota_key(user: &UserId) -> Item {
    item::key(format!("RL#UP#{user}"), "A")
}

/// The counts of days that a ticket's own change did not remove, because no ticket was issued on the two days after.
fn past_days(quota: &Item, now: Timestamp) -> Vec<String> {
    let yesterday = day_attribute(now.before(DAY));
    let is_day = |name: &str| {
        name.len() == yesterday.len()
            && name.starts_with('d')
            && name[1..].bytes().all(|b| b.is_ascii_digit())
    };
    let names = quota
        .keys()
        .filter(|name| is_day(name) && **name < yesterday);
    names.cloned().collect()
}

fn day_attribute(at: Timestamp) -> String {
    format!("d{}", &at.to_amz_date()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_of_days_before_yesterday_are_past() {
        // 2026-01-31T09:30:00Z
        let now = Timestamp::from_millis(1_769_851_800_000);
        let names = [
            "d20260131",
            "d20260130",
            "d20260129",
            "d20251231",
            "open",
            "d2026012x",
        ];
        let quota: Item = names
            .iter()
            .map(|name| ((*name).to_owned(), n(1)))
            .collect();
        let mut past = past_days(&quota, now);
        past.sort();
        assert_eq!(past, ["d20251231", "d20260129"]);
    }
}
