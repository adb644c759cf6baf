//! Creating an item of an own function.

use std::time::Duration;

use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, b, n, s};
use crate::store::own::record::entry;
use crate::store::own::{
    Collection, OwnContent, OwnRecord, OwnStoreError, check_owner, marks, writing_for,
};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::IdempotencyKey;

/// How long a repeated request with an idempotency key is known.
const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// An item to create.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreateOwnItem<'a> {
    /// Whom it is about.
    pub(crate) owner: Actor<'a>,
    pub(crate) collection: Collection<'a>,
    /// Nothing else has it.
    pub(crate) id: &'a str,
    pub(crate) content: &'a OwnContent,
    pub(crate) idempotency: Option<&'a IdempotencyKey>,
    /// The kinds of marks that people can set on it, if it is shared.
    pub(crate) marks: &'a [&'a str],
}

/// What has become of an item to create.
#[derive(Debug)]
pub(crate) enum CreatedOwnItem {
    /// It is there.
    New(OwnRecord),
    /// An item of that id was there.
    Exists,
    /// An earlier request with the same key has created the item of this id.
    Repeated(String),
}

impl Store {
    /// Creates an item, and the entry that leads to it if it is shared: one transaction, which checks the account.
    pub(crate) async fn create_own_item(
        &self,
        new: &CreateOwnItem<'_>,
    ) -> Result<CreatedOwnItem, OwnStoreError> {
        let now = self.clock.now();
        let record = OwnRecord::new(new.id, new.owner, new.content.clone(), now);
        let transaction = creation(new, &record);
        let cancelled = match self.dynamo.transact(transaction).await? {
            Transacted::Done => return Ok(CreatedOwnItem::New(record)),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        check_owner(&cancelled, new.owner)?;
        if let Some(key) = new.idempotency
            && cancelled.refused(&Slot::Idempotency)
        {
            let earlier = cancelled.item(&Slot::Idempotency);
            return Ok(CreatedOwnItem::Repeated(created_before(earlier, key)?));
        }
        Ok(CreatedOwnItem::Exists)
    }
}

fn creation(new: &CreateOwnItem<'_>, record: &OwnRecord) -> Transaction {
    let is_new = || Condition::new("attribute_not_exists(pk)");
    let (kind, is_shared) = (new.collection.kind, new.collection.is_shared());
    let key = new.collection.key_of(new.owner, new.id);
    let mut transaction = writing_for(new.owner);
    if is_shared {
        let at = Key::own_item(new.owner.user, kind, new.id);
        let mut entry = entry(new.owner, at, key.clone());
        if !new.marks.is_empty() {
            entry.insert("marked".to_owned(), n(1));
        }
        transaction = transaction.put_if(Slot::OwnEntry, entry, is_new());
        transaction = marks::with_counts(transaction, new);
    }
    let item = record.to_item(key, is_shared);
    transaction = transaction.put_if(Slot::OwnItem, item, is_new());
    let Some(key) = new.idempotency else {
        return transaction;
    };
    let now = record.created_at;
    let mut answered = Key::own_idempotency(new.owner.user, kind, &key.key_hash).into_item();
    answered.extend([
        ("epoch".to_owned(), n(new.owner.epoch.get())),
        ("request".to_owned(), b(&key.request_hash)),
        ("created".to_owned(), s(new.id)),
        ("ttl".to_owned(), n(now.after(KEY_LIFETIME).secs())),
    ]);
    let is_free = Condition::new("(attribute_not_exists(pk) OR #ttl < :now OR epoch < :epoch)")
        .value(":now", n(now.secs()))
        .value(":epoch", n(new.owner.epoch.get()));
    transaction.put_if(Slot::Idempotency, answered, is_free)
}

/// The id that the key's first request created, if that was the same request.
fn created_before(item: Option<&Item>, key: &IdempotencyKey) -> Result<String, OwnStoreError> {
    let item = item.ok_or(StoreError::Corrupt("idempotency item"))?;
    if item::opt_bytes(item, "request") != Some(key.request_hash.as_slice()) {
        return Err(OwnStoreError::IdempotencyMismatch);
    }
    Ok(item::str(item, "created")?.to_owned())
}
