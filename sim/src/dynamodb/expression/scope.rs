//! What placeholders stand for.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Operand, Parsed, Segment};
use crate::dynamodb::Item;
use crate::dynamodb::error::Fault;
use crate::dynamodb::request::Members;
use crate::dynamodb::value;

/// The names and values of a request.
#[derive(Debug)]
pub(in crate::dynamodb) struct Scope<'a> {
    names: Option<&'a Map<String, Value>>,
    values: Option<Item>,
}

/// What the expressions of a request use, whatever their kind.
#[derive(Debug, Default)]
pub(in crate::dynamodb) struct Used<'e> {
    names: Vec<&'e str>,
    values: Vec<&'e str>,
}

impl<'e> Used<'e> {
    pub(in crate::dynamodb) fn by<T>(mut self, parsed: Option<&'e Parsed<T>>) -> Self {
        if let Some(parsed) = parsed {
            self.names.extend(parsed.names.iter().map(String::as_str));
            self.values.extend(parsed.values.iter().map(String::as_str));
        }
        self
    }
}

impl<'a> Scope<'a> {
    /// The placeholders of a request. Each one that is used has to be there, and each one that is there to be used.
    pub(in crate::dynamodb) fn new(request: Members<'a>, used: &Used<'_>) -> Result<Self, Fault> {
        let names = request.map("ExpressionAttributeNames")?;
        let values = request.map("ExpressionAttributeValues")?;
        check_placeholders(names, &used.names, "#")?;
        check_placeholders(values, &used.values, ":")?;
        if names
            .into_iter()
            .flatten()
            .any(|(_, name)| name.as_str().is_none_or(str::is_empty))
        {
            return Err(Fault::invalid(
                "ExpressionAttributeNames contains invalid value",
            ));
        }
        let values = values.map(value::canonical_item).transpose()?;
        Ok(Self { names, values })
    }

    pub(super) fn name<'s>(&'s self, segment: &'s Segment) -> &'s str {
        match segment {
            Segment::Plain(name) => name,
            Segment::Placeholder(name) => {
                let names = self.names.and_then(|names| names.get(name));
                names.and_then(Value::as_str).unwrap_or_default()
            }
        }
    }

    pub(super) fn names<'s>(&'s self, path: &'s [Segment]) -> impl Iterator<Item = &'s str> {
        path.iter().map(|segment| self.name(segment))
    }

    pub(super) fn value(&self, name: &str) -> &Value {
        let value = self.values.as_ref().and_then(|values| values.get(name));
        // That it is there was checked.
        value.unwrap_or(&Value::Null)
    }

    /// The attribute at a path.
    pub(super) fn find<'i>(&self, item: &'i Item, path: &[Segment]) -> Option<&'i Value> {
        let (first, inner) = path.split_first()?;
        let mut found = item.get(self.name(first))?;
        for segment in inner {
            found = found.get("M")?.get(self.name(segment))?;
        }
        Some(found)
    }

    /// What an operand is; `None` if it is nothing that is there.
    pub(super) fn operand<'x>(
        &'x self,
        item: &'x Item,
        operand: &Operand,
    ) -> Option<Cow<'x, Value>> {
        match operand {
            Operand::Path(path) => self.find(item, path).map(Cow::Borrowed),
            Operand::Value(name) => Some(Cow::Borrowed(self.value(name))),
            Operand::Size(path) => {
                let length = value::length(self.find(item, path)?)?;
                Some(Cow::Owned(value::of("N", length.to_string())))
            }
        }
    }
}

fn check_placeholders(
    given: Option<&Map<String, Value>>,
    used: &[&str],
    sign: &str,
) -> Result<(), Fault> {
    let member = match sign {
        "#" => "ExpressionAttributeNames",
        _ => "ExpressionAttributeValues",
    };
    if let Some(missing) = used
        .iter()
        .find(|name| given.is_none_or(|given| !given.contains_key(**name)))
    {
        return Err(Fault::invalid(format!(
            "Invalid expression: one used in it is not defined: {missing}"
        )));
    }
    let Some(given) = given else {
        return Ok(());
    };
    if given.is_empty() {
        return Err(Fault::invalid(format!("{member} must not be empty")));
    }
    match given.keys().find(|name| !used.contains(&name.as_str())) {
        Some(unused) if unused.starts_with(sign) => Err(Fault::invalid(format!(
            "Value provided in {member} unused in expressions: keys: {{{unused}}}"
        ))),
        Some(invalid) => Err(Fault::invalid(format!(
            "{member} contains invalid key: {invalid:?}"
        ))),
        None => Ok(()),
    }
}
