//! A cache of keys whose record is settled: it references one version, or none, and will never reference another.
//!
//! A ticket can be used many times in its five minutes. With this cache, each object after the first costs one DELETE
//! and no call to the table, so that one client's junk does not hold up the queue that all share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use shared::upload::key::ObjectKey;

/// How many keys are remembered: some hundred kilobytes.
const CAPACITY: usize = 2048;

/// The settled keys of this environment; the oldest entry is evicted first.
#[derive(Debug, Default)]
pub struct Settled(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    versions: HashMap<ObjectKey, Option<String>>,
    order: VecDeque<ObjectKey>,
}

impl Settled {
    /// The version that the key's record referenced when it was last seen, if the key is known to be settled. The record
    /// may have lost that version since.
    pub(crate) fn version_of(&self, key: &ObjectKey) -> Option<Option<String>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.versions.get(key).cloned()
    }

    /// Notes that the key's record references `version`, or none, for good.
    pub(crate) fn remember(&self, key: &ObjectKey, version: Option<String>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.versions.insert(key.clone(), version).is_none() {
            entries.order.push_back(key.clone());
        }
        if entries.order.len() > CAPACITY
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.versions.remove(&oldest);
        }
    }
}
