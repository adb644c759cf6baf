//! What `purge` does to the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{DeleteRequest, TransactWriteItem, Update, WriteRequest};

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::claim::{ClaimWrites, ClaimsAt, Foreign, StoredForms};
use crate::store::item::{self, Item, n, names, s, values};
use crate::store::session::user_key;
use crate::store::upload::{quota_key, upload_key};
use crate::store::{Store, StoreError, Transacted, Updated, is_refused, store_error};

/// What BatchWriteItem takes.
const BATCH: usize = 25;
/// How many records are looked at before the first of them are removed.
const PAGE: i32 = 250;

impl Store {
    /// Removes a page of the upload records that an account's lives up to `epoch` left behind. Returns how many; zero means
    /// that none is left.
    ///
    /// # Errors
    /// If the table is not available. What was removed stays removed.
    pub async fn remove_upload_records(
        &self,
        user: &UserId,
        epoch: Epoch,
    ) -> Result<usize, StoreError> {
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .set_expression_attribute_values(values([(":pk", s(format!("UP#{user}")))]))
                .projection_expression("pk, sk")
                // An eventually consistent read can miss the last records of the life that has just ended.
                .consistent_read(true)
                .limit(PAGE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(store_error)?;
            let ids = page
                .items()
                .iter()
                .filter_map(|item| item::parsed::<UploadId>(item, "sk").ok());
            let old: Vec<_> = ids.filter(|upload| upload.epoch() <= epoch).collect();
            for batch in old.chunks(BATCH) {
                self.remove_records(user, batch).await?;
            }
            if !old.is_empty() {
                return Ok(old.len());
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(0);
            }
        }
    }

    async fn remove_records(&self, user: &UserId, uploads: &[UploadId]) -> Result<(), StoreError> {
        let removals = uploads.iter().map(|upload| {
            let delete = DeleteRequest::builder()
                .set_key(Some(upload_key(user, *upload)))
                .build();
            delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
        });
        let mut removals: Vec<_> = removals
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Refused(Box::new(error)))?;
        for _ in 0..3 {
            let request = self
                .client
                .batch_write_item()
                .set_request_items(Some(HashMap::from([(self.table.clone(), removals)])));
            let left = request
                .send()
                .await
                .map_err(store_error)?
                .unprocessed_items
                .unwrap_or_default();
            removals = left.into_values().flatten().collect();
            if removals.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(
            "removals stayed unprocessed".into(),
        ))
    }

    /// Removes what counts the account's uploads, unless a later generation uses it already.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn remove_upload_quota(&self, user: &UserId, epoch: Epoch) -> Result<(), StoreError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(quota_key(user)))
            .condition_expression("attribute_not_exists(epoch) OR epoch <= :epoch")
            .set_expression_attribute_values(values([(":epoch", n(epoch.get()))]));
        match request.send().await {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(store_error(error))
            }
            _ => Ok(()),
        }
    }

    /// Notes that nothing is left of the account's life `epoch`. If the person has registered anew, there is nothing to
    /// note. One write; a transaction more if version 0.1 ended the life, which does not know of all that a name is
    /// claimed under.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn finish_purge(&self, user: &UserId, epoch: Epoch) -> Result<(), StoreError> {
        let next = epoch.next();
        let update = self
            .client
            .update_item()
            .update_expression("SET #status = :deleted")
            .condition_expression(format!(
                "{IS_ENDED} AND attribute_not_exists(username_key) AND attribute_not_exists(email_key)"
            ))
            .set_expression_attribute_names(names([("#status", "status")]))
            .set_expression_attribute_values(ended_values(next));
        match self.update(user_key(user), update).await? {
            Updated::Refused(Some(item)) => {
                self.finish_with_claims(user, next, &StoredForms::of_item(&item))
                    .await
            }
            Updated::Done(_) | Updated::Refused(None) => Ok(()),
        }
    }

    /// The same for an item that still names claims, which are released.
    async fn finish_with_claims(
        &self,
        user: &UserId,
        next: Epoch,
        stored: &StoredForms,
    ) -> Result<(), StoreError> {
        let mut foreign = Foreign::new();
        // Each time but the last finds that a claim is somebody else's: there are two.
        for _ in 0..3 {
            let (writes, at) = self
                .finishing_writes(user, next, stored, &foreign)
                .map_err(|error| StoreError::Refused(Box::new(error)))?;
            match self.transact(writes).await? {
                Transacted::Done => break,
                // Refused: the person has registered anew.
                Transacted::Cancelled(reasons) if is_refused(&reasons, 0) => break,
                Transacted::Cancelled(reasons) => at.obstacle(&reasons, &mut foreign),
            };
        }
        Ok(())
    }

    fn finishing_writes(
        &self,
        user: &UserId,
        next: Epoch,
        stored: &StoredForms,
        foreign: &Foreign,
    ) -> Result<(Vec<TransactWriteItem>, ClaimsAt), BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(user_key(user)))
            .update_expression("SET #status = :deleted REMOVE username_key, email_key")
            .condition_expression(IS_ENDED)
            .set_expression_attribute_names(names([("#status", "status")]))
            .set_expression_attribute_values(ended_values(next))
            .build()?;
        let first = TransactWriteItem::builder().update(update).build();
        let mut claims = ClaimWrites::after(first, &self.table, user, stored, foreign);
        claims.release_stored()?;
        Ok(claims.finish())
    }
}

/// That the account's life has ended and no other has begun.
const IS_ENDED: &str = "#status = :deleting AND epoch = :next";

fn ended_values(next: Epoch) -> Option<Item> {
    values([
        (":deleted", s("deleted")),
        (":deleting", s("deleting")),
        (":next", n(next.get())),
    ])
}
