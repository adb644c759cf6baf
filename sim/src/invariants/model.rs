//! Stands in for the model of DynamoDB.

use std::sync::Arc;

use serde_json::Value;

/// An item in DynamoDB JSON.
pub type Item = serde_json::Map<String, Value>;

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// A change of one item.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which item.
    pub key: Key,
    /// What it was.
    pub before: Option<Arc<Item>>,
    /// What it is.
    pub after: Option<Arc<Item>>,
}
