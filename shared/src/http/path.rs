//! The id in a path.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use crate::error::{Code, Error};

/// The path's `{id}`; text that is no such id names nothing, and gets 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for PathId<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        // Only text that is not UTF-8 once unescaped is refused here.
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = params
            .as_ref()
            .and_then(|params| params.iter().find(|(name, _)| *name == "id"));
        let id = id.and_then(|(_, id)| id.parse().ok());
        id.map(Self).ok_or_else(|| Error::new(Code::NotFound))
    }
}
