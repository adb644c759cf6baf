//! Conditions that a query may name its items by.

use super::{Comparator, Condition, Operand, Scope};
use crate::dynamodb::error::Fault;
use crate::dynamodb::value;

/// One partition, and at most one range of its sort keys.
#[derive(Clone, Copy, Debug)]
pub(in crate::dynamodb) struct KeyCondition<'a> {
    pub(in crate::dynamodb) partition: &'a str,
}

impl<'a> KeyCondition<'a> {
    /// Refuses what is no condition on the keys of those names.
    pub(in crate::dynamodb) fn new(
        condition: &'a Condition,
        scope: &'a Scope<'_>,
        [partition_name, sort_name]: [&'a str; 2],
    ) -> Result<Self, Fault> {
        condition.check(scope)?;
        let key = |condition| partition(condition, scope, partition_name);
        let (partition, range) = match condition {
            Condition::And(both) => match (key(&both.0), key(&both.1)) {
                (Some(partition), _) => (partition, Some(&both.1)),
                (None, Some(partition)) => (partition, Some(&both.0)),
                (None, None) => return Err(missed(partition_name)),
            },
            condition => (key(condition).ok_or_else(|| missed(partition_name))?, None),
        };
        if range.is_some_and(|range| !is_range(range, scope, sort_name)) {
            return Err(Fault::invalid("Query key condition not supported"));
        }
        Ok(Self { partition })
    }
}

fn missed(name: &str) -> Fault {
    Fault::invalid(format!("Query condition missed key schema element: {name}"))
}

/// What the partition key has to be.
fn partition<'a>(condition: &'a Condition, scope: &'a Scope<'_>, name: &str) -> Option<&'a str> {
    match condition {
        Condition::Compare(left, Comparator::Equal, right) if is_key(left, scope, name) => {
            text(right, scope)
        }
        _ => None,
    }
}

fn is_range(condition: &Condition, scope: &Scope<'_>, name: &str) -> bool {
    let is_text = |operand| text(operand, scope).is_some();
    match condition {
        Condition::Compare(left, comparator, right) => {
            *comparator != Comparator::NotEqual && is_key(left, scope, name) && is_text(right)
        }
        Condition::Between(middle, low, high) => {
            is_key(middle, scope, name) && is_text(low) && is_text(high)
        }
        Condition::BeginsWith(whole, start) => is_key(whole, scope, name) && is_text(start),
        _ => false,
    }
}

fn is_key(operand: &Operand, scope: &Scope<'_>, name: &str) -> bool {
    match operand {
        Operand::Path(path) => scope.names(path).eq([name]),
        Operand::Value(_) | Operand::Size(_) => false,
    }
}

/// A value that a key can have.
fn text<'a>(operand: &Operand, scope: &'a Scope<'_>) -> Option<&'a str> {
    match operand {
        Operand::Value(name) => value::text(scope.value(name)).filter(|text| !text.is_empty()),
        Operand::Path(_) | Operand::Size(_) => None,
    }
}
