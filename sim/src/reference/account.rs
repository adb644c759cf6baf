//! Answers about accounts: who is let in, what an answer shows, what it acknowledges.

use serde_json::Value;
use shared::time::Timestamp;

use super::{Ask, Bearer, Fields, View};
use crate::invariants::{Attributes, Findings, Item, Kind, is_live};

/// The fields of a user that are text in API and table alike.
const TEXTS: [&str; 6] = ["username", "email", "nickname", "phone", "role", "status"];

pub(super) fn check(view: &View<'_>, found: &mut Findings) {
    if let Some(by) = &view.request.by {
        admitted(view, by, found);
    }
    match &view.request.ask {
        Ask::Read { user } => read(view, user, found),
        Ask::Edit {
            user,
            fields,
            if_match,
        } => edited(view, user, fields, *if_match, found),
        Ask::DeleteAccount { user } if view.answer.status == 204 => {
            // Whatever generation was there when it was asked for has ended.
            let epoch = |item: Option<&Item>| item.and_then(|item| item.number("epoch"));
            let was = view.request.target.as_deref();
            let has_ended =
                was.is_none_or(|was| !is_live(was)) || epoch(was) < epoch(account(view, user));
            view.unless(has_ended, Kind::ChangeLost, found);
        }
        _ => {}
    }
}

fn account<'a>(view: &View<'a>, user: &str) -> Option<&'a Item> {
    view.watch.account(user).map(|item| &**item)
}

/// A token is good for its own generation of an active account, until it ends.
fn admitted(view: &View<'_>, by: &Bearer, found: &mut Findings) {
    if !view.answer.is_success() {
        return;
    }
    let late = view.request.start > by.expires + view.reference.skew + 1000;
    view.unless(!late, Kind::EndedTokenGood, found);
    let states = view.states(&by.user, view.request.caller.as_ref());
    let in_generation = |state: &Option<&Item>| {
        state.is_some_and(|account| is_live(account) && account.number("epoch") == Some(by.epoch))
    };
    let let_in = |state: &Option<&Item>| {
        in_generation(state)
            && state.is_some_and(|account| account.text("status") == Some("active"))
    };
    let good = match &view.request.ask {
        // Ends sessions only, which a disabled account may want, too.
        Ask::Logout { .. } => states.iter().any(in_generation),
        // A deletion can be announced again.
        Ask::DeleteAccount { user } if *user == by.user => {
            let announced = |state: &Option<&Item>| {
                state.is_some_and(|account| {
                    account.text("status") == Some("deleting")
                        && account.number("epoch") == Some(by.epoch + 1)
                })
            };
            states.iter().any(|state| let_in(state) || announced(state))
        }
        _ => states.iter().any(let_in),
    };
    view.unless(good, Kind::EndedTokenGood, found);
    let needs_admin = match &view.request.ask {
        Ask::AdminRead | Ask::Create { .. } => true,
        Ask::Edit { user, .. } | Ask::DeleteAccount { user } => *user != by.user,
        Ask::ListUploads { user }
        | Ask::ReadUpload { user, .. }
        | Ask::DeleteUpload { user, .. } => *user != by.user,
        _ => false,
    };
    let is_admin = |state: &Option<&Item>| {
        let_in(state) && state.is_some_and(|account| account.text("role") == Some("admin"))
    };
    let may = !needs_admin || states.iter().any(is_admin);
    view.unless(may, Kind::ForeignData, found);
}

/// What is shown was true at some moment of the request, and a stranger sees little of it.
fn read(view: &View<'_>, user: &str, found: &mut Findings) {
    if view.answer.status != 200 {
        return;
    }
    let by = view.request.by.as_ref();
    let is_owner = by.is_some_and(|by| by.user == user);
    if !is_owner && by.is_some_and(|by| by.role != "admin") {
        let stranger = |body: &Value| {
            let fields = body
                .as_object()
                .map(|body| body.keys().map(String::as_str).collect::<Vec<_>>());
            fields.as_deref() == Some(&["avatar_url", "id", "nickname"])
        };
        view.unless(stranger(&view.answer.body), Kind::ForeignData, found);
    }
    let states = view.states(user, view.request.target.as_ref());
    let true_once = states
        .into_iter()
        .flatten()
        .any(|state| shows(&view.answer.body, state, is_owner));
    view.unless(true_once, Kind::AnswerDiffers, found);
}

/// Whether the user is shown as the account is.
fn shows(body: &Value, account: &Item, is_owner: bool) -> bool {
    let texts = TEXTS
        .iter()
        .filter(|name| body.get(**name).is_some() && (is_owner || **name != "phone"));
    let mut texts = texts.map(|name| body[*name].as_str() == account.text(name));
    let time = |name: &str| {
        let at = account
            .number(name)
            .map(|at| Timestamp::from_millis(at).to_rfc3339());
        body.get(name)
            .is_none_or(|shown| shown.as_str() == at.as_deref())
    };
    let version = body
        .get("version")
        .is_none_or(|shown| shown.as_i64() == account.number("version"));
    let avatar = body
        .get("avatar_url")
        .is_none_or(|url| url.is_null() != account.has("avatar_key"));
    is_live(account)
        && texts.all(|same| same)
        && time("created_at")
        && time("updated_at")
        && version
        && avatar
}

/// Whether the account has all of that.
pub(super) fn has(account: &Item, fields: &Fields) -> bool {
    is_live(account)
        && fields
            .iter()
            .all(|(name, value)| account.text(name) == value.as_deref())
}

fn edited(
    view: &View<'_>,
    user: &str,
    fields: &Fields,
    if_match: Option<i64>,
    found: &mut Findings,
) {
    let version = |item: Option<&Item>| item.and_then(|item| item.number("version"));
    if view.answer.status == 412 {
        let mut states = view.states(user, view.request.target.as_ref()).into_iter();
        let other = states.any(|state| version(state) != if_match);
        return view.unless(other, Kind::WrongStatus, found);
    }
    if view.answer.status != 200 {
        return;
    }
    let is_owner = view.request.by.as_ref().is_some_and(|by| by.user == user);
    let states = view.states(user, view.request.target.as_ref());
    let shown = states
        .into_iter()
        .flatten()
        .any(|state| shows(&view.answer.body, state, is_owner));
    view.unless(shown, Kind::AnswerDiffers, found);
    if fields.is_empty() {
        return;
    }
    let mut made = view
        .reference
        .log
        .during(user, view.request.start, view.now);
    let made = made.find(|commit| {
        let was = version(commit.before.as_deref());
        has(&commit.after, fields)
            && was < commit.after.number("version")
            && if_match.is_none_or(|seen| was == Some(seen))
    });
    view.unless(made.is_some(), Kind::ChangeLost, found);
}
