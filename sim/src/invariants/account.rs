//! The user item.

use data_encoding::BASE64;

use super::item::{Attributes, is_live};
use super::{Change, Commit, Findings, Item, Kind, Memory, names};

/// What every user item has, in whatever state; a deleted account has nothing else.
const ALWAYS: [&str; 7] = [
    "pk",
    "sk",
    "epoch",
    "status",
    "version",
    "fence",
    "sessions_ended_at",
];
/// What a live account has.
const OF_LIVE: [&str; 7] = [
    "version",
    "role",
    "openid",
    "created_at",
    "updated_at",
    "gsi1pk",
    "gsi1sk",
];
/// What a live account can have beside that.
const OPTIONAL: [&str; 14] = [
    "access_version",
    "username",
    "username_key",
    "email",
    "email_key",
    "nickname",
    "avatar_key",
    "avatar_version",
    "avatar_upload_id",
    "phone",
    "unionid",
    "first_login",
    "last_login",
    "edit",
];
/// What the API shows, and a version therefore stands for.
const VISIBLE: [&str; 9] = [
    "username",
    "email",
    "nickname",
    "avatar_key",
    "avatar_version",
    "avatar_upload_id",
    "phone",
    "status",
    "role",
];
/// What stays as long as the account is live.
const FIXED: [&str; 5] = ["created_at", "openid", "first_login", "gsi1pk", "gsi1sk"];

pub(super) fn check(
    commit: &Commit<'_>,
    user: &str,
    change: &Change,
    memory: &mut Memory,
    found: &mut Findings,
) {
    let Some(after) = change.after.as_deref() else {
        return found.add(Kind::UserRemoved, user);
    };
    let before = change.before.as_deref();
    attributes(user, after, found);
    numbers(user, before, after, found);
    status(user, before, after, found);
    ordered(user, before, after, found);
    once(user, before, after, memory, found);
    if let Some(before) = before {
        kept(user, before, after, found);
    }
    access(commit, user, before, after, found);
    names::check_user(commit, user, before, after, found);
}

fn attributes(user: &str, after: &Item, found: &mut Findings) {
    let live = is_live(after);
    for name in after.keys().map(String::as_str) {
        let known = ALWAYS.contains(&name)
            || [&OF_LIVE[..], &OPTIONAL[..], &["edit_before"]]
                .iter()
                .any(|list| list.contains(&name))
            || name.starts_with("s_");
        found.unless(known, Kind::UnknownAttribute, || {
            format!("{name} of {user}")
        });
        if live || ALWAYS.contains(&name) {
            continue;
        }
        let kind = match name.starts_with("s_") {
            true => Kind::DeletedAccountHasSession,
            false => Kind::DeletedAccountHasData,
        };
        found.add(kind, format!("{name} of {user}"));
    }
    if !live {
        return;
    }
    for name in OF_LIVE {
        found.unless(after.has(name), Kind::LiveAccountIncomplete, || {
            format!("{name} of {user}")
        });
    }
    let age = format!("{:015}#{user}", after.number("created_at").unwrap_or(0));
    let indexed = after.text("gsi1pk") == Some("US#0") && after.text("gsi1sk") == Some(&age);
    found.unless(indexed, Kind::LiveAccountIncomplete, || {
        format!("the index of {user}")
    });
}

fn numbers(user: &str, before: Option<&Item>, after: &Item, found: &mut Findings) {
    for (name, kind) in [
        ("epoch", Kind::EpochWentBack),
        ("version", Kind::VersionWentBack),
        ("fence", Kind::FenceWentBack),
        ("sessions_ended_at", Kind::SessionsEndedAtWentBack),
    ] {
        let was = before.and_then(|before| before.number(name));
        let is = after.number(name);
        found.unless(was <= is, kind, || format!("{user}: {was:?} to {is:?}"));
    }
    let epoch = |item: &Item| item.number("epoch").unwrap_or(0);
    let was = before.map_or(1, epoch);
    let ends = before.is_some_and(is_live) && !is_live(after);
    let expected = was + i64::from(ends);
    found.unless(epoch(after) == expected, Kind::EpochWithoutDeletion, || {
        format!("{user}: {was} to {}", epoch(after))
    });
}

fn status(user: &str, before: Option<&Item>, after: &Item, found: &mut Findings) {
    let was = before.and_then(|before| before.text("status"));
    let is = after.text("status");
    let exists = was == is
        || matches!(
            (was, is),
            (
                None | Some("deleted" | "deleting" | "disabled"),
                Some("active")
            ) | (Some("active"), Some("disabled"))
                | (Some("active" | "disabled"), Some("deleting"))
                | (Some("deleting"), Some("deleted"))
        );
    found.unless(exists && is.is_some(), Kind::StatusPath, || {
        format!("{user}: {was:?} to {is:?}")
    });
}

