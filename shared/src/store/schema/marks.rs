//! The keys of shared items that can be marked, of the marks, and of what counts them.

use crate::store::schema::{Key, OWNER_STATE_SORT_KEY, SHARED_ITEMS, shared_partition};

/// Among how many partitions the marks on an item are spread. A mark is found by it: it cannot be changed.
pub(in crate::store) const MARK_PARTITIONS: u8 = 4;

impl Key {
    /// The mark `id` on a shared item, in the `n`th of the partitions for these.
    pub(in crate::store) fn mark(function: &str, item: &str, n: u8, kind: &str, id: &str) -> Self {
        Self::shared_item(function, &format!("{item}.{n}"), kind, id)
    }

    /// How many marks of a kind are in the `n`th partition for the marks on a shared item.
    pub(in crate::store) fn mark_count(function: &str, item: &str, n: u8, kind: &str) -> Self {
        Self {
            pk: shared_partition(function, &format!("{item}.{n}")).into(),
            sk: format!("{OWNER_STATE_SORT_KEY}{kind}").into(),
        }
    }

    /// What counts the mark that has this key.
    pub(in crate::store) fn counter_of(&self) -> Option<Self> {
        let (kind, _) = self.sk.split_once('#')?;
        Some(Self {
            pk: self.pk.clone(),
            sk: format!("{OWNER_STATE_SORT_KEY}{kind}").into(),
        })
    }

    /// The partitions of the marks on the shared item that has this key.
    pub(in crate::store) fn mark_partitions(&self) -> Option<Vec<String>> {
        let (function, _) = self.pk.strip_prefix(SHARED_ITEMS)?.split_once('#')?;
        let (_, id) = self.sk.split_once('#')?;
        let partition = |n| shared_partition(function, &format!("{id}.{n}"));
        Some((0..MARK_PARTITIONS).map(partition).collect())
    }

    /// The key of an item that an own function shares; none if these are no such keys.
    pub(in crate::store) fn of_shared_item(pk: &str, sk: &str) -> Option<Self> {
        Self::of_own_function(pk, sk).filter(|key| key.pk.starts_with(SHARED_ITEMS))
    }
}
