//! What the bucket holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::HeaderName;
use md5::{Digest, Md5};

use super::answer::Error;
use super::event::Event;

/// Keys with their versions, the oldest first, and the events that nobody has taken yet.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) keys: BTreeMap<String, Vec<Version>>,
    pub(super) events: Vec<Event>,
    sequence: u64,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// S3's name for it.
    pub id: String,
    /// Whether it is a marker, which has no bytes.
    pub is_marker: bool,
    /// What was stored.
    pub bytes: Bytes,
    /// The ETag, without quotes.
    pub etag: String,
    /// What it is served as.
    pub content_type: String,
    /// Other headers that it is served with, user metadata among them.
    pub headers: Vec<(HeaderName, String)>,
    /// When it was stored, in milliseconds.
    pub stored_at: i64,
    pub(super) sequence: u64,
}

/// What a request stores.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) headers: Vec<(HeaderName, String)>,
}

impl Bucket {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: BTreeMap::new(),
            events: Vec::new(),
            sequence: 0,
        }
    }

    /// The version that a read without a version id is about; a marker counts as none.
    pub(super) fn current(&self, key: &str) -> Option<&Version> {
        let newest = self.keys.get(key)?.last()?;
        (!newest.is_marker).then_some(newest)
    }

    /// The version of that name, if the key has it.
    ///
    /// # Errors
    /// If nothing that S3 has ever named looks like that.
    pub(super) fn find(&self, key: &str, id: &str) -> Result<Option<&Version>, Error> {
        check_version_id(id)?;
        let versions = self.keys.get(key).map_or(&[][..], Vec::as_slice);
        Ok(versions.iter().find(|version| version.id == id))
    }

    pub(super) fn store(
        &mut self,
        key: &str,
        content: Content,
        event: &'static str,
        now: i64,
    ) -> &Version {
        let default_type = || "binary/octet-stream".to_owned();
        let version = Version {
            id: String::new(),
            is_marker: false,
            etag: HEXLOWER.encode(&Md5::digest(&content.bytes)),
            bytes: content.bytes,
            content_type: content.content_type.unwrap_or_else(default_type),
            headers: content.headers,
            stored_at: now,
            sequence: 0,
        };
        self.push(key, version, event)
    }

    pub(super) fn place_marker(&mut self, key: &str, event: &'static str, now: i64) -> &Version {
        let marker = Version {
            id: String::new(),
            is_marker: true,
            bytes: Bytes::new(),
            etag: String::new(),
            content_type: String::new(),
            headers: Vec::new(),
            stored_at: now,
            sequence: 0,
        };
        self.push(key, marker, event)
    }

    fn push(&mut self, key: &str, version: Version, event: &'static str) -> &Version {
        let sequence = self.next();
        let version = Version {
            id: version_id(sequence),
            sequence,
            ..version
        };
        self.events.push(Event::stored(event, key, &version));
        let versions = self.keys.entry(key.to_owned()).or_default();
        versions.push(version);
        // It has just been put there.
        &versions[versions.len() - 1]
    }

    /// Removes a version for good; `None` if it is not there.
    pub(super) fn remove(
        &mut self,
        key: &str,
        id: &str,
        event: &'static str,
        now: i64,
    ) -> Option<Version> {
        let versions = self.keys.get_mut(key)?;
        let at = versions.iter().position(|version| version.id == id)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            self.keys.remove(key);
        }
        let sequence = self.next();
        self.events
            .push(Event::removed(event, key, id, sequence, now));
        Some(removed)
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// As long as S3's. It tells its place in the order of writing, as a list continues after a version that is gone.
fn version_id(sequence: u64) -> String {
    format!("{sequence:032}")
}

/// The place in the order of writing; `None` for a name that this bucket has never given. What was stored before
/// versioning would come first.
pub(super) fn sequence_of(id: &str) -> Option<u64> {
    match id {
        "null" => Some(0),
        id => (id.len() == 32).then(|| id.parse().ok())?,
    }
}

pub(super) fn check_version_id(id: &str) -> Result<(), Error> {
    let is_like_one = id.len() == 32
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
    if is_like_one || id == "null" {
        return Ok(());
    }
    let error = Error::new(400, "InvalidArgument", "Invalid version id specified");
    Err(error
        .with("ArgumentName", "versionId")
        .with("ArgumentValue", id))
}
