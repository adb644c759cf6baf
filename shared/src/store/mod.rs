//! The DynamoDB table. Only this module knows of attributes, keys and expressions.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | user, with its sessions as `s_<session>` | `U#<user>` | `A` |
//! | claim on a username or e-mail address; the user item names the form as `username_key`, `email_key` | `UN#<form>`, `EM#<form>` | `A` |
//! | upload | `UP#<user>` | `<upload>` |
//! | gate: what uploads need to know of their owner's account | `UP#<user>` | `~` |
//! | open tickets, tickets of the day, stored bytes | `RL#UP#<user>` | `A` |
//! | idempotency key | `RL#IK#<user>#<hash>` | `A` |
//! | entry of the audit | `AU#0` | time and something random |
//!
//! Index `gsi1` holds all users by age: `gsi1pk` = `US#0` (a shard number from the first day), `gsi1sk` = time and id.

mod account;
mod admin_uploads;
pub mod audit;
pub mod claim;
mod conflict;
pub mod cursor;
mod editor;
mod fence;
mod item;
pub mod purge;
mod reenable;
pub mod session;
pub mod upload;
pub mod user;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::error::{Code, Error};
use crate::random::Random;
use crate::store::conflict::Backoff;
use crate::store::item::Item;
use crate::time::Clock;

pub use account::{Account, Refusal};

/// The table, and what its writes need.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    clock: Clock,
    random: Random,
}

/// The table gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out, unreachable or busy: the same call may work in a moment.
    #[error("DynamoDB is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Refused for good: a fault of ours.
    #[error("DynamoDB refused the request")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An item is not of the shape that we write.
    #[error("an item lacks a usable {0}")]
    Corrupt(&'static str),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable(_) => Code::TemporarilyUnavailable,
            StoreError::Refused(_) | StoreError::Corrupt(_) => Code::Internal,
        };
        Self::new(code).caused_by(error)
    }
}

/// Error codes after which the same call may work.
const TRANSIENT: [&str; 9] = [
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Reasons for which a transaction is cancelled though nothing is wrong with it.
const TRANSIENT_REASONS: [&str; 3] = [
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
];

fn store_error<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let transient = match &error {
        SdkError::ServiceError(service) => {
            service.raw().status().is_server_error()
                || service
                    .err()
                    .code()
                    .is_some_and(|code| TRANSIENT.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    };
    if transient {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Refused(Box::new(error))
    }
}

/// What became of a transaction.
enum Transacted {
    /// All of it was written.
    Done,
    /// Nothing was written: a condition did not hold. One reason for each write, in their order.
    Cancelled(Vec<CancellationReason>),
}

/// What became of an update with a condition.
enum Updated {
    /// It was written; the item, as far as it was asked for.
    Done(Item),
    /// The condition did not hold; the item as it is, if there is one.
    Refused(Option<Item>),
}

/// Whether the write at `index` is the one whose condition did not hold.
fn is_refused(reasons: &[CancellationReason], index: usize) -> bool {
    reasons.get(index).and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

impl Store {
    /// The table named `table`.
    pub fn new(client: Client, table: String, clock: Clock, random: Random) -> Self {
        Self {
            client,
            table,
            clock,
            random,
        }
    }

    /// Asks for an item that is not there, so that the first request finds an open connection. Failure does not matter.
    pub async fn warm_up(&self) {
        let key = item::key("U#warm-up", "A");
        let _ = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .send()
            .await;
    }

    /// Changes one item under a condition. When it does not hold, DynamoDB returns the item in the same answer, so that
    /// no read is needed to tell why. Conflicts with transactions are repeated.
    async fn update(
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
    async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
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
}

fn is_transient(reason: &CancellationReason) -> bool {
    reason
        .code()
        .is_some_and(|code| TRANSIENT_REASONS.contains(&code))
}
