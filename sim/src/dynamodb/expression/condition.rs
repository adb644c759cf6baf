//! Conditions, and whether they hold.

use std::cmp::Ordering;

use super::{Operand, Path, Scope};
use crate::dynamodb::Item;
use crate::dynamodb::error::Fault;
use crate::dynamodb::form::Form;
use crate::dynamodb::value;

use serde_json::Value;

#[derive(Clone, Debug)]
pub(in crate::dynamodb) enum Condition {
    And(Box<(Self, Self)>),
    Or(Box<(Self, Self)>),
    Not(Box<Self>),
    Exists(Path),
    NotExists(Path),
    Compare(Operand, Comparator, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dynamodb) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    pub(super) fn from_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(super) const fn form(self) -> Form {
        match self {
            Self::Equal => Form::Equal,
            Self::NotEqual => Form::NotEqual,
            Self::Less => Form::Less,
            Self::LessOrEqual => Form::LessOrEqual,
            Self::Greater => Form::Greater,
            Self::GreaterOrEqual => Form::GreaterOrEqual,
        }
    }

    const fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            _ => value::order(left, right).is_some_and(|order| match self {
                Self::Less => order == Ordering::Less,
                Self::LessOrEqual => order != Ordering::Greater,
                Self::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }),
        }
    }
}

impl Condition {
    /// Whether it holds for the item; one that is not there has no attributes.
    pub(in crate::dynamodb) fn holds(&self, item: &Item, scope: &Scope<'_>) -> bool {
        let operand = |operand| scope.operand(item, operand);
        match self {
            Self::And(both) => both.0.holds(item, scope) && both.1.holds(item, scope),
            Self::Or(either) => either.0.holds(item, scope) || either.1.holds(item, scope),
            Self::Not(condition) => !condition.holds(item, scope),
            Self::Exists(path) => scope.find(item, path).is_some(),
            Self::NotExists(path) => scope.find(item, path).is_none(),
            Self::Compare(left, comparator, right) => match (operand(left), operand(right)) {
                (Some(left), Some(right)) => comparator.holds(&left, &right),
                // What is not there differs from all there is, and compares with nothing.
                _ => *comparator == Comparator::NotEqual,
            },
            Self::Between(middle, low, high) => {
                match (operand(middle), operand(low), operand(high)) {
                    (Some(middle), Some(low), Some(high)) => {
                        Comparator::GreaterOrEqual.holds(&middle, &low)
                            && Comparator::LessOrEqual.holds(&middle, &high)
                    }
                    _ => false,
                }
            }
            Self::In(left, alternatives) => operand(left).is_some_and(|left| {
                let mut alternatives = alternatives.iter().filter_map(operand);
                alternatives.any(|alternative| left == alternative)
            }),
            Self::BeginsWith(whole, start) => match (operand(whole), operand(start)) {
                (Some(whole), Some(start)) => value::begins_with(&whole, &start),
                _ => false,
            },
            Self::Contains(whole, part) => match (operand(whole), operand(part)) {
                (Some(whole), Some(part)) => value::contains(&whole, &part),
                _ => false,
            },
        }
    }

    /// Refuses values of types that an operator does not take, before any item is looked at.
    pub(in crate::dynamodb) fn check(&self, scope: &Scope<'_>) -> Result<(), Fault> {
        match self {
            Self::And(both) | Self::Or(both) => {
                both.0.check(scope)?;
                both.1.check(scope)
            }
            Self::Not(condition) => condition.check(scope),
            Self::Compare(left, comparator, right) if comparator.is_ordering() => {
                check_types(scope, [left, right], &["S", "N", "B"])
            }
            Self::Between(middle, low, high) => {
                check_types(scope, [middle, low, high], &["S", "N", "B"])?;
                check_bounds(scope, low, high)
            }
            Self::BeginsWith(_, start) => check_types(scope, [start], &["S", "B"]),
            _ => Ok(()),
        }
    }
}

fn check_types<const N: usize>(
    scope: &Scope<'_>,
    operands: [&Operand; N],
    allowed: &[&str],
) -> Result<(), Fault> {
    for operand in operands {
        if let Operand::Value(name) = operand {
            let code = value::type_of(scope.value(name));
            if !allowed.contains(&code) {
                return Err(Fault::invalid(format!(
                    "Invalid expression: Incorrect operand type for operator or function; operand type: {code}"
                )));
            }
        }
    }
    Ok(())
}

fn check_bounds(scope: &Scope<'_>, low: &Operand, high: &Operand) -> Result<(), Fault> {
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else {
        return Ok(());
    };
    match value::order(scope.value(low), scope.value(high)) {
        Some(Ordering::Greater) => Err(Fault::invalid(
            "Invalid expression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
        )),
        None => Err(Fault::invalid(
            "Invalid expression: The BETWEEN operator requires same data type for lower and upper bounds",
        )),
        Some(_) => Ok(()),
    }
}
