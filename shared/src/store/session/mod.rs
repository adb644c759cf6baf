//! Sessions. Each is a map `s_<session>` on the user item:
//!
//! | attribute | is |
//! |---|---|
//! | `h` | hash of the refresh token that is good now |
//! | `f` | hash of the family that its tokens have in common; absent until this release has refreshed the session |
//! | `k` | name of the key that it was derived with; absent if that is the signing key's |
//! | `p1`, `p2` | hashes of the one before it and of the one before that |
//! | `t1` … `t8` | when its last eight ancestors were replaced, the latest first |
//! | `x` | when the session ends if it is not refreshed |
//! | `c` | the number of the login that began it, a Lamport number that is about the time in milliseconds |
//!
//! The last ancestors are known by deriving the current token from them, older ones by their family. The two hashes are
//! for those whose key is not at hand, and for the previous release, which knows no others. Times are milliseconds since
//! the Unix epoch.

mod login;
mod logout;
mod reenable;
mod refresh;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::digest::Sha256;
use crate::ids::SessionId;
use crate::refresh::{ANCESTORS, LIFETIME, RefreshToken};
use crate::store::item::{self, Item, b, n, s};
use crate::time::Timestamp;

pub use login::{LoggedIn, Login, MAX_SESSIONS};
pub use refresh::Refreshed;

const PREFIX: &str = "s_";

struct Session {
    id: SessionId,
    current: Sha256,
    family: Option<Sha256>,
    key: Option<String>,
    previous: [Option<Sha256>; 2],
    /// When the last ancestors were replaced; the epoch's beginning where that is not known.
    replaced_at: [Timestamp; ANCESTORS],
    expires: Timestamp,
    number: Timestamp,
}

impl Session {
    fn is_live(&self, now: Timestamp, ended_at: Option<Timestamp>) -> bool {
        now < self.expires && ended_at.is_none_or(|at| self.number > at)
    }
}

/// What may be told of a session.
#[derive(Clone, Debug)]
pub struct SessionTimes {
    /// Which session.
    pub id: SessionId,
    /// When its login was.
    pub created_at: Timestamp,
    /// When it ends if it is not refreshed.
    pub expires_at: Timestamp,
}

/// What may be told of the sessions on a user item, in the order of their logins.
pub(super) fn session_times(item: &Item) -> Vec<SessionTimes> {
    let mut sessions = sessions(item);
    sessions.sort_unstable_by(|a, b| (a.number, a.id.as_str()).cmp(&(b.number, b.id.as_str())));
    let times = sessions.into_iter().map(|session| SessionTimes {
        id: session.id,
        created_at: session.number,
        expires_at: session.expires,
    });
    times.collect()
}

fn attribute(session: &SessionId) -> String {
    format!("{PREFIX}{}", session.as_str())
}

fn fresh_session(
    token: &RefreshToken,
    key: Option<&str>,
    now: Timestamp,
    number: Timestamp,
) -> AttributeValue {
    // A nested SET fails where its source is missing, so the predecessors exist from the start: one byte is no hash.
    let none = b(&[0]);
    let mut map = HashMap::from([
        ("h", b(&token.hash())),
        ("f", b(&token.family())),
        ("p1", none.clone()),
        ("t1", n(0)),
        ("p2", none),
        ("t2", n(0)),
        ("x", n(now.after(LIFETIME).millis())),
        ("c", n(number.millis())),
    ]);
    map.extend(key.map(|key| ("k", s(key))));
    let named = map
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    AttributeValue::M(named.collect())
}

/// The names of the attributes that hold sessions, in order.
pub(super) fn session_attributes(item: &Item) -> Vec<String> {
    let names = item.keys().filter(|name| name.starts_with(PREFIX));
    let mut names: Vec<_> = names.cloned().collect();
    names.sort();
    names
}

fn sessions_ended_at(item: &Item) -> Option<Timestamp> {
    item::opt_num(item, "sessions_ended_at").map(Timestamp::from_millis)
}

fn sessions(item: &Item) -> Vec<Session> {
    item.iter()
        .filter_map(|(name, value)| {
            session_from_item(name.strip_prefix(PREFIX)?, value.as_m().ok()?)
        })
        .collect()
}

fn session_from_item(id: &str, map: &Item) -> Option<Session> {
    let hash = |name| item::opt_bytes(map, name).and_then(|bytes| Sha256::try_from(bytes).ok());
    let time = |name: &str| item::opt_num(map, name).map(Timestamp::from_millis);
    let replaced_at = std::array::from_fn(|i| time(&format!("t{}", i + 1)));
    Some(Session {
        id: id.parse().ok()?,
        current: hash("h")?,
        family: hash("f"),
        key: item::opt_str(map, "k").map(str::to_owned),
        previous: [hash("p1"), hash("p2")],
        replaced_at: replaced_at.map(|at| at.unwrap_or(Timestamp::from_millis(0))),
        expires: time("x")?,
        number: time("c")?,
    })
}
