//! Marks: what a person sets on a shared item once, such as a like, and how many there are.
//!
//! A mark is a shared item of whoever set it, so that purge and export reach it. The marks on an item are spread among
//! partitions by who set them, and each partition counts its own: however many people like a post at the same time, no key
//! takes all of their writes. A partition that counts nothing takes no marks: the counts are written along with the item,
//! and are the first to go after it.

use crate::base32::CROCKFORD_LOWER;
use crate::digest::sha256;
use crate::ids::UserId;
use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, n};
use crate::store::own::record::entry;
use crate::store::own::write::of_epoch;
use crate::store::own::{
    CreateOwnItem, OwnContent, OwnRecord, OwnStoreError, Place, TextChange, check_owner,
    writing_for,
};
use crate::store::schema::{Key, MARK_PARTITIONS};
use crate::store::transaction::{Slot, Transacted, Transaction};

/// Marks of a kind on an item that a function shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MarksOn<'a> {
    pub(crate) function: &'static str,
    pub(crate) kind: &'static str,
    /// The id of the item.
    pub(crate) item: &'a str,
}

/// How many marks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Whether the person who asks has set one.
    pub is_own: bool,
}

/// Where one person's mark is.
struct MarkPlace {
    mark: Key,
    entry: Key,
    count: Key,
}

impl MarksOn<'_> {
    fn id(&self, user: &UserId) -> String {
        let hash = sha256(format!("{} {} {user}", self.kind, self.item).as_bytes());
        CROCKFORD_LOWER.encode(&hash[..16])
    }

    fn place(&self, user: &UserId) -> MarkPlace {
        let partition = sha256(user.as_str().as_bytes())[0] % MARK_PARTITIONS;
        let id = self.id(user);
        MarkPlace {
            mark: Key::mark(self.function, self.item, partition, self.kind, &id),
            entry: Key::own_item(user, self.kind, &id),
            count: self.count(partition),
        }
    }

    fn count(&self, partition: u8) -> Key {
        Key::mark_count(self.function, self.item, partition, self.kind)
    }

    fn counts(&self) -> impl Iterator<Item = Key> {
        (0..MARK_PARTITIONS).map(|partition| self.count(partition))
    }
}

impl Store {
    /// Sets a mark of the person's on an item. Returns whether it is new; `None` if there is no such item.
    pub(crate) async fn set_mark(
        &self,
        owner: Actor<'_>,
        on: MarksOn<'_>,
    ) -> Result<Option<bool>, OwnStoreError> {
        let place = on.place(owner.user);
        let content = OwnContent {
            json: serde_json::json!({"on": on.item}).to_string(),
            version: 1,
            text: TextChange::Drop,
        };
        let record = OwnRecord::new(&on.id(owner.user), owner, content, self.clock.now());
        let is_new = || Condition::new("attribute_not_exists(pk)");
        let mut entry = entry(owner, place.entry, place.mark.clone());
        entry.insert("counted".to_owned(), n(1));
        let transaction = writing_for(owner)
            .put_if(Slot::OwnEntry, entry, is_new())
            .put_if(Slot::OwnItem, record.to_item(place.mark, true), is_new())
            .update(Slot::MarkCount, place.count, counting("marks + :one"));
        let Transacted::Cancelled(cancelled) = self.dynamo.transact(transaction).await? else {
            return Ok(Some(true));
        };
        check_owner(&cancelled, owner)?;
        match cancelled.item(&Slot::OwnEntry) {
            _ if cancelled.refused(&Slot::MarkCount) => Ok(None),
            Some(set) if is_of_generation(set, owner) => Ok(Some(false)),
            // What an earlier account generation has left is about to be purged.
            _ => Err(StoreError::Contended.into()),
        }
    }

    /// Takes a mark of the person's off an item. Returns whether there was one; `None` if there is no such item.
    pub(crate) async fn unset_mark(
        &self,
        owner: Actor<'_>,
        on: MarksOn<'_>,
    ) -> Result<Option<bool>, OwnStoreError> {
        let place = on.place(owner.user);
        let transaction = writing_for(owner)
            .delete_if(Slot::OwnEntry, place.entry, of_epoch(owner))
            .delete_if(Slot::OwnItem, place.mark, of_epoch(owner))
            .update(Slot::MarkCount, place.count, counting("marks - :one"));
        let Transacted::Cancelled(cancelled) = self.dynamo.transact(transaction).await? else {
            return Ok(Some(true));
        };
        check_owner(&cancelled, owner)?;
        let is_gone = cancelled.refused(&Slot::MarkCount);
        Ok((!is_gone).then_some(false))
    }

    /// How many marks of a kind each of these items of a function has, and whether one is the person's.
    pub(crate) async fn tallies(
        &self,
        reader: Option<Actor<'_>>,
        marks: &[MarksOn<'_>],
    ) -> Result<Vec<Tally>, StoreError> {
        let own = |on: &MarksOn<'_>| reader.map(|reader| on.place(reader.user).entry);
        let keys = marks.iter().flat_map(|on| on.counts().chain(own(on)));
        let found = self.dynamo.batch_get_all(&keys.collect::<Vec<_>>()).await?;
        let item = |key: &Key| found.iter().find(|item| key.is_of(item));
        let tally = |on: &MarksOn<'_>| {
            let counts = on.counts().filter_map(|key| {
                let count = item(&key)?;
                item::opt_num::<u64>(count, "marks")
            });
            let own = own(on).and_then(|key| item(&key));
            Tally {
                count: counts.sum(),
                is_own: own
                    .zip(reader)
                    .is_some_and(|(own, reader)| is_of_generation(own, reader)),
            }
        };
        Ok(marks.iter().map(tally).collect())
    }
}

fn is_of_generation(item: &Item, owner: Actor<'_>) -> bool {
    item::opt_num::<u16>(item, "epoch") == Some(owner.epoch.get())
}

/// Changes a count that is there.
pub(super) fn counting(operand: &str) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set_to("marks", operand);
    update.value(":one", n(1));
    update.require(Condition::new("attribute_exists(pk)"));
    update
}

/// The counts of an item that can have marks, from zero.
pub(super) fn with_counts(transaction: Transaction, new: &CreateOwnItem<'_>) -> Transaction {
    let Place::Shared { function, .. } = new.collection.place else {
        return transaction;
    };
    let mut transaction = transaction;
    for kind in new.marks {
        for partition in 0..MARK_PARTITIONS {
            let mut count = Key::mark_count(function, new.id, partition, kind).into_item();
            count.insert("marks".to_owned(), n(0));
            transaction = transaction.put(Slot::MarkCount, count);
        }
    }
    transaction
}
