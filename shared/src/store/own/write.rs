//! Changing and removing items of own functions.

use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{n, s};
use crate::store::own::read::refused;
use crate::store::own::{
    Collection, OwnContent, OwnRecord, OwnStoreError, check_owner, writing_for,
};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted};

/// What has become of a change.
#[derive(Debug)]
pub(crate) enum OwnWriteOutcome<T> {
    /// It was made.
    Done(T),
    /// Refused: this is how the item is, if there is one.
    Refused(Option<OwnRecord>),
}

impl Store {
    /// Replaces the content of an item that is still as it was read: a transaction that checks the account. Only the person
    /// whom the item is about changes it.
    pub(crate) async fn update_own_item(
        &self,
        owner: Actor<'_>,
        collection: Collection<'_>,
        read: &OwnRecord,
        content: OwnContent,
    ) -> Result<OwnWriteOutcome<OwnRecord>, OwnStoreError> {
        let after = OwnRecord {
            version: read.version + 1,
            updated_at: self.clock.now().following(read.updated_at),
            text_status: content.text.status_after(read.text_status),
            content,
            ..read.clone()
        };
        let mut update = UpdateExpression::new();
        update.set("content", s(&after.content.json));
        update.set("content_version", n(after.content.version));
        update.set("version", n(after.version));
        update.set("updated_at", n(after.updated_at.millis()));
        after.content.text.write_to(&mut update);
        let unchanged = Condition::new("version = :version_read");
        update.require(unchanged.value(":version_read", n(read.version)));
        update.require(is_of(owner, collection));
        let key = collection.key_of(owner, &read.id);
        let transaction = writing_for(owner).update(Slot::OwnItem, key, update);
        match self.dynamo.transact(transaction).await? {
            Transacted::Done => Ok(OwnWriteOutcome::Done(after)),
            Transacted::Cancelled(cancelled) => {
                check_owner(&cancelled, owner)?;
                let item = cancelled.item(&Slot::OwnItem);
                Ok(OwnWriteOutcome::Refused(refused(item, owner)))
            }
        }
    }

    /// Removes an item, and the entry that leads to it: one transaction, which checks the account. With `versions` it is
    /// removed only if it is one of these.
    pub(crate) async fn delete_own_item(
        &self,
        owner: Actor<'_>,
        collection: Collection<'_>,
        id: &str,
        versions: Option<&[u64]>,
    ) -> Result<OwnWriteOutcome<()>, OwnStoreError> {
        let mut condition = is_of(owner, collection);
        if let Some(versions) = versions {
            let versions = versions.iter().map(n);
            condition = condition.and(Condition::one_of("version", ":version", versions));
        }
        let key = collection.key_of(owner, id);
        let mut transaction = writing_for(owner).delete_if(Slot::OwnItem, key, condition);
        if collection.is_shared() {
            let entry = Key::own_item(owner.user, collection.kind, id);
            transaction = transaction.delete_if(Slot::OwnEntry, entry, of_epoch(owner));
        }
        match self.dynamo.transact(transaction).await? {
            Transacted::Done => Ok(OwnWriteOutcome::Done(())),
            Transacted::Cancelled(cancelled) => {
                check_owner(&cancelled, owner)?;
                let item = cancelled.item(&Slot::OwnItem);
                Ok(OwnWriteOutcome::Refused(refused(item, owner)))
            }
        }
    }
}

/// Holds for an item of that person and account generation.
fn is_of(owner: Actor<'_>, collection: Collection<'_>) -> Condition {
    let of_epoch = of_epoch(owner);
    if !collection.is_shared() {
        return of_epoch;
    }
    let about = Condition::new("owner_id = :owner_id");
    of_epoch.and(about.value(":owner_id", s(owner.user.as_str())))
}

pub(super) fn of_epoch(owner: Actor<'_>) -> Condition {
    Condition::new("epoch = :epoch").value(":epoch", n(owner.epoch.get()))
}
