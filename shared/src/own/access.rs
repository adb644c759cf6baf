//! What items of a person and shared items have in common: the content is a type's, and a record the store's.

use std::marker::PhantomData;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::http::cursor;
use crate::http::page::PageRequest;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{OwnItem, Stored, is_written_later, written};
use crate::own::reader::Reader;
use crate::random::Random;
use crate::store::own::{
    Collection, CreateOwnItem, CreatedOwnItem, OwnRecord, OwnStoreError, OwnWriteOutcome,
};
use crate::store::{Page, Store};
use crate::time::Clock;

/// Access to the items of type `T`, wherever they are.
pub(super) struct Access<T> {
    store: Store,
    clock: Clock,
    random: Random,
    of: PhantomData<fn() -> T>,
}

/// Why a change was not made.
enum Failed<E> {
    Item(OwnError),
    Change(E),
}

impl<E> From<OwnStoreError> for Failed<E> {
    fn from(error: OwnStoreError) -> Self {
        Self::Item(error.into())
    }
}

impl<T: OwnItem> Access<T> {
    pub(super) const fn new(store: Store, clock: Clock, random: Random) -> Self {
        Self {
            store,
            clock,
            random,
            of: PhantomData,
        }
    }

    pub(super) async fn create(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        content: &T,
        key: Option<&IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        let id = Id::<T>::new(self.clock.now(), &self.random).to_string();
        let written = written(content)?;
        let key = key.map(|key| key.for_content(collection.place, &written.json));
        let new = CreateOwnItem {
            owner: caller.actor(),
            collection,
            id: &id,
            content: &written,
            idempotency: key.as_ref(),
        };
        match self.store.create_own_item(&new).await? {
            CreatedOwnItem::New(record) => Stored::read(record),
            // Nobody else draws the same 80 bits in the same millisecond: the SDK repeated a write that was made.
            CreatedOwnItem::Exists => self.get(caller.into(), collection, &id).await,
            CreatedOwnItem::Repeated(id) => self.get(caller.into(), collection, &id).await,
        }
    }

    pub(super) async fn get(
        &self,
        reader: Reader<'_>,
        collection: Collection<'_>,
        id: &str,
    ) -> Result<Stored<T>, OwnError> {
        let found = self.store.own_item(reader.actor(), collection, id).await?;
        Stored::read(found.ok_or(OwnError::NotFound)?)
    }

    pub(super) async fn list(
        &self,
        reader: Reader<'_>,
        collection: Collection<'_>,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let scope = format!("{collection} of {}", reader.scope());
        let before = position::<T>(page, &scope)?;
        let found = self
            .store
            .own_items(reader.actor(), collection, page.limit, before.as_deref())
            .await?;
        page_of(found, &scope)
    }

    /// The shared items about the caller, wherever they are.
    pub(super) async fn list_by_entries(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let scope = format!("entries {} {}", T::KIND, caller.user);
        let before = position::<T>(page, &scope)?;
        let found = self
            .store
            .shared_items_about(caller.actor(), T::KIND, page.limit, before.as_deref())
            .await?;
        page_of(found, &scope)
    }

    pub(super) async fn update<E: From<OwnError>>(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
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
        let (owner, id) = (caller.actor(), id.to_string());
        let changed = self.store.change_own_item(owner, collection, &id, change);
        match changed.await {
            Ok(record) => Ok(Stored::read(record)?),
            Err(Failed::Item(error)) => Err(error.into()),
            Err(Failed::Change(error)) => Err(error),
        }
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        id: Id<T>,
        if_match: &IfMatch,
    ) -> Result<(), OwnError> {
        let versions = if_match.versions(id);
        let (owner, id) = (caller.actor(), id.to_string());
        let deleted = self
            .store
            .delete_own_item(owner, collection, &id, versions.as_deref())
            .await?;
        match deleted {
            OwnWriteOutcome::Done(()) => Ok(()),
            OwnWriteOutcome::Refused(Some(record)) if record.is_of(owner) => {
                Err(OwnError::VersionMismatch)
            }
            OwnWriteOutcome::Refused(_) => Err(OwnError::NotFound),
        }
    }
}

fn position<T>(page: &PageRequest, scope: &str) -> Result<Option<String>, OwnError> {
    let before: Option<Id<T>> = page.after(scope).map_err(|_| OwnError::InvalidCursor)?;
    Ok(before.map(|id| id.to_string()))
}

fn page_of<T: OwnItem>(
    found: Page<OwnRecord>,
    scope: &str,
) -> Result<PageResponse<Stored<T>>, OwnError> {
    let items = found.items.into_iter().map(Stored::read);
    Ok(PageResponse {
        items: items.collect::<Result<_, _>>()?,
        next_cursor: found.next.map(|id| cursor::encode(&id, scope)),
    })
}
