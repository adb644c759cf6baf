//! Every change of every account, in order.

use std::sync::Arc;

use super::ByUser;
use crate::invariants::{Change, Item, Place};

/// A change of an account.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) at: i64,
    pub(super) before: Option<Arc<Item>>,
    pub(super) after: Arc<Item>,
}

#[derive(Debug, Default)]
pub(super) struct Log(ByUser<Vec<Commit>>);

impl Log {
    /// Returns the accounts that are changed.
    pub(super) fn record<'a>(
        &mut self,
        changes: &'a [Change],
        now: i64,
    ) -> Vec<(String, &'a Change)> {
        let mut users = Vec::new();
        for change in changes {
            let (Place::User(user), Some(after)) = (Place::of(&change.key), &change.after) else {
                continue;
            };
            self.0.entry(user.to_owned()).or_default().push(Commit {
                at: now,
                before: change.before.clone(),
                after: after.clone(),
            });
            users.push((user.to_owned(), change));
        }
        users
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn of(&self, user: &str) -> &[Commit] {
        self.0.get(user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn during(&self, user: &str, from: i64, to: i64) -> impl Iterator<Item = &Commit> {
        self.of(user)
            .iter()
            .filter(move |commit| (from..=to).contains(&commit.at))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[Commit])> {
        self.0
            .iter()
            .map(|(user, commits)| (user.as_str(), commits.as_slice()))
    }
}
