//! Sessions. Each is a map `s_<session>` on the user item:
//!
//! | attribute | is |
//! |---|---|
//! | `h` | hash of the refresh token that is good now |
//! | `p1`, `t1` | hash of the one before it, and when it was replaced |
//! | `p2`, `t2` | hash of the one before that, and when it was replaced |
//! | `x` | when the session ends if it is not refreshed |
//! | `c` | when it began |
//!
//! Two predecessors are kept because a phone can refresh, and refresh again, while its first request is still on its
//! way. Times are milliseconds since the Unix epoch.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use crate::auth::Role;
use crate::auth::refresh::{GRACE, Hash, LIFETIME, RefreshToken, SuccessorKey};
use crate::error::causes;
use crate::ids::{Epoch, OpenId, SessionId, UserId};
use crate::seams::Timestamp;
use crate::store::item::{self, Item, b, n, names, s, values};
use crate::store::{Account, Refusal, Store, StoreError, Updated};
use crate::user::User;

/// How many sessions a user has at most.
pub const MAX_SESSIONS: usize = 5;
/// How many dead sessions an item carries before a login clears them away.
const MAX_REMAINS: usize = 4;
/// How far back a replayed token is recognised as one of the session's own.
const MAX_GENERATIONS: usize = 4096;
const PREFIX: &str = "s_";

/// Who logs in, on which device.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// The person at WeChat.
    pub openid: &'a OpenId,
    /// The person at WeChat's Open Platform, if WeChat told.
    pub unionid: Option<&'a OpenId>,
    /// Whether configuration makes the person an administrator.
    pub is_admin: bool,
    /// Whether a person without an account gets one.
    pub create: bool,
    /// The new session's first token, which names user and session.
    pub token: &'a RefreshToken,
}

/// A person who is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The user.
    pub user: User,
    /// Whether this is the account's first login.
    pub is_new: bool,
}

/// What became of a refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// This token is the session's now.
    Granted(RefreshToken, Box<User>),
    /// The token is unknown or expired, or its session has ended.
    Invalid,
    /// The token was used before: its session has been ended.
    Reused,
    /// The account is shut.
    Disabled,
}

struct Session {
    id: SessionId,
    current: Hash,
    previous: [(Option<Hash>, Timestamp); 2],
    expires: Timestamp,
    created: Timestamp,
}

impl Store {
    /// Logs a person in: creates the account if there is none, and adds a session; one write for first and returning
    /// login alike. A sixth session costs a second write, which removes the oldest; and so does a disabled administrator
    /// of the configuration, who is active again.
    ///
    /// # Errors
    /// [`Refusal::Disabled`] in the inner result if the account is shut; [`Refusal::Gone`] if there is none and none is
    /// to be made.
    pub async fn log_in(&self, login: &Login<'_>) -> Result<Result<LoggedIn, Refusal>, StoreError> {
        let now = self.clock.now();
        let RefreshToken { user, session, .. } = login.token;
        let update = self.login_update(login, now);
        let item = match self.update(user_key(user), update).await? {
            Updated::Done(item) => item,
            // The SDK repeated a write whose answer was lost.
            Updated::Refused(Some(item)) if was_written(&item, session) => item,
            Updated::Refused(found) => match self.refused_login(login, found, now).await? {
                Ok(item) => item,
                Err(refusal) => return Ok(Err(refusal)),
            },
        };
        if let Err(error) = self.remove_surplus_sessions(user, &item, now).await {
            // The person is logged in, and their code is used up: the next login will see to it.
            tracing::warn!(cause = causes(&error), "surplus sessions were not removed");
        }
        let is_new = item::opt_str(&item, "first_login") == Some(session.as_str());
        let user = Account::of_item(&item)?
            .user
            .ok_or(StoreError::Corrupt("status"))?;
        Ok(Ok(LoggedIn { user, is_new }))
    }

