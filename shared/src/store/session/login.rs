//! Logging in.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;

use crate::auth::refresh::RefreshToken;
use crate::error::causes;
use crate::ids::{OpenId, SessionId, UserId};
use crate::store::fence::{self, Fence};
use crate::store::item::{self, Item, n, names, s};
use crate::store::session::{
    ATTEMPTS, age_key, attribute, fresh_session, sessions, sessions_ended_at, user_key,
};
use crate::store::{Account, Refusal, Store, StoreError, Updated};
use crate::time::Timestamp;
use crate::user::{Role, User};

/// How many sessions a user has at most.
pub const MAX_SESSIONS: usize = 5;
/// How many dead sessions an item carries before a login clears them away.
const MAX_REMAINS: usize = 4;

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
    /// The user.
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
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let update = self.login_update(login, now, expected, fence);
            let found = match self.update(user_key(user), update).await? {
                Updated::Done(item) => return self.logged_in(login, &item, now).await.map(Ok),
                Updated::Refused(found) => found.unwrap_or_default(),
            };
            fence = Fence::from_item(&found);
            expected = match item::opt_str(&found, "status") {
                Some("disabled") if login.is_admin && login.create => {
                    match self.reenable(login, found, now).await? {
                        Some(item) => return self.logged_in(login, &item, now).await.map(Ok),
                        None => Expected::Open,
                    }
                }
                Some("disabled") => return Ok(Err(Refusal::Disabled)),
                // The SDK repeated a write whose answer was lost.
                Some("active") if found.contains_key(&attribute(session)) => {
                    return self.logged_in(login, &found, now).await.map(Ok);
                }
                Some("active") => Expected::Open,
                // An account that is deleted, or being deleted, is none.
                _ if !login.create => return Ok(Err(Refusal::Gone)),
                Some(_) => Expected::Deleted,
                None => Expected::Open,
            };
        }
        Err(StoreError::Unavailable("the account kept changing".into()))
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

    fn login_update(
        &self,
        login: &Login<'_>,
        now: Timestamp,
        expected: Expected,
        fence: Fence,
    ) -> UpdateItemFluentBuilder {
        let number = fence.next(now);
        let (condition, seen) = match expected {
            Expected::Open => {
                let open = format!("(#status = :active AND {})", fence::LOWER);
                let condition = if login.create {
                    format!("attribute_not_exists(pk) OR {open}")
                } else {
                    open
                };
                (condition, Item::new())
            }
            Expected::Deleted => {
                let (unchanged, _, seen) = fence.unchanged().into_parts();
                let mut seen = seen.unwrap_or_default();
                seen.insert(":deleting".to_owned(), s("deleting"));
                seen.insert(":deleted".to_owned(), s("deleted"));
                let condition = format!("#status IN (:deleting, :deleted) AND {unchanged}");
                (condition, seen)
            }
        };
        let (update, mut values) = changes(login, now, number);
        values.extend(seen);
        self.client
            .update_item()
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(names([
                ("#session", &attribute(&login.token.session)),
                ("#status", "status"),
                ("#role", "role"),
            ]))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
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
        let names = surplus.iter().enumerate();
        let names: HashMap<_, _> = names
            .map(|(i, session)| (format!("#s{i}"), attribute(session)))
            .collect();
        let removed: Vec<_> = (0..surplus.len()).map(|i| format!("#s{i}")).collect();
        let update = self
            .client
            .update_item()
            .update_expression(format!("REMOVE {}", removed.join(", ")))
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_names(Some(names));
        self.update(user_key(user), update).await?;
        Ok(())
    }
}

/// What a login changes, and the expression's values.
fn changes(login: &Login<'_>, now: Timestamp, number: Timestamp) -> (String, Item) {
    let RefreshToken { user, session, .. } = login.token;
    // A role that configuration does not give is kept: an administrator may have given it.
    let (role, given) = if login.is_admin {
        (Role::Admin, ":role")
    } else {
        (Role::User, "if_not_exists(#role, :role)")
    };
    let unionid = if login.unionid.is_some() {
        ", unionid = :unionid"
    } else {
        ""
    };
    let update = format!(
        "SET #session = :session, fence = :fence, last_login = :id, first_login = if_not_exists(first_login, :id), \
         created_at = if_not_exists(created_at, :now), updated_at = if_not_exists(updated_at, :now), \
         epoch = if_not_exists(epoch, :one), version = if_not_exists(version, :one), openid = :openid, \
         gsi1pk = :shard, gsi1sk = if_not_exists(gsi1sk, :age), #status = :active, #role = {given}{unionid}"
    );
    let first = fresh_session(login.token.hash(), login.key, now, number);
    let mut values = HashMap::from([
        (":session".to_owned(), first),
        (":fence".to_owned(), n(number.millis())),
        (":id".to_owned(), s(session.as_str())),
        (":now".to_owned(), n(now.millis())),
        (":one".to_owned(), n(1)),
        (":openid".to_owned(), s(login.openid.as_str())),
        (":shard".to_owned(), s("US#0")),
        (":age".to_owned(), s(age_key(now, user))),
        (":active".to_owned(), s("active")),
        (":role".to_owned(), s(role.as_str())),
    ]);
    let unionid = login.unionid.map(|unionid| s(unionid.as_str()));
    values.extend(unionid.map(|unionid| (":unionid".to_owned(), unionid)));
    (update, values)
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
    if surplus.len() == dead && dead < MAX_REMAINS {
        return Vec::new();
    }
    surplus.into_iter().map(|session| session.id).collect()
}
