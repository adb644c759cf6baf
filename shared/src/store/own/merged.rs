//! Reading a list that is spread among partitions, and asking for many shared items at once.

use futures_util::future::{join, try_join_all};

use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::item::{self, Item};
use crate::store::own::read::{admit_reader, id_in, page_of};
use crate::store::own::{Collection, OwnRecord, OwnStoreError};
use crate::store::page::Page;
use crate::store::schema::Key;

impl Store {
    /// As [`Store::own_items`], of several collections as if they were one.
    pub(crate) async fn own_items_of_all(
        &self,
        reader: Option<Actor<'_>>,
        collections: &[Collection<'_>],
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<OwnRecord>, OwnStoreError> {
        let queries = collections
            .iter()
            .filter_map(|collection| page_of(reader, *collection, limit, before));
        let queries = queries.map(|query| self.dynamo.query(query));
        let (found, admitted) = join(try_join_all(queries), self.admit(reader)).await;
        admitted?;
        let pages = found?
            .into_iter()
            .map(|found| Page::first_of(found, limit, "sk"));
        let mut page = merged(pages.collect(), limit);
        page.next = page.next.and_then(|position| id_in(&position));
        let mut page = page.try_map(|item| OwnRecord::from_item(&item, None))?;
        page.items.retain(|record| record.is_visible_to(reader));
        Ok(page)
    }

    /// Which of these items there are, whoever created them: in the order of `items`. It does not ask whether the account
    /// lets the reader in.
    pub(crate) async fn shared_items_exist(
        &self,
        items: &[(Collection<'_>, String)],
    ) -> Result<Vec<bool>, OwnStoreError> {
        let keys: Vec<_> = items
            .iter()
            .filter_map(|(collection, id)| collection.key(None, id))
            .collect();
        let found = self.dynamo.batch_get_all(&keys).await?;
        let exists = |key: &Key| found.iter().any(|item| key.is_of(item));
        Ok(keys.iter().map(exists).collect())
    }

    async fn admit(&self, reader: Option<Actor<'_>>) -> Result<(), OwnStoreError> {
        let Some(actor) = reader else {
            return Ok(());
        };
        let state = self.dynamo.get(Key::own_owner_state(actor.user)).await?;
        admit_reader(reader, state.as_ref())
    }
}

/// The newest items of all pages, which lack what comes after them: nothing older than the end of one is taken.
fn merged(pages: Vec<Page<Item>>, limit: usize) -> Page<Item> {
    let ends = pages.iter().filter_map(|page| page.next.clone());
    let end = ends.max();
    let mut items: Vec<_> = pages.into_iter().flat_map(|page| page.items).collect();
    let position = |item: &Item| item::opt_str(item, "sk").unwrap_or_default().to_owned();
    items.sort_by_cached_key(|item| std::cmp::Reverse(position(item)));
    let all = items.len();
    items.retain(|item| end.as_ref().is_none_or(|end| position(item) >= *end));
    items.truncate(limit);
    let more = end.is_some() || items.len() < all;
    let next = items.last().filter(|_| more).map(position);
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::s;

    fn page(keys: &[&str], next: Option<&str>) -> Page<Item> {
        let item = |key: &&str| Item::from([("sk".to_owned(), s(*key))]);
        Page {
            items: keys.iter().map(item).collect(),
            next: next.map(str::to_owned),
        }
    }

    fn keys(page: &Page<Item>) -> Vec<&str> {
        let items = page.items.iter();
        items.filter_map(|item| item::opt_str(item, "sk")).collect()
    }

    #[test]
    fn pages_are_merged_from_the_newest_to_the_oldest() {
        let pages = || vec![page(&["k#7", "k#4"], None), page(&["k#6", "k#5"], None)];
        let all = merged(pages(), 4);
        assert_eq!(keys(&all), ["k#7", "k#6", "k#5", "k#4"]);
        assert_eq!(all.next, None);
        let first = merged(pages(), 3);
        assert_eq!(keys(&first), ["k#7", "k#6", "k#5"]);
        assert_eq!(first.next.as_deref(), Some("k#5"));
    }

    #[test]
    fn nothing_is_passed_over_that_a_page_was_cut_before() {
        // The first page was cut by its size: `k#5` may follow in it.
        let pages = vec![
            page(&["k#8", "k#6"], Some("k#6")),
            page(&["k#7", "k#3"], None),
        ];
        let page = merged(pages, 4);
        assert_eq!(keys(&page), ["k#8", "k#7", "k#6"]);
        assert_eq!(page.next.as_deref(), Some("k#6"));
    }
}
