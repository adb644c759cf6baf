//! Removing shared items that others have marked, and in an administrator's name.

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::own::marks::counting;
use crate::store::own::{Collection, OwnStoreError, check_owner, writing_for};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};

/// How many marks of a partition are removed at a time.
const PAGE: usize = 100;

/// A shared item that was removed, or is about to be: the message by which `purge` removes the marks on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedItem {
    pk: String,
    sk: String,
}

impl RemovedItem {
    pub(crate) fn new(collection: Collection<'_>, owner: Actor<'_>, id: &str) -> Self {
        let (pk, sk) = collection.keys_of(owner, id);
        Self { pk, sk }
    }

    pub(super) fn at(key: &Key) -> Self {
        let (pk, sk) = key.clone().into_parts();
        Self { pk, sk }
    }

    /// The message's text.
    pub fn to_message(&self) -> String {
        serde_json::json!(self).to_string()
    }

    fn key(&self) -> Option<Key> {
        Key::of_shared_item(&self.pk, &self.sk)
    }
}

impl Store {
    /// Removes a shared item of `owner`'s in the name of an administrator whom the account lets in. Returns whether there
    /// was one.
    pub(crate) async fn remove_shared_item(
        &self,
        admin: Actor<'_>,
        collection: Collection<'_>,
        owner: &UserId,
        id: &str,
    ) -> Result<bool, OwnStoreError> {
        let Some(key) = collection.key(None, id) else {
            return Ok(false);
        };
        let entry = Key::own_item(owner, collection.kind, id);
        let (pk, _) = key.clone().into_parts();
        let leads_there = Condition::new("(attribute_not_exists(pk) OR target_pk = :target_pk)")
            .value(":target_pk", s(pk));
        let transaction = writing_for(admin)
            .delete_if(Slot::OwnEntry, entry, leads_there)
            .delete_if(Slot::OwnItem, key, is_about(owner));
        match self.dynamo.transact(transaction).await? {
            Transacted::Done => Ok(true),
            Transacted::Cancelled(cancelled) => {
                check_owner(&cancelled, admin)?;
                Ok(false)
            }
        }
    }

    /// Whether the item is still there: it was announced, and not removed.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn has_item(&self, removed: &RemovedItem) -> Result<bool, StoreError> {
        let Some(key) = removed.key() else {
            return Ok(false);
        };
        Ok(self.dynamo.get(key).await?.is_some())
    }

    /// Removes some of the marks on an item that is gone, with the entries that lead to them; before that, what counts
    /// them, so that none is added. Returns how many it was; zero means that none is left.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_marks(&self, removed: &RemovedItem) -> Result<usize, StoreError> {
        let partitions = removed.key().and_then(|key| key.mark_partitions());
        let partitions = partitions.unwrap_or_default().into_iter();
        let removals = partitions.map(|partition| self.remove_marks_in(partition));
        Ok(try_join_all(removals).await?.into_iter().sum())
    }

    async fn remove_marks_in(&self, partition: String) -> Result<usize, StoreError> {
        let all = Condition::new("pk = :pk").value(":pk", s(partition));
        // What counts them sorts after them, and so comes first.
        let mut query = Query::newest(all, PAGE);
        query.projection = Some("pk, sk, owner_id");
        let found = self.dynamo.query(query).await?.items;
        let (marks, counts): (Vec<_>, Vec<_>) =
            found.iter().partition(|item| item.contains_key("owner_id"));
        for items in [counts, marks] {
            let entries = items.iter().filter_map(|mark| entry_of(mark));
            let keys = items.iter().filter_map(|item| Key::of(item));
            self.dynamo
                .batch_delete(entries.chain(keys).collect())
                .await?;
        }
        Ok(found.len())
    }

    /// Removes a mark of a person's whose account has ended, and counts it no longer.
    pub(super) async fn remove_mark(&self, user: &UserId, mark: &Key) -> Result<(), StoreError> {
        let about = is_about(user);
        if let Some(count) = mark.counter_of() {
            let transaction = Transaction::new()
                .delete_if(Slot::OwnItem, mark.clone(), about.clone())
                .update(Slot::MarkCount, count, counting("marks - :one"));
            match self.dynamo.transact(transaction).await? {
                Transacted::Done => return Ok(()),
                Transacted::Cancelled(cancelled) if cancelled.refused(&Slot::OwnItem) => {
                    return Ok(());
                }
                // The item that was marked is gone, and its counts with it.
                Transacted::Cancelled(_) => {}
            }
        }
        self.dynamo.delete_if(mark.clone(), about).await
    }
}

/// The entry that leads to a mark.
fn entry_of(mark: &Item) -> Option<Key> {
    let owner: UserId = item::opt_str(mark, "owner_id")?.parse().ok()?;
    let (kind, id) = item::opt_str(mark, "sk")?.split_once('#')?;
    Some(Key::own_item(&owner, kind, id))
}

pub(super) fn is_about(user: &UserId) -> Condition {
    Condition::new("owner_id = :owner_id").value(":owner_id", s(user.as_str()))
}
