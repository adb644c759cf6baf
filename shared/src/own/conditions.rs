//! The conditions that a request may put on an item, as extractors.

use axum::extract::FromRequestParts;
use data_encoding::HEXLOWER;
use http::request::Parts;

use crate::digest::sha256;
use crate::error::Error;
use crate::http::conditions::{self, Tags};
use crate::own::id::Id;
use crate::own::item::{OwnItem, Stored};

/// Versions begin at 1.
const NO_VERSION: u64 = 0;

/// The header `If-Match`: which version of an item a change is meant for. Without it a change is unconditional.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<Tags>);

/// The header `If-None-Match`: which version of an item the client has already.
#[derive(Clone, Debug, Default)]
pub struct IfNoneMatch(Option<Tags>);

impl IfMatch {
    /// No condition.
    pub const NONE: Self = Self(None);

    /// The versions of the item that it asks for; `None` if it asks for none. Weak tags match nothing.
    pub(super) fn versions<T: OwnItem>(&self, id: Id<T>) -> Option<Vec<u64>> {
        let Some(Tags::OneOf(tags)) = &self.0 else {
            return None;
        };
        let strong = tags.iter().filter(|tag| !tag.is_weak);
        let versions = strong.filter_map(|tag| version_in_tag(&tag.opaque, id));
        let mut versions: Vec<_> = versions.collect();
        if versions.is_empty() {
            versions.push(NO_VERSION);
        }
        Some(versions)
    }

    pub(super) fn allows<T: OwnItem>(&self, item: &Stored<T>) -> bool {
        let versions = self.versions(item.id);
        versions.is_none_or(|versions| versions.contains(&item.version))
    }
}

impl IfNoneMatch {
    /// Whether the client has just what the tag names.
    pub(super) fn names(&self, tag: &str) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.name(tag))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        conditions::if_match(&parts.headers).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self(conditions::if_none_match(&parts.headers)))
    }
}

/// `"<version>-<which item>"`, and a third part for what is shown beside the item.
pub(super) fn entity_tag<T: OwnItem>(id: Id<T>, version: u64, beside: Option<&str>) -> String {
    let which = identity(id);
    match beside {
        None => format!("\"{version}-{which}\""),
        Some(beside) => {
            let digest = HEXLOWER.encode(&sha256(beside.as_bytes())[..8]);
            format!("\"{version}-{which}-{digest}\"")
        }
    }
}

/// A writer means the first two parts.
fn version_in_tag<T: OwnItem>(opaque: &[u8], id: Id<T>) -> Option<u64> {
    let mut parts = std::str::from_utf8(opaque).ok()?.splitn(3, '-');
    let (version, which) = (parts.next()?, parts.next()?);
    let number: u64 = version.parse().ok()?;
    // As we write it: without a sign or leading zeros.
    (which == identity(id) && number.to_string() == version).then_some(number)
}

fn identity<T: OwnItem>(id: Id<T>) -> String {
    HEXLOWER.encode(&sha256(format!("{} {id}", T::KIND).as_bytes())[..8])
}
