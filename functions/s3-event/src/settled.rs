//! What this environment knows of keys whose record is settled: it names a version, or none, and will never name another.
//!
//! A ticket can be used many times in its five minutes. With this memory, each object after the first costs one DELETE
//! and nothing else, so that one person's junk does not hold up the queue that all share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use shared::upload::key::ObjectKey;

/// How many keys are remembered: some hundred kilobytes.
const CAPACITY: usize = 2048;

/// The settled keys, oldest first out.
#[derive(Debug, Default)]
pub struct Settled(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    named: HashMap<ObjectKey, Option<String>>,
    order: VecDeque<ObjectKey>,
}

impl Settled {
    /// The version that the key's record names, if the key is known to be settled. It may have lost that version since.
    pub(crate) fn named(&self, key: &ObjectKey) -> Option<Option<String>> {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.named.get(key).cloned()
    }

    /// Remembers a key whose record names `version`, or none.
    pub(crate) fn remember(&self, key: &ObjectKey, version: Option<String>) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.named.insert(key.clone(), version).is_none() {
            memory.order.push_back(key.clone());
        }
        if memory.order.len() > CAPACITY
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.named.remove(&oldest);
        }
    }
}
