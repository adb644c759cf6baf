//! The items that people share by way of a function.

use std::fmt;
use std::str::FromStr;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::error::Error;
use crate::http::page::PageRequest;
use crate::own::access::Access;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{OwnItem, Stored, checked_kind};
use crate::own::reader::Reader;
use crate::store::own::{Collection, Place};

/// The longest name of a partition.
const MAX_PARTITION: usize = 80;

/// The items of type `T` that a person creates for others to read, in partitions of the function's own: a feed, the comments
/// on a post, the bookings of a day. Whoever created an item changes and removes it, and it goes with their account: an entry
/// in their own partition, written along with it, leads purge and export to it.
///
/// Every method can end with what every call to the table can: the caller's account is closed, or the table is not available.
pub struct SharedItems<T> {
    access: Access<T>,
    function: &'static str,
}

/// Where shared items lie together, and are listed together: letters, digits and `-_.`, 80 at most. DynamoDB takes about a
/// thousand writes a second in one, so what everybody writes to needs several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition(String);

/// The text is no name of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 80 letters, digits or -_.")]
pub struct ParsePartitionError;

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

impl<T: OwnItem> SharedItems<T> {
    pub(super) const fn new(access: Access<T>, function: &'static str) -> Self {
        Self { access, function }
    }

    const fn collection<'a>(&self, partition: &'a Partition) -> Collection<'a> {
        Collection {
            kind: checked_kind::<T>(),
            place: Place::Shared {
                function: self.function,
                partition: partition.0.as_str(),
            },
        }
    }

    /// Creates an item. A request that repeats one with the same key gets the item which that one created, as it is now. One
    /// round trip; one more for a repetition.
    ///
    /// # Errors
    /// [`OwnError::IdempotencyMismatch`] if the key was used for another request, [`OwnError::NotFound`] if what it created
    /// is gone.
    pub async fn create(
        &self,
        caller: &Caller,
        partition: &Partition,
        content: T,
        key: Option<IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        let at = self.collection(partition);
        self.access.create(caller, at, &content, key.as_ref()).await
    }

    /// An item, whoever created it. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`].
    pub async fn get(
        &self,
        reader: impl Into<Reader<'_>>,
        partition: &Partition,
        id: Id<T>,
    ) -> Result<Stored<T>, OwnError> {
        let (at, id) = (self.collection(partition), id.to_string());
        self.access.get(reader.into(), at, &id).await
    }

    /// A page of a partition, the newest first. It can be short, or empty, without being the last. The cursor is good for
    /// this reader, partition and type alone. One round trip.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list(
        &self,
        reader: impl Into<Reader<'_>>,
        partition: &Partition,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let at = self.collection(partition);
        self.access.list(reader.into(), at, page).await
    }

    /// A page of what the caller created, in whichever partition, the newest first. Two round trips.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list_own(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        self.access.list_by_entries(caller, page).await
    }

    /// Changes an item of the caller's to what `change` makes of it; `change` is called again if somebody else was faster.
    /// Two round trips.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] also if it is another's, and [`OwnError::VersionMismatch`] if it is not as `if_match` asks.
    pub async fn update(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
        mut change: impl FnMut(&mut T),
    ) -> Result<Stored<T>, OwnError> {
        let change = |content: &mut T| {
            change(content);
            Ok(())
        };
        let at = self.collection(partition);
        self.access.update(caller, at, id, if_match, change).await
    }

    /// As [`SharedItems::update`], for a change that the item as it is may not allow: then nothing is written.
    ///
    /// # Errors
    /// What `change` returns, and as [`SharedItems::update`].
    pub async fn try_update(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
        change: impl FnMut(&mut T) -> Result<(), Error>,
    ) -> Result<Stored<T>, Error> {
        let at = self.collection(partition);
        self.access.update(caller, at, id, if_match, change).await
    }

    /// Removes an item of the caller's. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] also if it is another's, and [`OwnError::VersionMismatch`] if it is not as `if_match` asks.
    pub async fn delete(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
    ) -> Result<(), OwnError> {
        let at = self.collection(partition);
        self.access.delete(caller, at, id, if_match).await
    }
}

impl<T: OwnItem> fmt::Debug for SharedItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedItems({} of {})", T::KIND, self.function)
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
