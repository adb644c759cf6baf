//! What own functions keep: items of a person, in the person's own partition, and items that a function shares, in partitions
//! of its own. [`crate::own`] is what a function sees of it; there the content has a type, here it is JSON text.

mod attachments;
mod check;
mod create;
mod marks;
mod merged;
mod purge;
mod read;
mod record;
mod removal;
mod reported;
mod write;

use std::fmt;

use crate::store::account::Refusal;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::owner_state;
use crate::store::schema::{Key, own_partition, shared_partition};
use crate::store::transaction::{Cancelled, Slot, Transaction};

pub use check::AnnouncedText;
pub(crate) use check::TextChange;
pub(crate) use create::{CreateOwnItem, CreatedOwnItem};
pub(crate) use marks::MarksOn;
pub use marks::Tally;
pub(crate) use record::{OwnContent, OwnRecord};
pub use removal::RemovedItem;
pub(crate) use write::OwnWriteOutcome;

/// Which items: a kind of one function's, with a person or in a partition that the function shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collection<'a> {
    pub(crate) kind: &'static str,
    pub(crate) place: Place<'a>,
}

/// Where items are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// With the person who calls.
    Own,
    /// In a partition of the function. An entry leads from the person whom an item is about to the item.
    Shared {
        function: &'static str,
        partition: &'a str,
    },
}

/// Why own items were neither read nor written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnStoreError {
    #[error("the account does not let its owner in")]
    AccessDenied(Refusal),
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Collection<'_> {
    /// Where an item of `owner`'s is; nowhere if it is in a person's partition, and nobody knows whose.
    fn key(self, owner: Option<Actor<'_>>, id: &str) -> Option<Key> {
        match (self.place, owner) {
            (Place::Own, None) => None,
            (Place::Own, Some(owner)) => Some(Key::own_item(owner.user, self.kind, id)),
            (
                Place::Shared {
                    function,
                    partition,
                },
                _,
            ) => Some(Key::shared_item(function, partition, self.kind, id)),
        }
    }

    fn key_of(self, owner: Actor<'_>, id: &str) -> Key {
        match self.place {
            Place::Own => Key::own_item(owner.user, self.kind, id),
            Place::Shared {
                function,
                partition,
            } => Key::shared_item(function, partition, self.kind, id),
        }
    }

    /// The keys of an item of `owner`'s.
    pub(crate) fn keys_of(self, owner: Actor<'_>, id: &str) -> (String, String) {
        self.key_of(owner, id).into_parts()
    }

    fn partition(self, owner: Option<Actor<'_>>) -> Option<String> {
        match self.place {
            Place::Own => owner.map(|owner| own_partition(owner.user)),
            Place::Shared {
                function,
                partition,
            } => Some(shared_partition(function, partition)),
        }
    }

    const fn is_shared(self) -> bool {
        matches!(self.place, Place::Shared { .. })
    }
}

impl fmt::Display for Collection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Own => write!(f, "own {}", self.kind),
            Place::Shared {
                function,
                partition,
            } => write!(f, "shared {} in {function}#{partition}", self.kind),
        }
    }
}

/// A transaction that writes nothing for an account that has ended or is disabled.
fn writing_for(owner: Actor<'_>) -> Transaction {
    let key = Key::own_owner_state(owner.user);
    Transaction::new().check(Slot::OwnOwnerState, key, owner_state::admits(owner.epoch))
}

/// Whether it was the account that did not let the transaction through.
fn check_owner(cancelled: &Cancelled, owner: Actor<'_>) -> Result<(), OwnStoreError> {
    if !cancelled.refused(&Slot::OwnOwnerState) {
        return Ok(());
    }
    let state = cancelled.item(&Slot::OwnOwnerState);
    owner_state::admit(state, owner.epoch).map_err(OwnStoreError::AccessDenied)?;
    // The item that refused would let the token in: it is not of the shape that we write.
    Err(StoreError::Corrupt("owner state").into())
}
