//! What items of a person and shared items have in common: the content is a type's, and a record the store's.

use std::marker::PhantomData;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::http::cursor;
use crate::http::page::PageRequest;
use crate::moderation::{ItemCheck, TextChecks};
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{OwnItem, Stored, is_written_later, written};
use crate::own::reader::Reader;
use crate::random::Random;
use crate::store::own::{
    Collection, CreateOwnItem, CreatedOwnItem, OwnRecord, OwnStoreError, OwnWriteOutcome,
    TextChange,
};
use crate::store::{Page, Store};
use crate::time::Clock;

/// Access to the items of type `T`, wherever they are.
pub(super) struct Access<T> {
    store: Store,
    clock: Clock,
    random: Random,
    text_checks: Option<TextChecks>,
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
            text_checks: None,
            of: PhantomData,
        }
    }

    pub(super) fn with_text_checks(self, checks: TextChecks) -> Self {
        Self {
            text_checks: Some(checks),
            ..self
        }
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    pub(super) async fn create(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        content: &T,
        key: Option<&IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        // Nobody else draws the same 80 bits in the same millisecond: if it exists, the SDK repeated a write that was made.
        let id = Id::new(self.clock.now(), &self.random);
        let (item, _) = self.create_as(caller, collection, id, content, key).await?;
        Ok(item)
    }

    /// Creates an item of that id, unless there is one. Returns what is there, and whether it is new.
    pub(super) async fn create_as(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        id: Id<T>,
        content: &T,
        key: Option<&IdempotencyKey>,
    ) -> Result<(Stored<T>, bool), OwnError> {
        let id = id.to_string();
        let mut written = written(content, TextChange::None)?;
        let key = key.map(|key| key.for_content(collection.place, &written.json));
        if let Some(text) = content.checked_text() {
            let announced = self.announce(caller, collection, &id).await?;
            written.text = announced.map_or(TextChange::None, |check| {
                TextChange::Announced(check, text.to_owned())
            });
        }
        let new = CreateOwnItem {
            owner: caller.actor(),
            collection,
            id: &id,
            content: &written,
            idempotency: key.as_ref(),
            marks: T::MARKS,
        };
        let id = match self.store.create_own_item(&new).await? {
            CreatedOwnItem::New(record) => return Ok((Stored::read(record)?, true)),
            CreatedOwnItem::Exists => id,
            CreatedOwnItem::Repeated(id) => id,
        };
        let found = self.get(caller.into(), collection, &id).await?;
        Ok((found, false))
    }

    /// Announces that an item is about to get a text, if texts are checked.
    async fn announce(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        id: &str,
    ) -> Result<Option<ItemCheck>, OwnError> {
        let Some(checks) = &self.text_checks else {
            return Ok(None);
        };
        let (pk, sk) = collection.address(caller.actor(), id);
        Ok(checks.announce_item(&pk, &sk).await?)
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

    /// A page of several collections as if they were one; `name` is what they are together.
    pub(super) async fn list_all(
        &self,
        reader: Reader<'_>,
        collections: &[Collection<'_>],
        name: &str,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let scope = format!("{name} of {}", reader.scope());
        let before = position::<T>(page, &scope)?;
        let (reader, before) = (reader.actor(), before.as_deref());
        let found = self
            .store
            .own_items_of_all(reader, collections, page.limit, before);
        page_of(found.await?, &scope)
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
        // Whether the text changes is known later; an announcement that nothing follows is discarded.
        let check = self.announce(caller, collection, &id.to_string()).await?;
        let change = |current: Option<&OwnRecord>| {
            let record = current.ok_or(OwnError::NotFound).map_err(Failed::Item)?;
            let mut item = Stored::<T>::read(record.clone()).map_err(Failed::Item)?;
            if !if_match.allows(&item) {
                return Err(Failed::Item(OwnError::VersionMismatch));
            }
            if is_written_later::<T>(record) {
                return Err(Failed::Item(OwnError::WrittenLater));
            }
            let text_before = item.content.checked_text().map(str::to_owned);
            change(&mut item.content).map_err(Failed::Change)?;
            let text = match item.content.checked_text() {
                text if text == text_before.as_deref() => TextChange::None,
                Some(text) if let Some(check) = &check => {
                    TextChange::Announced(check.clone(), text.to_owned())
                }
                _ => TextChange::Unchecked,
            };
            written(&item.content, text).map_err(Failed::Item)
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
