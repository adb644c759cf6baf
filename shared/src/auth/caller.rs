//! Who calls, as an access token says.

use crate::ids::{Epoch, SessionId, UserId};
use crate::store::Actor;
use crate::user::{Role, User};

/// The user that the request's access token names.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Which life of the account. The account itself has to be asked whether this is still the one.
    pub epoch: Epoch,
    /// What they may do.
    pub role: Role,
    /// On which device.
    pub session: SessionId,
}

impl Caller {
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
