//! `ListObjectVersions`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Bound;

use percent_encoding::utf8_percent_encode;

use super::S3;
use super::answer::{Answer, Error, xml};
use super::bucket::{Version, check_version_id, sequence_of};
use super::call::Call;
use super::text::{RESERVED_IN_PATH, escape_xml, rfc3339};

/// The most entries on a page.
pub(super) const MAX_KEYS: usize = 1000;

struct Page<'a> {
    entries: Vec<(&'a str, &'a Version, bool)>,
    is_truncated: bool,
}

/// After which entry a page begins.
struct Marker<'a> {
    key: &'a str,
    /// The place of the version in the order of writing, which it has also when it is gone.
    version: Option<u64>,
}

impl S3 {
    pub(super) fn list(&self, call: &Call<'_>) -> Answer {
        let prefix = call.parameter("prefix").unwrap_or_default();
        let max_keys = max_keys(call)?;
        let page = self.page(prefix, &marker(call)?, max_keys.min(self.page_limit));
        let text = |text| text_of(call, text);
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{}</Prefix><KeyMarker>{}</KeyMarker><VersionIdMarker>{}</VersionIdMarker><MaxKeys>{max_keys}</MaxKeys>",
            self.bucket.name,
            text(prefix),
            text(call.parameter("key-marker").unwrap_or_default()),
            escape_xml(call.parameter("version-id-marker").unwrap_or_default()),
        );
        let next = page.entries.last().filter(|_| page.is_truncated);
        if let Some((key, version, _)) = next {
            let _ = write!(
                body,
                "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>",
                text(key),
                version.id
            );
        }
        if let Some(encoding) = call.parameter("encoding-type") {
            let _ = write!(
                body,
                "<EncodingType>{}</EncodingType>",
                escape_xml(encoding)
            );
        }
        let _ = write!(body, "<IsTruncated>{}</IsTruncated>", page.is_truncated);
        for (key, version, is_latest) in page.entries {
            push_entry(&mut body, &text(key), version, is_latest);
        }
        body.push_str("</ListVersionsResult>");
        Ok(xml(200, body))
    }

    fn page(&self, prefix: &str, marker: &Marker<'_>, limit: usize) -> Page<'_> {
        let from = if marker.key >= prefix && (marker.version.is_none() && !marker.key.is_empty()) {
            Bound::Excluded(marker.key)
        } else {
            Bound::Included(marker.key.max(prefix))
        };
        let keys = self.bucket.keys.range::<str, _>((from, Bound::Unbounded));
        let keys = keys.take_while(|(key, _)| key.starts_with(prefix));
        let entries = keys.flat_map(|(key, versions)| {
            let newest = versions.len() - 1;
            let versions = versions.iter().enumerate().rev();
            versions.map(move |(at, version)| (key.as_str(), version, at == newest))
        });
        let mut entries = entries.filter(|(key, version, _)| {
            *key != marker.key || marker.version.is_none_or(|after| version.sequence < after)
        });
        Page {
            entries: entries.by_ref().take(limit).collect(),
            is_truncated: limit > 0 && entries.next().is_some(),
        }
    }
}

fn max_keys(call: &Call<'_>) -> Result<usize, Error> {
    let Some(text) = call.parameter("max-keys") else {
        return Ok(MAX_KEYS);
    };
    let wanted: usize = text.parse().map_err(|_| {
        let message = "Provided max-keys not an integer or within integer range";
        invalid(message, "max-keys", text)
    })?;
    Ok(wanted.min(MAX_KEYS))
}

fn marker<'a>(call: &'a Call<'_>) -> Result<Marker<'a>, Error> {
    let key = call.parameter("key-marker").unwrap_or_default();
    let Some(id) = call.parameter("version-id-marker") else {
        return Ok(Marker { key, version: None });
    };
    let refusal = |message| invalid(message, "version-id-marker", id);
    if id.is_empty() {
        return Err(refusal("A version-id marker cannot be empty."));
    }
    if key.is_empty() {
        return Err(refusal(
            "A version-id marker cannot be specified without a key marker.",
        ));
    }
    check_version_id(id)?;
    // S3 goes on after a version that is gone, and refuses one that it never had: its ids tell their place.
    // <https://github.com/localstack/localstack/pull/12259>
    let version = sequence_of(id).ok_or_else(|| refusal("Invalid version id specified"))?;
    Ok(Marker {
        key,
        version: Some(version),
    })
}

fn invalid(message: &'static str, argument: &str, value: &str) -> Error {
    let error = Error::new(400, "InvalidArgument", message);
    error
        .with("ArgumentName", argument)
        .with("ArgumentValue", value)
}

fn text_of<'a>(call: &Call<'_>, text: &'a str) -> Cow<'a, str> {
    if call.parameter("encoding-type") == Some("url") {
        return utf8_percent_encode(text, RESERVED_IN_PATH).into();
    }
    escape_xml(text)
}

fn push_entry(body: &mut String, key: &str, version: &Version, is_latest: bool) {
    let kind = if version.is_marker {
        "DeleteMarker"
    } else {
        "Version"
    };
    let _ = write!(
        body,
        "<{kind}><Key>{key}</Key><VersionId>{}</VersionId><IsLatest>{is_latest}</IsLatest><LastModified>{}</LastModified>",
        version.id,
        rfc3339(version.stored_at)
    );
    if !version.is_marker {
        let _ = write!(
            body,
            "<ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass>",
            version.etag,
            version.bytes.len()
        );
    }
    let _ = write!(body, "</{kind}>");
}
