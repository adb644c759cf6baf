//! The items that remember what a request with an idempotency key created.

use super::item::{Attributes, upload_key};
use super::{Change, Commit, Findings, Item, Kind, upload};

const ATTRIBUTES: [&str; 7] = [
    "pk",
    "sk",
    "request",
    "uploads",
    "ticket_until",
    "ttl",
    "upload",
];

pub(super) fn check(
    commit: &Commit<'_>,
    user: &str,
    epoch: i64,
    change: &Change,
    found: &mut Findings,
) {
    let pk = &change.key.pk;
    let is_expired = |item: &&Item| {
        item.number("ttl")
            .is_some_and(|ttl| ttl * 1000 <= commit.now + commit.limits.skew)
    };
    let before = change.before.as_deref().filter(|item| !is_expired(item));
    let Some(after) = change.after.as_deref() else {
        return found.unless(before.is_none(), Kind::IdempotencyChanged, || pk.clone());
    };
    let known = after.keys().all(|name| ATTRIBUTES.contains(&name.as_str()));
    found.unless(known, Kind::UnknownAttribute, || pk.clone());
    if let Some(before) = before {
        let same = ["request", "uploads", "upload"]
            .iter()
            .all(|name| before.get(*name) == after.get(*name));
        let later = ["ticket_until", "ttl"]
            .iter()
            .all(|name| before.number(name) <= after.number(name));
        return found.unless(same && later, Kind::IdempotencyChanged, || pk.clone());
    }
    let uploads = after.texts("uploads");
    let created = |id: &&str| {
        let change = commit.change(&upload_key(user, id));
        let is_new = change.is_some_and(|change| change.before.is_none() && change.after.is_some());
        is_new && upload::epoch(id) == Some(epoch)
    };
    let own = !uploads.is_empty()
        && uploads.iter().all(created)
        && after.text("upload") == uploads.first().copied()
        && after.has("request");
    found.unless(own, Kind::IdempotencyForeign, || pk.clone());
}
