//! Updates, and what they make of an item.

use serde_json::{Map, Value};

use super::{Path, Scope, Segment};
use crate::dynamodb::error::Fault;
use crate::dynamodb::number;
use crate::dynamodb::value;
use crate::dynamodb::{Item, KEY_ATTRIBUTES};

#[derive(Clone, Debug, Default)]
pub(in crate::dynamodb) struct Update {
    pub(super) set: Vec<(Path, Assigned)>,
    pub(super) remove: Vec<Path>,
    pub(super) add: Vec<(Path, String)>,
    pub(super) delete: Vec<(Path, String)>,
}

/// What SET assigns.
#[derive(Clone, Debug)]
pub(in crate::dynamodb) enum Assigned {
    Path(Path),
    Value(String),
    IfNotExists(Path, Box<Self>),
    Plus(Box<(Self, Self)>),
    Minus(Box<(Self, Self)>),
}

impl Update {
    /// Refuses what is wrong whatever the item is.
    pub(in crate::dynamodb) fn check(&self, scope: &Scope<'_>) -> Result<(), Fault> {
        let mut paths: Vec<Vec<&str>> = self
            .targets()
            .map(|path| scope.names(path).collect())
            .collect();
        if let Some(key) = paths.iter().find(|path| KEY_ATTRIBUTES.contains(&path[0])) {
            return Err(Fault::invalid(format!(
                "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key",
                key[0]
            )));
        }
        // Whatever begins with a path stands right behind it.
        paths.sort_unstable();
        if paths.windows(2).any(|pair| pair[1].starts_with(&pair[0])) {
            return Err(Fault::invalid(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths",
            ));
        }
        for (_, assigned) in &self.set {
            assigned.check(scope)?;
        }
        let codes = |list: &[(Path, String)], allowed: &[&str]| {
            let mut codes = list
                .iter()
                .map(|(_, name)| value::type_of(scope.value(name)));
            codes.all(|code| allowed.contains(&code))
        };
        if !codes(&self.add, &["N", "SS", "NS", "BS"]) || !codes(&self.delete, &["SS", "NS", "BS"])
        {
            return Err(incorrect_type());
        }
        Ok(())
    }

    fn targets(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let sets = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(sets)
    }

    /// The item after the update. All that is read is read from the item as it was.
    pub(in crate::dynamodb) fn apply(&self, old: &Item, scope: &Scope<'_>) -> Result<Item, Fault> {
        let mut new = old.clone();
        for (path, assigned) in &self.set {
            put(&mut new, path, scope, assigned.value(old, scope)?)?;
        }
        for (path, name) in &self.add {
            let sum = sum(scope.find(old, path), scope.value(name))?;
            put(&mut new, path, scope, sum)?;
        }
        for (path, name) in &self.delete {
            let Some(found) = scope.find(old, path) else {
                parent(&mut new, path, scope)?;
                continue;
            };
            match value::difference(found, scope.value(name)).ok_or_else(incorrect_type)? {
                Some(left) => put(&mut new, path, scope, left)?,
                None => remove(&mut new, path, scope)?,
            }
        }
        for path in &self.remove {
            remove(&mut new, path, scope)?;
        }
        Ok(new)
    }
}

impl Assigned {
    fn check(&self, scope: &Scope<'_>) -> Result<(), Fault> {
        match self {
            Self::Path(_) | Self::Value(_) => Ok(()),
            Self::IfNotExists(_, otherwise) => otherwise.check(scope),
            Self::Plus(both) | Self::Minus(both) => {
                for operand in [&both.0, &both.1] {
                    if let Self::Value(name) = operand
                        && value::number(scope.value(name)).is_none()
                    {
                        return Err(incorrect_type());
                    }
                    operand.check(scope)?;
                }
                Ok(())
            }
        }
    }

    fn value(&self, item: &Item, scope: &Scope<'_>) -> Result<Value, Fault> {
        match self {
            Self::Path(path) => scope.find(item, path).cloned().ok_or_else(|| {
                Fault::invalid(
                    "The provided expression refers to an attribute that does not exist in the item",
                )
            }),
            Self::Value(name) => Ok(scope.value(name).clone()),
            Self::IfNotExists(path, otherwise) => match scope.find(item, path) {
                Some(found) => Ok(found.clone()),
                None => otherwise.value(item, scope),
            },
            Self::Plus(both) => arithmetic(both, item, scope, false),
            Self::Minus(both) => arithmetic(both, item, scope, true),
        }
    }
}

fn arithmetic(
    both: &(Assigned, Assigned),
    item: &Item,
    scope: &Scope<'_>,
    subtract: bool,
) -> Result<Value, Fault> {
    let (left, right) = (both.0.value(item, scope)?, both.1.value(item, scope)?);
    match (value::number(&left), value::number(&right)) {
        (Some(left), Some(right)) => Ok(value::of("N", number::add(left, right, subtract)?)),
        _ => Err(incorrect_type()),
    }
}

/// What ADD makes of a value.
fn sum(found: Option<&Value>, added: &Value) -> Result<Value, Fault> {
    let Some(found) = found else {
        return Ok(added.clone());
    };
    match (value::number(found), value::number(added)) {
        (Some(found), Some(added)) => Ok(value::of("N", number::add(found, added, false)?)),
        (None, None) if value::is_set(found) => {
            value::union(found, added).ok_or_else(incorrect_type)
        }
        _ => Err(incorrect_type()),
    }
}

/// The map that a path ends in, and the name there.
fn parent<'i, 's>(
    item: &'i mut Item,
    path: &'s [Segment],
    scope: &'s Scope<'_>,
) -> Result<(&'i mut Map<String, Value>, &'s str), Fault> {
    let invalid = || {
        Fault::invalid("The document path provided in the update expression is invalid for update")
    };
    let (last, outer) = path.split_last().ok_or_else(invalid)?;
    let mut map = item;
    for segment in outer {
        let inner = map.get_mut(scope.name(segment));
        let inner = inner.and_then(|value| value.get_mut("M"));
        map = inner.and_then(Value::as_object_mut).ok_or_else(invalid)?;
    }
    Ok((map, scope.name(last)))
}

fn put(item: &mut Item, path: &[Segment], scope: &Scope<'_>, value: Value) -> Result<(), Fault> {
    let (map, name) = parent(item, path, scope)?;
    map.insert(name.to_owned(), value);
    Ok(())
}

fn remove(item: &mut Item, path: &[Segment], scope: &Scope<'_>) -> Result<(), Fault> {
    let (map, name) = parent(item, path, scope)?;
    map.remove(name);
    Ok(())
}

fn incorrect_type() -> Fault {
    Fault::invalid("An operand in the update expression has an incorrect data type")
}
