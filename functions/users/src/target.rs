//! Whom a request is about: `me`, or the user whose id stands in the path.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use shared::auth::{Caller, ProvideVerifier};
use shared::error::{Code, Error};
use shared::ids::UserId;
use shared::store::user::Editor;

/// The caller, and the user in the path; `None` for text that is no id, which therefore names nobody.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) caller: Caller,
    user: Option<UserId>,
}

impl Target {
    /// The user to read.
    pub(crate) fn to_read(&self) -> Result<&UserId, Error> {
        self.user.as_ref().ok_or_else(|| Error::new(Code::NotFound))
    }

    /// The user to change, and in whose name. Whoever may not change others learns nothing of whether they exist.
    pub(crate) fn to_change(&self) -> Result<(&UserId, Editor<'_>), Error> {
        match &self.user {
            Some(user) if *user == self.caller.user => Ok((user, Editor::Owner(self.caller.epoch))),
            _ if !self.caller.is_admin() => Err(Error::new(Code::Forbidden)),
            Some(user) => Ok((user, Editor::Admin(&self.caller))),
            None => Err(Error::new(Code::NotFound)),
        }
    }
}

impl<S> FromRequestParts<S> for Target
where
    S: ProvideVerifier + Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let user = match RawPathParams::from_request_parts(parts, state).await {
            Ok(params) => match params.iter().find(|(name, _)| *name == "id") {
                Some((_, id)) => id.parse().ok(),
                None => Some(caller.user.clone()),
            },
            // Only text that is not UTF-8 once unescaped comes here.
            Err(_) => None,
        };
        Ok(Self { caller, user })
    }
}
