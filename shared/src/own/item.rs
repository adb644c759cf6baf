//! A type whose values an own function keeps, and a value as it is kept.

use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::ids::UserId;
use crate::moderation::TextStatus;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::store::own::{OwnContent, OwnRecord, TextChange};
use crate::time::Timestamp;

/// The largest content of an item, in bytes of JSON. DynamoDB takes items up to 400 KB, with everything in them.
pub const MAX_CONTENT: usize = 350 * 1024;

/// The longest text that is checked, in characters. It is stored beside the content until it has been decided on.
pub const MAX_TEXT_TO_CHECK: usize = 10_000;

/// A type whose values are kept as items, as JSON.
///
/// Fields may be added any time if they have `#[serde(default)]`. For any other change raise [`OwnItem::VERSION`], and let
/// [`OwnItem::upgrade`] read what is stored.
pub trait OwnItem: Serialize + DeserializeOwned {
    /// What the items are called in the table and in the export of a person's data: lower-case letters, digits and hyphens,
    /// with a letter first. No two types of a project have the same. It cannot be changed once there are items.
    const KIND: &'static str;

    /// The version of the type: what is written says which one it is of.
    const VERSION: u16 = 1;

    /// The kinds of [`Mark`](crate::own::Mark)s that people can set on items that are shared.
    const MARKS: &'static [&'static str] = &[];

    /// Reads what an earlier version of the type has written.
    ///
    /// # Errors
    /// If it cannot be read: the request that needs it ends with 500.
    fn upgrade(version: u16, content: Value) -> Result<Self, serde_json::Error> {
        let _ = version;
        serde_json::from_value(content)
    }

    /// The text that has to pass a content check before others see the item, if the function
    /// [checks texts](crate::own::Own::with_text_checks); `None` if there is none. It has up to [`MAX_TEXT_TO_CHECK`].
    fn text_to_check(&self) -> Option<String> {
        None
    }
}

/// An item as it is kept. It dereferences to its content, and as JSON it is `id`, `version`, `created_at` and `updated_at`, and
/// `text_status` if there is one, with
/// the fields of the content beside them.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// The item's id.
    pub id: Id<T>,
    /// Whom it is about: the person who created it.
    pub owner: UserId,
    /// 1 at first, one more with each change.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// How far its text has come; `None` while others see the item. Its owner always does.
    pub text_status: Option<TextStatus>,
    /// What it holds.
    pub content: T,
}

/// An item that there is once.
#[derive(Clone, Debug)]
pub struct Once<T> {
    /// The item as it is.
    pub item: Stored<T>,
    /// Whether it was created just now.
    pub is_new: bool,
}

impl<T: OwnItem> Stored<T> {
    pub(super) fn read(record: OwnRecord) -> Result<Self, OwnError> {
        let id = record.id.parse();
        let id = id.map_err(|error| unreadable::<T>(serde_json::Error::custom(error)))?;
        Ok(Self {
            id,
            version: record.version,
            created_at: record.created_at,
            updated_at: record.updated_at,
            text_status: record.text_status,
            content: parsed(&record.content).map_err(unreadable::<T>)?,
            owner: record.owner,
        })
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T: Serialize> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let content = serde_json::to_value(&self.content).map_err(S::Error::custom)?;
        let Value::Object(fields) = content else {
            return Err(S::Error::custom("the content of an item has no fields"));
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("created_at", &self.created_at.to_rfc3339())?;
        map.serialize_entry("updated_at", &self.updated_at.to_rfc3339())?;
        if let Some(status) = self.text_status {
            map.serialize_entry("text_status", status.as_str())?;
        }
        for (name, value) in &fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The content as it is stored. The same value is always the same text.
pub(super) fn written<T: OwnItem>(content: &T) -> Result<OwnContent, OwnError> {
    let json = serde_json::to_value(content).map_err(unreadable::<T>)?;
    let json = json.to_string();
    if json.len() > MAX_CONTENT {
        return Err(OwnError::TooLarge);
    }
    Ok(OwnContent {
        json,
        version: T::VERSION,
        text: TextChange::Keep,
    })
}

/// Whether a later version of the type has written the record: to write it would lose what this one does not know.
pub(super) fn is_written_later<T: OwnItem>(record: &OwnRecord) -> bool {
    record.content.version > T::VERSION
}

fn parsed<T: OwnItem>(content: &OwnContent) -> Result<T, serde_json::Error> {
    if content.version < T::VERSION {
        T::upgrade(content.version, serde_json::from_str(&content.json)?)
    } else {
        serde_json::from_str(&content.json)
    }
}

fn unreadable<T: OwnItem>(source: serde_json::Error) -> OwnError {
    OwnError::Unreadable {
        kind: T::KIND,
        source,
    }
}

/// The kind of `T`, which the compiler refuses if it cannot be part of a key.
pub(super) const fn checked_kind<T: OwnItem>() -> &'static str {
    const {
        assert!(
            is_name(T::KIND),
            "KIND has lower-case letters, digits and hyphens, with a letter first"
        );
    }
    T::KIND
}

/// Whether a kind, or the name of a function, can be part of a key.
pub(crate) const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 40 || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};

    #[derive(Serialize, serde::Deserialize)]
    struct Log {
        lines: Vec<String>,
    }

    impl OwnItem for Log {
        const KIND: &'static str = "logs";
    }

    #[test]
    fn an_item_that_dynamodb_would_not_take_is_refused() {
        let log = |length: usize| Log {
            lines: vec!["x".repeat(length)],
        };
        let around = r#"{"lines":[""]}"#.len();
        let largest = written(&log(MAX_CONTENT - around)).unwrap();
        assert_eq!(largest.json.len(), MAX_CONTENT);
        let error = written(&log(MAX_CONTENT - around + 1)).err().unwrap();
        assert!(matches!(error, OwnError::TooLarge));
        assert_eq!(Error::from(error).code(), Code::BodyTooLarge);
    }

    #[test]
    fn kinds_are_names_that_a_key_can_hold() {
        for name in ["orders", "a", "two-words", "v2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "Orders",
            "2nd",
            "-a",
            "a#b",
            "~",
            "a_b",
            "\u{e4}",
            &"a".repeat(41),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
