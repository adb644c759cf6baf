//! Transactions whose writes have names, so that a refusal is asked for by name.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use crate::ids::UploadId;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::Item;
use crate::store::schema::{Key, UniqueField};

/// What a write of a transaction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The user item of the account that the transaction changes, or that must let its owner in.
    Account,
    /// The user item of the administrator who acts.
    Actor,
    AuditEntry,
    OwnerState,
    /// The owner state for own functions.
    OwnOwnerState,
    /// An item of an own function.
    OwnItem,
    /// The entry that leads from a person to a shared item.
    OwnEntry,
    /// How many marks there are on a shared item.
    MarkCount,
    Quota,
    Idempotency,
    Upload(UploadId),
    Check,
    Review,
    /// Who or what a report is about.
    Target,
    /// A report, among those of its author.
    Report,
    /// The same, among what is about its target.
    ReportAbout,
    /// A name that is taken.
    Reserved(UniqueField),
    /// A reservation that is given up.
    Released(Key),
}

/// Writes of which all are done, or none.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    slots: Vec<Slot>,
    writes: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    Check(Key, Condition),
    Delete(Key, Condition),
    Put(Item, Option<Condition>),
    Update(Key, UpdateExpression),
}

impl Transaction {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Changes nothing, and has to hold.
    pub(super) fn check(self, slot: Slot, key: Key, condition: Condition) -> Self {
        self.with(slot, Write::Check(key, condition))
    }

    pub(super) fn update(self, slot: Slot, key: Key, update: impl Into<UpdateExpression>) -> Self {
        self.with(slot, Write::Update(key, update.into()))
    }

    /// Writes an item, whatever is there.
    pub(super) fn put(self, slot: Slot, item: Item) -> Self {
        self.with(slot, Write::Put(item, None))
    }

    /// Writes an item if the one that is there, or that there is none, meets the condition.
    pub(super) fn put_if(self, slot: Slot, item: Item, condition: Condition) -> Self {
        self.with(slot, Write::Put(item, Some(condition)))
    }

    /// Removes an item if it meets the condition.
    pub(super) fn delete_if(self, slot: Slot, key: Key, condition: Condition) -> Self {
        self.with(slot, Write::Delete(key, condition))
    }

    fn with(mut self, slot: Slot, write: Write) -> Self {
        self.slots.push(slot);
        self.writes.push(write);
        self
    }

    /// The writes as the SDK wants them, and what each of them is about.
    pub(super) fn build(
        self,
        table: &str,
    ) -> Result<(Vec<TransactWriteItem>, Vec<Slot>), BuildError> {
        let writes = self.writes.into_iter().map(|write| write.build(table));
        Ok((writes.collect::<Result<_, _>>()?, self.slots))
    }
}

impl Write {
    /// What refuses a condition comes back with the refusal, so that no read is needed to tell why.
    fn build(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        const OLD: ReturnValuesOnConditionCheckFailure =
            ReturnValuesOnConditionCheckFailure::AllOld;
        let write = TransactWriteItem::builder();
        Ok(match self {
            Self::Check(key, condition) => {
                let (condition, names, values) = condition.into_parts();
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OLD);
                write.condition_check(check.build()?).build()
            }
            Self::Delete(key, condition) => {
                let (condition, names, values) = condition.into_parts();
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OLD);
                write.delete(delete.build()?).build()
            }
            Self::Put(item, condition) => write.put(put(table, item, condition)?).build(),
            Self::Update(key, update) => {
                let (update, condition, names, values) = update.into_parts();
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .update_expression(update)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OLD);
                write.update(update.build()?).build()
            }
        })
    }
}

fn put(table: &str, item: Item, condition: Option<Condition>) -> Result<Put, BuildError> {
    let put = Put::builder().table_name(table).set_item(Some(item));
    let Some(condition) = condition else {
        return put.build();
    };
    let (condition, names, values) = condition.into_parts();
    put.condition_expression(condition)
        .set_expression_attribute_names(names)
        .set_expression_attribute_values(values)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
}

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Transacted {
    /// All of it was written.
    Done,
    /// Nothing was written: a condition did not hold.
    Cancelled(Cancelled),
}

/// Which conditions of a transaction did not hold.
#[derive(Debug)]
pub(super) struct Cancelled {
    refused: Vec<(Slot, Option<Item>)>,
    is_certain: bool,
}

impl Cancelled {
    /// The refusals among the reasons, which stand in the order of the writes; `None` if there is none.
    pub(super) fn from_reasons(
        reasons: &[CancellationReason],
        slots: &[Slot],
        is_certain: bool,
    ) -> Option<Self> {
        let is_refusal =
            |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        let refused: Vec<_> = reasons
            .iter()
            .zip(slots)
            .filter(|(reason, _)| is_refusal(reason))
            .map(|(reason, slot)| (slot.clone(), reason.item.clone()))
            .collect();
        (!refused.is_empty()).then_some(Self {
            refused,
            is_certain,
        })
    }

    /// Makes sure that each attempt was refused, before a client is told so. One without an answer was not applied, or
    /// its repetition would have been answered as it was; it may be applied yet.
    ///
    /// # Errors
    /// If there is such an attempt.
    pub(super) fn ensure_certain(&self) -> Result<(), StoreError> {
        if self.is_certain {
            Ok(())
        } else {
            Err(StoreError::uncertain())
        }
    }

    /// Whether a write of that name was refused.
    pub(super) fn refused(&self, slot: &Slot) -> bool {
        self.refused.iter().any(|(refused, _)| refused == slot)
    }

    /// The item that refused the write of that name; `None` also if there is no such item.
    pub(super) fn item(&self, slot: &Slot) -> Option<&Item> {
        let mut refused = self.refused.iter();
        let (_, item) = refused.find(|(refused, _)| refused == slot)?;
        item.as_ref()
    }

    /// All that was refused, with the items that refused.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Slot, Option<&Item>)> {
        let refused = self.refused.iter();
        refused.map(|(slot, item)| (slot, item.as_ref()))
    }
}
