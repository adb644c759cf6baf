//! The conditions that a request may put on a user (RFC 9110, section 13).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use shared::api::user::{View, version_in_tag};
use shared::auth::Caller;
use shared::error::Error;
use shared::ids::UserId;

/// What DynamoDB compares with at most (`IN`), and more than anybody has of one user.
const MAX_TAGS: usize = 100;
/// Versions begin at 1.
const NO_VERSION: u64 = 0;

/// The versions of `user` that `If-Match` asks for, as `caller` sees them; `None` if the write is unconditional. A weak
/// tag matches none of them, nor does one that is not theirs.
///
/// # Errors
/// 400 if the header is neither a list of entity tags nor `*`. It was meant as a condition: to ignore it would be to
/// write without one.
pub(crate) fn if_match(
    headers: &HeaderMap,
    caller: &Caller,
    user: &UserId,
) -> Result<Option<Vec<u64>>, Error> {
    let unusable = || {
        let message = "must be entity tags in quotes, separated by commas, or *";
        Error::invalid_field("If-Match", "invalid_value", message)
    };
    let Some(value) = value(headers, &IF_MATCH) else {
        return Ok(None);
    };
    let tags = match condition(&value).ok_or_else(unusable)? {
        Condition::Any => return Ok(None),
        Condition::OneOf(tags) if tags.len() > MAX_TAGS => return Err(unusable()),
        Condition::OneOf(tags) => tags,
    };
    let view = View::of(caller, user);
    let strong = tags.iter().filter(|tag| !tag.is_weak);
    let mut versions: Vec<u64> = strong
        .filter_map(|tag| version_in_tag(std::str::from_utf8(tag.opaque).ok()?, user, view))
        .collect();
    if versions.is_empty() {
        versions.push(NO_VERSION);
    }
    Ok(Some(versions))
}

/// Whether `If-None-Match` names the tag, which is in quotes; weak and strong tags are compared alike. A header that
/// cannot be read names nothing: the client gets the whole answer.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let value = value(headers, &IF_NONE_MATCH).unwrap_or_default();
    match condition(&value) {
        Some(Condition::Any) => true,
        Some(Condition::OneOf(known)) => known
            .iter()
            .any(|known| known.opaque == tag.trim_matches('"').as_bytes()),
        None => false,
    }
}

enum Condition<'a> {
    Any,
    OneOf(Vec<Tag<'a>>),
}

#[derive(Debug, PartialEq, Eq)]
struct Tag<'a> {
    is_weak: bool,
    opaque: &'a [u8],
}

/// The header's lines as one list, as they are meant (RFC 9110, section 5.3).
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(|line| line.as_bytes())
        .collect();
    (!lines.is_empty()).then(|| lines.join(&b','))
}

fn condition(value: &[u8]) -> Option<Condition<'_>> {
    if value.trim_ascii() == b"*" {
        return Some(Condition::Any);
    }
    tags(value).map(Condition::OneOf)
}

/// A list of entity tags, at least one; elements may be empty (RFC 9110, sections 5.6.1 and 8.8.3).
fn tags(list: &[u8]) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_ascii_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after.trim_ascii_start();
            continue;
        }
        let (is_weak, quoted) = match rest.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = inner.split_at(end);
        if !opaque
            .iter()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))
        {
            return None;
        }
        tags.push(Tag { is_weak, opaque });
        rest = after.get(1..)?.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return None;
        }
    }
    Some(tags).filter(|tags| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_by_the_grammar() {
        let read = |list: &'static [u8]| -> Option<Vec<(bool, &[u8])>> {
            let tags = tags(list)?.into_iter();
            Some(tags.map(|tag| (tag.is_weak, tag.opaque)).collect())
        };
        for (list, tags) in [
            (&b"\"7-a-b\""[..], &[(false, &b"7-a-b"[..])][..]),
            (b" W/\"7\" ", &[(true, b"7")]),
            (
                b"\"a\",W/\"b\" ,, \"c\",",
                &[(false, b"a"), (true, b"b"), (false, b"c")],
            ),
            (b"\"a,b\"", &[(false, b"a,b")]),
            (b"\"\"", &[(false, b"")]),
            (b"\"\xff\"", &[(false, b"\xff")]),
        ] {
            assert_eq!(read(list).as_deref(), Some(tags), "{}", list.escape_ascii());
        }
        for list in [
            &b""[..],
            b" ",
            b",",
            b"7",
            b"\"",
            b"\"7",
            b"7\"",
            b"w/\"7\"",
            b"W/ \"7\"",
            b"\"7 \"",
            b"\"7\" \"8\"",
            b"\"7\"\"8\"",
            b"*, \"7\"",
            b"\"7\", *",
            b"\"7\", 8",
            b"\xff",
        ] {
            assert_eq!(read(list), None, "{}", list.escape_ascii());
        }
    }
}
