//! Sessions, which are attributes of the user item.

use super::item::Attributes;
use super::{Change, Findings, Item, Kind, Memory};

/// What a session has been.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The hashes of its tokens, the latest last.
    pub(super) hashes: Vec<String>,
    is_there: bool,
}

/// The attributes of a session that it always has; `k` names a key and can be absent.
const ATTRIBUTES: [&str; 15] = [
    "h", "p1", "p2", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "x", "c", "k", "f",
];

pub(super) fn check(user: &str, change: &Change, memory: &mut Memory, found: &mut Findings) {
    let none = Item::new();
    let before = change.before.as_deref().unwrap_or(&none);
    let after = change.after.as_deref().unwrap_or(&none);
    let epoch = after.number("epoch").unwrap_or(0);
    for (name, value) in after.iter().filter(|(name, _)| name.starts_with("s_")) {
        if before.get(name) == Some(value) {
            continue;
        }
        let Some(session) = value.get("M").and_then(serde_json::Value::as_object) else {
            found.add(
                Kind::UnknownAttribute,
                format!("{name} of {user} is no map"),
            );
            continue;
        };
        let past = memory
            .sessions
            .entry((user.to_owned(), epoch, name.clone()))
            .or_default();
        let at = At { user, name, found };
        match before.get(name).and_then(|value| value["M"].as_object()) {
            Some(was) => at.continued(before, after, was, session, past),
            None => at.begun(after, session, past),
        }
        past.is_there = true;
    }
    for name in before
        .keys()
        .filter(|name| name.starts_with("s_") && !after.contains_key(*name))
    {
        let epoch = before.number("epoch").unwrap_or(0);
        let past = memory
            .sessions
            .get_mut(&(user.to_owned(), epoch, name.clone()));
        past.into_iter().for_each(|past| past.is_there = false);
    }
}

struct At<'a> {
    user: &'a str,
    name: &'a str,
    found: &'a mut Findings,
}

impl At<'_> {
    fn unless(&mut self, holds: bool, kind: Kind) {
        let (user, name) = (self.user, self.name);
        self.found
            .unless(holds, kind, || format!("{name} of {user}"));
    }

    fn known(&mut self, session: &Item) {
        let known = session
            .keys()
            .all(|name| ATTRIBUTES.contains(&name.as_str()));
        self.unless(known, Kind::UnknownAttribute);
    }

    fn begun(mut self, after: &Item, session: &Item, past: &mut Past) {
        self.known(session);
        self.unless(past.hashes.is_empty(), Kind::SessionReturned);
        let number = session.number("c");
        self.unless(
            number.is_some() && number == after.number("fence"),
            Kind::SessionNumberChanged,
        );
        let login = after.text("last_login").map(|id| format!("s_{id}"));
        self.unless(
            login.as_deref() == Some(self.name),
            Kind::LoginWithoutSession,
        );
        past.hashes.extend(session.bytes("h").map(str::to_owned));
    }

    fn continued(mut self, before: &Item, after: &Item, was: &Item, is: &Item, past: &mut Past) {
        self.known(is);
        self.unless(past.is_there, Kind::SessionReturned);
        self.unless(was.get("c") == is.get("c"), Kind::SessionNumberChanged);
        let hash = is.bytes("h").unwrap_or_default().to_owned();
        if was.get("h") == is.get("h") {
            // A session changes by refreshes alone.
            return self.unless(false, Kind::SessionForked);
        }
        self.unless(!past.hashes.contains(&hash), Kind::TokenReturned);
        past.hashes.push(hash);
        self.unless(follows(was, is), Kind::SessionForked);
        // The previous release's sessions get theirs at their first refresh.
        self.unless(
            !was.has("f") || was.get("f") == is.get("f"),
            Kind::SessionForked,
        );
        let ended_at = before.number("sessions_ended_at");
        let is_open = after.text("status") == Some("active") && is.number("c") > ended_at;
        self.unless(is_open, Kind::EndedSessionRefreshed);
    }
}

/// Whether what a session remembers of its ancestors has moved on by one.
fn follows(was: &Item, is: &Item) -> bool {
    let moved = |from: &str, to: &str| was.get(from) == is.get(to);
    let time = |item: &Item, i: usize| item.number(&format!("t{i}")).unwrap_or(0);
    let times = (1..8).all(|i| time(is, i + 1) == time(was, i));
    moved("h", "p1") && moved("p1", "p2") && times
}
