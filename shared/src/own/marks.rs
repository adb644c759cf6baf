//! What a person sets on a shared item once, such as a like, and how many there are.

use std::fmt;
use std::marker::PhantomData;

use crate::auth::Caller;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::item::{OwnItem, is_name};
use crate::own::reader::Reader;
use crate::store::Store;
use crate::store::own::{MarksOn, Tally};

/// A kind of mark. The type of what it is set on names it among its [`MARKS`](OwnItem::MARKS).
pub trait Mark {
    /// What it is set on.
    type On: OwnItem;

    /// What the marks are called in the table and in the export of a person's data, as [`OwnItem::KIND`].
    const KIND: &'static str;
}

/// Marks of a kind: each person sets at most one on an item, however often they try, and they are counted. A mark goes with
/// the account of whoever set it, and with the item.
///
/// The counts are exact, and no key takes the writes of all: marks are spread among four partitions by who sets them, each
/// of which counts its own in the transaction that sets one. A count is the sum of four items.
///
/// Every method can end with what every call to the table can: the caller's account is closed, or the table is not available.
pub struct Marks<M> {
    store: Store,
    function: &'static str,
    of: PhantomData<fn() -> M>,
}

impl<M: Mark> Marks<M> {
    const KIND: &'static str = {
        assert!(
            is_name(M::KIND),
            "KIND has lower-case letters, digits and hyphens, with a letter first"
        );
        M::KIND
    };

    pub(super) const fn new(store: Store, function: &'static str) -> Self {
        Self {
            store,
            function,
            of: PhantomData,
        }
    }

    const fn on<'a>(&self, item: &'a str) -> MarksOn<'a> {
        MarksOn {
            function: self.function,
            kind: Self::KIND,
            item,
        }
    }

    /// Sets the caller's mark on an item. Returns whether it is new. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] if there is no such item.
    pub async fn set(&self, caller: &Caller, item: Id<M::On>) -> Result<bool, OwnError> {
        let item = item.to_string();
        let set = self.store.set_mark(caller.actor(), self.on(&item)).await?;
        set.ok_or(OwnError::NotFound)
    }

    /// Takes the caller's mark off an item. Returns whether there was one. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] if there is no such item.
    pub async fn unset(&self, caller: &Caller, item: Id<M::On>) -> Result<bool, OwnError> {
        let item = item.to_string();
        let unset = self
            .store
            .unset_mark(caller.actor(), self.on(&item))
            .await?;
        unset.ok_or(OwnError::NotFound)
    }

    /// How many marks each of these items has, and whether one is the reader's. One round trip for twenty items; it does not
    /// ask about the reader's account.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn tally(
        &self,
        reader: impl Into<Reader<'_>>,
        items: &[Id<M::On>],
    ) -> Result<Vec<Tally>, OwnError> {
        let items: Vec<_> = items.iter().map(Id::to_string).collect();
        let on: Vec<_> = items.iter().map(|item| self.on(item)).collect();
        Ok(self.store.tallies(reader.into().actor(), &on).await?)
    }
}

impl<M: Mark> fmt::Debug for Marks<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Marks({} of {})", M::KIND, self.function)
    }
}
