//! The calls that the store makes of its table.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    DeleteRequest, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
    WriteRequest,
};

use futures_util::future::try_join_all;

use crate::random::Random;
use crate::store::conflict::Backoff;
use crate::store::error::{StoreError, is_conflict, is_transient};
use crate::store::expression::{Condition, UpdateExpression, names_in};
use crate::store::item::Item;
use crate::store::schema::Key;
use crate::store::transaction::{Cancelled, Transacted, Transaction};

/// What BatchGetItem takes.
const READ_BATCH: usize = 100;
/// What BatchWriteItem takes.
const WRITE_BATCH: usize = 25;
/// How often a batch is sent of which something stays unprocessed.
const BATCH_ATTEMPTS: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct Dynamo {
    client: Client,
    table: String,
    random: Random,
}

/// What became of an update with a condition.
#[derive(Debug)]
pub(super) enum Updated {
    /// It was written; the item afterwards, if it was asked for.
    Done(Item),
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
}

/// Which items of a partition to read, and in which order.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) index: Option<&'static str>,
    pub(super) condition: Condition,
    pub(super) newest_first: bool,
    pub(super) limit: Option<usize>,
    /// The attributes to read; all of them if `None`.
    pub(super) projection: Option<&'static str>,
    /// Where the page before was cut.
    pub(super) start: Option<Item>,
}

/// What a query found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Where to go on, if the limit or the size of the items ended the page.
    pub(super) cut: Option<Item>,
}

impl Query {
    /// All items that meet `condition`, which begins with the partition.
    pub(super) const fn new(condition: Condition) -> Self {
        Self {
            index: None,
            condition,
            newest_first: false,
            limit: None,
            projection: None,
            start: None,
        }
    }

    /// The last `limit` items of the sort order, backwards.
    pub(super) const fn newest(condition: Condition, limit: usize) -> Self {
        let mut query = Self::new(condition);
        query.newest_first = true;
        query.limit = Some(limit);
        query
    }
}

