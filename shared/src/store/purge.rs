//! What `purge` does to the table.

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::Store;
use crate::store::account::AccountState;
use crate::store::dynamo::{Query, Updated};
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, n, s};
use crate::store::nickname::CHECK_ATTRIBUTES;
use crate::store::reservation::{
    OthersReservations, ReservationConflict, StoredForms, UserReservations,
};
use crate::store::schema::{Key, uploads_partition};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::checks_of;

/// How many records are read before the first of them are removed.
const PAGE: usize = 250;

impl Store {
    /// Removes a page of the upload records that the account generations up to `epoch` left behind, with the checks that
    /// they name. Returns how many records; zero means that none is left.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_upload_records(
        &self,
        user: &UserId,
        epoch: Epoch,
    ) -> Result<usize, StoreError> {
        let all = Condition::new("pk = :pk").value(":pk", s(uploads_partition(user)));
        let mut query = Query::new(all);
        query.projection = Some("pk, sk, check_id, check_before");
        query.limit = Some(PAGE);
        loop {
            let page = self.dynamo.query(query.clone()).await?;
            let uploads = page.items.iter().filter_map(|item| {
                let upload = item::parsed::<UploadId>(item, "sk").ok()?;
                (upload.epoch() <= epoch).then(|| (Key::upload(user, upload), item))
            });
            let old: Vec<_> = uploads.collect();
            let count = old.len();
            // Checks first: once a record is gone, nothing names them.
            let checks = old.iter().flat_map(|(_, item)| checks_of(item));
            self.dynamo.batch_delete(checks.collect()).await?;
            let records = old.into_iter().map(|(record, _)| record);
            self.dynamo.batch_delete(records.collect()).await?;
            if count > 0 || page.cut.is_none() {
                return Ok(count);
            }
            query.start = page.cut;
        }
    }

    /// Removes what counts the account's uploads, unless a later generation uses it already.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn remove_upload_quota(&self, user: &UserId, epoch: Epoch) -> Result<(), StoreError> {
        let condition = Condition::new("attribute_not_exists(epoch) OR epoch <= :epoch")
            .value(":epoch", n(epoch.get()));
        self.dynamo.delete_if(Key::quota(user), condition).await
    }

    /// Notes that nothing is left of the account generation `epoch`. If the person has registered anew, there is nothing to
    /// note. One write; a transaction more if version 0.1 ended the generation, which does not know of all that a name is
    /// reserved under.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn finish_purge(&self, user: &UserId, epoch: Epoch) -> Result<(), StoreError> {
        let mut update = finish(epoch.next());
        update.require(Condition::new(
            "attribute_not_exists(username_key) AND attribute_not_exists(email_key)",
        ));
        match self.dynamo.update(Key::user(user), update).await? {
            Updated::Refused(Some(item)) => {
                let stored = StoredForms::from_item(&item);
                self.finish_with_reservations(user, epoch, &stored).await
            }
            Updated::Done(_) | Updated::Refused(None) => Ok(()),
        }
    }

    /// The same for an item that still names reservations, which are released.
    async fn finish_with_reservations(
        &self,
        user: &UserId,
        epoch: Epoch,
        stored: &StoredForms,
    ) -> Result<(), StoreError> {
        let mut foreign = OthersReservations::new();
        // Each time but the last finds that a reservation is somebody else's: there are two.
        for _ in 0..3 {
            let mut update = finish(epoch.next());
            update.remove("username_key");
            update.remove("email_key");
            let transaction = Transaction::new().update(Slot::Account, Key::user(user), update);
            let held = UserReservations {
                user,
                stored,
                foreign: &foreign,
            };
            let transaction = held.release_stored(transaction);
            match self.dynamo.transact(transaction).await? {
                Transacted::Done => break,
                // Refused: the person has registered anew.
                Transacted::Cancelled(cancelled) if cancelled.refused(&Slot::Account) => break,
                Transacted::Cancelled(cancelled) => {
                    ReservationConflict::from_cancelled(&cancelled, &mut foreign)
                }
            };
        }
        Ok(())
    }
}

/// The end of a purge, on condition that the account generation has ended and no other has begun.
fn finish(next: Epoch) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("status", s(AccountState::Deleted.as_str()));
    // The previous release, which may have ended the generation, knows nothing of them.
    for attribute in CHECK_ATTRIBUTES {
        update.remove(attribute);
    }
    let is_ended = Condition::new("#status = :deleting AND epoch = :next")
        .value(":deleting", s(AccountState::Deleting.as_str()))
        .value(":next", n(next.get()));
    update.require(is_ended);
    update
}
