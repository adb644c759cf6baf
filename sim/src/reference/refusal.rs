//! A refusal has its reason: at some moment of the request, things were as it says.

use super::{Ask, Bearer, View};
use crate::invariants::{Attributes, Findings, Item, Kind, is_live};

/// The state of an account; `None` if there is none.
type State<'a> = Option<&'a Item>;

pub(super) fn check(view: &View<'_>, found: &mut Findings) {
    let code = view.answer.code();
    if !view.is_full() || code.is_empty() {
        return;
    }
    let by = view.request.by.as_ref();
    let has_reason = match code {
        "unauthorized" => by.is_none_or(|by| is_ended(view, by)),
        "account_disabled" => once(view, subject(view), |state| {
            status(state) == Some("disabled")
        }),
        "forbidden" => by.is_some_and(|by| is_no_admin(view, by)),
        "not_found" => match &view.request.ask {
            Ask::Read { user } | Ask::Edit { user, .. } => {
                once(view, Some(user), |state| !live(state))
            }
            _ => true,
        },
        "username_taken" => is_taken(view, "username", "UN#"),
        "email_taken" => is_taken(view, "email", "EM#"),
        "user_exists" => once(view, subject(view), live),
        "account_deleting" => once(view, subject(view), |state| {
            status(state) == Some("deleting")
        }),
        "login_required" => once(view, subject(view), |state| !live(state)),
        // What only an owner may not set, and a picture that is not ready.
        "invalid_request" => match &view.request.ask {
            Ask::Edit { fields, .. } => {
                fields.contains_key("role") || fields.contains_key("avatar_upload_id")
            }
            _ => false,
        },
        // Each code is used for one request: a function that finds it used has used it itself.
        "wechat_code_used"
        | "wechat_code_invalid"
        | "wechat_phone_code_invalid"
        | "invalid_json"
        | "invalid_cursor"
        | "body_too_large"
        | "unsupported_media_type"
        | "method_not_allowed" => false,
        _ => true,
    };
    view.unless(has_reason, Kind::WrongStatus, found);
}

fn status<'a>(state: State<'a>) -> Option<&'a str> {
    state.and_then(|account| account.text("status"))
}

fn live(state: State<'_>) -> bool {
    state.is_some_and(is_live)
}

/// Whose account decides.
fn subject<'a>(view: &'a View<'_>) -> Option<&'a str> {
    match &view.request.ask {
        Ask::Login { openid, .. } | Ask::Create { openid, .. } => {
            view.reference.log.user_of(openid)
        }
        Ask::Refresh { token } => token.split('.').next(),
        ask => match &view.request.by {
            // An administrator is told of the account that is to be changed; everybody of their own.
            Some(by) if view.answer.code() == "account_disabled" => Some(&by.user),
            _ => ask.target(),
        },
    }
}

/// Whether the account was like that at some moment of the request. Of an account that never was there is no state.
fn once(view: &View<'_>, user: Option<&str>, is_so: impl Fn(State<'_>) -> bool) -> bool {
    let Some(user) = user else {
        return is_so(None);
    };
    let start = view.request.start;
    let before = view
        .reference
        .log
        .of(user)
        .iter()
        .rfind(|commit| commit.at < start);
    let states = view.states(user, before.map(|commit| &commit.after));
    states.into_iter().any(is_so)
}

/// Whether the token has run out, or its generation.
fn is_ended(view: &View<'_>, by: &Bearer) -> bool {
    let epoch = |state: State<'_>| state.and_then(|account| account.number("epoch"));
    let ended = |state: State<'_>| !live(state) || epoch(state) != Some(by.epoch);
    view.now + view.reference.skew >= by.expires || once(view, Some(&by.user), ended)
}

fn is_no_admin(view: &View<'_>, by: &Bearer) -> bool {
    let role = |state: State<'_>| {
        state
            .and_then(|account| account.text("role"))
            .map(str::to_owned)
    };
    by.role != "admin"
        || once(view, Some(&by.user), |state| {
            role(state).as_deref() != Some("admin")
        })
}

/// Whether somebody else had what was asked for.
fn is_taken(view: &View<'_>, field: &str, prefix: &str) -> bool {
    let (fields, user) = match &view.request.ask {
        Ask::Edit { user, fields, .. } => (fields, Some(user.as_str())),
        Ask::Create { fields, openid } => (fields, view.reference.log.user_of(openid)),
        _ => return false,
    };
    let Some(Some(text)) = fields.get(field) else {
        return false;
    };
    let owners = view
        .reference
        .log
        .owners(prefix, text, view.request.start, view.now);
    owners.into_iter().any(|owner| Some(owner) != user)
}