/// Writes that order others raise the fence.
fn ordered(user: &str, before: Option<&Item>, after: &Item, found: &mut Findings) {
    let was = |name: &str| before.and_then(|before| before.number(name));
    let changed = |name: &str| before.and_then(|before| before.get(name)) != after.get(name);
    let is_login = after.has("last_login") && changed("last_login");
    let is_purge = after.text("status") == Some("deleted");
    let ends_sessions = changed("sessions_ended_at");
    if !is_login && !ends_sessions && (is_purge || !changed("status")) {
        return;
    }
    let fence = after.number("fence");
    let raised = fence.is_some() && fence > was("fence") && fence > was("sessions_ended_at");
    found.unless(raised, Kind::FenceNotRaised, || {
        format!("{user}: {fence:?}")
    });
    if ends_sessions {
        let same = after.number("sessions_ended_at") == fence;
        found.unless(same, Kind::FenceNotRaised, || {
            format!("{user}: sessions_ended_at is not the fence")
        });
    }
}

/// Logins and edits carry something random, and are applied once.
fn once(
    user: &str,
    before: Option<&Item>,
    after: &Item,
    memory: &mut Memory,
    found: &mut Findings,
) {
    let was = |name: &str| before.and_then(|before| before.get(name));
    if let Some(login) = after.text("last_login")
        && was("last_login") != after.get("last_login")
    {
        let epoch = after.number("epoch").unwrap_or(0);
        let first = memory
            .logins
            .insert((user.to_owned(), epoch, login.to_owned()));
        found.unless(first, Kind::LoginTwice, || format!("{login} of {user}"));
        let session = after.has(&format!("s_{login}"));
        found.unless(session, Kind::LoginWithoutSession, || {
            format!("{login} of {user}")
        });
    }
    if let Some(edit) = after.bytes("edit")
        && was("edit") != after.get("edit")
    {
        let edit = nonce(edit);
        let first = memory.edits.insert((user.to_owned(), edit.clone()));
        found.unless(first, Kind::EditTwice, || format!("{edit} of {user}"));
        let follows = was("edit").is_none_or(|edit| after.get("edit_before") == Some(edit));
        found.unless(follows, Kind::EditTwice, || {
            format!("edit_before of {user}")
        });
    }
}

/// What tells an edit from all others: the last 8 bytes, which each of its attempts has, whatever its time.
fn nonce(edit: &str) -> String {
    let bytes = BASE64.decode(edit.as_bytes()).unwrap_or_default();
    let nonce = bytes.last_chunk::<8>().map_or(&bytes[..], |last| last);
    BASE64.encode(nonce)
}

/// What an account that stays live keeps, and what a visible change of it raises.
fn kept(user: &str, before: &Item, after: &Item, found: &mut Findings) {
    if !is_live(before) {
        return;
    }
    let (was, is) = (before.number("version"), after.number("version"));
    if !is_live(after) {
        return found.unless(is > was, Kind::ChangeWithoutVersion, || {
            format!("deletion of {user}")
        });
    }
    for name in FIXED {
        let kept = !before.has(name) || before.get(name) == after.get(name);
        found.unless(kept, Kind::FixedAttributeChanged, || {
            format!("{name} of {user}")
        });
    }
    // A login brings the role that configuration gives, which is no change of the profile.
    let is_login = before.get("last_login") != after.get("last_login");
    let differs = |name: &&str| before.get(*name) != after.get(*name);
    let changed: Vec<_> = VISIBLE.into_iter().filter(differs).collect();
    let visible = changed.iter().any(|name| !is_login || *name != "role");
    found.unless(!visible || is > was, Kind::ChangeWithoutVersion, || {
        format!("{changed:?} of {user}")
    });
    let (was_at, is_at) = (before.number("updated_at"), after.number("updated_at"));
    let later = if is > was {
        is_at > was_at
    } else {
        is_at == was_at
    };
    found.unless(later, Kind::UpdatedAtNotLater, || {
        format!("{user}: {was_at:?} to {is_at:?}")
    });
}

/// Nobody changes role or status but an administrator, and a login for whom configuration makes one.
fn access(
    commit: &Commit<'_>,
    user: &str,
    before: Option<&Item>,
    after: &Item,
    found: &mut Findings,
) {
    let was = |name: &str| {
        before
            .filter(|item| is_live(item))
            .and_then(|item| item.get(name))
    };
    let is_login = after.has("last_login")
        && before.and_then(|item| item.get("last_login")) != after.get("last_login");
    let changed = ["role", "status"]
        .iter()
        .any(|name| was(name) != after.get(*name));
    let as_admin = after.text("role") == Some("admin") && after.text("status") == Some("active");
    let registers = !before.is_some_and(is_live);
    let by_login = is_login && (as_admin || registers && after.text("role") == Some("user"));
    if !is_live(after) || !changed || by_login {
        return;
    }
    let entry = super::audit::entries(commit).any(|entry| entry.text("target") == Some(user));
    found.unless(entry, Kind::AccessChangeWithoutAudit, || user.to_owned());
}
