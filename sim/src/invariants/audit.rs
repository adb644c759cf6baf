//! The audit of administrative writes.

use super::item::{Attributes, Place, upload_key, user_key};
use super::{Change, Commit, Findings, Item, Kind};

const ATTRIBUTES: [&str; 12] = [
    "pk",
    "sk",
    "actor",
    "action",
    "target",
    "fields",
    "ttl",
    "upload",
    "role_before",
    "status_before",
    "role_after",
    "status_after",
];
/// Attributes of the account, with the field of the API that changes them.
const FIELDS: [(&str, &str); 8] = [
    ("username", "username"),
    ("email", "email"),
    ("nickname", "nickname"),
    ("avatar_key", "avatar_upload_id"),
    ("avatar_version", "avatar_upload_id"),
    ("role", "role"),
    ("status", "status"),
    ("phone", "phone"),
];

/// The entries that a commit adds.
pub(super) fn entries<'a>(commit: &Commit<'a>) -> impl Iterator<Item = &'a Item> {
    let places = commit.places();
    places.filter_map(|(place, change)| match place {
        Place::Audit => change.after.as_deref(),
        _ => None,
    })
}

pub(super) fn check(commit: &Commit<'_>, change: &Change, found: &mut Findings) {
    let id = &change.key.sk;
    if let Some(was) = &change.before {
        let expired = was
            .number("ttl")
            .is_some_and(|ttl| ttl * 1000 <= commit.now);
        return found.unless(
            expired && change.after.is_none(),
            Kind::AuditChanged,
            || id.clone(),
        );
    }
    let Some(entry) = change.after.as_deref() else {
        return;
    };
    let known = entry.keys().all(|name| ATTRIBUTES.contains(&name.as_str()));
    found.unless(known, Kind::UnknownAttribute, || id.clone());
    let complete = ["actor", "action", "target", "fields", "ttl"]
        .iter()
        .all(|name| entry.has(name));
    found.unless(complete, Kind::AuditIncomplete, || id.clone());
    let actor = entry
        .text("actor")
        .and_then(|actor| commit.item(&user_key(actor)));
    let admin = actor.is_some_and(|actor| {
        actor.text("status") == Some("active") && actor.text("role") == Some("admin")
    });
    found.unless(admin, Kind::AuditByNobody, || id.clone());
    found.unless(is_true(commit, entry), Kind::AuditDisagrees, || id.clone());
}

/// Whether the entry says what else the commit wrote.
fn is_true(commit: &Commit<'_>, entry: &Item) -> bool {
    let Some(target) = entry.text("target") else {
        return false;
    };
    if entry.text("action") == Some("delete_upload") {
        // The deletion itself follows: object, then record.
        let record = upload_key(target, entry.text("upload").unwrap_or_default());
        let status = commit
            .item(&record)
            .and_then(|record| record.text("status"));
        return status.is_some_and(|status| status != "gone");
    }
    let Some(change) = commit.change(&user_key(target)) else {
        return false;
    };
    let live = |item: Option<&Item>| item.is_some_and(super::is_live);
    let before = change.before.as_deref().filter(|item| super::is_live(item));
    let after = change.after.as_deref().filter(|item| super::is_live(item));
    let expected = match entry.text("action") {
        Some("create_user") => !live(before) && live(after),
        Some("change_user") => live(before) && live(after) && names_all(entry, before, after),
        Some("delete_user") => live(before) && !live(after),
        _ => false,
    };
    let agrees = |name: &str, item: Option<&Item>, attribute: &str| {
        entry.get(name) == item.and_then(|item| item.get(attribute))
    };
    expected
        && agrees("role_before", before, "role")
        && agrees("status_before", before, "status")
        && agrees("role_after", after, "role")
        && agrees("status_after", after, "status")
}

/// Whether the entry names every field that changed.
fn names_all(entry: &Item, before: Option<&Item>, after: Option<&Item>) -> bool {
    let named = entry.texts("fields");
    let value = |item: Option<&Item>, name: &str| item.and_then(|item| item.get(name)).cloned();
    let mut changed = FIELDS
        .iter()
        .filter(|(name, _)| value(before, name) != value(after, name));
    changed.all(|(_, field)| named.contains(field))
}
