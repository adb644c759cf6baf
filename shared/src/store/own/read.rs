//! Reading items of own functions.

use futures_util::future::join;

use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::expression::Condition;
use crate::store::item::{Item, s};
use crate::store::own::{Collection, OwnRecord, OwnStoreError, Place};
use crate::store::owner_state::{admit, is_owner_state};
use crate::store::page::Page;
use crate::store::schema::Key;

impl Store {
    /// Asks for an item that is not there, among those that an own function may read, so that the first request finds an
    /// open connection. Failure does not matter.
    pub(crate) async fn warm_up_own_items(&self) {
        let _ = self.dynamo.get(Key::no_own_item()).await;
    }

    /// An item, along with what says whether `reader` is let in; without a reader, only what is shared. One's own of an
    /// earlier account generation is none.
    pub(crate) async fn own_item(
        &self,
        reader: Option<Actor<'_>>,
        collection: Collection<'_>,
        id: &str,
    ) -> Result<Option<OwnRecord>, OwnStoreError> {
        let key = collection.key(reader, id);
        let state = reader.map(|reader| Key::own_owner_state(reader.user));
        let keys = state.into_iter().chain(key).collect();
        let items = self.dynamo.batch_get(keys, None).await?;
        let (states, found): (Vec<_>, Vec<_>) = items.into_iter().partition(is_owner_state);
        admit_reader(reader, states.first())?;
        let owner = reader.map(|reader| reader.user);
        let record = found.first().map(|item| OwnRecord::from_item(item, owner));
        Ok(record
            .transpose()?
            .filter(|record| record.is_visible_to(reader)))
    }

    /// A collection from the newest to the oldest item, `limit` at a time. A page can be short, or empty, without being the
    /// last.
    pub(crate) async fn own_items(
        &self,
        reader: Option<Actor<'_>>,
        collection: Collection<'_>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<OwnRecord>, OwnStoreError> {
        let page = self.own_page(reader, collection, limit, before).await?;
        let owner = reader.map(|reader| reader.user);
        let mut page = page.try_map(|item| OwnRecord::from_item(&item, owner))?;
        page.items.retain(|record| record.is_visible_to(reader));
        Ok(page)
    }

    /// The shared items of a kind about a person, by their entries, in pages like [`Store::own_items`].
    pub(crate) async fn shared_items_about(
        &self,
        owner: Actor<'_>,
        kind: &'static str,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<OwnRecord>, OwnStoreError> {
        let entries = Collection {
            kind,
            place: Place::Own,
        };
        let entries = self.own_page(Some(owner), entries, limit, before).await?;
        let targets: Vec<_> = entries.items.iter().filter_map(Key::target_of).collect();
        let items = match targets.is_empty() {
            true => Vec::new(),
            false => self.dynamo.batch_get(targets, None).await?,
        };
        let records = items.iter().map(|item| OwnRecord::from_item(item, None));
        let mut records = records.collect::<Result<Vec<_>, _>>()?;
        records.retain(|record| record.is_of(owner));
        records.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        Ok(Page {
            items: records,
            next: entries.next,
        })
    }

    /// A page of a collection as it is stored, and what says whether `reader` is let in, at the same time.
    async fn own_page(
        &self,
        reader: Option<Actor<'_>>,
        collection: Collection<'_>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<Item>, OwnStoreError> {
        let Some(query) = page_of(reader, collection, limit, before) else {
            return Ok(Page::last(Vec::new()));
        };
        let state = async {
            match reader {
                Some(reader) => self.dynamo.get(Key::own_owner_state(reader.user)).await,
                None => Ok(None),
            }
        };
        let (found, state) = join(self.dynamo.query(query), state).await;
        admit_reader(reader, state?.as_ref())?;
        let mut page = Page::first_of(found?, limit, "sk");
        page.next = page.next.and_then(|position| id_in(&position));
        Ok(page)
    }
}

pub(super) fn admit_reader(
    reader: Option<Actor<'_>>,
    state: Option<&Item>,
) -> Result<(), OwnStoreError> {
    match reader {
        Some(reader) => admit(state, reader.epoch).map_err(OwnStoreError::AccessDenied),
        None => Ok(()),
    }
}

pub(super) fn page_of(
    reader: Option<Actor<'_>>,
    collection: Collection<'_>,
    limit: usize,
    before: Option<&str>,
) -> Option<Query> {
    let all = Condition::new("pk = :pk AND begins_with(sk, :kind)")
        .value(":pk", s(collection.partition(reader)?))
        .value(":kind", s(format!("{}#", collection.kind)));
    // One more, to tell whether there is a next page.
    let mut query = Query::newest(all, limit + 1);
    let last = before.and_then(|id| collection.key(reader, id));
    query.start = last.map(Key::into_item);
    Some(query)
}

pub(super) fn id_in(sort_key: &str) -> Option<String> {
    sort_key.split_once('#').map(|(_, id)| id.to_owned())
}

/// The item that refused a write, as the transaction returned it.
pub(super) fn refused(item: Option<&Item>, owner: Actor<'_>) -> Option<OwnRecord> {
    OwnRecord::from_item(item?, Some(owner.user)).ok()
}
