//! What `purge` removes of own functions.

use futures_util::future::try_join_all;

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
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
        query.projection = Some("pk, sk, epoch, target_pk, target_sk");
        query.limit = Some(PAGE);
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            let old = page.items.iter().filter(|item| is_left_by(item, epoch));
            let old: Vec<_> = old.collect();
            // Before the entries that lead to them.
            self.remove_targets(user, &old).await?;
            let keys = old.iter().filter_map(|item| Key::of(item)).collect();
            self.dynamo.batch_delete(keys).await?;
            if !old.is_empty() || page.cut.is_none() {
                return Ok(old.len());
            }
            query.start = page.cut;
        }
    }

    /// Removes the shared items that entries lead to, and of these only what is about the person.
    async fn remove_targets(&self, user: &UserId, entries: &[&Item]) -> Result<(), StoreError> {
        let targets = entries.iter().filter_map(|entry| Key::target_of(entry));
        let targets: Vec<_> = targets.collect();
        for targets in targets.chunks(AT_A_TIME) {
            let removals = targets.iter().map(|target| {
                let about = Condition::new("owner_id = :owner_id");
                let about = about.value(":owner_id", s(user.as_str()));
                self.dynamo.delete_if(target.clone(), about)
            });
            try_join_all(removals).await?;
        }
        Ok(())
    }
}

/// Whether the item belongs to a generation up to `epoch`. What says of none was not written by way of the seam, and is of no
/// later one either.
fn is_left_by(item: &Item, epoch: Epoch) -> bool {
    let of = item::opt_num::<u16>(item, "epoch");
    !is_owner_state(item) && of.is_none_or(|of| of <= epoch.get())
}
