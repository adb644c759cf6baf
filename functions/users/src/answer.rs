//! A user as an answer, and the conditions that a request may put on it (RFC 9110, section 13).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use shared::auth::Caller;
use shared::error::Error;
use shared::user::{User, View};

use crate::App;

/// 200 with the user, as `caller` may see them, and their entity tag.
pub(crate) fn user(app: &App, caller: &Caller, user: &User) -> Response {
    let (view, now) = (View::of(caller, &user.id), app.clock.now());
    let json = user.json(view, Some(&app.links), now);
    ([(ETAG, user.etag(view, Some(&app.links), now))], Json(json)).into_response()
}

/// As [`user()`], or 304 without a body if the client has just that.
pub(crate) fn user_unless_known(
    app: &App,
    caller: &Caller,
    found: &User,
    headers: &HeaderMap,
) -> Response {
    let tag = found.etag(
        View::of(caller, &found.id),
        Some(&app.links),
        app.clock.now(),
    );
    let known =
        known_tags(headers).any(|known| known == "*" || known.trim_start_matches("W/") == tag);
    if !known {
        return user(app, caller, found);
    }
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}

/// The version that `If-Match` asks for; `None` if the write is unconditional.
///
/// # Errors
/// 400 if the header is not one of our tags. A list would mean "any of these versions", which nobody has a use for.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let mut values = headers.get_all(IF_MATCH).into_iter();
    // Whatever else stands there was meant as a condition: to ignore it would be to write without one.
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str().map_err(|_| unusable())?.trim() {
            "*" => Ok(None),
            tag => version(tag).map(Some),
        },
        _ => Err(unusable()),
    }
}

fn version(tag: &str) -> Result<u64, Error> {
    let inner = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
        .ok_or_else(unusable)?;
    let version = inner.split_once('-').map_or(inner, |(version, _)| version);
    // A strong tag that we never gave out matches no version; versions begin at 1.
    let number = version.parse().ok();
    Ok(number
        .filter(|number: &u64| number.to_string() == version)
        .unwrap_or(0))
}

fn unusable() -> Error {
    Error::invalid_field(
        "If-Match",
        "invalid_value",
        "must be one strong entity tag in quotes, or *",
    )
}

fn known_tags(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers
        .get_all(IF_NONE_MATCH)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn if_match_is_a_version() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), None);
        assert_eq!(if_match(&header("*")).unwrap(), None);
        assert_eq!(if_match(&header("\"7\"")).unwrap(), Some(7));
        assert_eq!(if_match(&header("\"7-1800000000\"")).unwrap(), Some(7));
        for never_given in ["\"other\"", "\"+7\"", "\"07\"", "\"\""] {
            assert_eq!(if_match(&header(never_given)).unwrap(), Some(0));
        }
        for bad in [
            "7",
            "W/\"7\"",
            "\"7\", \"8\"",
            "\"7\" \"8\"",
            "\"7 \"",
            "\"",
            "",
            ",",
        ] {
            assert!(if_match(&header(bad)).is_err(), "{bad}");
        }
    }
}
