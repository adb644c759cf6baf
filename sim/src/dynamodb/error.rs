//! What DynamoDB answers instead of doing what it was asked.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Item;

/// An error of the service, as its JSON protocol writes it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    kind: Kind,
    message: String,
    /// Members beside the message.
    more: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Validation,
    ConditionalCheckFailed,
    TransactionCanceled,
    TransactionConflict,
    IdempotentParameterMismatch,
    ResourceNotFound,
    Throttled,
    UnknownOperation,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Validation => "com.amazon.coral.validate#ValidationException",
            Self::ConditionalCheckFailed => {
                "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            }
            Self::TransactionCanceled => {
                "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
            }
            Self::TransactionConflict => {
                "com.amazonaws.dynamodb.v20120810#TransactionConflictException"
            }
            Self::IdempotentParameterMismatch => {
                "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException"
            }
            Self::ResourceNotFound => "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
            Self::Throttled => {
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
            }
            Self::UnknownOperation => "com.amazon.coral.service#UnknownOperationException",
        }
    }
}

impl Fault {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            more: Map::new(),
        }
    }

    /// The request is wrong, whatever is in the table.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Validation, message)
    }

    /// DynamoDB knows this, and the model does not. Refused, so that it cannot go unnoticed.
    pub(super) fn not_modelled(what: &str) -> Self {
        Self::invalid(format!("the model does not know {what}"))
    }

    /// A condition did not hold; `found` is returned if that was asked for.
    pub(super) fn refused(found: Option<&Arc<Item>>) -> Self {
        let mut fault = Self::new(
            Kind::ConditionalCheckFailed,
            "The conditional request failed",
        );
        if let Some(item) = found {
            let item = Value::Object(Item::clone(item));
            fault.more.insert("Item".to_owned(), item);
        }
        fault
    }

    pub(super) fn conflict() -> Self {
        let message = "Transaction is ongoing for the item";
        Self::new(Kind::TransactionConflict, message)
    }

    /// A transaction of which nothing was written. `reasons` has one entry a write, `None` where nothing is wrong.
    pub(super) fn cancelled(reasons: Vec<Option<Self>>) -> Self {
        let reasons: Vec<_> = reasons.into_iter().map(into_reason).collect();
        let codes = reasons.iter().filter_map(|reason| reason["Code"].as_str());
        let codes: Vec<_> = codes.collect();
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        let mut fault = Self::new(Kind::TransactionCanceled, message);
        let reasons = Value::Array(reasons);
        fault.more.insert("CancellationReasons".to_owned(), reasons);
        fault
    }

    /// The body of the response, which has status 400.
    pub(super) fn into_body(self) -> Vec<u8> {
        let mut body = self.more;
        body.insert("__type".to_owned(), self.kind.name().into());
        let message = match self.kind {
            Kind::TransactionCanceled => "Message",
            _ => "message",
        };
        body.insert(message.to_owned(), self.message.into());
        Value::Object(body).to_string().into_bytes()
    }
}

fn into_reason(fault: Option<Fault>) -> Value {
    let Some(fault) = fault else {
        return json!({"Code": "None"});
    };
    let code = match fault.kind {
        Kind::ConditionalCheckFailed => "ConditionalCheckFailed",
        Kind::TransactionConflict => "TransactionConflict",
        _ => "ValidationError",
    };
    let mut reason = fault.more;
    reason.insert("Code".to_owned(), code.into());
    reason.insert("Message".to_owned(), fault.message.into());
    Value::Object(reason)
}
