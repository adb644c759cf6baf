//! Who asked for what was written: each change of an account belongs to a request that was not refused, and each request
//! has made its change once.

use std::collections::{BTreeMap, BTreeSet};

use super::log::Commit;
use super::{Ask, Fields, Reference, Strictness};
use crate::invariants::{Attributes, Findings, Item, Kind, is_live};

/// What only requests change. The picture changes with uploads as well.
const FIELDS: [&str; 6] = ["username", "email", "nickname", "phone", "role", "status"];

pub(super) fn check(reference: &Reference, found: &mut Findings) {
    for (user, commits) in reference.log.all() {
        let asked = Asked::of(reference, user, commits);
        for field in FIELDS {
            asked.values(field, found);
        }
        asked.sessions(found);
        asked.deletions(found);
        asked.acknowledged(found);
        if reference.strictness == Strictness::Full {
            asked.late(found);
        }
    }
}

/// The requests about a user, beside what was written.
struct Asked<'a> {
    reference: &'a Reference,
    user: &'a str,
    openid: Option<&'a str>,
    commits: &'a [Commit],
}

/// A request that sets something.
struct Setter<'a> {
    fields: &'a Fields,
    request: &'a super::Request,
}

impl<'a> Asked<'a> {
    fn of(reference: &'a Reference, user: &'a str, commits: &'a [Commit]) -> Self {
        let openid = commits
            .iter()
            .find_map(|commit| commit.after.text("openid"));
        Self {
            reference,
            user,
            openid,
            commits,
        }
    }

