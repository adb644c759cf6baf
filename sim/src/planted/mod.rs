//! Bugs that are planted to see whether they are found: on its way to the table, a request loses one clause of a condition.
//!
//! Which clauses there are is not listed by hand: the requests of some histories show them, so that a condition which is new
//! in the store is a new bug to plant.

mod clause;
mod hunt;
mod spans;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use clause::{Clause, WriteKind};
pub use hunt::{Hunt, hunt};

/// The writes of a request that can have a condition.
const WRITES: [(&str, WriteKind); 3] = [
    ("UpdateItem", WriteKind::Update),
    ("PutItem", WriteKind::Put),
    ("DeleteItem", WriteKind::Delete),
];
/// The same within a transaction.
const TRANSACTED: [(&str, WriteKind); 4] = [
    ("Update", WriteKind::Update),
    ("Put", WriteKind::Put),
    ("Delete", WriteKind::Delete),
    ("ConditionCheck", WriteKind::Check),
];

/// What becomes of requests on their way to the table.
#[derive(Clone, Debug, Default)]
pub enum Planted {
    /// They arrive as they were sent.
    #[default]
    Nothing,
    /// The same, and their clauses are noted.
    Collecting(Catalogue),
    /// They lose a clause.
    Forgotten(Arc<Clause>),
}

impl Planted {
    /// The request as it arrives.
    pub(crate) fn pass<'r>(&mut self, operation: &str, request: &'r Value) -> Cow<'r, Value> {
        match self {
            Self::Nothing => Cow::Borrowed(request),
            Self::Collecting(catalogue) => {
                catalogue.observe(operation, request);
                Cow::Borrowed(request)
            }
            Self::Forgotten(clause) => {
                let mut request = request.clone();
                forget(clause, operation, &mut request);
                Cow::Owned(request)
            }
        }
    }
}

/// The clauses that were seen.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeSet<Clause>);

impl Catalogue {
    /// Notes the clauses of a request.
    pub fn observe(&mut self, operation: &str, request: &Value) {
        for (kind, write) in writes(operation, &mut request.clone()) {
            self.0.extend(Clause::all_of(kind, write));
        }
    }

    /// Adds what another catalogue has.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The clauses in an order that is the same each time.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.0.iter()
    }
}

/// The request as it would be if the store had forgotten the clause; `false` if the request does not have it.
pub fn forget(clause: &Clause, operation: &str, request: &mut Value) -> bool {
    let mut forgotten = false;
    for (kind, write) in writes(operation, request) {
        forgotten |= clause.remove_from(kind, write);
    }
    forgotten
}

fn writes<'a>(
    operation: &str,
    request: &'a mut Value,
) -> Vec<(WriteKind, &'a mut Map<String, Value>)> {
    if let Some((_, kind)) = WRITES.iter().find(|(name, _)| *name == operation) {
        return request
            .as_object_mut()
            .map(|write| (*kind, write))
            .into_iter()
            .collect();
    }
    let items = request
        .get_mut("TransactItems")
        .and_then(Value::as_array_mut);
    let members = items
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .flatten();
    members
        .filter_map(|(member, write)| {
            let (_, kind) = TRANSACTED.iter().find(|(name, _)| name == member)?;
            Some((*kind, write.as_object_mut()?))
        })
        .collect()
}
