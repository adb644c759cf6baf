//! Logging in.

use crate::ids::{OpenId, SessionId, UserId};
use crate::refresh::RefreshToken;
use crate::store::Store;
use crate::store::account::{Account, AccountState, Refusal};
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::fence::{self, Fence};
use crate::store::item::{self, Item, n, s};
use crate::store::schema::{Key, USERS_SHARD, age_key};
use crate::store::session::{attribute, fresh_session, sessions, sessions_ended_at};
use crate::telemetry::causes;
use crate::time::Timestamp;
use crate::user::{Role, User};

/// How many sessions a user has at most.
pub const MAX_SESSIONS: usize = 5;
/// How many sessions that have ended an item carries before a login removes them.
const MAX_EXPIRED_SESSIONS: usize = 4;

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
    /// The name of the key that the token's successors are derived with; `None` for the signing key's.
    pub key: Option<&'a str>,
}

/// A person who is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The user as the write left them.
    pub user: User,
    /// Whether this is the account's first login.
    pub is_new: bool,
}

/// Which account a login expects to find.
#[derive(Clone, Copy)]
enum Expected {
    /// None, or one that is open and whose fence is lower than the login's number.
    Open,
    /// One that is deleted, with its fence as it was read. A login never revives an account of whose deletion it has not
    /// read, or it could arrive late and undo one.
    Deleted,
}

impl Store {
    /// Logs a person in: creates the account if there is none, and adds a session; one write for first and returning
    /// login alike. A deleted account takes a second one, and so does a disabled administrator of the configuration, who
    /// is active again. A sixth session costs one more, which removes the oldest.
    ///
    /// # Errors
    /// [`Refusal::Disabled`] in the inner result if the account is shut; [`Refusal::Gone`] if there is none and none is
    /// to be made.
    pub async fn log_in(&self, login: &Login<'_>) -> Result<Result<LoggedIn, Refusal>, StoreError> {
        let RefreshToken { user, session, .. } = login.token;
        let (mut expected, mut fence) = (Expected::Open, Fence::default());
        let mut attempts = self.attempts();
        loop {
            let now = self.clock.now();
            let number = fence.next(now);
            let update = login_update(login, now, expected, fence);
            let (found, is_certain) =
                match self.dynamo.update_and_read(Key::user(user), update).await? {
                    Updated::Done(item) => return self.logged_in(login, &item, now).await.map(Ok),
                    Updated::Refused { found, is_certain } => {
                        (found.unwrap_or_default(), is_certain)
                    }
                };
            fence = Fence::from_item(&found);
            let is_final = is_certain || fence.refuses(number);
            expected = match AccountState::from_item(&found)? {
                Some(AccountState::Disabled) if login.is_admin && login.create => {
                    match self.reenable(login, found, now).await? {
                        Some(item) => return self.logged_in(login, &item, now).await.map(Ok),
                        None => Expected::Open,
                    }
                }
                Some(AccountState::Disabled) => return refused(Refusal::Disabled, is_final),
                // The SDK repeated a write whose response was lost.
                Some(AccountState::Active) if found.contains_key(&attribute(session)) => {
                    return self.logged_in(login, &found, now).await.map(Ok);
                }
                Some(AccountState::Active) => Expected::Open,
                // An account that is deleted, or being deleted, is none.
                _ if !login.create => return refused(Refusal::Gone, is_final),
                Some(AccountState::Deleting | AccountState::Deleted) => Expected::Deleted,
                None => Expected::Open,
            };
            attempts.start_over().await?;
        }
    }

    async fn logged_in(
        &self,
        login: &Login<'_>,
        item: &Item,
        now: Timestamp,
    ) -> Result<LoggedIn, StoreError> {
        let RefreshToken { user, session, .. } = login.token;
        if let Err(error) = self.remove_surplus_sessions(user, item, now).await {
            // The person is logged in, and their code is used up: the next login will see to it.
            tracing::warn!(cause = causes(&error), "surplus sessions were not removed");
        }
        let is_new = item::opt_str(item, "first_login") == Some(session.as_str());
        let user = Account::from_item(item)?
            .into_user()
            .ok_or(StoreError::Corrupt("status"))?;
        Ok(LoggedIn { user, is_new })
    }

