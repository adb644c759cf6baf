//! Attribute values in DynamoDB's JSON: `{"S": "text"}`. What is stored and compared is canonical: numbers in one form,
//! sets sorted, so that equal values are equal JSON.

use std::cmp::Ordering;

use data_encoding::BASE64;
use serde_json::{Map, Value};

use super::Item;
use super::error::Fault;
use super::number;

/// How deep maps and lists may lie in one another.
const MAX_DEPTH: usize = 32;

/// The type's code, and what stands behind it.
pub(super) fn typed(value: &Value) -> (&str, &Value) {
    let member = value.as_object().and_then(|value| value.iter().next());
    member.map_or(("", &Value::Null), |(code, content)| (code, content))
}

pub(super) fn type_of(value: &Value) -> &str {
    typed(value).0
}

/// The text of a string.
pub(super) fn text(value: &Value) -> Option<&str> {
    match typed(value) {
        ("S", Value::String(text)) => Some(text),
        _ => None,
    }
}

/// The canonical text of a number.
pub(super) fn number(value: &Value) -> Option<&str> {
    match typed(value) {
        ("N", Value::String(number)) => Some(number),
        _ => None,
    }
}

/// A value of one type.
pub(super) fn of(code: &str, content: impl Into<Value>) -> Value {
    Value::Object(Map::from_iter([(code.to_owned(), content.into())]))
}

/// The attributes in canonical form.
pub(super) fn canonical_item(item: &Item) -> Result<Item, Fault> {
    canonical_map(item, 0)
}

fn canonical_map(map: &Item, depth: usize) -> Result<Item, Fault> {
    let entries = map.iter();
    entries
        .map(|(name, value)| {
            if name.is_empty() {
                return Err(Fault::invalid("Empty attribute name"));
            }
            Ok((name.clone(), canonical_at(value, depth)?))
        })
        .collect()
}

fn canonical_at(value: &Value, depth: usize) -> Result<Value, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::invalid(
            "Nesting Levels have exceeded supported limits: Item size",
        ));
    }
    if value.as_object().is_none_or(|value| value.len() != 1) {
        return Err(Fault::invalid(
            "Supplied AttributeValue must contain exactly one of the supported datatypes",
        ));
    }
    let (code, content) = typed(value);
    let content = match (code, content) {
        ("S", Value::String(_)) | ("BOOL", Value::Bool(_)) | ("NULL", Value::Bool(true)) => {
            content.clone()
        }
        ("N" | "B", Value::String(text)) => scalar(code, text)?.into(),
        ("M", Value::Object(map)) => canonical_map(map, depth + 1)?.into(),
        ("L", Value::Array(list)) => {
            let list = list.iter().map(|value| canonical_at(value, depth + 1));
            list.collect::<Result<Vec<_>, _>>()?.into()
        }
        ("SS" | "NS" | "BS", Value::Array(members)) => set(code, members)?,
        _ => {
            return Err(Fault::invalid(format!(
                "Unexpected value of type {code:?} in an AttributeValue"
            )));
        }
    };
    Ok(of(code, content))
}

fn scalar(code: &str, text: &str) -> Result<String, Fault> {
    match code {
        "N" | "NS" => number::canonical(text),
        "B" | "BS" => match BASE64.decode(text.as_bytes()) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(Fault::invalid("Invalid Base64 in an AttributeValue")),
        },
        _ => Ok(text.to_owned()),
    }
}

fn set(code: &str, members: &[Value]) -> Result<Value, Fault> {
    let members = members.iter().map(|member| match member.as_str() {
        Some("") => Err(Fault::invalid(
            "One or more parameter values were invalid: A set may not have an empty member",
        )),
        Some(text) => scalar(code, text),
        None => Err(Fault::invalid("A member of a set has to be a string")),
    });
    let mut members = members.collect::<Result<Vec<_>, _>>()?;
    if members.is_empty() {
        return Err(Fault::invalid(
            "One or more parameter values were invalid: An set may not be empty",
        ));
    }
    sort_set(code, &mut members);
    if members.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Fault::invalid(
            "One or more parameter values were invalid: Input collection contains duplicates",
        ));
    }
    Ok(members.into())
}

fn sort_set(code: &str, members: &mut [String]) {
    if code == "NS" {
        members.sort_by(|a, b| number::compare(a, b));
    } else {
        members.sort();
    }
}

/// The members of a set of that type.
fn members<'a>(value: &'a Value, code: &str) -> Option<impl Iterator<Item = &'a str>> {
    match typed(value) {
        (found, Value::Array(members)) if found == code => {
            Some(members.iter().filter_map(Value::as_str))
        }
        _ => None,
    }
}

