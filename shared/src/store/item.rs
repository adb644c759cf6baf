//! Reading and writing attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::store::error::StoreError;

/// An item, or a map within one.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Reads a string that may be absent.
pub(super) fn opt_str<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
}

pub(super) fn str<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, StoreError> {
    opt_str(item, name).ok_or(StoreError::Corrupt(name))
}

/// Reads a string as `T` reads it, if it is there.
pub(super) fn opt_parsed<T: std::str::FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, StoreError> {
    opt_str(item, name)
        .map(|text| text.parse().map_err(|_| StoreError::Corrupt(name)))
        .transpose()
}

/// Reads a string as `T` reads it.
pub(super) fn parsed<T: std::str::FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<T, StoreError> {
    opt_parsed(item, name)?.ok_or(StoreError::Corrupt(name))
}

/// Reads a number that may be absent.
pub(super) fn opt_num<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|text| text.parse().ok())
}

pub(super) fn num<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    opt_num(item, name).ok_or(StoreError::Corrupt(name))
}

/// Reads bytes that may be absent.
pub(super) fn opt_bytes<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)
        .and_then(|value| value.as_b().ok())
        .map(AsRef::as_ref)
}
