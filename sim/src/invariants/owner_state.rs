//! The items that tell uploads and own functions of their owner's account.

use super::item::{Attributes, own_owner_state_key, owner_state_key, user_key};
use super::{Commit, Findings, Key, Kind};

pub(super) fn check(commit: &Commit<'_>, user: &str, found: &mut Findings) {
    for state_key in [owner_state_key(user), own_owner_state_key(user)] {
        check_state(commit, user, state_key, found);
    }
}

fn check_state(commit: &Commit<'_>, user: &str, state_key: Key, found: &mut Findings) {
    let account_key = user_key(user);
    if commit.change(&account_key).is_none() && commit.change(&state_key).is_none() {
        return;
    }
    let account = commit.item(&account_key);
    let epoch = account.and_then(|account| account.number("epoch"));
    let disabled = account.and_then(|account| account.text("status")) == Some("disabled");
    let agrees = match commit.item(&state_key) {
        // Absent means that nothing is wrong.
        None => !disabled && epoch.is_none_or(|epoch| epoch == 1),
        Some(state) => {
            let known = state
                .keys()
                .all(|name| ["pk", "sk", "epoch", "disabled"].contains(&name.as_str()));
            found.unless(known, Kind::UnknownAttribute, || {
                format!("owner state of {user}")
            });
            state.number("epoch") == epoch && state.flag("disabled") == Some(disabled)
        }
    };
    found.unless(agrees, Kind::OwnerStateDisagrees, || {
        format!("{user}: epoch {epoch:?}, disabled {disabled}")
    });
}