    fn setters(&self) -> impl Iterator<Item = Setter<'a>> {
        let (user, openid) = (self.user, self.openid);
        self.reference.requests.iter().filter_map(move |request| {
            let fields = match &request.ask {
                Ask::Edit {
                    user: of, fields, ..
                } if of == user => fields,
                Ask::Create { openid: of, fields } if Some(of.as_str()) == openid => fields,
                _ => return None,
            };
            Some(Setter { fields, request })
        })
    }

    /// Each new value of a field, as often as it was asked for.
    fn values(&self, field: &'static str, found: &mut Findings) {
        let mut made: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for commit in self.commits.iter().filter(|commit| changes(commit, field)) {
            let value = commit.after.text(field);
            let asked = || {
                self.setters().filter(|setter| {
                    setter.request.start <= commit.at
                        && setter
                            .fields
                            .get(field)
                            .is_some_and(|set| set.as_deref() == value)
                })
            };
            let count = made.entry(value).or_default();
            *count += 1;
            let possible = asked()
                .filter(|setter| !setter.request.is_refused() || self.was_shut_out(setter.request))
                .count()
                + self.disabling(field, value, commit);
            let kind = match (*count <= possible, asked().count()) {
                (true, _) => continue,
                (_, 0) => Kind::ChangeFromNowhere,
                (_, all) if *count <= all => Kind::RefusedChangeMade,
                _ => Kind::ChangeTwice,
            };
            found.add(
                kind,
                format!("{field} of {} became {value:?} at {}", self.user, commit.at),
            );
        }
    }

    /// How many deletions by others may have disabled the account first: one that is held off does.
    fn disabling(&self, field: &str, value: Option<&str>, commit: &Commit) -> usize {
        if (field, value) != ("status", Some("disabled")) {
            return 0;
        }
        let deletions = self.reference.requests.iter().filter(|request| {
            let own = matches!(&request.ask, Ask::DeleteAccount { user } if user == self.user);
            let by = request.by.as_ref();
            own && request.start <= commit.at && by.is_some_and(|by| by.user != self.user)
        });
        deletions.count()
    }

    /// Whether the account was deleted while the request was under way: what its first attempt may have written, its
    /// repetition cannot know of any more.
    fn was_shut_out(&self, request: &super::Request) -> bool {
        let Some((answered, _)) = &request.answer else {
            return false;
        };
        self.commits.iter().any(|commit| {
            (request.start..=*answered).contains(&commit.at) && !is_live(&commit.after)
        })
    }

    /// Each login begins one session at most.
    fn sessions(&self, found: &mut Findings) {
        // By name: one that is repeated after the end of a generation begins anew in the next.
        let mut begun = BTreeSet::new();
        for commit in self.commits {
            begun.extend(commit.after.keys().filter(|name| name.starts_with("s_")));
            let logins = self.reference.requests.iter().filter(|request| {
                let own = matches!(&request.ask, Ask::Login { openid, .. } if Some(openid.as_str()) == self.openid);
                own && request.start <= commit.at && (!request.is_refused() || self.is_shut_during(request))
            });
            let possible = logins.count();
            found.unless(begun.len() <= possible, Kind::ChangeTwice, || {
                format!(
                    "{} sessions of {} by {possible} logins at {}",
                    begun.len(),
                    self.user,
                    commit.at
                )
            });
        }
    }

    /// Whether the account was shut or deleted during the request: its repetition is refused then, although the first
    /// attempt was carried out.
    fn is_shut_during(&self, request: &super::Request) -> bool {
        let end = request.answer.as_ref().map_or(i64::MAX, |(at, _)| *at);
        let is_open = |item: &Item| item.text("status") == Some("active");
        let mut during = self
            .commits
            .iter()
            .filter(|commit| (request.start..=end).contains(&commit.at));
        during
            .any(|commit| commit.before.as_deref().is_some_and(is_open) && !is_open(&commit.after))
    }

    fn deletions(&self, found: &mut Findings) {
        let ends = |commit: &&Commit| {
            commit.before.as_deref().is_some_and(is_live) && !is_live(&commit.after)
        };
        for commit in self.commits.iter().filter(ends) {
            let epoch = commit
                .before
                .as_deref()
                .and_then(|before| before.number("epoch"));
            let asked = self.reference.requests.iter().any(|request| {
                let own = matches!(&request.ask, Ask::DeleteAccount { user } if user == self.user);
                let may = request
                    .by
                    .as_ref()
                    .is_some_and(|by| by.user != self.user || Some(by.epoch) == epoch);
                own && may && request.start <= commit.at && !request.is_refused()
            });
            found.unless(asked, Kind::ChangeFromNowhere, || {
                format!("deletion of {} at {}", self.user, commit.at)
            });
        }
    }

    /// Equal changes that were acknowledged have each been made: by a change of its own, while the request was under way.
    fn acknowledged(&self, found: &mut Findings) {
        let done = self
            .setters()
            .filter(|setter| setter.request.is_done() && !setter.fields.is_empty());
        let mut done: Vec<_> = done.collect();
        done.sort_by_key(|setter| setter.request.answer.as_ref().map(|(at, _)| *at));
        let mut taken = Vec::new();
        for Setter { fields, request } in done {
            let end = request.answer.as_ref().map_or(0, |(at, _)| *at);
            let free = self.commits.iter().position(|commit| {
                let raises = commit
                    .before
                    .as_deref()
                    .and_then(|before| before.number("version"))
                    < commit.after.number("version");
                raises
                    && (request.start..=end).contains(&commit.at)
                    && has(&commit.after, fields)
                    && !taken.contains(&version(&commit.after))
            });
            match free {
                Some(at) => taken.push(version(&self.commits[at].after)),
                None => found.add(
                    Kind::ChangeLost,
                    format!(
                        "{fields:?} of {} from {} to {end}",
                        self.user, request.start
                    ),
                ),
            }
        }
    }

    /// A change whose request was answered is not made after one that was begun later and acknowledged. Nicknames tell,
    /// since each is asked for once.
    fn late(&self, found: &mut Findings) {
        let nickname =
            |setter: &Setter<'a>| setter.fields.get("nickname").and_then(Option::as_deref);
        for commit in self
            .commits
            .iter()
            .filter(|commit| changes(commit, "nickname"))
        {
            let Some(value) = commit.after.text("nickname") else {
                continue;
            };
            let mut setters = self
                .setters()
                .filter(|setter| nickname(setter) == Some(value));
            let (Some(Setter { request, .. }), None) = (setters.next(), setters.next()) else {
                continue;
            };
            let Some((answered, _)) = request.answer else {
                continue;
            };
            let after = answered + 2 * self.reference.skew;
            let later = self.setters().find(|setter| {
                let end = setter.request.answer.as_ref().map(|(at, _)| *at);
                setter.request.is_done()
                    && setter.request.start > after
                    && end.is_some_and(|end| end < commit.at)
            });
            found.unless(later.is_none(), Kind::LateChange, || {
                format!(
                    "nickname {value} of {} at {}, answered at {answered}",
                    self.user, commit.at
                )
            });
        }
    }
}

fn version(account: &Item) -> Option<i64> {
    account.number("version")
}

fn has(account: &Item, fields: &Fields) -> bool {
    let text = fields
        .iter()
        .filter(|(name, _)| **name != "avatar_upload_id");
    let mut text = text.map(|(name, value)| account.text(name) == value.as_deref());
    is_live(account) && text.all(|same| same)
}

/// Whether the commit gives the field another value, in an account that is live afterwards. What a login sets by itself
/// does not count: the status of an account that comes back, and the role that goes with it.
fn changes(commit: &Commit, field: &str) -> bool {
    let before = commit.before.as_deref().filter(|before| is_live(before));
    let differs = before.and_then(|before| before.get(field)) != commit.after.get(field);
    let is_login = commit
        .before
        .as_deref()
        .and_then(|before| before.get("last_login"))
        != commit.after.get("last_login");
    let own = matches!(field, "role" | "status") && (is_login || before.is_none());
    is_live(&commit.after) && differs && !own
}