    fn login_update(&self, login: &Login<'_>, now: Timestamp) -> UpdateItemFluentBuilder {
        let RefreshToken { user, session, .. } = login.token;
        // A role that configuration does not give is kept: an administrator may have given it.
        let role = if login.is_admin {
            ":role"
        } else {
            "if_not_exists(#role, :role)"
        };
        let unionid = if login.unionid.is_some() {
            ", unionid = :unionid"
        } else {
            ""
        };
        let update = format!(
            "SET #session = :session, last_login = :id, first_login = if_not_exists(first_login, :id), \
             created_at = if_not_exists(created_at, :now), updated_at = if_not_exists(updated_at, :now), \
             epoch = if_not_exists(epoch, :one), version = if_not_exists(version, :one), openid = :openid, \
             gsi1pk = :shard, gsi1sk = if_not_exists(gsi1sk, :age), #status = :active, #role = {role}{unionid}"
        );
        // An account that is deleted, or being deleted, is none.
        let (state, status) = if login.create {
            ("attribute_not_exists(pk) OR (#status <> :state", "disabled")
        } else {
            ("(#status = :state", "active")
        };
        let mut set = HashMap::from([
            (
                ":session".to_owned(),
                fresh_session(login.token.hash(), now),
            ),
            (":id".to_owned(), s(session.as_str())),
            (":now".to_owned(), n(now.millis())),
            (":one".to_owned(), n(1)),
            (":openid".to_owned(), s(login.openid.as_str())),
            (":shard".to_owned(), s("US#0")),
            (":age".to_owned(), s(age_key(now, user))),
            (":active".to_owned(), s("active")),
            (":state".to_owned(), s(status)),
            (
                ":role".to_owned(),
                s(if login.is_admin {
                    Role::Admin
                } else {
                    Role::User
                }
                .as_str()),
            ),
        ]);
        set.extend(
            login
                .unionid
                .map(|unionid| (":unionid".to_owned(), s(unionid.as_str()))),
        );
        self.client
            .update_item()
            .update_expression(update)
            // A write that was given up on can arrive after its repetition, and after a refresh or logout that followed:
            // it must not put the first token back.
            .condition_expression(format!(
                "{state} AND (attribute_not_exists(last_login) OR last_login <> :id))"
            ))
            .set_expression_attribute_names(names([
                ("#session", &attribute(session)),
                ("#status", "status"),
                ("#role", "role"),
            ]))
            .set_expression_attribute_values(Some(set))
            .return_values(ReturnValue::AllNew)
    }

    async fn remove_surplus_sessions(
        &self,
        user: &UserId,
        item: &Item,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut sessions = sessions(item);
        let ended_before = sessions_ended_at(item);
        sessions.sort_by(|a, b| (b.created, b.id.as_str()).cmp(&(a.created, a.id.as_str())));
        let (live, mut surplus): (Vec<_>, Vec<_>) = sessions
            .into_iter()
            .partition(|session| session.is_live(now, ended_before));
        let dead = surplus.len();
        surplus.extend(live.into_iter().skip(MAX_SESSIONS));
        if surplus.len() == dead && dead < MAX_REMAINS {
            return Ok(());
        }
        let names: HashMap<_, _> = surplus
            .iter()
            .enumerate()
            .map(|(i, session)| (format!("#s{i}"), attribute(&session.id)))
            .collect();
        let removed: Vec<_> = names.keys().cloned().collect();
        let update = self
            .client
            .update_item()
            .update_expression(format!("REMOVE {}", removed.join(", ")))
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_names(Some(names));
        self.update(user_key(user), update).await?;
        Ok(())
    }

