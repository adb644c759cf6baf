//! Pages of lists.

use crate::store::dynamo::Found;
use crate::store::item::{self, Item};

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The position where the next one begins, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page after which nothing comes.
    pub(super) const fn last(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The page with each item made into what `read` makes of it.
    pub(super) fn try_map<U, E>(self, read: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page {
            items: self.items.into_iter().map(read).collect::<Result<_, _>>()?,
            next: self.next,
        })
    }
}

impl Page<Item> {
    /// The first `limit` of the items found, of which one more was asked for: that tells whether there is a next page.
    /// A page that DynamoDB cut short, because its items are large, has one, too. `position` is the attribute that the
    /// list is sorted by.
    pub(super) fn first_of(found: Found, limit: usize, position: &str) -> Self {
        let Found { mut items, cut } = found;
        let more = items.len() > limit || cut.is_some();
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.and_then(|item| item::opt_str(item, position));
        Self {
            next: next.map(str::to_owned),
            items,
        }
    }
}
