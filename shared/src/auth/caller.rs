//! Authentication as an extractor: a handler that needs a user says so in its signature.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::auth::Role;
use crate::auth::jwt::Verifier;
use crate::error::{Code, Error};
use crate::http::query;
use crate::ids::{Epoch, SessionId, UserId};
use crate::user::User;

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

/// An app whose callers show access tokens.
pub trait ProvideVerifier {
    /// What checks them.
    fn verifier(&self) -> &Verifier;
}

impl<A: ProvideVerifier> ProvideVerifier for Arc<A> {
    fn verifier(&self) -> &Verifier {
        A::verifier(self)
    }
}

/// Who can be told from an access token alone.
pub trait Authenticated: Sized {
    /// Reads the request's token.
    ///
    /// # Errors
    /// `unauthorized`, or `forbidden` if the token names somebody who may not do this.
    fn authenticate(parts: &Parts, verifier: &Verifier) -> Result<Self, Error>;
}

impl Authenticated for Caller {
    fn authenticate(parts: &Parts, verifier: &Verifier) -> Result<Self, Error> {
        let claims = bearer(parts)
            .and_then(|token| verifier.verify(token).ok())
            .ok_or_else(|| Error::new(Code::Unauthorized))?;
        Ok(Self {
            user: claims.sub,
            epoch: claims.epoch,
            role: claims.role,
            session: claims.sid,
        })
    }
}

/// As an extractor it refuses query parameters; a handler that takes some asks for
/// [`WithQuery`](crate::http::WithQuery).
impl<S> FromRequestParts<S> for Caller
where
    S: ProvideVerifier + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = Self::authenticate(parts, state.verifier())?;
        query::refuse_all(&parts.uri)?;
        Ok(caller)
    }
}

/// RFC 6750: one header, the scheme in any case, spaces, the token.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim_start_matches(' '))
}

/// A [`Caller`] who is an administrator; others get 403.
#[derive(Clone, Debug)]
pub struct Admin(pub Caller);

impl Authenticated for Admin {
    fn authenticate(parts: &Parts, verifier: &Verifier) -> Result<Self, Error> {
        let caller = Caller::authenticate(parts, verifier)?;
        if caller.is_admin() {
            Ok(Self(caller))
        } else {
            Err(Error::new(Code::Forbidden))
        }
    }
}

/// As an extractor it refuses query parameters, as [`Caller`] does.
impl<S> FromRequestParts<S> for Admin
where
    S: ProvideVerifier + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let admin = Self::authenticate(parts, state.verifier())?;
        query::refuse_all(&parts.uri)?;
        Ok(admin)
    }
}
