//! Refreshing a session, and what a token means that is not its session's current one.

use crate::refresh::{ANCESTORS, GRACE, LIFETIME, RefreshKeys, RefreshToken};
use crate::store::Store;
use crate::store::account::{Account, AccountState};
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{Item, b, n, s};
use crate::store::schema::Key;
use crate::store::session::{Session, attribute, sessions, sessions_ended_at};
use crate::time::Timestamp;
use crate::user::{Status, User};

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
    /// The session derives from a key that is not among those given: one that was dropped, or one that is newer than they
    /// are.
    UnknownKey,
}

impl Store {
    /// Replaces a refresh token by its successor; one conditional write.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn refresh(
        &self,
        token: &RefreshToken,
        keys: &RefreshKeys,
    ) -> Result<Refreshed, StoreError> {
        let now = self.clock.now();
        let successor = keys.successor(token);
        let update = refresh_update(token, &successor, keys, now);
        let key = Key::user(&token.user);
        match self.dynamo.update_and_read(key, update).await? {
            Updated::Done(item) => {
                let user = Account::from_item(&item)?
                    .into_user()
                    .ok_or(StoreError::Corrupt("status"))?;
                Ok(Refreshed::Granted(successor, Box::new(user)))
            }
            Updated::Refused {
                found: Some(item), ..
            } => self.refused_refresh(token, keys, &item, now).await,
            Updated::Refused { found: None, .. } => Ok(Refreshed::Invalid),
        }
    }

    /// Tells a repetition within the grace from a reuse and from a session that has ended.
    async fn refused_refresh(
        &self,
        token: &RefreshToken,
        keys: &RefreshKeys,
        item: &Item,
        now: Timestamp,
    ) -> Result<Refreshed, StoreError> {
        let Some(session) = sessions(item)
            .into_iter()
            .find(|session| session.id == token.session)
        else {
            return Ok(Refreshed::Invalid);
        };
        let Some(user) = Account::from_item(item)?.into_user() else {
            return Ok(Refreshed::Invalid);
        };
        if !session.is_live(now, sessions_ended_at(item)) {
            return Ok(Refreshed::Invalid);
        }
        if !keys.names().any(|name| name == session.key.as_deref()) {
            return Ok(Refreshed::UnknownKey);
        }
        if user.status != Status::Active {
            return Ok(Refreshed::Disabled);
        }
        match session.replay(token, keys, now) {
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
}

fn refresh_update(
    token: &RefreshToken,
    successor: &RefreshToken,
    keys: &RefreshKeys,
    now: Timestamp,
) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.name("#s", attribute(&token.session));
    update.value(":old", b(&token.hash()));
    update.value(":new", b(&successor.hash()));
    update.value(":family", b(&token.family()));
    update.value(":now", n(now.millis()));
    update.value(":expires", n(now.after(LIFETIME).millis()));
    replace_token(&mut update);
    if keys.current_name().is_some() {
        // The current key's is the first of the names in the condition.
        update.set_to("#s.k", ":key0");
    }
    let is_current = Condition::new(
        "#s.h = :old AND #s.x > :now AND #status = :active \
         AND (attribute_not_exists(sessions_ended_at) OR #s.c > sessions_ended_at)",
    );
    let active = s(AccountState::Active.as_str());
    update.require(is_current.value(":active", active));
    update.require(derives_from(keys));
    update
}

/// Puts the new token in the place of the old one, which becomes the latest ancestor; the oldest is forgotten.
fn replace_token(update: &mut UpdateExpression) {
    for (attribute, operand) in [
        ("#s.p2", "#s.p1"),
        ("#s.t2", "#s.t1"),
        ("#s.p1", ":old"),
        ("#s.t1", ":now"),
        ("#s.h", ":new"),
        // The previous release gives its tokens a family each: that of the one that is replaced goes on.
        ("#s.f", ":family"),
        ("#s.x", ":expires"),
    ] {
        update.set_to(attribute, operand);
    }
    // Sessions that the previous release began have two times.
    update.value(":unknown", n(0));
    for i in 3..=ANCESTORS {
        let before = format!("if_not_exists(#s.t{}, :unknown)", i - 1);
        update.set_to(&format!("#s.t{i}"), &before);
    }
}

/// Holds for sessions that derive from one of the keys; the names become values, the current one's first.
fn derives_from(keys: &RefreshKeys) -> Condition {
    let mut alternatives = Vec::new();
    let mut values = Vec::new();
    for (i, name) in keys.names().enumerate() {
        match name {
            Some(name) => {
                alternatives.push(format!("#s.k = :key{i}"));
                values.push((format!(":key{i}"), s(name)));
            }
            None => alternatives.push("attribute_not_exists(#s.k)".to_owned()),
        }
    }
    let condition = Condition::new(format!("({})", alternatives.join(" OR ")));
    let values = values.into_iter();
    values.fold(condition, |condition, (name, value)| {
        condition.value(&name, value)
    })
}

impl Session {
    /// What it means that `token` is not the session's current one.
    fn replay(&self, token: &RefreshToken, keys: &RefreshKeys, now: Timestamp) -> Replay {
        let descendant = keys.descendant(token, &self.current);
        let hash = token.hash();
        let remembered = || self.previous.iter().position(|p| *p == Some(hash));
        let (generation, current) = match descendant {
            Some((generation, current)) => (generation - 1, Some(current)),
            None => match remembered() {
                Some(generation) => (generation, None),
                // Whatever its family has, somebody had a token of the session.
                None if self.family == Some(token.family()) => return Replay::Reused,
                None => return Replay::Guessed,
            },
        };
        match self.replaced_at.get(generation) {
            Some(at) if now.since(*at) <= GRACE => Replay::Repeated(current),
            _ => Replay::Reused,
        }
    }
}

/// What a token is that is not its session's current one.
enum Replay {
    /// Replaced so short a time ago that its owner may just be repeating themselves. The current token cannot be derived
    /// without the key of each step: a session that names no key can have been through a rotation of the signing key.
    Repeated(Option<RefreshToken>),
    /// Replaced longer ago, or so often since that it cannot be a repetition: somebody has a copy.
    Reused,
    /// Not one of this session's. That must not end the session of its owner.
    Guessed,
}
