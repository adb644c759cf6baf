//! Every change of every account, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ByUser;
use crate::invariants::{Attributes, Change, Item, Place};

/// A change of an account.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) at: i64,
    pub(super) before: Option<Arc<Item>>,
    pub(super) after: Arc<Item>,
}

/// When a reservation got an owner or lost its last one.
type Ownership = (i64, Option<String>);

#[derive(Debug, Default)]
pub(super) struct Log {
    accounts: ByUser<Vec<Commit>>,
    users_by_openid: BTreeMap<String, String>,
    /// By partition key.
    reservations: BTreeMap<String, Vec<Ownership>>,
}

impl Log {
    /// Returns the accounts that are changed.
    pub(super) fn record<'a>(
        &mut self,
        changes: &'a [Change],
        now: i64,
    ) -> Vec<(String, &'a Change)> {
        let mut users = Vec::new();
        for change in changes {
            let place = Place::of(&change.key);
            if let Place::Username(_) | Place::Email(_) = place {
                let owner = change.after.as_deref().and_then(|item| item.text("uid"));
                let owners = self.reservations.entry(change.key.pk.clone()).or_default();
                owners.push((now, owner.map(str::to_owned)));
            }
            let (Place::User(user), Some(after)) = (place, &change.after) else {
                continue;
            };
            if let Some(openid) = after.text("openid") {
                self.users_by_openid
                    .insert(openid.to_owned(), user.to_owned());
            }
            self.accounts
                .entry(user.to_owned())
                .or_default()
                .push(Commit {
                    at: now,
                    before: change.before.clone(),
                    after: after.clone(),
                });
            users.push((user.to_owned(), change));
        }
        users
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// Whose account it is that goes with the person at WeChat, if there has ever been one.
    pub(super) fn user_of(&self, openid: &str) -> Option<&str> {
        self.users_by_openid.get(openid).map(String::as_str)
    }

    /// Everybody who had the name between two moments, in whichever spelling.
    pub(super) fn owners(&self, prefix: &str, text: &str, from: i64, to: i64) -> Vec<&str> {
        let forms = [text.to_lowercase(), text.to_lowercase().replace('ß', "ss")];
        let all = forms
            .iter()
            .filter_map(|form| self.reservations.get(&format!("{prefix}{form}")));
        let mut owners = Vec::new();
        for history in all {
            let before = history.iter().rfind(|(at, _)| *at < from);
            let during = history.iter().filter(|(at, _)| (from..=to).contains(at));
            owners.extend(
                before
                    .into_iter()
                    .chain(during)
                    .filter_map(|(_, owner)| owner.as_deref()),
            );
        }
        owners
    }

    pub(super) fn of(&self, user: &str) -> &[Commit] {
        self.accounts.get(user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn during(&self, user: &str, from: i64, to: i64) -> impl Iterator<Item = &Commit> {
        self.of(user)
            .iter()
            .filter(move |commit| (from..=to).contains(&commit.at))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[Commit])> {
        self.accounts
            .iter()
            .map(|(user, commits)| (user.as_str(), commits.as_slice()))
    }
}