impl Dynamo {
    pub(super) const fn new(client: Client, table: String, random: Random) -> Self {
        Self {
            client,
            table,
            random,
        }
    }

    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.into_item()))
            .consistent_read(true);
        Ok(request.send().await?.item)
    }

    /// As [`Dynamo::batch_get`], for more keys than one call takes: the calls are made at the same time.
    pub(super) async fn batch_get_all(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        let batches = keys.chunks(READ_BATCH);
        let batches = batches.map(|batch| self.batch_get(batch.to_vec(), None));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// Reads items in one call, or more if DynamoDB leaves some unprocessed. Those that do not exist are left out.
    pub(super) async fn batch_get(
        &self,
        keys: Vec<Key>,
        projection: Option<&'static str>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        let mut keys: Vec<_> = keys.into_iter().map(Key::into_item).collect();
        for _ in 0..BATCH_ATTEMPTS {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .set_projection_expression(projection.map(str::to_owned))
                .set_expression_attribute_names(projection.and_then(names_in))
                .consistent_read(true)
                .build()?;
            let request = self.client.batch_get_item();
            let output = request.request_items(&self.table, wanted).send().await?;
            let tables = output.responses.into_iter().flat_map(HashMap::into_values);
            found.extend(tables.flatten());
            let left = output.unprocessed_keys;
            let left = left.and_then(|mut left| left.remove(&self.table));
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Unavailable("items stayed unprocessed".into()))
    }

    /// Reads one page of items.
    pub(super) async fn query(&self, query: Query) -> Result<Found, StoreError> {
        let (condition, names, values) = query.condition.into_parts();
        let projected = query.projection.and_then(names_in);
        let names = names.into_iter().chain(projected).flatten();
        let names: HashMap<_, _> = names.collect();
        let limit = query
            .limit
            .map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(query.index.map(str::to_owned))
            .key_condition_expression(condition)
            .set_projection_expression(query.projection.map(str::to_owned))
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(values)
            .scan_index_forward(!query.newest_first)
            // An index knows no consistent reads.
            .consistent_read(query.index.is_none())
            .set_limit(limit)
            .set_exclusive_start_key(query.start)
            .send()
            .await?;
        Ok(Found {
            items: output.items.unwrap_or_default(),
            cut: output.last_evaluated_key,
        })
    }

    /// Changes one item under a condition.
    pub(super) async fn update(
        &self,
        key: Key,
        update: impl Into<UpdateExpression>,
    ) -> Result<Updated, StoreError> {
        self.send_update(key, update.into(), None).await
    }

    /// Changes one item under a condition, and returns it as it is then.
    pub(super) async fn update_and_read(
        &self,
        key: Key,
        update: impl Into<UpdateExpression>,
    ) -> Result<Updated, StoreError> {
        let all = Some(ReturnValue::AllNew);
        self.send_update(key, update.into(), all).await
    }

    /// When the condition does not hold, DynamoDB returns the item in the same response, so that no read is needed to
    /// tell why. Conflicts with transactions are repeated.
    async fn send_update(
        &self,
        key: Key,
        update: UpdateExpression,
        returned: Option<ReturnValue>,
    ) -> Result<Updated, StoreError> {
        let (update, condition, names, values) = update.into_parts();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.into_item()))
            .update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .set_return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut backoff = Backoff::new(&self.random);
        loop {
            let error = match request.clone().send().await {
                Ok(output) => return Ok(Updated::Done(output.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    return Ok(Updated::Refused(refused.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) => backoff.pause().await?,
                _ => return Err(error.into()),
            }
        }
    }

    /// Writes all or nothing. Conflicts with other writers are repeated; the request token makes a repetition of a
    /// transaction that was written after all harmless.
    pub(super) async fn transact(
        &self,
        transaction: Transaction,
    ) -> Result<Transacted, StoreError> {
        let (writes, slots) = transaction.build(&self.table)?;
        let token = data_encoding::HEXLOWER.encode(&self.random.bytes::<16>());
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .client_request_token(token);
        let mut backoff = Backoff::new(&self.random);
        loop {
            let Err(error) = request.clone().send().await else {
                return Ok(Transacted::Done);
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => return Err(error.into()),
            };
            if let Some(cancelled) = Cancelled::from_reasons(reasons, &slots) {
                return Ok(Transacted::Cancelled(cancelled));
            }
            if !reasons.iter().any(is_transient) {
                return Err(StoreError::Refused(Box::new(error)));
            }
            if let Err(contended) = backoff.pause().await {
                let is_conflict = reasons.iter().any(is_conflict);
                let throttled = || StoreError::Unavailable(Box::new(error));
                return Err(if is_conflict { contended } else { throttled() });
            }
        }
    }

    /// Removes an item that meets the condition; one that does not is no error.
    pub(super) async fn delete_if(&self, key: Key, condition: Condition) -> Result<(), StoreError> {
        let (condition, names, values) = condition.into_parts();
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.into_item()))
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values);
        let Err(error) = request.send().await else {
            return Ok(());
        };
        let is_refused = DeleteItemError::is_conditional_check_failed_exception;
        if error.as_service_error().is_some_and(is_refused) {
            Ok(())
        } else {
            Err(error.into())
        }
    }

    /// Removes items. What was removed stays removed when this fails.
    pub(super) async fn batch_delete(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        for batch in keys.chunks(WRITE_BATCH) {
            let removals = batch.iter().map(|key| {
                let delete = DeleteRequest::builder().set_key(Some(key.clone().into_item()));
                let delete = delete.build()?;
                Ok(WriteRequest::builder().delete_request(delete).build())
            });
            let removals: Result<_, StoreError> = removals.collect();
            self.batch_write(removals?).await?;
        }
        Ok(())
    }

    async fn batch_write(&self, mut writes: Vec<WriteRequest>) -> Result<(), StoreError> {
        for _ in 0..BATCH_ATTEMPTS {
            let requests = HashMap::from([(self.table.clone(), writes)]);
            let request = self.client.batch_write_item();
            let output = request.set_request_items(Some(requests)).send().await?;
            let left = output.unprocessed_items.unwrap_or_default();
            writes = left.into_values().flatten().collect();
            if writes.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("writes stayed unprocessed".into()))
    }

    /// Asks for an item that is not there, so that the first request finds an open connection. Failure does not matter.
    pub(super) async fn warm_up(&self) {
        let _ = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Key::no_user().into_item()))
            .send()
            .await;
    }
}
