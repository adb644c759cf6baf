//! Recounting a quota that leaves no room: tickets that ended or were used are no longer open, and bytes that were
//! rejected, deleted or never sent are free.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, n, s};
use crate::store::schema::{Key, OWNER_STATE_SORT_KEY, uploads_partition};
use crate::store::upload::quota::{OpenTicket, QuotaRequest, day_attribute, exceeded};
use crate::store::upload::request::{IssueUploads, IssueUploadsError};
use crate::store::upload::{DAY, Record};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;

/// Stored bytes are recounted at most this often, unless something was deleted in the meantime.
const COUNT_INTERVAL: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// Recounts a quota item that left no room for a request.
    ///
    /// # Errors
    /// The limit that still leaves none.
    pub(super) async fn make_room(
        &self,
        request: &IssueUploads<'_>,
        counted: Option<&Item>,
        quota: QuotaRequest,
        now: Timestamp,
    ) -> Result<(), IssueUploadsError> {
        let limits = request.limits;
        quota.check_attainable(limits)?;
        let none = Item::new();
        let counted = counted.unwrap_or(&none);
        let today: u64 = item::opt_num(counted, &day_attribute(now)).unwrap_or(0);
        if quota.new > 0 && today + quota.new > limits.daily {
            let tomorrow = now.window_start(DAY).after(DAY);
            return Err(exceeded(Some(tomorrow.since(now))));
        }
        let open = self.close_tickets(request.owner.user, counted, now).await?;
        if open.len() as u64 + quota.open > limits.pending {
            let first_end = open.iter().map(|ticket| ticket.until).min();
            return Err(exceeded(Some(first_end.unwrap_or(now).since(now))));
        }
        let reserved = reserved_bytes(counted);
        let is_full = limits
            .total_bytes
            .is_some_and(|total| reserved + quota.bytes > total);
        if is_full && !self.count_bytes(request, counted, now).await? {
            return Err(exceeded(None));
        }
        Ok(())
    }

    /// Removes the entries of tickets that ended or were used; returns the tickets that are still open.
    async fn close_tickets(
        &self,
        user: &UserId,
        counted: &Item,
        now: Timestamp,
    ) -> Result<Vec<OpenTicket>, StoreError> {
        let entries = counted.get("open").and_then(|set| set.as_ss().ok());
        let entries = entries.cloned().unwrap_or_default();
        let tickets = entries.iter().filter_map(|entry| OpenTicket::parse(entry));
        let valid = tickets.filter(|ticket| now < ticket.until);
        let pending = self
            .pending_of(user, valid.map(|ticket| ticket.upload).collect())
            .await?;
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for entry in entries {
            match OpenTicket::parse(&entry) {
                Some(ticket) if now < ticket.until && pending.contains(&ticket.upload) => {
                    open.push(ticket);
                }
                _ => closed.push(entry),
            }
        }
        if !closed.is_empty() {
            self.remove_entries(user, closed, past_days(counted, now))
                .await?;
        }
        Ok(open)
    }

    /// Removes entries of closed tickets, and in passing the counts of past days.
    async fn remove_entries(
        &self,
        user: &UserId,
        closed: Vec<String>,
        past_days: Vec<String>,
    ) -> Result<(), StoreError> {
        let mut update = UpdateExpression::new();
        update.delete("open", closed);
        for (i, day) in past_days.into_iter().enumerate() {
            let placeholder = format!("#past{i}");
            update.remove(&placeholder);
            update.name(&placeholder, day);
        }
        // A late write may come after the purge of the account.
        update.require(Condition::new("attribute_exists(pk)"));
        self.dynamo.update(Key::quota(user), update).await?;
        Ok(())
    }

    /// Which of the uploads are pending.
    async fn pending_of(
        &self,
        user: &UserId,
        uploads: BTreeSet<UploadId>,
    ) -> Result<BTreeSet<UploadId>, StoreError> {
        if uploads.is_empty() {
            return Ok(uploads);
        }
        let keys = uploads.into_iter().map(|upload| Key::upload(user, upload));
        let items = self.dynamo.batch_get(keys.collect(), None).await?;
        let pending = UploadStatus::Pending.as_str();
        let pending = items
            .iter()
            .filter(|item| item::opt_str(item, "status") == Some(pending));
        pending.map(|item| item::parsed(item, "sk")).collect()
    }

    /// Makes `bytes` exact by reading all records; `false` if that was done a short while ago and nothing was deleted
    /// since.
    async fn count_bytes(
        &self,
        request: &IssueUploads<'_>,
        counted: &Item,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let counted_at = item::opt_num(counted, "counted_at").map(Timestamp::from_millis);
        if counted_at.is_some_and(|at| now.since(at) < COUNT_INTERVAL) {
            return Ok(false);
        }
        let bytes = self.stored_bytes(request.owner, now).await?;
        let mut update = UpdateExpression::new();
        update.set("bytes", n(bytes));
        update.set("counted_at", n(now.millis()));
        // Refused if another request has reserved more, or counted. Whether there is room now, the condition of the next
        // attempt tells.
        update.require(
            Condition::new(
                "#bytes = :reserved AND (attribute_not_exists(counted_at) OR counted_at < :counted_at)",
            )
            .value(":reserved", n(reserved_bytes(counted))),
        );
        self.dynamo
            .update(Key::quota(request.owner.user), update)
            .await?;
        Ok(true)
    }

    async fn stored_bytes(&self, owner: Actor<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let uploads = Condition::new("pk = :pk AND sk < :owner_state")
            .value(":pk", s(uploads_partition(owner.user)))
            .value(":owner_state", s(OWNER_STATE_SORT_KEY));
        let mut query = Query::new(uploads);
        let mut bytes = 0;
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            for item in &page.items {
                let record = Record::from_item(item, owner.user)?;
                if record.key.upload.epoch() == owner.epoch {
                    bytes += occupied_bytes(&record, now);
                }
            }
            query.start = page.cut;
            if query.start.is_none() {
                return Ok(bytes);
            }
        }
    }

    /// Notes that bytes of `user` became free, so that the next ticket which lacks room has them recounted.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn note_freed_bytes(&self, user: &UserId) -> Result<(), StoreError> {
        let mut update = UpdateExpression::new();
        update.remove("counted_at");
        update.require(Condition::new("attribute_exists(counted_at)"));
        self.dynamo.update(Key::quota(user), update).await?;
        Ok(())
    }
}

fn reserved_bytes(counted: &Item) -> u64 {
    item::opt_num(counted, "bytes").unwrap_or(0)
}

/// The bytes of a record's object, or those that a valid ticket can still store.
fn occupied_bytes(record: &Record, now: Timestamp) -> u64 {
    match record.status {
        UploadStatus::Pending if now < record.ticket_until => record.declared_size,
        status if status.has_version() => record.size.unwrap_or(record.declared_size),
        _ => 0,
    }
}

/// The counts of days before yesterday. A ticket removes those of the two days before it, so what is left is older.
fn past_days(counted: &Item, now: Timestamp) -> Vec<String> {
    let yesterday = day_attribute(now.before(DAY));
    let is_day = |name: &str| {
        name.len() == yesterday.len()
            && name.starts_with('d')
            && name[1..].bytes().all(|b| b.is_ascii_digit())
    };
    let names = counted
        .keys()
        .filter(|name| is_day(name) && **name < yesterday);
    names.cloned().collect()
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
