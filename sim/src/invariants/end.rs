//! What is left once everything is quiet: no more requests, no more events, no more messages.

use shared::upload::key::ObjectKey;

use super::item::{Attributes, Place, is_live, upload_key, user_key};
use super::upload::{self, has_version, is_described};
use super::{Bucket, Commit, Findings, Item, Kind, Limits, Table, names};

/// Fewer faults than this on one message are no reason to give it up.
const FAULTS: u32 = 5;

/// What is left in the queues.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    /// Messages that still wait, described.
    pub messages: Vec<String>,
    /// Messages that were given up: how many faults each met, and what it is.
    pub dead_letters: Vec<(u32, String)>,
}

pub(super) fn check(table: &Table, bucket: &Bucket, left: &Leftovers, found: &mut Findings) {
    for message in &left.messages {
        found.add(Kind::MessageLeft, message.clone());
    }
    for (faults, message) in &left.dead_letters {
        found.unless(*faults >= FAULTS, Kind::DeadLetter, || {
            format!("{faults} faults: {message}")
        });
    }
    let limits = Limits {
        pending: 0,
        daily: 0,
        total_bytes: None,
        skew: 0,
    };
    let commit = Commit {
        changes: &[],
        table,
        bucket,
        limits: &limits,
        now: 0,
    };
    for (key, item) in table {
        match Place::of(key) {
            Place::User(user) => account(&commit, user, item, found),
            Place::Username(_) | Place::Email(_) => names::reserved(&commit, key, found),
            Place::Upload { user, id } => record(&commit, user, id, item, found),
            Place::Quota(user) => quota(&commit, user, item, found),
            _ => {}
        }
    }
    for object in bucket.all() {
        match object.key.parse::<ObjectKey>() {
            Ok(key) => self::object(&commit, &key, object, found),
            Err(_) => found.add(Kind::UnreferencedVersion, object.key.clone()),
        }
    }
}

fn account(commit: &Commit<'_>, user: &str, account: &Item, found: &mut Findings) {
    let finished = account.text("status") != Some("deleting");
    found.unless(finished, Kind::PurgeUnfinished, || user.to_owned());
    names::has_reservations(commit, user, account, found);
    upload::avatar(commit, user, found);
}

/// Whether the account is live and in that generation.
fn is_current(commit: &Commit<'_>, user: &str, epoch: Option<i64>) -> bool {
    let account = commit.item(&user_key(user));
    account.is_some_and(|account| is_live(account) && account.number("epoch") == epoch)
}

fn record(commit: &Commit<'_>, user: &str, id: &str, record: &Item, found: &mut Findings) {
    if !is_current(commit, user, upload::epoch(id)) {
        return found.add(Kind::PurgeLeftRecord, format!("{id} of {user}"));
    }
    if !record.text("status").is_some_and(has_version) {
        return;
    }
    let key = upload::object_key(user, id, record).unwrap_or_default();
    let version = record.text("version_id").unwrap_or_default();
    let object = commit.bucket.get(&key, version);
    let there = object.is_some_and(|object| is_described(object, record));
    found.unless(there, Kind::ReferencedVersionMissing, || {
        format!("version {version} of {key}")
    });
}

fn quota(commit: &Commit<'_>, user: &str, quota: &Item, found: &mut Findings) {
    let current = is_current(commit, user, quota.number("epoch"));
    found.unless(current, Kind::PurgeLeftQuota, || user.to_owned());
}

fn object(
    commit: &Commit<'_>,
    key: &ObjectKey,
    object: &super::StoredObject,
    found: &mut Findings,
) {
    let detail = || format!("version {} of {key}", object.version);
    let (user, id) = (key.user.as_str(), key.upload.to_string());
    if object.is_marker && !commit.bucket.hides(object) {
        // A version was stored over it: it does not count, and the bucket's lifecycle takes it away in the end.
        return;
    }
    if !is_current(commit, user, Some(key.upload.epoch().get().into())) {
        return found.add(Kind::PurgeLeftObject, detail());
    }
    if object.is_marker {
        return found.add(Kind::MarkerLeft, detail());
    }
    let record = commit.item(&upload_key(user, &id));
    let status = record.and_then(|record| record.text("status"));
    let version = record.and_then(|record| record.text("version_id"));
    if status == Some("pending") {
        return found.add(Kind::PendingWithObject, detail());
    }
    let listed = record.and_then(|record| record.text("remove_version"));
    if listed == Some(object.version.as_str()) {
        return found.add(Kind::ListedVersionLeft, detail());
    }
    let referenced = status.is_some_and(has_version) && version == Some(object.version.as_str());
    found.unless(referenced, Kind::UnreferencedVersion, detail);
}
