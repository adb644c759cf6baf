//! What `purge` removes of own functions.

use futures_util::future::try_join_all;

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::own::RemovedItem;
use crate::store::own::removal::is_about;
use crate::store::owner_state::is_owner_state;
use crate::store::schema::{Key, own_partition};

/// How many items are read before the first of them are removed.
const PAGE: usize = 250;
/// How many shared items are removed at the same time.
const AT_A_TIME: usize = 25;

impl Store {
    /// Removes a page of what own functions keep of the account generations up to `epoch`, and what it leads to. Returns how
    /// many items it was; zero means that none is left but the owner state.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_own_items(&self, user: &UserId, epoch: Epoch) -> Result<usize, StoreError> {
        let all = Condition::new("pk = :pk").value(":pk", s(own_partition(user)));
        let mut query = Query::new(all);
        query.projection = Some("pk, sk, epoch, target_pk, target_sk, marked, counted");
        query.limit = Some(PAGE);
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            let old = page.items.iter().filter(|item| is_left_by(item, epoch));
            let old: Vec<_> = old.collect();
            // Before the entries that lead to them.
            let gone = self.remove_targets(user, &old).await?;
            let keys = gone.iter().filter_map(|item| Key::of(item)).collect();
            self.dynamo.batch_delete(keys).await?;
            if !old.is_empty() || page.cut.is_none() {
                return Ok(old.len());
            }
            query.start = page.cut;
        }
    }

    /// Removes the shared items that entries lead to, and of these only what is about the person. Returns which of `items`
    /// lead to nothing any more: of an item with many marks, some of these are removed at a time.
    async fn remove_targets<'a>(
        &self,
        user: &UserId,
        items: &[&'a Item],
    ) -> Result<Vec<&'a Item>, StoreError> {
        let mut gone = Vec::new();
        for items in items.chunks(AT_A_TIME) {
            let removals = items.iter().map(|item| self.remove_target(user, item));
            let is_gone = try_join_all(removals).await?;
            let items = items.iter().zip(is_gone);
            gone.extend(items.filter_map(|(item, is_gone)| is_gone.then_some(*item)));
        }
        Ok(gone)
    }

    /// Removes what an entry leads to, and returns whether all of that is gone.
    async fn remove_target(&self, user: &UserId, entry: &Item) -> Result<bool, StoreError> {
        let Some(target) = Key::target_of(entry) else {
            return Ok(true);
        };
        if entry.contains_key("counted") {
            self.remove_mark(user, &target).await?;
            return Ok(true);
        }
        self.dynamo
            .delete_if(target.clone(), is_about(user))
            .await?;
        if !entry.contains_key("marked") {
            return Ok(true);
        }
        Ok(self.remove_marks(&RemovedItem::at(&target)).await? == 0)
    }
}

/// Whether the item belongs to a generation up to `epoch`. What says of none was not written by way of the seam, and is of no
/// later one either.
fn is_left_by(item: &Item, epoch: Epoch) -> bool {
    let of = item::opt_num::<u16>(item, "epoch");
    !is_owner_state(item) && of.is_none_or(|of| of <= epoch.get())
}
