//! Authentication as an extractor: a handler that needs a user says so in its signature.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::auth::jwt::Verifier;
use crate::auth::{Admin, Caller};
use crate::error::{Code, Error};
use crate::http::{Access, query};

/// An app whose callers show access tokens.
pub trait ProvideVerifier {
    /// The verifier in the state of the app.
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
        let access = parts.extensions.get::<Access>();
        if access.is_some_and(|access| !access.admits(claims.role)) {
            return Err(Error::new(Code::Forbidden));
        }
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
