//! Whether a body is what the functions read: JSON in UTF-8, as it is.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};

use crate::error::{Code, Error};

/// Makes sure that the headers declare uncompressed JSON in UTF-8.
///
/// A header that was sent more than once arrives as a list, in which nothing tells which member counts: every one has to
/// be acceptable.
///
/// # Errors
/// `unsupported_media_type`.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Error> {
    let refused = |detail| Err(Error::new(Code::UnsupportedMediaType).detail(detail));
    let mut types = members(headers, CONTENT_TYPE).peekable();
    if types.peek().is_none() || !types.all(is_json_in_utf8) {
        return refused("the content type must be application/json, in UTF-8");
    }
    let mut codings = members(headers, CONTENT_ENCODING);
    if !codings.all(|coding| coding.eq_ignore_ascii_case("identity")) {
        return refused("the body must not be compressed");
    }
    Ok(())
}

/// The members of a header's list, or of several headers; what is no text is a member that nobody knows.
fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values
        .map(|value| value.to_str().unwrap_or("?"))
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

fn is_json_in_utf8(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    is_json && parts.all(is_not_another_charset)
}

/// JSON has no parameters (RFC 8259, section 11); `charset` is sent all the same, and anything but UTF-8 in it says that
/// the bytes are not what they are read as.
fn is_not_another_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, "utf-8"));
    let value = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset")
        || ["utf-8", "utf8"]
            .iter()
            .any(|utf_8| value.eq_ignore_ascii_case(utf_8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn is_taken(name: HeaderName, values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        if name != CONTENT_TYPE {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for value in values {
            headers.append(
                name.clone(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        check(&headers).is_ok()
    }

    #[test]
    fn json_in_utf_8_is_taken_and_nothing_else() {
        for taken in [
            "application/json",
            "Application/JSON ; charset=UTF-8",
            "application/json;charset=\"utf8\"; q=1",
            "application/json,application/json",
            "application/json;",
        ] {
            assert!(is_taken(CONTENT_TYPE, &[taken]), "{taken}");
        }
        for refused in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=gbk",
            "application/json; charset=utf-16",
            "application/json,text/plain",
            "text/plain,application/json",
        ] {
            assert!(!is_taken(CONTENT_TYPE, &[refused]), "{refused}");
        }
        assert!(!is_taken(CONTENT_TYPE, &["application/json", "text/plain"]));
        assert!(!is_taken(CONTENT_TYPE, &[]));
    }

    #[test]
    fn a_compressed_body_is_refused() {
        for taken in [&["identity"][..], &["Identity, identity"], &[""], &[]] {
            assert!(is_taken(CONTENT_ENCODING, taken), "{taken:?}");
        }
        for refused in [
            &["gzip"][..],
            &["br"],
            &["identity, gzip"],
            &["identity", "deflate"],
            &["\u{1F600}"],
        ] {
            assert!(!is_taken(CONTENT_ENCODING, refused), "{refused:?}");
        }
    }
}
