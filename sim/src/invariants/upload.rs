//! Upload records.

use shared::ids::{Purpose, UploadId};
use shared::upload::key::ObjectKey;

use super::item::{Attributes, upload_key, user_key};
use super::{Change, Commit, Findings, Item, Kind, Memory, StoredObject};

const ATTRIBUTES: [&str; 15] = [
    "pk",
    "sk",
    "status",
    "content_type",
    "declared_size",
    "ticket_until",
    "ttl",
    "version_id",
    "size",
    "etag",
    "ready_at",
    "replaced",
    "remove_version",
    "reason",
    "seq",
];
/// What describes the version that a record references.
const OF_VERSION: [&str; 4] = ["version_id", "size", "etag", "ready_at"];
/// Why an object can be rejected.
const REASONS: [&str; 6] = [
    "size_mismatch",
    "too_large",
    "type_mismatch",
    "headers_not_allowed",
    "empty",
    "suspicious_content",
];

pub(crate) fn has_version(status: &str) -> bool {
    matches!(status, "checking" | "review" | "ready")
}

/// Whether the API has nothing to show from then on.
pub(super) fn is_gone(change: &Change) -> bool {
    let status = change.after.as_deref().map(|after| after.text("status"));
    status.is_none_or(|status| status == Some("gone"))
}

pub(super) fn is_shown(record: &Item, now: i64) -> bool {
    const DAY: i64 = 24 * 60 * 60;
    let in_time = |name: &str, more: i64| {
        record
            .number(name)
            .is_none_or(|end| now < (end + more) * 1000)
    };
    match record.text("status") {
        Some("gone") => false,
        Some("pending") => in_time("ttl", 0) && in_time("ticket_until", DAY),
        _ => in_time("ttl", 0),
    }
}

/// The account generation that an upload belongs to.
pub(crate) fn epoch(id: &str) -> Option<i64> {
    let id: UploadId = id.parse().ok()?;
    Some(id.epoch().get().into())
}

/// The key of the upload's object.
pub(crate) fn object_key(user: &str, id: &str, record: &Item) -> Option<String> {
    let key = ObjectKey {
        user: user.parse().ok()?,
        upload: id.parse().ok()?,
        content_type: record.text("content_type")?.parse().ok()?,
    };
    Some(key.to_string())
}

pub(super) fn check(
    commit: &Commit<'_>,
    user: &str,
    id: &str,
    change: &Change,
    memory: &Memory,
    found: &mut Findings,
) {
    let before = change.before.as_deref();
    let Some(after) = change.after.as_deref() else {
        return removed(commit, user, id, before, found);
    };
    path(id, before, after, found);
    complete(id, after, found);
    match before {
        None => created(commit, user, id, found),
        Some(before) => kept(id, before, after, found),
    }
    let was = before.and_then(|before| before.get("version_id"));
    if after.get("version_id").is_some_and(|is| was != Some(is)) {
        verified(commit, user, id, after, memory, found);
    }
}

/// Records go with their account, or with their time.
fn removed(commit: &Commit<'_>, user: &str, id: &str, before: Option<&Item>, found: &mut Findings) {
    let account = commit.item(&user_key(user));
    let has_ended = account.is_some_and(|account| account.number("epoch") > epoch(id));
    let ttl = before.and_then(|before| before.number("ttl"));
    let has_expired = ttl.is_some_and(|ttl| ttl * 1000 <= commit.now);
    found.unless(has_ended || has_expired, Kind::UploadRemovedEarly, || {
        format!("{id} of {user}")
    });
}

fn path(id: &str, before: Option<&Item>, after: &Item, found: &mut Findings) {
    let was = before.and_then(|before| before.text("status"));
    let is = after.text("status");
    let exists = match (was, is) {
        (None, Some("pending")) => true,
        (Some("pending"), Some(is)) => is != "gone" || !after.has("version_id"),
        (Some(was), Some(is)) if has_version(was) => is != "pending",
        (Some("rejected" | "deleted"), Some(is)) => Some(is) == was || is == "gone",
        (Some("gone"), Some("gone")) => true,
        _ => false,
    };
    found.unless(exists, Kind::UploadPath, || {
        format!("{id}: {was:?} to {is:?}")
    });
}

