//! The items, and what they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::{Fault, Kind};
use super::value;
use super::{Change, INDEX_KEY_ATTRIBUTES, Item, KEY_ATTRIBUTES, Key};

const MAX_PARTITION_KEY: usize = 2048;
const MAX_SORT_KEY: usize = 1024;
pub(super) const MAX_ITEM: usize = 400 * 1024;

#[derive(Debug)]
pub(super) struct Table {
    name: String,
    items: BTreeMap<Key, Arc<Item>>,
    past: Vec<Past>,
}

/// An item as it was until some time.
#[derive(Debug)]
struct Past {
    until: i64,
    key: Key,
    item: Option<Arc<Item>>,
}

impl Table {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            items: BTreeMap::new(),
            past: Vec::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is this table that a request names.
    pub(super) fn check_name(&self, name: &str) -> Result<(), Fault> {
        if name == self.name {
            Ok(())
        } else {
            let message = "Requested resource not found";
            Err(Fault::new(Kind::ResourceNotFound, message))
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.items.get(key)
    }

    pub(super) fn items(&self) -> impl DoubleEndedIterator<Item = (&Key, &Arc<Item>)> {
        self.items.iter()
    }

    /// The items of a partition, in the order of their sort keys.
    pub(super) fn partition<'a>(
        &'a self,
        pk: &str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Item>)> + use<'a> {
        let first = Key {
            pk: pk.to_owned(),
            sk: String::new(),
        };
        let items = self.items.range(first.clone()..);
        items.take_while(move |(key, _)| key.pk == first.pk)
    }

    /// All items as they were at a time.
    pub(super) fn items_at(&self, time: i64) -> BTreeMap<&Key, &Arc<Item>> {
        let mut items: BTreeMap<_, _> = self.items.iter().collect();
        let later = self.past.iter().rev().take_while(|past| past.until > time);
        for past in later {
            match &past.item {
                Some(item) => items.insert(&past.key, item),
                None => items.remove(&past.key),
            };
        }
        items
    }

    /// Puts an item where it belongs, or removes the one that is there; `None` if that changes nothing.
    pub(super) fn write(&mut self, key: Key, after: Option<Arc<Item>>, now: i64) -> Option<Change> {
        if self.items.get(&key) == after.as_ref() {
            return None;
        }
        let before = match &after {
            Some(item) => self.items.insert(key.clone(), Arc::clone(item)),
            None => self.items.remove(&key),
        };
        self.past.push(Past {
            until: now,
            key: key.clone(),
            item: before.clone(),
        });
        Some(Change { key, before, after })
    }
}

/// The key that a request names.
pub(super) fn key(members: &Map<String, Value>) -> Result<Key, Fault> {
    if members.len() != KEY_ATTRIBUTES.len() {
        return Err(schema_mismatch());
    }
    key_of(members)
}

/// The key of an item.
pub(super) fn key_of(item: &Item) -> Result<Key, Fault> {
    let [pk, sk] = KEY_ATTRIBUTES;
    Ok(Key {
        pk: key_part(item, pk, MAX_PARTITION_KEY)?,
        sk: key_part(item, sk, MAX_SORT_KEY)?,
    })
}

fn key_part(item: &Item, name: &str, longest: usize) -> Result<String, Fault> {
    let text = item.get(name).and_then(value::text);
    let text = text.ok_or_else(schema_mismatch)?;
    check_key_length(name, text, longest)?;
    Ok(text.to_owned())
}

fn check_key_length(name: &str, text: &str, longest: usize) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: {name}"
        )));
    }
    if text.len() > longest {
        return Err(Fault::invalid(format!(
            "One or more parameter values were invalid: Size of {name} has exceeded the maximum size limit of {longest} bytes"
        )));
    }
    Ok(())
}

/// Refuses an item that is too large, or that the index cannot take.
pub(super) fn check_item(item: &Item) -> Result<(), Fault> {
    let longest = [MAX_PARTITION_KEY, MAX_SORT_KEY];
    for (name, longest) in INDEX_KEY_ATTRIBUTES.into_iter().zip(longest) {
        if let Some(value) = item.get(name) {
            let text = value::text(value).ok_or_else(|| {
                Fault::invalid(format!(
                    "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: S"
                ))
            })?;
            check_key_length(name, text, longest)?;
        }
    }
    if value::item_size(item) > MAX_ITEM {
        return Err(Fault::invalid(
            "Item size has exceeded the maximum allowed size",
        ));
    }
    Ok(())
}

fn schema_mismatch() -> Fault {
    Fault::invalid("The provided key element does not match the schema")
}
