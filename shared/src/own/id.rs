//! Ids of own items.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base32::CROCKFORD_LOWER;
use crate::digest::sha256;
use crate::random::Random;
use crate::store::Actor;
use crate::time::Timestamp;

/// The id of an item of type `T`: 26 characters of base 32 that hold the time of creation (48 bits, milliseconds) and 80
/// random bits. Ids sort by age, and nobody guesses one; but for those of items that have a name, which are digests. An id of
/// one type is none of another, for the compiler.
pub struct Id<T> {
    bits: u128,
    of: PhantomData<fn() -> T>,
}

/// The text is no id of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the id of an item")]
pub struct ParseIdError;

impl<T> Id<T> {
    pub(super) fn new(at: Timestamp, random: &Random) -> Self {
        let millis = u128::from(at.millis().cast_unsigned() & 0xffff_ffff_ffff);
        let mut bits = [0; 16];
        bits[6..].copy_from_slice(&random.bytes::<10>());
        Self::of(millis << 80 | u128::from_be_bytes(bits))
    }

    const fn of(bits: u128) -> Self {
        Self {
            bits,
            of: PhantomData,
        }
    }

    /// The id that follows from `parts`, for what there is only one of and others look up: a person's block of another, say.
    pub fn derived(parts: &[&str]) -> Self {
        // The length of each keeps ("ab", "c") and ("a", "bc") apart.
        let parts = parts.iter().map(|part| format!("{} {part}", part.len()));
        let hash = sha256(parts.collect::<Vec<_>>().join(" ").as_bytes());
        let mut bits = [0; 16];
        bits.copy_from_slice(&hash[..16]);
        Self::of(u128::from_be_bytes(bits))
    }

    /// The id of what `owner` calls `name`.
    pub(super) fn named(owner: Actor<'_>, kind: &str, name: &str) -> Self {
        let (user, epoch) = (owner.user, owner.epoch.get());
        let mut bits = [0; 16];
        bits.copy_from_slice(&sha256(format!("{kind} {user} {epoch} {name}").as_bytes())[..16]);
        Self::of(u128::from_be_bytes(bits))
    }
}

impl<T> FromStr for Id<T> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let bytes = CROCKFORD_LOWER.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| ParseIdError)?.try_into();
        bytes
            .map(|bytes| Self::of(u128::from_be_bytes(bytes)))
            .map_err(|_| ParseIdError)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CROCKFORD_LOWER
            .encode_display(&self.bits.to_be_bytes())
            .fmt(f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

// Derived, these would ask the same of `T`.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bits.cmp(&other.bits)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Order;

    #[test]
    fn an_id_sorts_by_age_and_reads_as_it_is_written() {
        let random = Random::new(|bytes| bytes.fill(0xff));
        let zero = Random::new(|bytes| bytes.fill(0));
        let at = Timestamp::from_millis;
        let (early, late) = (
            Id::<Order>::new(at(41), &random),
            Id::<Order>::new(at(42), &zero),
        );
        assert!(early < late && early.to_string() < late.to_string());
        for id in [early, late] {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(serde_json::json!(id), id.to_string());
        }
    }

    #[test]
    fn a_derived_id_follows_from_its_parts_alone() {
        let id = |parts: &[&str]| Id::<Order>::derived(parts);
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
        assert_eq!(id(&["a"]).to_string().parse(), Ok(id(&["a"])));
        for other in [&["b", "a"][..], &["ab"], &["a b"], &["a", "b", ""]] {
            assert_ne!(id(&["a", "b"]), id(other));
        }
    }

    #[test]
    fn other_text_is_no_id() {
        for text in [
            "",
            "me",
            "zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "0000000000000000000000000",
            "0000000000000000000000000#",
            "0000000000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<Id<Order>>(), Err(ParseIdError), "{text}");
        }
    }
}
