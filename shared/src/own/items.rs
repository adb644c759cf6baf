//! The items of a person.

use std::fmt;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::error::Error;
use crate::http::page::PageRequest;
use crate::own::access::Access;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{Once, OwnItem, Stored, checked_kind};
use crate::store::own::{Collection, Place};

/// The items of type `T` that each person has for themselves. Nobody else reads or changes them, and they go with the account.
///
/// Every method can end with what every call to the table can: the caller's account is closed, or the table is not available.
pub struct Items<T>(Access<T>);

impl<T: OwnItem> Items<T> {
    const COLLECTION: Collection<'static> = Collection {
        kind: checked_kind::<T>(),
        place: Place::Own,
    };

    pub(super) const fn new(access: Access<T>) -> Self {
        Self(access)
    }

    /// Creates an item of the caller's. A request that repeats one with the same key gets the item which that one created,
    /// as it is now. One round trip; one more for a repetition.
    ///
    /// # Errors
    /// [`OwnError::IdempotencyMismatch`] if the key was used for another request, [`OwnError::NotFound`] if what it created
    /// is gone.
    pub async fn create(
        &self,
        caller: &Caller,
        content: T,
        key: Option<IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        let created = self
            .0
            .create(caller, Self::COLLECTION, &content, key.as_ref());
        created.await
    }

    /// Creates the item that the caller has once under this name: a setting, a membership. If it is there, it stays as it is.
    /// [`Items::id_of`] is its id. One round trip; one more if it is there.
    ///
    /// # Errors
    /// What every call can end with.
    pub async fn create_once(
        &self,
        caller: &Caller,
        name: &str,
        content: T,
    ) -> Result<Once<T>, OwnError> {
        let created = self.0.create_once(caller, Self::COLLECTION, name, &content);
        created.await
    }

    /// The id of the item that the caller has once under this name, whether or not it is there.
    pub fn id_of(&self, caller: &Caller, name: &str) -> Id<T> {
        Id::named(caller.actor(), T::KIND, name)
    }

    /// One of the caller's items. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`].
    pub async fn get(&self, caller: &Caller, id: Id<T>) -> Result<Stored<T>, OwnError> {
        let id = id.to_string();
        self.0.get(caller.into(), Self::COLLECTION, &id).await
    }

    /// A page of the caller's items, the newest first. It can be short, or empty, without being the last. The cursor is good
    /// for this caller and this type alone. One round trip.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        self.0.list(caller.into(), Self::COLLECTION, page).await
    }

    /// Changes one of the caller's items to what `change` makes of it; `change` is called again if somebody else was faster.
    /// Two round trips.
    ///
    /// # Errors
    /// [`OwnError::NotFound`], and [`OwnError::VersionMismatch`] if the item is not as `if_match` asks.
    pub async fn update(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
        mut change: impl FnMut(&mut T),
    ) -> Result<Stored<T>, OwnError> {
        let change = |content: &mut T| {
            change(content);
            Ok(())
        };
        let updated = self
            .0
            .update(caller, Self::COLLECTION, id, if_match, change);
        updated.await
    }

    /// As [`Items::update`], for a change that the item as it is may not allow: then nothing is written.
    ///
    /// # Errors
    /// What `change` returns, and as [`Items::update`].
    pub async fn try_update(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
        change: impl FnMut(&mut T) -> Result<(), Error>,
    ) -> Result<Stored<T>, Error> {
        let updated = self
            .0
            .update(caller, Self::COLLECTION, id, if_match, change);
        updated.await
    }

    /// Removes one of the caller's items. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`], and [`OwnError::VersionMismatch`] if the item is not as `if_match` asks.
    pub async fn delete(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
    ) -> Result<(), OwnError> {
        self.0.delete(caller, Self::COLLECTION, id, if_match).await
    }
}

impl<T: OwnItem> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({})", T::KIND)
    }
}
