//! The conditions that a request may put on a user.

use http::HeaderMap;
use shared::api::user::{View, version_in_tag};
use shared::auth::Caller;
use shared::error::Error;
use shared::http::conditions::{self, Tags};
use shared::ids::UserId;

/// Versions begin at 1.
const NO_VERSION: u64 = 0;

/// The versions of `user` that `If-Match` asks for, as `caller` sees them; `None` if the write is unconditional. A weak
/// tag matches none of them, nor does one that is not theirs.
///
/// # Errors
/// 400 if the header is malformed.
pub(crate) fn if_match(
    headers: &HeaderMap,
    caller: &Caller,
    user: &UserId,
) -> Result<Option<Vec<u64>>, Error> {
    let tags = match conditions::if_match(headers)? {
        None | Some(Tags::Any) => return Ok(None),
        Some(Tags::OneOf(tags)) => tags,
    };
    let view = View::of(caller, user);
    let strong = tags.iter().filter(|tag| !tag.is_weak);
    let mut versions: Vec<u64> = strong
        .filter_map(|tag| version_in_tag(std::str::from_utf8(&tag.opaque).ok()?, user, view))
        .collect();
    if versions.is_empty() {
        versions.push(NO_VERSION);
    }
    Ok(Some(versions))
}

/// Whether `If-None-Match` names the tag, which is in quotes.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    conditions::if_none_match(headers).is_some_and(|tags| tags.name(tag))
}
