//! What `upload` still calls; it goes when that is on `dynamo` and `transaction`.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::auth::Caller;
use crate::ids::UserId;
use crate::store::account::Account;
use crate::store::audit::{AdminWrite, NotAdmin, admit_admin, is_admin};
use crate::store::conflict::Backoff;
use crate::store::error::is_transient;
use crate::store::item::Item;
use crate::store::item::{n, s};
use crate::store::schema::Key;
use crate::store::session::user_key;
use crate::store::transaction::{Slot, Transaction};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::user::Avatar;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use std::collections::HashMap;

pub(in crate::store) fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    error.into()
}

/// What became of a transaction.
pub(in crate::store) enum Transacted {
    /// All of it was written.
    Done,
    /// Nothing was written: a condition did not hold. One reason for each write, in their order.
    Cancelled(Vec<CancellationReason>),
}

/// What became of an update with a condition.
pub(in crate::store) enum Updated {
    /// It was written; the item, as far as it was asked for.
    Done(Item),
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
}

/// Whether the write at `index` is the one whose condition did not hold.
pub(in crate::store) fn is_refused(reasons: &[CancellationReason], index: usize) -> bool {
    reasons.get(index).and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

impl Store {
    pub(super) async fn batch_get(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let key = |item: Item| {
            let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            Key::parts(
                part("pk").unwrap_or_default(),
                part("sk").unwrap_or_default(),
            )
        };
        self.dynamo
            .batch_get(keys.into_iter().map(key).collect(), None)
            .await
    }

    /// Changes one item under a condition. When it does not hold, DynamoDB returns the item in the same answer, so that
    /// no read is needed to tell why. Conflicts with transactions are repeated.
    pub(super) async fn update(
        &self,
        key: Item,
        update: UpdateItemFluentBuilder,
    ) -> Result<Updated, StoreError> {
        let update = update
            .table_name(&self.table)
            .set_key(Some(key))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut backoff = Backoff::new(&self.random);
        loop {
            let error = match update.clone().send().await {
                Ok(output) => return Ok(Updated::Done(output.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    return Ok(Updated::Refused(refused.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if backoff.pause().await => {
                }
                _ => return Err(store_error(error)),
            }
        }
    }

    /// Writes all or nothing. Conflicts with other writers are repeated; the request token makes a repetition of a
    /// transaction that was written after all harmless.
    pub(super) async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Transacted, StoreError> {
        let token = data_encoding::HEXLOWER.encode(&self.random.bytes::<16>());
        let mut backoff = Backoff::new(&self.random);
        loop {
            let request = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()));
            let Err(error) = request.client_request_token(&token).send().await else {
                return Ok(Transacted::Done);
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons.clone().unwrap_or_default()
                }
                _ => return Err(store_error(error)),
            };
            if (0..reasons.len()).any(|index| is_refused(&reasons, index)) {
                return Ok(Transacted::Cancelled(reasons));
            }
            if !reasons.iter().any(is_transient) {
                return Err(StoreError::Refused(Box::new(error)));
            }
            if !backoff.pause().await {
                return Err(StoreError::Unavailable(Box::new(error)));
            }
        }
    }

    pub(super) async fn transact_as(
        &self,
        actor: &Caller,
        write: &AdminWrite<'_>,
        mut writes: Vec<TransactWriteItem>,
    ) -> Result<Result<Transacted, NotAdmin>, StoreError> {
        let check_at = writes.len();
        let key = Key::user(&actor.user);
        let transaction = Transaction::new()
            .check(Slot::Actor, key, is_admin(actor.actor()))
            .put(Slot::AuditEntry, self.entry(actor.actor(), write));
        writes.extend(transaction.build(&self.table)?.0);
        match self.transact(writes).await? {
            Transacted::Cancelled(reasons) if is_refused(&reasons, check_at) => {
                let found = reasons[check_at].item.as_ref();
                let account = found.map(Account::from_item).transpose()?;
                let refusal = admit_admin(account, actor.actor()).err();
                Ok(Err(refusal.unwrap_or(NotAdmin::Demoted)))
            }
            outcome => Ok(Ok(outcome)),
        }
    }
}

/// An update expression in the making.
pub(super) struct Edit {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Edit {
    /// An update that counts as a change of what the API shows.
    pub(super) fn new(now: Timestamp) -> Self {
        let mut edit = Self::timeless();
        edit.set("updated_at", ":now", n(now.millis()));
        edit
    }

    /// The same, of a user who is no longer shown and therefore has no time of change.
    fn timeless() -> Self {
        let mut edit = Self {
            sets: vec!["version = if_not_exists(version, :zero) + :one".to_owned()],
            removes: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        edit.value(":zero", n(0));
        edit.value(":one", n(1));
        edit
    }

    pub(super) fn set_avatar(&mut self, avatar: &Avatar) {
        self.set("avatar_key", ":avatar_key", s(avatar.key.to_string()));
        self.set(
            "avatar_upload_id",
            ":avatar_upload_id",
            s(avatar.upload.to_string()),
        );
        match &avatar.version {
            Some(version) => self.set("avatar_version", ":avatar_version", s(version)),
            None => self.removes.push("avatar_version".to_owned()),
        }
    }

    pub(super) fn clear_avatar(&mut self) {
        self.removes
            .extend(["avatar_key", "avatar_version", "avatar_upload_id"].map(str::to_owned));
    }

    pub(super) fn set(&mut self, name: &str, placeholder: &str, value: AttributeValue) {
        self.sets.push(format!("{name} = {placeholder}"));
        self.value(placeholder, value);
    }

    pub(super) fn require(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    pub(super) fn name(&mut self, placeholder: &str, name: &str) {
        self.names.insert(placeholder.to_owned(), name.to_owned());
    }

    fn expression(&self) -> String {
        let remove = if self.removes.is_empty() {
            ""
        } else {
            " REMOVE "
        };
        format!(
            "SET {}{remove}{}",
            self.sets.join(", "),
            self.removes.join(", ")
        )
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub(super) fn into_transaction(
        self,
        table: &str,
        user: &UserId,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(user_key(user)))
            .update_expression(self.expression())
            .condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
