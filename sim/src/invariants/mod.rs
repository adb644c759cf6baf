//! What must hold whatever happens: checked at each commit of the table, at each change of the bucket, and once everything
//! is quiet.
//!
//! [`Watch`] keeps its own copy of both, made of the changes alone, and knows nothing of the code under test. Every
//! attribute that the store writes has a rule here; one without is a finding of its own.

mod account;
mod audit;
mod bucket;
mod end;
mod idempotency;
mod item;
mod kind;
mod names;
mod owner_state;
mod quota;
mod session;
#[cfg(test)]
mod tests;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use crate::dynamodb::{Change, Item, Key};
pub use bucket::StoredObject;
pub use end::Leftovers;
pub use kind::Kind;

pub(crate) use bucket::Bucket;
pub(crate) use item::{Attributes, Place, Table, is_live};
pub(crate) use upload::{epoch as epoch_of, is_avatar};

/// Something that must not happen has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, without ids: the same cause gives the same kind.
    pub kind: Kind,
    /// When and to whom.
    pub detail: String,
}

/// What the functions are configured with, as far as it can be violated.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `UPLOAD_PENDING_LIMIT`.
    pub pending: usize,
    /// `UPLOAD_DAILY_LIMIT`.
    pub daily: i64,
    /// `UPLOAD_TOTAL_BYTES`; `None` if it is off.
    pub total_bytes: Option<i64>,
    /// How far apart the clocks of two environments can be, in milliseconds.
    pub skew: i64,
}

/// The findings so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(&mut self, kind: Kind, detail: impl Into<String>) {
        let detail = detail.into();
        self.0.push(Finding { kind, detail });
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn unless(&mut self, holds: bool, kind: Kind, detail: impl FnOnce() -> String) {
        if !holds {
            self.add(kind, detail());
        }
    }
}

/// One write of the table: everything that it changed, and the table afterwards.
#[derive(Clone, Copy)]
pub(crate) struct Commit<'a> {
    pub(crate) changes: &'a [Change],
    pub(crate) table: &'a Table,
    pub(crate) bucket: &'a Bucket,
    pub(crate) limits: &'a Limits,
    pub(crate) now: i64,
}

impl<'a> Commit<'a> {
    pub(crate) fn item(&self, key: &Key) -> Option<&'a Item> {
        self.table.get(key).map(|item| &**item)
    }

    /// The change of that item, if there is one.
    pub(crate) fn change(&self, key: &Key) -> Option<&'a Change> {
        self.changes.iter().find(|change| change.key == *key)
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = (Place<'a>, &'a Change)> {
        let changes = self.changes.iter();
        changes.map(|change| (Place::of(&change.key), change))
    }
}

/// What is remembered of the past.
#[derive(Debug, Default)]
struct Memory {
    /// By user, generation and name: a login that is repeated may begin its session once more in a generation of which
    /// nobody has heard.
    sessions: BTreeMap<(String, i64, String), session::Past>,
    logins: BTreeSet<(String, i64, String)>,
    edits: BTreeSet<(String, String)>,
    gone_uploads: BTreeMap<(String, String), i64>,
    removed_versions: BTreeMap<(String, String), StoredObject>,
}

/// Watches table and bucket.
#[derive(Debug)]
pub struct Watch {
    limits: Limits,
    table: Table,
    bucket: Bucket,
    memory: Memory,
    findings: Findings,
}

