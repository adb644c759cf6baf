//! The DynamoDB table. Only this module knows of attributes, keys and expressions.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | user, with its sessions as `s_<session>` | `U#<user>` | `A` |
//! | claim on a username or e-mail address; the user item names the form as `username_key`, `email_key` | `UN#<form>`, `EM#<form>` | `A` |
//! | upload | `UP#<user>` | `<upload>` |
//! | gate: what uploads need to know of their owner's account | `UP#<user>` | `~` |
//! | open tickets and tickets of the day | `RL#UP#<user>` | `A` |
//! | idempotency key | `RL#IK#<user>#<hash>` | `A` |
//!
//! Index `gsi1` holds all users by age: `gsi1pk` = `US#0` (a shard number from the first day), `gsi1sk` = time and id.

mod account;
pub mod claim;
pub mod cursor;
mod item;
pub mod purge;
pub mod session;
pub mod upload;
pub mod user;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::error::{Code, Error};
use crate::seams::{Clock, Random};
use crate::store::item::Item;

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

/// A write that meets somebody's transaction on its item is refused at once, and the SDK takes that for final. The
/// transaction is over in a few milliseconds: a login need not fail, and its code be lost, because a picture was
/// verified at the same moment.
#[derive(Debug)]
struct RepeatConflicts;

impl ClassifyRetry for RepeatConflicts {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(|error| error.as_operation_error());
        let error = error.and_then(|error| error.downcast_ref::<UpdateItemError>());
        if error.is_some_and(UpdateItemError::is_transaction_conflict_exception) {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "transaction conflicts"
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
        let config = client.config().to_builder();
        Self {
            client: Client::from_conf(config.retry_classifier(RepeatConflicts).build()),
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
    /// no read is needed to tell why.
    async fn update(
        &self,
        key: Item,
        update: UpdateItemFluentBuilder,
    ) -> Result<Updated, StoreError> {
        let update = update
            .table_name(&self.table)
            .set_key(Some(key))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(output) => return Ok(Updated::Done(output.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Updated::Refused(refused.item.clone()))
            }
            _ => Err(store_error(error)),
        }
    }

    /// Writes all or nothing. Conflicts with other writers are repeated up to twice, after a random pause; the request
    /// token makes a repetition of a transaction that was written after all harmless.
    async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let token = data_encoding::HEXLOWER.encode(&self.random.bytes::<16>());
        let mut repetition = 0;
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
            let transient = |reason: &CancellationReason| {
                reason
                    .code()
                    .is_some_and(|code| TRANSIENT_REASONS.contains(&code))
            };
            if (0..reasons.len()).any(|index| is_refused(&reasons, index)) {
                return Ok(Transacted::Cancelled(reasons));
            }
            if !reasons.iter().any(transient) {
                return Err(StoreError::Refused(Box::new(error)));
            }
            if repetition == 2 {
                return Err(StoreError::Unavailable(Box::new(error)));
            }
            repetition += 1;
            let jitter = u64::from(self.random.bytes::<1>()[0]);
            tokio::time::sleep(Duration::from_millis(10 + jitter / 2)).await;
        }
    }
}