/// Whether the record has what its status needs, and nothing else.
fn complete(id: &str, after: &Item, found: &mut Findings) {
    let known = after.keys().all(|name| ATTRIBUTES.contains(&name.as_str()));
    found.unless(known, Kind::UnknownAttribute, || id.to_owned());
    let status = after.text("status").unwrap_or_default();
    let of_version = OF_VERSION.iter().filter(|name| after.has(name)).count();
    let fits = match status {
        "pending" => of_version == 0 && after.has("ttl") && !after.has("seq"),
        _ if has_version(status) => {
            of_version == 4 && !after.has("ttl") && after.get("size") == after.get("declared_size")
        }
        _ => of_version == 0 && after.has("ttl"),
    };
    let reason = match after.text("reason") {
        None => status != "rejected",
        Some(reason) => REASONS.contains(&reason) && matches!(status, "rejected" | "gone"),
    };
    let always = ["content_type", "declared_size", "ticket_until"]
        .iter()
        .all(|name| after.has(name));
    let decided = status == "pending" || after.has("seq");
    let lists = !after.has("remove_version") || status == "gone";
    let replaces = !after.has("replaced") || is_avatar(id) && status != "pending";
    let fits = fits && reason && always && decided && lists && replaces;
    found.unless(fits, Kind::UploadIncomplete, || format!("{id} is {status}"));
}

pub(crate) fn is_avatar(id: &str) -> bool {
    id.parse::<UploadId>()
        .is_ok_and(|id| id.purpose() == Purpose::Avatar)
}

fn created(commit: &Commit<'_>, user: &str, id: &str, found: &mut Findings) {
    let account = commit.item(&user_key(user));
    let active = account.is_some_and(|account| {
        account.text("status") == Some("active") && account.number("epoch") == epoch(id)
    });
    found.unless(active, Kind::UploadWithoutAccount, || {
        format!("{id} of {user}")
    });
}

fn kept(id: &str, before: &Item, after: &Item, found: &mut Findings) {
    for name in [
        "content_type",
        "declared_size",
        "replaced",
        "remove_version",
        "reason",
    ] {
        let kept = !before.has(name) || before.get(name) == after.get(name);
        found.unless(kept, Kind::UploadFixedChanged, || format!("{name} of {id}"));
    }
    let (was, is) = (before.number("ticket_until"), after.number("ticket_until"));
    let renewed = is > was
        && before.text("status") == Some("pending")
        && after.text("status") == Some("pending");
    found.unless(was == is || renewed, Kind::UploadFixedChanged, || {
        format!("ticket_until of {id}")
    });
    let (was, is) = (before.get("version_id"), after.get("version_id"));
    let replaced = was.is_some() && is.is_some() && was != is;
    found.unless(!replaced, Kind::VersionReplaced, || id.to_owned());
}

/// The referenced version really is what the record says, by its own bytes.
fn verified(
    commit: &Commit<'_>,
    user: &str,
    id: &str,
    after: &Item,
    memory: &Memory,
    found: &mut Findings,
) {
    let version = after.text("version_id").unwrap_or_default().to_owned();
    let key = object_key(user, id, after).unwrap_or_default();
    let object = commit.bucket.get(&key, &version);
    // Whoever deletes the upload can have been faster.
    let object = object.or_else(|| memory.removed_versions.get(&(key.clone(), version.clone())));
    let fits = object.is_some_and(|object| is_described(object, after));
    found.unless(fits, Kind::UnverifiedReferenced, || {
        format!("version {version} of {key}")
    });
}

/// Whether the object is what the record says of it.
pub(super) fn is_described(object: &StoredObject, record: &Item) -> bool {
    let size = i64::try_from(object.bytes.len()).ok();
    !object.is_marker
        && size == record.number("size")
        && record.text("etag") == Some(object.etag.trim_matches('"'))
        && record.text("content_type") == object.content_type.as_deref()
        && object.is_of_its_type()
}

/// The profile's picture is one of the user's own that is ready, in the version that the profile names.
pub(super) fn avatar(commit: &Commit<'_>, user: &str, found: &mut Findings) {
    let Some(account) = commit.item(&user_key(user)) else {
        return;
    };
    let named = ["avatar_key", "avatar_version", "avatar_upload_id"].map(|name| account.text(name));
    let fits = match named {
        [None, None, None] => true,
        [Some(key), Some(version), Some(upload)] => {
            let record = commit.item(&upload_key(user, upload));
            record.is_some_and(|record| {
                record.text("status") == Some("ready")
                    && record.text("version_id") == Some(version)
                    && object_key(user, upload, record).as_deref() == Some(key)
                    && epoch(upload) == account.number("epoch")
                    && is_avatar(upload)
            })
        }
        _ => false,
    };
    found.unless(fits, Kind::AvatarNotReady, || {
        format!("{named:?} of {user}")
    });
}
