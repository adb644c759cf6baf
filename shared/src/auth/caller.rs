//! Who calls, as an access token says.

use crate::ids::{Epoch, SessionId, UserId};
use crate::store::Actor;
use crate::user::{Role, User};

/// The user that the request's access token names.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user that the token is about.
    pub user: UserId,
    /// The account generation of the token. Only the account itself tells whether it is still the current one.
    pub epoch: Epoch,
    /// What they may do.
    pub role: Role,
    /// The session that the token was issued to: one device, as a rule.
    pub session: SessionId,
}

impl Caller {
    /// The person for whom a worker acts, as its message names them: the account generation is that of the request which
    /// sent it, so nothing is done for an account that has ended since.
    pub fn on_behalf_of(user: UserId, epoch: Epoch) -> Self {
        Self {
            user,
            epoch,
            role: Role::User,
            session: SessionId::none(),
        }
    }

    /// Whether the caller is an administrator.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// The caller as the store knows one: what they may do, it finds out itself.
    pub const fn actor(&self) -> Actor<'_> {
        Actor {
            user: &self.user,
            epoch: self.epoch,
        }
    }

    /// The same caller with the rights that token and table agree on: a role that was taken away is gone at once, one
    /// that was given comes with the next token.
    #[must_use]
    pub fn with_role_of(&self, account: &User) -> Self {
        let role = if account.role == self.role {
            self.role
        } else {
            Role::User
        };
        Self {
            role,
            ..self.clone()
        }
    }
}

/// A [`Caller`] who is an administrator; others get 403.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);
