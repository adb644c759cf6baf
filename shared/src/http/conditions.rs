//! The conditions that a request may put on what it reads or changes (RFC 9110, section 13).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::error::Error;

/// What DynamoDB compares with at most (`IN`), and more than anybody has of one thing.
const MAX_TAGS: usize = 100;

/// What `If-Match` or `If-None-Match` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whatever is there.
    Any,
    /// One of these; at least one.
    OneOf(Vec<Tag>),
}

/// An entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Whether it is marked as weak.
    pub is_weak: bool,
    /// What stands between the quotes.
    pub opaque: Vec<u8>,
}

/// What `If-Match` asks for; `None` without the header.
///
/// # Errors
/// 400 if the header is neither a list of entity tags nor `*`. It was meant as a condition: to ignore it would be to
/// write without one.
pub fn if_match(headers: &HeaderMap) -> Result<Option<Tags>, Error> {
    let Some(value) = value(headers, &IF_MATCH) else {
        return Ok(None);
    };
    match parsed(&value) {
        Some(Tags::OneOf(tags)) if tags.len() > MAX_TAGS => Err(unusable()),
        Some(tags) => Ok(Some(tags)),
        None => Err(unusable()),
    }
}

fn unusable() -> Error {
    let message = "must be entity tags in quotes, separated by commas, or *";
    Error::invalid_field("If-Match", "invalid_value", message)
}

/// What `If-None-Match` asks for; `None` without the header. One that cannot be read names nothing: the client gets the
/// whole answer.
pub fn if_none_match(headers: &HeaderMap) -> Option<Tags> {
    value(headers, &IF_NONE_MATCH).and_then(|value| parsed(&value))
}

impl Tags {
    /// Whether they name the tag, which is in quotes; weak and strong tags are compared alike.
    pub fn name(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(known) => known
                .iter()
                .any(|known| known.opaque == tag.trim_matches('"').as_bytes()),
        }
    }
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

fn parsed(value: &[u8]) -> Option<Tags> {
    if value.trim_ascii() == b"*" {
        return Some(Tags::Any);
    }
    list(value).map(Tags::OneOf)
}

/// A list of entity tags, at least one; elements may be empty (RFC 9110, sections 5.6.1 and 8.8.3).
fn list(list: &[u8]) -> Option<Vec<Tag>> {
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
        let opaque = opaque.to_owned();
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
        let read = |text: &[u8]| -> Option<Vec<(bool, Vec<u8>)>> {
            let tags = list(text)?.into_iter();
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
            let tags = tags.iter().map(|(is_weak, tag)| (*is_weak, tag.to_vec()));
            assert_eq!(read(list), Some(tags.collect()), "{}", list.escape_ascii());
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
