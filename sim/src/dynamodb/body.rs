//! Bodies of answers, written without a copy of what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Item;
use super::error::Fault;

/// The answer to most writes.
pub(super) fn empty() -> Vec<u8> {
    b"{}".to_vec()
}

/// An object with one member.
pub(super) fn member(name: &'static str, content: &impl Serialize) -> Result<Vec<u8>, Fault> {
    written(&BTreeMap::from([(name, content)]))
}

/// What a query found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page<'a> {
    pub(super) items: Vec<Cow<'a, Item>>,
    pub(super) count: usize,
    pub(super) scanned_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_evaluated_key: Option<Item>,
}

/// What a batch of reads found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<'a> {
    pub(super) responses: BTreeMap<&'a str, Vec<Cow<'a, Item>>>,
    pub(super) unprocessed_keys: BTreeMap<&'a str, Value>,
}

pub(super) fn written(content: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(content).map_err(|error| Fault::invalid(error.to_string()))
}