impl Watch {
    /// A watch over an empty table and an empty bucket.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            table: Table::new(),
            bucket: Bucket::default(),
            memory: Memory::default(),
            findings: Findings::default(),
        }
    }

    /// One write has changed these items, all at once.
    pub fn table_changed(&mut self, changes: &[Change], now: i64) {
        if changes.is_empty() {
            return;
        }
        for change in changes {
            match &change.after {
                Some(item) => self.table.insert(change.key.clone(), item.clone()),
                None => self.table.remove(&change.key),
            };
        }
        let commit = Commit {
            changes,
            table: &self.table,
            bucket: &self.bucket,
            limits: &self.limits,
            now,
        };
        let (memory, found) = (&mut self.memory, &mut self.findings);
        for (place, change) in commit.places() {
            match place {
                Place::User(user) => {
                    account::check(&commit, user, change, memory, found);
                    session::check(user, change, memory, found);
                }
                Place::Upload { user, id } => {
                    upload::check(&commit, user, id, change, memory, found);
                    if upload::is_gone(change) {
                        let key = (user.to_owned(), id.to_owned());
                        memory.gone_uploads.entry(key).or_insert(now);
                    }
                }
                Place::Idempotency { user, epoch } => {
                    idempotency::check(&commit, user, epoch, change, found);
                }
                Place::Audit => audit::check(&commit, change, found),
                Place::Username(_) | Place::Email(_) => {
                    names::check_reservation(&commit, change, found)
                }
                Place::OwnerState(_) | Place::Quota(_) => {}
                Place::Unknown => found.add(Kind::UnknownItem, format!("{:?}", change.key)),
            }
        }
        for user in users(&commit) {
            owner_state::check(&commit, user, found);
            upload::avatar(&commit, user, found);
            quota::check(&commit, user, found);
        }
    }

    /// The bucket holds these versions now.
    pub fn bucket_changed<'a>(&mut self, stored: impl Iterator<Item = StoredObject>) {
        let removed = self.bucket.replace(stored, &mut self.findings);
        self.memory.removed_versions.extend(removed);
    }

    /// Everything is quiet: what is left must be consistent.
    pub fn at_the_end(&mut self, left: &Leftovers) {
        end::check(&self.table, &self.bucket, left, &mut self.findings);
    }

    /// Adds a finding that was made elsewhere.
    pub fn add(&mut self, kind: Kind, detail: impl Into<String>) {
        self.findings.add(kind, detail);
    }

    /// What was found so far.
    pub fn findings(&self) -> &[Finding] {
        &self.findings.0
    }

    /// Whether the token with this hash (base 64) has ever been its session's.
    pub fn has_been_token(&self, user: &str, session: &str, hash: &str) -> bool {
        let name = format!("s_{session}");
        let first = (user.to_owned(), i64::MIN, String::new());
        let last = (user.to_owned(), i64::MAX, String::new());
        let mut sessions = self.memory.sessions.range(first..last);
        sessions.any(|((_, _, known), past)| {
            *known == name && past.hashes.iter().any(|known| known == hash)
        })
    }

    /// The user's item.
    pub fn account(&self, user: &str) -> Option<&Arc<Item>> {
        self.table.get(&item::user_key(user))
    }

    /// The record of an upload.
    pub fn record(&self, user: &str, id: &str) -> Option<&Item> {
        let record = self.table.get(&item::upload_key(user, id));
        record.map(|record| &**record)
    }

    /// The uploads that the API shows: neither tombstones, nor past their time, nor pending for more than a day.
    pub fn shown_uploads(&self, user: &str, now: i64) -> Vec<String> {
        let all = item::records(&self.table, user);
        let shown = all.filter(|(_, record)| upload::is_shown(record, now));
        shown.map(|(id, _)| id.to_owned()).collect()
    }

    /// When an upload became a tombstone, or its record was removed.
    pub fn gone_at(&self, user: &str, id: &str) -> Option<i64> {
        let key = (user.to_owned(), id.to_owned());
        self.memory.gone_uploads.get(&key).copied()
    }

    pub(crate) fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }
}

/// The users whom a commit is about, once each.
fn users<'a>(commit: &Commit<'a>) -> BTreeSet<&'a str> {
    let places = commit.places();
    places
        .filter_map(|(place, _)| match place {
            Place::User(user)
            | Place::Upload { user, .. }
            | Place::OwnerState(user)
            | Place::Quota(user) => Some(user),
            _ => None,
        })
        .collect()
}
