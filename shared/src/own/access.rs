//! What items of a person and shared items have in common: the content is a type's, and a record the store's.

use std::marker::PhantomData;

use crate::api::page::PageResponse;
use crate::auth::Caller;
use crate::http::cursor;
use crate::http::page::PageRequest;
use crate::moderation::TextChecks;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{MAX_TEXT_TO_CHECK, Once, OwnItem, Stored, is_written_later, written};
use crate::own::reader::Reader;
use crate::random::Random;
use crate::store::own::{
    Collection, CreateOwnItem, CreatedOwnItem, OwnContent, OwnRecord, OwnWriteOutcome, TextChange,
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

impl<T: OwnItem> Access<T> {
    pub(super) const fn new(
        store: Store,
        clock: Clock,
        random: Random,
        text_checks: Option<TextChecks>,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            text_checks,
            of: PhantomData,
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
        let id = Id::new(self.clock.now(), &self.random);
        // Nobody else draws the same 80 bits in the same millisecond: an item that is there is one that the SDK repeated.
        let created = self.created(caller, collection, id, content, key).await?;
        Ok(created.item)
    }

    pub(super) async fn create_once(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        name: &str,
        content: &T,
    ) -> Result<Once<T>, OwnError> {
        let id = Id::named(caller.actor(), T::KIND, name);
        self.created(caller, collection, id, content, None).await
    }

    pub(super) async fn created(
        &self,
        caller: &Caller,
        collection: Collection<'_>,
        id: Id<T>,
        content: &T,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<T>, OwnError> {
        let (id, mut written) = (id.to_string(), written(content)?);
        let keys = collection.keys_of(caller.actor(), &id);
        written.text = self.announced(keys, content.text_to_check()).await?;
        let key = key.map(|key| key.for_content(collection.place, &written.json));
        let new = CreateOwnItem {
            owner: caller.actor(),
            collection,
            id: &id,
            content: &written,
            idempotency: key.as_ref(),
            marks: T::MARKS,
        };
        let earlier = match self.store.create_own_item(&new).await? {
            CreatedOwnItem::New(record) => {
                let item = Stored::read(record)?;
                return Ok(Once { item, is_new: true });
            }
            CreatedOwnItem::Exists => id,
            CreatedOwnItem::Repeated(earlier) => earlier,
        };
        let item = self.get(caller.into(), collection, &earlier).await?;
        let is_new = false;
        Ok(Once { item, is_new })
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
        let (owner, id) = (caller.actor(), id.to_string());
        let found = self.store.own_item(Some(owner), collection, &id).await;
        let mut current = found.map_err(OwnError::from)?;
        let mut attempts = self.store.attempts();
        loop {
            let own = current.filter(|record| record.is_of(owner));
            let read = own.ok_or(OwnError::NotFound)?;
            let (mut content, text) = changed(&read, if_match, &mut change)?;
            if let Some(text) = text {
                let keys = collection.keys_of(owner, &id);
                content.text = self.announced(keys, text).await?;
            }
            let updated = self
                .store
                .update_own_item(owner, collection, &read, content);
            current = match updated.await.map_err(OwnError::from)? {
                OwnWriteOutcome::Done(record) => return Ok(Stored::read(record)?),
                OwnWriteOutcome::Refused(found) => found,
            };
            attempts.start_over().await.map_err(OwnError::from)?;
        }
    }

    /// What is stored of a text that is new, once its check is announced.
    async fn announced(
        &self,
        keys: (String, String),
        text: Option<String>,
    ) -> Result<TextChange, OwnError> {
        let text = text.filter(|text| !text.trim().is_empty());
        let (Some(checks), Some(text)) = (&self.text_checks, text) else {
            return Ok(TextChange::Drop);
        };
        if text.chars().count() > MAX_TEXT_TO_CHECK {
            return Err(OwnError::TooLarge);
        }
        Ok(checks.announce_text(keys, text).await?)
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

/// What the item is after the change, and its text if that is another.
fn changed<T: OwnItem, E: From<OwnError>>(
    read: &OwnRecord,
    if_match: &IfMatch,
    change: &mut impl FnMut(&mut T) -> Result<(), E>,
) -> Result<(OwnContent, Option<Option<String>>), E> {
    let mut item = Stored::<T>::read(read.clone())?;
    if !if_match.allows(&item) {
        return Err(OwnError::VersionMismatch.into());
    }
    if is_written_later::<T>(read) {
        return Err(OwnError::WrittenLater.into());
    }
    let before = item.content.text_to_check();
    change(&mut item.content)?;
    let after = item.content.text_to_check();
    let text = (before != after).then_some(after);
    Ok((written(&item.content)?, text))
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
