//! Where shared items lie together.

use std::str::FromStr;

use crate::own::id::Id;

/// The longest name of a partition.
const MAX_PARTITION: usize = 80;

/// Where shared items lie together, and are listed together: letters, digits and `-_.`, 80 at most. DynamoDB takes about a
/// thousand writes a second in one, so what everybody writes to needs several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition(String);

/// The text is no name of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 80 letters, digits or -_.")]
pub struct ParsePartitionError;

impl Partition {
    pub(super) const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Partition {
    type Err = ParsePartitionError;

    fn from_str(text: &str) -> Result<Self, ParsePartitionError> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=MAX_PARTITION).contains(&text.len()) && text.bytes().all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParsePartitionError)
        }
    }
}

impl<T> From<Id<T>> for Partition {
    /// What belongs to another item: its comments, or its likes.
    fn from(id: Id<T>) -> Self {
        Self(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_no_way_into_another() {
        for text in ["2026-01-31", "a", "A_b.c", &"x".repeat(80)] {
            assert_eq!(text.parse(), Ok(Partition(text.to_owned())));
        }
        for text in ["", "a#b", "a b", "~", "\u{e4}", &"x".repeat(81)] {
            assert_eq!(
                text.parse::<Partition>(),
                Err(ParsePartitionError),
                "{text}"
            );
        }
    }
}
