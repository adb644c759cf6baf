//! The items of a person.

use std::marker::PhantomData;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::error::Error;
use crate::http::cursor;
use crate::http::page::PageRequest;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{OwnItem, Stored, is_name, is_written_later, written};
use crate::random::Random;
use crate::store::Store;
use crate::store::own::{
    Collection, CreateOwnItem, CreatedOwnItem, OwnRecord, OwnWriteOutcome, Place,
};
use crate::time::Clock;

/// The items of type `T` that each person has for themselves. Nobody else reads or changes them, and they go with the account.
///
/// Every write is a transaction that also checks that the account is active and of the caller's generation.
pub struct Items<T> {
    store: Store,
    clock: Clock,
    random: Random,
    of: PhantomData<fn() -> T>,
}

impl<T: OwnItem> Items<T> {
    const COLLECTION: Collection<'static> = {
        assert!(
            is_name(T::KIND),
            "KIND has lower-case letters, digits and hyphens"
        );
        Collection {
            kind: T::KIND,
            place: Place::Own,
        }
    };

    pub(super) fn new(store: Store, clock: Clock, random: Random) -> Self {
        Self {
            store,
            clock,
            random,
            of: PhantomData,
        }
    }

    /// Creates an item of the caller's. A request that repeats one with the same key gets the item which that one created,
    /// as it is now. One round trip; one more for a repetition.
    ///
    /// # Errors
    /// [`OwnError::IdempotencyMismatch`] if the key was used for another request; [`OwnError::NotFound`] if what it created
    /// is gone; and what every call can end with: the caller's account is closed, or the table is not available.
    pub async fn create(
        &self,
        caller: &Caller,
        content: T,
        key: Option<IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        let id = Id::<T>::new(self.clock.now(), &self.random);
        let written = written(&content)?;
        let key = key.map(|key| key.for_content(&written.json));
        let new = CreateOwnItem {
            owner: caller.actor(),
            collection: Self::COLLECTION,
            id: &id.to_string(),
            content: &written,
            idempotency: key.as_ref(),
        };
        let record = match self.store.create_own_item(&new).await? {
            CreatedOwnItem::New(record) => record,
            // Nobody else draws the same 80 bits in the same millisecond: the SDK repeated a write that was made.
            CreatedOwnItem::Exists => return self.get(caller, id).await,
            CreatedOwnItem::Repeated(earlier) => self.record(caller, &earlier).await?,
        };
        Stored::read(record)
    }

    /// One of the caller's items. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`], and what every call can end with.
    pub async fn get(&self, caller: &Caller, id: Id<T>) -> Result<Stored<T>, OwnError> {
        Stored::read(self.record(caller, &id.to_string()).await?)
    }

    async fn record(&self, caller: &Caller, id: &str) -> Result<OwnRecord, OwnError> {
        let found = self
            .store
            .own_item(caller.actor(), Self::COLLECTION, id)
            .await?;
        found.ok_or(OwnError::NotFound)
    }

    /// A page of the caller's items, the newest first. It can be short, or empty, without being the last. The cursor is good
    /// for this caller and this type alone. One round trip.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`], and what every call can end with.
    pub async fn list(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let scope = format!("own {} {}", T::KIND, caller.user);
        let before: Option<Id<T>> = page.after(&scope).map_err(|_| OwnError::InvalidCursor)?;
        let before = before.map(|id| id.to_string());
        let found = self
            .store
            .own_items(
                caller.actor(),
                Self::COLLECTION,
                page.limit,
                before.as_deref(),
            )
            .await?;
        let items = found.items.into_iter().map(Stored::read);
        Ok(PageResponse {
            items: items.collect::<Result<_, _>>()?,
            next_cursor: found.next.map(|id| cursor::encode(&id, &scope)),
        })
    }

    /// Changes one of the caller's items to what `change` makes of it; `change` is called again if somebody else was faster.
    /// Two round trips.
    ///
    /// # Errors
    /// [`OwnError::NotFound`]; [`OwnError::VersionMismatch`] if the item is not as `if_match` asks; and what every call can
    /// end with.
    pub async fn update(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
        mut change: impl FnMut(&mut T),
    ) -> Result<Stored<T>, OwnError> {
        self.changed(caller, id, if_match, |content| {
            change(content);
            Ok(())
        })
        .await
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
        self.changed(caller, id, if_match, change).await
    }

    async fn changed<E: From<OwnError>>(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
        mut change: impl FnMut(&mut T) -> Result<(), E>,
    ) -> Result<Stored<T>, E> {
        let change = |current: Option<&OwnRecord>| {
            let record = current.ok_or(OwnError::NotFound).map_err(Failed::Item)?;
            let mut item = Stored::<T>::read(record.clone()).map_err(Failed::Item)?;
            if !if_match.allows(&item) {
                return Err(Failed::Item(OwnError::VersionMismatch));
            }
            if is_written_later::<T>(record) {
                return Err(Failed::Item(OwnError::WrittenLater));
            }
            change(&mut item.content).map_err(Failed::Change)?;
            written(&item.content).map_err(Failed::Item)
        };
        let id = id.to_string();
        let changed = self
            .store
            .change_own_item(caller.actor(), Self::COLLECTION, &id, change)
            .await;
        match changed {
            Ok(record) => Ok(Stored::read(record)?),
            Err(Failed::Item(error)) => Err(error.into()),
            Err(Failed::Change(error)) => Err(error),
        }
    }

    /// Removes one of the caller's items. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`]; [`OwnError::VersionMismatch`] if the item is not as `if_match` asks; and what every call can
    /// end with.
    pub async fn delete(
        &self,
        caller: &Caller,
        id: Id<T>,
        if_match: &IfMatch,
    ) -> Result<(), OwnError> {
        let versions = if_match.versions(id);
        let text = id.to_string();
        let deleted = self
            .store
            .delete_own_item(caller.actor(), Self::COLLECTION, &text, versions.as_deref())
            .await?;
        match deleted {
            OwnWriteOutcome::Done(()) => Ok(()),
            OwnWriteOutcome::Refused(Some(record)) if record.is_of(caller.actor()) => {
                Err(OwnError::VersionMismatch)
            }
            OwnWriteOutcome::Refused(_) => Err(OwnError::NotFound),
        }
    }
}

/// Why a change was not made.
enum Failed<E> {
    Item(OwnError),
    Change(E),
}

impl<E> From<crate::store::own::OwnStoreError> for Failed<E> {
    fn from(error: crate::store::own::OwnStoreError) -> Self {
        Self::Item(error.into())
    }
}

impl<T> std::fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Items")
    }
}