    /// Replaces a refresh token by its successor; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn refresh(
        &self,
        token: &RefreshToken,
        key: &SuccessorKey,
    ) -> Result<Refreshed, StoreError> {
        let now = self.clock.now();
        let successor = token.successor(key);
        let update = self
            .client
            .update_item()
            .update_expression(
                "SET #s.p2 = #s.p1, #s.t2 = #s.t1, #s.p1 = :old, #s.t1 = :now, #s.h = :new, #s.x = :expires",
            )
            .condition_expression(
                "#s.h = :old AND #s.x > :now AND #status = :active \
                 AND (attribute_not_exists(sessions_ended_at) OR #s.c > sessions_ended_at)",
            )
            .set_expression_attribute_names(names([
                ("#s", &attribute(&token.session)),
                ("#status", "status"),
            ]))
            .set_expression_attribute_values(values([
                (":old", b(&token.hash())),
                (":new", b(&successor.hash())),
                (":now", n(now.millis())),
                (":expires", n(now.after(LIFETIME).millis())),
                (":active", s("active")),
            ]))
            .return_values(ReturnValue::AllNew);
        match self.update(user_key(&token.user), update).await? {
            Updated::Done(item) => {
                let user = Account::of_item(&item)?
                    .user
                    .ok_or(StoreError::Corrupt("status"))?;
                Ok(Refreshed::Granted(successor, Box::new(user)))
            }
            Updated::Refused(Some(item)) => self.refused_refresh(token, key, &item, now).await,
            Updated::Refused(None) => Ok(Refreshed::Invalid),
        }
    }

    /// Tells a repetition within the grace from a reuse and from a session that has ended.
    async fn refused_refresh(
        &self,
        token: &RefreshToken,
        key: &SuccessorKey,
        item: &Item,
        now: Timestamp,
    ) -> Result<Refreshed, StoreError> {
        let Some(session) = sessions(item)
            .into_iter()
            .find(|session| session.id == token.session)
        else {
            return Ok(Refreshed::Invalid);
        };
        let Some(user) = Account::of_item(item)?.user else {
            return Ok(Refreshed::Invalid);
        };
        if !session.is_live(now, sessions_ended_at(item)) {
            return Ok(Refreshed::Invalid);
        }
        if user.status != crate::user::Status::Active {
            return Ok(Refreshed::Disabled);
        }
        match session.replay(token, key, now) {
            Replay::Repeated(Some(current)) => Ok(Refreshed::Granted(current, Box::new(user))),
            Replay::Reused => {
                // Whether it was there still does not matter: it is gone now.
                let _ = self
                    .end_session(&token.user, &token.session, user.epoch)
                    .await?;
                Ok(Refreshed::Reused)
            }
            Replay::Repeated(None) | Replay::Guessed => Ok(Refreshed::Invalid),
        }
    }

    /// Ends one session; one that is not there is no error.
    ///
    /// # Errors
    /// If the table is not available; [`Refusal::Gone`] in the inner result if the account's life is another one.
    pub async fn end_session(
        &self,
        user: &UserId,
        session: &SessionId,
        epoch: Epoch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let request = self
            .client
            .update_item()
            .update_expression("REMOVE #s")
            .set_expression_attribute_names(names([("#s", &attribute(session))]))
            .set_expression_attribute_values(values([(":epoch", n(epoch.get()))]));
        self.end(user, request).await
    }

    /// Ends all sessions that began until now, with one write and without knowing their names.
    ///
    /// # Errors
    /// As [`Store::end_session`].
    pub async fn end_all_sessions(
        &self,
        user: &UserId,
        epoch: Epoch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let request = self
            .client
            .update_item()
            .update_expression("SET sessions_ended_at = :now")
            .set_expression_attribute_values(values([
                (":now", n(self.clock.now().millis())),
                (":epoch", n(epoch.get())),
            ]));
        self.end(user, request).await
    }

    async fn end(
        &self,
        user: &UserId,
        update: UpdateItemFluentBuilder,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let update = update.condition_expression("epoch = :epoch");
        Ok(match self.update(user_key(user), update).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(Refusal::Gone),
        })
    }
}

