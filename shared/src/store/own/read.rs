//! Reading items of own functions.

use futures_util::future::join;

use crate::ids::UserId;
use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::own::{Collection, OwnRecord, OwnStoreError, Place};
use crate::store::owner_state::{admit, is_owner_state};
use crate::store::page::Page;
use crate::store::schema::{Key, own_partition, shared_partition};

impl Store {
    /// Asks for an item that is not there, among those that an own function may read, so that the first request finds an
    /// open connection. Failure does not matter.
    pub(crate) async fn warm_up_own_items(&self) {
        let _ = self.dynamo.get(Key::no_own_item()).await;
    }

    /// An item, along with what says whether `reader` is let in. One's own of an earlier account generation is none.
    pub(crate) async fn own_item(
        &self,
        reader: Actor<'_>,
        collection: Collection<'_>,
        id: &str,
    ) -> Result<Option<OwnRecord>, OwnStoreError> {
        let key = collection.key(reader.user, id);
        let keys = vec![Key::own_owner_state(reader.user), key];
        let items = self.dynamo.batch_get(keys, None).await?;
        let (states, found): (Vec<_>, Vec<_>) = items.into_iter().partition(is_owner_state);
        admit(states.first(), reader.epoch).map_err(OwnStoreError::AccessDenied)?;
        let record = found
            .first()
            .map(|item| OwnRecord::from_item(item, reader.user));
        Ok(record
            .transpose()?
            .filter(|record| is_visible(record, reader, collection)))
    }

    /// A collection from the newest to the oldest item, `limit` at a time. A page can be short, or empty, without being the
    /// last.
    pub(crate) async fn own_items(
        &self,
        reader: Actor<'_>,
        collection: Collection<'_>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<OwnRecord>, OwnStoreError> {
        let query = self
            .dynamo
            .query(page_of(reader.user, collection, limit, before));
        let state = self.dynamo.get(Key::own_owner_state(reader.user));
        let (found, state) = join(query, state).await;
        admit(state?.as_ref(), reader.epoch).map_err(OwnStoreError::AccessDenied)?;
        let mut page = Page::first_of(found?, limit, "sk");
        page.next = page.next.and_then(|position| id_in(&position));
        let mut page = page.try_map(|item: Item| OwnRecord::from_item(&item, reader.user))?;
        page.items
            .retain(|record| is_visible(record, reader, collection));
        Ok(page)
    }
}

/// What is left of an account's earlier generation belongs to nobody.
fn is_visible(record: &OwnRecord, reader: Actor<'_>, collection: Collection<'_>) -> bool {
    match collection.place {
        Place::Own => record.is_of(reader),
        Place::Shared { .. } => record.owner != *reader.user || record.epoch == reader.epoch,
    }
}

fn page_of(user: &UserId, collection: Collection<'_>, limit: usize, before: Option<&str>) -> Query {
    let pk = match collection.place {
        Place::Own => own_partition(user),
        Place::Shared {
            function,
            partition,
        } => shared_partition(function, partition),
    };
    let all = Condition::new("pk = :pk AND begins_with(sk, :kind)")
        .value(":pk", s(pk))
        .value(":kind", s(collection.sort_prefix()));
    // One more, to tell whether there is a next page.
    let mut query = Query::newest(all, limit + 1);
    query.start = before.map(|id| collection.key(user, id).into_item());
    query
}

fn id_in(sort_key: &str) -> Option<String> {
    sort_key.split_once('#').map(|(_, id)| id.to_owned())
}

/// The item that refused a write, as the transaction returned it.
pub(super) fn refused(item: Option<&Item>, owner: &UserId) -> Option<OwnRecord> {
    let item = item.filter(|item| item::opt_str(item, "content").is_some())?;
    OwnRecord::from_item(item, owner).ok()
}
