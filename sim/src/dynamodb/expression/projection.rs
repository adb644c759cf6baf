//! Which attributes are returned.

use serde_json::{Map, Value};

use super::{Path, Scope};
use crate::dynamodb::Item;
use crate::dynamodb::error::Fault;

#[derive(Clone, Debug)]
pub(in crate::dynamodb) struct Projection(pub(super) Vec<Path>);

impl Projection {
    /// Refuses paths of which one lies in another.
    pub(in crate::dynamodb) fn check(&self, scope: &Scope<'_>) -> Result<(), Fault> {
        let paths = self.0.iter().map(|path| scope.names(path).collect());
        let mut paths: Vec<Vec<&str>> = paths.collect();
        paths.sort_unstable();
        if paths.windows(2).any(|pair| pair[1].starts_with(&pair[0])) {
            return Err(Fault::invalid(
                "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths",
            ));
        }
        Ok(())
    }

    /// The attributes, without what lies in them.
    pub(in crate::dynamodb) fn attributes<'s>(
        &'s self,
        scope: &'s Scope<'_>,
    ) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter_map(|path| scope.names(path).next())
    }

    pub(in crate::dynamodb) fn of(&self, item: &Item, scope: &Scope<'_>) -> Item {
        let mut projected = Item::new();
        for path in &self.0 {
            if let Some(value) = scope.find(item, path) {
                let names: Vec<_> = scope.names(path).collect();
                place(&mut projected, &names, value.clone());
            }
        }
        projected
    }
}

/// Puts a value where it was, into maps that hold nothing else.
fn place(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            map.insert((*name).to_owned(), value);
        }
        [name, inner @ ..] => {
            let outer = map.entry(*name).or_insert_with(|| Map::new().into());
            if let Some(outer) = outer.as_object_mut() {
                let nested = outer.entry("M").or_insert_with(|| Map::new().into());
                if let Some(nested) = nested.as_object_mut() {
                    place(nested, inner, value);
                }
            }
        }
    }
}