impl Session {
    fn is_live(&self, now: Timestamp, ended_at: Option<Timestamp>) -> bool {
        now < self.expires && ended_at.is_none_or(|at| self.created > at)
    }

    /// What it means that `token` is not the session's current one.
    fn replay(&self, token: &RefreshToken, key: &SuccessorKey, now: Timestamp) -> Replay {
        let hash = token.hash();
        let generation = self
            .previous
            .iter()
            .position(|(previous, _)| *previous == Some(hash));
        match generation {
            Some(generation) if now.since(self.previous[generation].1) <= GRACE => {
                let current = (0..=generation).fold(token.clone(), |token, _| token.successor(key));
                Replay::Repeated(Some(current).filter(|current| current.hash() == self.current))
            }
            Some(_) => Replay::Reused,
            None => {
                let mut heirs = std::iter::successors(Some(token.successor(key)), |token| {
                    Some(token.successor(key))
                });
                let is_ancestor = heirs
                    .by_ref()
                    .take(MAX_GENERATIONS)
                    .any(|token| token.hash() == self.current);
                if is_ancestor {
                    Replay::Reused
                } else {
                    Replay::Guessed
                }
            }
        }
    }
}

/// What a token is that is not its session's current one.
enum Replay {
    /// Replaced so short a time ago that its owner may just be repeating themselves. The current token cannot be
    /// derived while environments sign with different keys, which they do for a while after a rotation.
    Repeated(Option<RefreshToken>),
    /// Replaced longer ago: somebody has a copy.
    Reused,
    /// Never this session's. That must not end the session of its owner.
    Guessed,
}

pub(super) fn user_key(user: &UserId) -> Item {
    item::key(format!("U#{user}"), "A")
}

/// Sorts users by age in the index; the id makes it unique.
pub(super) fn age_key(at: Timestamp, user: &UserId) -> String {
    format!("{:015}#{user}", at.millis())
}

/// Whether the login that began `session` is the last one that the item knows of, and still lets its owner in.
fn was_written(item: &Item, session: &SessionId) -> bool {
    item::opt_str(item, "last_login") == Some(session.as_str())
        && item::opt_str(item, "status") == Some("active")
}

pub(super) fn attribute(session: &SessionId) -> String {
    format!("{PREFIX}{}", session.as_str())
}

pub(super) fn fresh_session(hash: Hash, now: Timestamp) -> AttributeValue {
    // A nested SET fails where its source is missing, so the predecessors exist from the start: one byte is no hash.
    let none = b(&[0]);
    AttributeValue::M(
        values([
            ("h", b(&hash)),
            ("p1", none.clone()),
            ("t1", n(0)),
            ("p2", none),
            ("t2", n(0)),
            ("x", n(now.after(LIFETIME).millis())),
            ("c", n(now.millis())),
        ])
        .unwrap_or_default(),
    )
}

/// The names of the attributes that hold sessions.
pub(super) fn session_attributes(item: &Item) -> Vec<String> {
    item.keys()
        .filter(|name| name.starts_with(PREFIX))
        .cloned()
        .collect()
}

fn sessions_ended_at(item: &Item) -> Option<Timestamp> {
    item::opt_num(item, "sessions_ended_at").map(Timestamp::from_millis)
}

fn sessions(item: &Item) -> Vec<Session> {
    item.iter()
        .filter_map(|(name, value)| session_of(name.strip_prefix(PREFIX)?, value.as_m().ok()?))
        .collect()
}

fn session_of(id: &str, map: &Item) -> Option<Session> {
    let hash = |name| item::opt_bytes(map, name).and_then(|bytes| Hash::try_from(bytes).ok());
    let time = |name| item::opt_num(map, name).map(Timestamp::from_millis);
    Some(Session {
        id: id.parse().ok()?,
        current: hash("h")?,
        previous: [(hash("p1"), time("t1")?), (hash("p2"), time("t2")?)],
        expires: time("x")?,
        created: time("c")?,
    })
}
