//! What `purge` removes: reviews and reports about an account generation, and reports by it.

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::review_id::NICKNAME_PREFIX;
use crate::store::schema::{self, Key, reports_partition, reviews_partition};

/// How many items are read before the first of them are removed.
const PAGE: usize = 250;

impl Store {
    /// Removes a page of the reviews and reports about the account generations up to `epoch`. Returns how many; zero means
    /// that none is left.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_reviews(&self, user: &UserId, epoch: Epoch) -> Result<usize, StoreError> {
        self.remove_of(reviews_partition(user), epoch).await
    }

    /// Removes a page of the reports by the account generations up to `epoch`, likewise.
    ///
    /// # Errors
    /// As [`Store::remove_reviews`].
    pub async fn remove_reports(&self, user: &UserId, epoch: Epoch) -> Result<usize, StoreError> {
        self.remove_of(reports_partition(user), epoch).await
    }

    /// Removes the reviews of nicknames of a user, which quote them.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_nickname_reviews(&self, user: &UserId) -> Result<(), StoreError> {
        let nicknames = Condition::new("pk = :pk AND begins_with(sk, :kind)")
            .value(":pk", s(reviews_partition(user)))
            .value(":kind", s(NICKNAME_PREFIX));
        let mut query = Query::new(nicknames);
        query.projection = Some("pk, sk");
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            let keys = page.items.iter().filter_map(Key::of);
            self.dynamo.batch_delete(keys.collect()).await?;
            query.start = page.cut;
            if query.start.is_none() {
                return Ok(());
            }
        }
    }

    async fn remove_of(&self, partition: String, epoch: Epoch) -> Result<usize, StoreError> {
        let all = Condition::new("pk = :pk").value(":pk", s(partition));
        let mut query = Query::new(all);
        query.projection = Some("pk, sk, epoch");
        query.limit = Some(PAGE);
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            let is_old = |item: &&Item| {
                item::opt_num::<u16>(item, "epoch").is_none_or(|number| number <= epoch.get())
            };
            let old: Vec<_> = page.items.iter().filter(is_old).collect();
            let counterparts = old.iter().filter_map(|item| schema::counterpart(item));
            let keys = counterparts.chain(old.iter().filter_map(|item| Key::of(item)));
            self.dynamo.batch_delete(keys.collect()).await?;
            if !old.is_empty() || page.cut.is_none() {
                return Ok(old.len());
            }
            query.start = page.cut;
        }
    }
}
