//! Forms of text: XML, query strings, times.

use std::borrow::Cow;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// All but the unreserved characters of RFC 3986, as Signature Version 4 wants it.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same for paths, in which slashes stay.
pub(super) const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

pub(super) fn escape_xml(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\r', '\n']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// `20260102T133428Z` in milliseconds.
pub(super) fn parse_amz_date(text: &str) -> Option<i64> {
    let is_one = text.len() == 16 && text.is_ascii();
    let (date, time) = is_one.then(|| text.split_at(8))?;
    let (time, zone) = time.split_at(7);
    let time = time.strip_prefix('T').filter(|_| zone == "Z")?;
    parse_rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    ))
}

pub(super) fn parse_rfc3339(text: &str) -> Option<i64> {
    let time = DateTime::from_str(text, Format::DateTime).ok()?;
    time.to_millis().ok()
}

pub(super) fn rfc3339(millis: i64) -> String {
    let time = DateTime::from_millis(millis).fmt(Format::DateTime);
    time.unwrap_or_default()
}

pub(super) fn http_date(millis: i64) -> String {
    // S3 keeps whole seconds only.
    let time = DateTime::from_secs(millis.div_euclid(1000)).fmt(Format::HttpDate);
    time.unwrap_or_default()
}
