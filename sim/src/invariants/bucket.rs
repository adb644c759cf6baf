//! The bucket: versions, each of which stays as it was stored until it is removed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Findings, Kind};

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The object's key.
    pub key: String,
    /// The version id.
    pub version: String,
    /// Whether it is a delete marker.
    pub is_marker: bool,
    /// Whether the key has nothing later.
    pub is_latest: bool,
    /// The bytes.
    pub bytes: Bytes,
    /// The ETag.
    pub etag: String,
    /// What it is served as.
    pub content_type: Option<String>,
}

impl StoredObject {
    fn is_same(&self, other: &Self) -> bool {
        let is_latest = other.is_latest;
        *other
            == Self {
                is_latest,
                ..self.clone()
            }
    }

    /// Whether the bytes begin as those of the type do.
    pub(crate) fn is_of_its_type(&self) -> bool {
        let bytes = &self.bytes[..];
        match self.content_type.as_deref() {
            Some("image/jpeg") => bytes.starts_with(b"\xff\xd8\xff"),
            Some("image/png") => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            Some("image/gif") => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
            Some("image/webp") => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            _ => false,
        }
    }
}

/// All versions, by key and id.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    objects: BTreeMap<(String, String), StoredObject>,
    /// Delete markers that something was stored over.
    overtaken: BTreeSet<(String, String)>,
}

impl Bucket {
    pub(crate) fn get(&self, key: &str, version: &str) -> Option<&StoredObject> {
        self.objects.get(&(key.to_owned(), version.to_owned()))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &StoredObject> {
        self.objects.values()
    }

    /// Whether the marker hides something, and has done so ever since it was placed.
    pub(crate) fn hides(&self, marker: &StoredObject) -> bool {
        let at = (marker.key.clone(), marker.version.clone());
        let mut others = self.all().filter(|other| other.key == marker.key);
        marker.is_latest && !self.overtaken.contains(&at) && others.any(|other| !other.is_marker)
    }

    /// Takes over what the bucket holds now; returns what it does not hold any more.
    pub(super) fn replace(
        &mut self,
        stored: impl Iterator<Item = StoredObject>,
        found: &mut Findings,
    ) -> BTreeMap<(String, String), StoredObject> {
        let mut former = std::mem::take(&mut self.objects);
        for object in stored {
            let at = (object.key.clone(), object.version.clone());
            let same = former.remove(&at).is_none_or(|was| was.is_same(&object));
            found.unless(same, Kind::ObjectChanged, || {
                format!("version {} of {}", at.1, at.0)
            });
            if object.is_marker && !object.is_latest {
                self.overtaken.insert(at.clone());
            }
            self.objects.insert(at, object);
        }
        former
    }
}
