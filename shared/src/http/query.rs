//! Query strings. A handler comes by its caller or its body through an extractor that refuses every query parameter,
//! unless it asks for them by [`WithQuery`], whose fields refuse those that it does not take.

use axum::extract::{FromRequestParts, Query};
use http::Uri;
use http::request::Parts;
use serde_json::Value;

use crate::auth::{Authenticated, ProvideVerifier};
use crate::error::{Code, Error};
use crate::http::JsonFields;
use crate::http::body::{ValueError, clipped};

/// A caller, and the query string of their request; every value is a string, but an empty `cursor`, with which a client
/// may begin a list, is `null`.
#[derive(Debug)]
pub struct WithQuery<A>(pub A, pub JsonFields);

impl<S, A> FromRequestParts<S> for WithQuery<A>
where
    S: ProvideVerifier + Sync,
    A: Authenticated,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = A::authenticate(parts, state.verifier())?;
        Ok(Self(caller, fields(&parts.uri)?))
    }
}

/// Makes sure that there is no query parameter.
///
/// # Errors
/// `invalid_request` that names every one.
pub(crate) fn refuse_all(uri: &Uri) -> Result<(), Error> {
    match uri.query() {
        None | Some("") => Ok(()),
        Some(_) => fields(uri)?.finish(Some(())),
    }
}

fn fields(uri: &Uri) -> Result<JsonFields, Error> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return Err(Error::new(Code::InvalidRequest).detail("the query string is malformed"));
    };
    let mut fields = JsonFields::default();
    for (name, value) in pairs {
        let value = match value.as_str() {
            "" if name == "cursor" => Value::Null,
            _ => Value::String(value),
        };
        if fields.insert(&name, value).is_some() {
            let _: Option<()> = fields.reject(
                &clipped(&name),
                ValueError::invalid("stands in the query more than once"),
            );
        }
    }
    Ok(fields)
}
