//! Sessions: what logins, refreshes and logouts acknowledge, and why a session may be gone.

use data_encoding::BASE64;
use serde_json::Value;
use shared::refresh::RefreshToken;

use super::{Ask, Reference, Strictness, View};
use crate::invariants::{Attributes, Change, Findings, Item, Kind, is_live};

/// How many sessions a user has at most.
const MOST: usize = 5;
/// How many ended ones a login leaves alone.
const ENDED: usize = 4;

/// A refresh token's user, session and hash (base 64).
fn parts(token: &str) -> Option<(String, String, String)> {
    let token: RefreshToken = token.parse().ok()?;
    let session = token.session.as_str().to_owned();
    Some((
        token.user.to_string(),
        session,
        BASE64.encode(&token.hash()),
    ))
}

fn session<'a>(account: &'a Item, id: &str) -> Option<&'a Item> {
    account.get(&format!("s_{id}"))?.get("M")?.as_object()
}

/// Whether the session goes on, by a clock that shows `now`.
fn is_open(account: &Item, session: &Item, now: i64) -> bool {
    is_live(account)
        && session.number("c") > account.number("sessions_ended_at")
        && session.number("x").is_some_and(|end| now < end)
}

pub(super) fn check(view: &View<'_>, found: &mut Findings) {
    match &view.request.ask {
        Ask::Login { create, .. } => logged_in(view, *create, found),
        Ask::Refresh { token } => refreshed(view, token, found),
        Ask::Logout { all } if view.answer.status == 204 => logged_out(view, *all, found),
        _ => {}
    }
}

/// A token that is handed out is its session's.
fn handed_out(view: &View<'_>, found: &mut Findings) -> Option<(String, String)> {
    let token = view.answer.body["refresh_token"].as_str().and_then(parts);
    let known = token
        .as_ref()
        .is_some_and(|(user, session, hash)| view.watch.has_been_token(user, session, hash));
    view.unless(known, Kind::TokenUnknown, found);
    token.map(|(user, session, _)| (user, session))
}

fn logged_in(view: &View<'_>, create: bool, found: &mut Findings) {
    match (view.answer.status, view.answer.code()) {
        (200, _) => {
            let Some((user, id)) = handed_out(view, found) else {
                return;
            };
            let mut commits = view
                .reference
                .log
                .during(&user, view.request.start, view.now);
            let made = commits.find(|commit| session(&commit.after, &id).is_some());
            view.unless(made.is_some(), Kind::ChangeLost, found);
            let revived = made.is_some_and(|made| !made.before.as_deref().is_some_and(is_live));
            view.unless(create || !revived, Kind::WrongStatus, found);
        }
        (401, "login_required") => view.unless(!create, Kind::WrongStatus, found),
        _ => {}
    }
}

fn refreshed(view: &View<'_>, token: &str, found: &mut Findings) {
    let Some((user, id, hash)) = parts(token) else {
        return;
    };
    let at_start = view
        .reference
        .log
        .of(&user)
        .iter()
        .rfind(|commit| commit.at < view.request.start);
    let states = view.states(&user, at_start.map(|commit| &commit.after));
    let skew = view.reference.skew;
    if view.answer.status == 200 {
        let handed = handed_out(view, found);
        view.unless(
            handed.is_none_or(|handed| handed == (user, id.clone())),
            Kind::TokenFork,
            found,
        );
        let open = |account: &&Item| {
            session(account, &id)
                .is_some_and(|session| is_open(account, session, view.request.start - skew))
        };
        let good = states.into_iter().flatten().any(|account| open(&account));
        return view.unless(good, Kind::EndedTokenGood, found);
    }
    // Whoever has the current token of an open session is let in.
    let current = |account: &Item| {
        let session = session(account, &id);
        session.is_some_and(|session| {
            session.bytes("h") == Some(&hash)
                && is_open(account, session, view.now + skew)
                && account.text("status") == Some("active")
        })
    };
    let was_current = states.iter().all(|state| state.is_some_and(current));
    let refused = view.answer.is_refusal() && view.answer.status != 429;
    view.unless(
        !(was_current && refused && view.is_full()) || view.is_rotating(),
        Kind::SessionLost,
        found,
    );
}

fn logged_out(view: &View<'_>, all: bool, found: &mut Findings) {
    let Some(by) = &view.request.by else {
        return;
    };
    let account = view.watch.account(&by.user);
    let Some(account) = account.filter(|account| account.number("epoch") == Some(by.epoch)) else {
        return;
    };
    let before = view.request.caller.as_deref();
    let names = before
        .into_iter()
        .flat_map(|item| item.keys())
        .filter(|name| name.starts_with("s_"));
    let own = format!("s_{}", by.session);
    let mut ended = names.filter(|name| all || **name == own);
    let is_gone = |name: &String| {
        let map = account.get(name).and_then(|value| value["M"].as_object());
        map.is_none_or(|map| !is_open(account, map, view.now - view.reference.skew))
    };
    view.unless(ended.all(is_gone), Kind::ChangeLost, found);
}

/// A session that is gone from an account that is not: somebody has ended it, it was one too many, or one of its old
/// tokens was used.
pub(super) fn removed(
    reference: &Reference,
    user: &str,
    change: &Change,
    now: i64,
    found: &mut Findings,
) {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return;
    };
    if !is_live(after) || reference.strictness == Strictness::SafetyOnly {
        return;
    }
    let maps = || {
        let sessions = before.iter().filter(|(name, _)| name.starts_with("s_"));
        sessions
            .filter_map(|(name, value)| Some((name, value.get("M").and_then(Value::as_object)?)))
    };
    let open = maps()
        .filter(|(_, session)| is_open(before, session, now))
        .count();
    let surplus = open > MOST || maps().count() - open >= ENDED;
    for (name, _) in maps().filter(|(name, _)| !after.has(name)) {
        let id = name.trim_start_matches("s_");
        let asked = surplus
            || reference
                .requests
                .iter()
                .any(|request| ends(&request.ask, request.by.as_ref(), user, id));
        found.unless(asked, Kind::SessionLost, || {
            format!("{name} of {user} at {now}")
        });
    }
}

/// A session begins before its login is acknowledged, if it does: what comes later is a repetition that should have been
/// refused.
pub(super) fn begun(
    reference: &Reference,
    user: &str,
    change: &Change,
    now: i64,
    found: &mut Findings,
) {
    let is_there = |name: &str| {
        change
            .before
            .as_deref()
            .is_some_and(|before| before.has(name))
    };
    let after = change
        .after
        .as_deref()
        .into_iter()
        .flat_map(|after| after.keys());
    for name in after.filter(|name| name.starts_with("s_") && !is_there(name)) {
        let id = name.trim_start_matches("s_");
        let acknowledged = reference.requests.iter().any(|request| {
            let answer = request
                .answer
                .as_ref()
                .filter(|_| matches!(request.ask, Ask::Login { .. }));
            let token = answer.and_then(|(_, answer)| answer.body["refresh_token"].as_str());
            token
                .and_then(parts)
                .is_some_and(|(of, session, _)| of == user && session == id)
        });
        found.unless(!acknowledged, Kind::ChangeTwice, || {
            format!("{name} of {user} began at {now}, after its login was acknowledged")
        });
    }
}

/// Whether the request can have ended that session.
fn ends(ask: &Ask, by: Option<&super::Bearer>, user: &str, id: &str) -> bool {
    match ask {
        Ask::Logout { .. } => by.is_some_and(|by| by.user == user && by.session == id),
        Ask::Refresh { token } => {
            parts(token).is_some_and(|(of, session, _)| of == user && session == id)
        }
        _ => false,
    }
}