    /// A late repetition does no harm: no session that it names can live again, for none begins twice.
    async fn remove_surplus_sessions(
        &self,
        user: &UserId,
        item: &Item,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let surplus = surplus_sessions(item, now);
        if surplus.is_empty() {
            return Ok(());
        }
        let mut update = UpdateExpression::new();
        for session in &surplus {
            update.remove(&attribute(session));
        }
        update.require(Condition::new("attribute_exists(pk)"));
        self.dynamo.update(Key::user(user), update).await?;
        Ok(())
    }
}

/// An attempt that nobody has heard of must not log somebody in, once the account opens, who was refused.
fn refused<T>(refusal: Refusal, is_final: bool) -> Result<Result<T, Refusal>, StoreError> {
    if is_final {
        Ok(Err(refusal))
    } else {
        Err(StoreError::uncertain())
    }
}

/// What a login changes.
fn login_update(
    login: &Login<'_>,
    now: Timestamp,
    expected: Expected,
    fence: Fence,
) -> UpdateExpression {
    let RefreshToken { user, session, .. } = login.token;
    let number = fence.next(now);
    let mut update = UpdateExpression::new();
    let first = fresh_session(login.token, login.key, now, number);
    update.set(&attribute(session), first);
    update.set("fence", n(number.millis()));
    update.set("last_login", s(session.as_str()));
    update.set_to("first_login", "if_not_exists(first_login, :last_login)");
    update.value(":now", n(now.millis()));
    update.set_to("created_at", "if_not_exists(created_at, :now)");
    update.set_to("updated_at", "if_not_exists(updated_at, :now)");
    update.value(":one", n(1));
    update.set_to("epoch", "if_not_exists(epoch, :one)");
    update.set_to("version", "if_not_exists(version, :one)");
    update.set("openid", s(login.openid.as_str()));
    update.set("gsi1pk", s(USERS_SHARD));
    update.set_if_absent("gsi1sk", s(age_key(now, user)));
    update.value(":active", s(AccountState::Active.as_str()));
    update.set_to("status", ":active");
    // A role that configuration does not give is kept: an administrator may have given it.
    if login.is_admin {
        update.set("role", s(Role::Admin.as_str()));
    } else {
        update.set_if_absent("role", s(Role::User.as_str()));
    }
    if let Some(unionid) = login.unionid {
        update.set("unionid", s(unionid.as_str()));
    }
    update.require(expected.condition(login.create, fence));
    update
}

impl Expected {
    /// Holds for the account that is expected; the update itself says what `:active` and `:fence` are.
    fn condition(self, create: bool, fence: Fence) -> Condition {
        let open = format!("(#status = :active AND {})", fence::LOWER);
        match self {
            Self::Open if create => Condition::new(format!("attribute_not_exists(pk) OR {open}")),
            Self::Open => Condition::new(open),
            Self::Deleted => Condition::new("#status IN (:deleting, :deleted)")
                .value(":deleting", s(AccountState::Deleting.as_str()))
                .value(":deleted", s(AccountState::Deleted.as_str()))
                .and(fence.unchanged()),
        }
    }
}

/// The sessions beyond what a user may have, the oldest of them, and those that have ended, once there are enough.
fn surplus_sessions(item: &Item, now: Timestamp) -> Vec<SessionId> {
    let mut sessions = sessions(item);
    let ended_at = sessions_ended_at(item);
    sessions.sort_by(|a, b| (b.number, b.id.as_str()).cmp(&(a.number, a.id.as_str())));
    let (live, mut surplus): (Vec<_>, Vec<_>) = sessions
        .into_iter()
        .partition(|session| session.is_live(now, ended_at));
    let dead = surplus.len();
    surplus.extend(live.into_iter().skip(MAX_SESSIONS));
    if surplus.len() == dead && dead < MAX_EXPIRED_SESSIONS {
        return Vec::new();
    }
    surplus.into_iter().map(|session| session.id).collect()
}
