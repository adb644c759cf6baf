//! The limits on a user's uploads.

use std::collections::BTreeSet;

use shared::ids::UploadId;

use super::item::{Attributes, Place, quota_key, records, user_key};
use super::upload::{self, has_version};
use super::{Commit, Findings, Item, Kind};

/// A ticket's longest life, in milliseconds.
const TICKET: i64 = 300_000;

pub(super) fn check(commit: &Commit<'_>, user: &str, found: &mut Findings) {
    let key = quota_key(user);
    let none = Item::new();
    let quota = commit.item(&key).unwrap_or(&none);
    let account = commit.item(&user_key(user));
    let epoch = account
        .filter(|item| super::is_live(item))
        .and_then(|item| item.number("epoch"));
    let open: BTreeSet<&str> = quota.texts("open").into_iter().collect();
    if let Some(change) = commit.change(&key) {
        let before = change.before.as_deref().unwrap_or(&none);
        let at = Counted {
            commit,
            user,
            before,
            quota,
            open: &open,
        };
        at.attributes(found);
        at.limits(found);
        at.account(account, found);
    }
    tickets(commit, user, quota, &open, found);
    if let Some(epoch) = epoch {
        let at = Current {
            commit,
            user,
            epoch,
        };
        at.open(&open, found);
        at.bytes(quota, found);
    }
}

/// A quota item that was changed.
struct Counted<'a> {
    commit: &'a Commit<'a>,
    user: &'a str,
    before: &'a Item,
    quota: &'a Item,
    open: &'a BTreeSet<&'a str>,
}

fn is_day(name: &str) -> bool {
    name.len() == 9 && name.starts_with('d') && name[1..].bytes().all(|b| b.is_ascii_digit())
}

/// How many tickets the item counts on all days.
fn issued(quota: &Item) -> i64 {
    let days = quota.keys().filter(|name| is_day(name));
    days.filter_map(|day| quota.number(day)).sum()
}

impl Counted<'_> {
    fn attributes(&self, found: &mut Findings) {
        for name in self.quota.keys() {
            let known =
                ["pk", "sk", "open", "bytes", "counted_at", "epoch"].contains(&name.as_str());
            found.unless(known || is_day(name), Kind::UnknownAttribute, || {
                format!("{name} of {}", self.user)
            });
        }
    }

    fn limits(&self, found: &mut Findings) {
        let limits = self.commit.limits;
        let was = self.before.texts("open").len();
        let fits = self.open.len() <= limits.pending || self.open.len() <= was;
        found.unless(fits, Kind::TooManyOpen, || {
            format!("{} of {}", self.open.len(), self.user)
        });
        for day in self.quota.keys().filter(|name| is_day(name)) {
            let fits = self
                .quota
                .number(day)
                .is_some_and(|count| count <= limits.daily);
            found.unless(fits, Kind::TooManyToday, || {
                format!("{day} of {}", self.user)
            });
        }
    }

    /// Tickets are counted for an active account only.
    fn account(&self, account: Option<&Item>, found: &mut Findings) {
        let before: BTreeSet<_> = self.before.texts("open").into_iter().collect();
        if self.open.is_subset(&before) {
            return;
        }
        let active = account.is_some_and(|account| {
            account.text("status") == Some("active")
                && account.get("epoch") == self.quota.get("epoch")
        });
        found.unless(active, Kind::QuotaWithoutAccount, || self.user.to_owned());
    }
}

/// New and renewed tickets are counted by the write that issues them.
fn tickets(
    commit: &Commit<'_>,
    user: &str,
    quota: &Item,
    open: &BTreeSet<&str>,
    found: &mut Findings,
) {
    let mut new = 0;
    for (place, change) in commit.places() {
        let (Place::Upload { user: owner, id }, Some(after)) = (place, change.after.as_deref())
        else {
            continue;
        };
        if owner != user || after.text("status") != Some("pending") {
            continue;
        }
        let before = change.before.as_deref();
        new += i64::from(before.is_none());
        let entry = match before {
            None => id.to_owned(),
            Some(before) if before.get("ticket_until") == after.get("ticket_until") => continue,
            Some(_) => format!("{id}.{}", after.number("ticket_until").unwrap_or(0)),
        };
        found.unless(open.contains(entry.as_str()), Kind::TicketUncounted, || {
            format!("{entry} of {user}")
        });
    }
    if new == 0 {
        return;
    }
    let change = commit.change(&quota_key(user));
    let before = change.and_then(|change| change.before.as_deref());
    // The counts of past days go with the write that counts on a new one.
    let today = quota.keys().filter(|name| is_day(name)).max();
    let was = today.and_then(|day| before?.number(day)).unwrap_or(0);
    let is = today.and_then(|day| quota.number(day)).unwrap_or(0);
    let counted = is - was == new || issued(quota) - before.map_or(0, issued) == new;
    found.unless(counted, Kind::TicketUncounted, || {
        format!("{new} of {user} on the day")
    });
}

/// What the current generation has.
struct Current<'a> {
    commit: &'a Commit<'a>,
    user: &'a str,
    epoch: i64,
}

impl Current<'_> {
    fn records(&self) -> impl Iterator<Item = (&str, &Item)> {
        let all = records(self.commit.table, self.user);
        all.filter(|(id, _)| upload::epoch(id) == Some(self.epoch))
    }

    /// Whether every clock says that the ticket is still good.
    fn is_live(&self, id: &str, record: &Item) -> bool {
        let until = record.number("ticket_until").unwrap_or(0) * 1000;
        let margin = 2 * self.commit.limits.skew + 1000;
        record.text("status") == Some("pending")
            && self.commit.now + margin < until
            && !id.is_empty()
    }

    fn open(&self, open: &BTreeSet<&str>, found: &mut Findings) {
        for (id, record) in self
            .records()
            .filter(|(id, record)| self.is_live(id, record))
        {
            let counts = |entry: &&str| {
                end_of(entry).is_some_and(|(of, end)| of == id && end > self.commit.now)
            };
            let counted = open.iter().any(counts);
            found.unless(counted, Kind::OpenTicketUncounted, || {
                format!(
                    "{id} of {}, until {:?}",
                    self.user,
                    record.number("ticket_until")
                )
            });
        }
    }

    fn bytes(&self, quota: &Item, found: &mut Findings) {
        if self.commit.limits.total_bytes.is_none() {
            return;
        }
        let occupied = self
            .records()
            .map(|(id, record)| match record.text("status") {
                Some(status) if has_version(status) => record.number("size").unwrap_or(0),
                _ if self.is_live(id, record) => record.number("declared_size").unwrap_or(0),
                _ => 0,
            });
        let (occupied, counted) = (occupied.sum::<i64>(), quota.number("bytes").unwrap_or(0));
        found.unless(counted >= occupied, Kind::BytesUncounted, || {
            format!("{}: {counted} of {occupied}", self.user)
        });
    }
}

/// The upload of an entry, and the end of its ticket.
fn end_of(entry: &str) -> Option<(&str, i64)> {
    match entry.split_once('.') {
        Some((id, end)) => Some((id, end.parse::<i64>().ok()? * 1000)),
        None => {
            let id: UploadId = entry.parse().ok()?;
            Some((entry, id.issued_at().millis() + TICKET))
        }
    }
}