pub(super) fn is_set(value: &Value) -> bool {
    matches!(type_of(value), "SS" | "NS" | "BS")
}

/// Both sets in one; `None` if they are of different types.
pub(super) fn union(a: &Value, b: &Value) -> Option<Value> {
    let code = type_of(a);
    let mut all: Vec<String> = members(a, code)?
        .chain(members(b, code)?)
        .map(str::to_owned)
        .collect();
    sort_set(code, &mut all);
    all.dedup();
    Some(of(code, all))
}

/// What of set `a` is not in set `b`: `None` if they are of different types, and no value if nothing is left.
pub(super) fn difference(a: &Value, b: &Value) -> Option<Option<Value>> {
    let code = type_of(a);
    let removed: Vec<_> = members(b, code)?.collect();
    let left = members(a, code)?.filter(|member| !removed.contains(member));
    let left: Vec<_> = left.map(str::to_owned).collect();
    Some((!left.is_empty()).then(|| of(code, left)))
}

/// How two canonical values of the same ordered type compare.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (typed(a), typed(b)) {
        (("S", Value::String(a)), ("S", Value::String(b))) => Some(a.as_bytes().cmp(b.as_bytes())),
        (("N", Value::String(a)), ("N", Value::String(b))) => Some(number::compare(a, b)),
        (("B", Value::String(a)), ("B", Value::String(b))) => Some(bytes(a).cmp(&bytes(b))),
        _ => None,
    }
}

/// Whether a string, a set or a list contains the value.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (typed(whole), typed(part)) {
        (("S", Value::String(whole)), ("S", Value::String(part))) => whole.contains(part.as_str()),
        (("B", Value::String(whole)), ("B", Value::String(part))) => {
            let (whole, part) = (bytes(whole), bytes(part));
            part.is_empty() || whole.windows(part.len()).any(|window| window == part)
        }
        (("SS", Value::Array(set)), ("S", member))
        | (("NS", Value::Array(set)), ("N", member))
        | (("BS", Value::Array(set)), ("B", member)) => set.contains(member),
        (("L", Value::Array(list)), _) => list.contains(part),
        _ => false,
    }
}

/// Whether a string or bytes begin so.
pub(super) fn begins_with(whole: &Value, start: &Value) -> bool {
    match (typed(whole), typed(start)) {
        (("S", Value::String(whole)), ("S", Value::String(start))) => {
            whole.starts_with(start.as_str())
        }
        (("B", Value::String(whole)), ("B", Value::String(start))) => {
            bytes(whole).starts_with(&bytes(start))
        }
        _ => false,
    }
}

/// What the function `size` says; `None` for types that have none.
pub(super) fn length(value: &Value) -> Option<usize> {
    match typed(value) {
        // In the units of UTF-16, unlike the limits on sizes.
        ("S", Value::String(text)) => Some(text.encode_utf16().count()),
        ("B", Value::String(text)) => Some(bytes_length(text)),
        ("SS" | "NS" | "BS" | "L", Value::Array(elements)) => Some(elements.len()),
        ("M", Value::Object(map)) => Some(map.len()),
        _ => None,
    }
}

/// What the item counts for against the limits on its size.
pub(super) fn item_size(item: &Item) -> usize {
    let attributes = item.iter();
    attributes
        .map(|(name, value)| name.len() + size(value))
        .sum()
}

fn size(value: &Value) -> usize {
    const CONTAINER: usize = 3;
    const ELEMENT: usize = 1;
    match typed(value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(number)) => number_size(number),
        ("B", Value::String(text)) => bytes_length(text),
        ("L", Value::Array(list)) => {
            CONTAINER
                + list
                    .iter()
                    .map(|value| ELEMENT + size(value))
                    .sum::<usize>()
        }
        ("M", Value::Object(map)) => CONTAINER + ELEMENT * map.len() + item_size(map),
        ("NS", Value::Array(set)) => set.iter().filter_map(Value::as_str).map(number_size).sum(),
        ("BS", Value::Array(set)) => set.iter().filter_map(Value::as_str).map(bytes_length).sum(),
        ("SS", Value::Array(set)) => set.iter().filter_map(Value::as_str).map(str::len).sum(),
        _ => 1,
    }
}

/// About one byte for two digits, and one more.
fn number_size(number: &str) -> usize {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    digits.div_ceil(2) + 1
}

fn bytes_length(base64: &str) -> usize {
    base64.len() / 4 * 3
        - base64
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'=')
            .count()
}

fn bytes(base64: &str) -> Vec<u8> {
    BASE64.decode(base64.as_bytes()).unwrap_or_default()
}
