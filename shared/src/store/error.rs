//! What can go wrong with the table, and what is over in a moment.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;

/// The table gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out, unreachable or busy: the same call may work in a moment.
    #[error("DynamoDB is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Other writers of the same items were faster, again and again. Nothing is wrong with the table.
    #[error("other writers of the same items kept being faster")]
    Contended,
    /// Refused for good: a fault of ours.
    #[error("DynamoDB refused the request")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An item is not of the shape that we write.
    #[error("an item lacks a usable {0}")]
    Corrupt(&'static str),
}

impl StoreError {
    /// A write was refused, and an earlier attempt of it was made unnoticed, or may be made yet. To call that a refusal
    /// would be wrong as soon as the attempt is applied.
    pub(super) fn uncertain() -> Self {
        Self::Unavailable("an attempt without an answer may have been applied".into())
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

impl<E> From<SdkError<E>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let transient = match &error {
            SdkError::ServiceError(service) => {
                let is_transient = |code| TRANSIENT.contains(&code);
                service.raw().status().is_server_error()
                    || service.err().code().is_some_and(is_transient)
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        if transient {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Refused(Box::new(error))
        }
    }
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// Whether the transaction may be written if it is repeated.
pub(super) fn is_transient(reason: &CancellationReason) -> bool {
    let code = reason.code();
    code.is_some_and(|code| TRANSIENT_REASONS.contains(&code))
}

/// Whether another transaction was in the way.
pub(super) fn is_conflict(reason: &CancellationReason) -> bool {
    reason.code() == Some("TransactionConflict")
}
