//! What own functions keep: items of a person, in the person's own partition, and items that a function shares, in partitions
//! of its own. [`crate::own`] is what a function sees of it; there the content has a type, here it is JSON text.

mod create;
mod read;
mod record;
mod write;

use crate::ids::UserId;
use crate::store::account::Refusal;
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::owner_state;
use crate::store::schema::Key;
use crate::store::transaction::{Cancelled, Slot, Transaction};

pub(crate) use create::{CreateOwnItem, CreatedOwnItem};
pub(crate) use record::{OwnContent, OwnRecord};
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
    fn key(self, user: &UserId, id: &str) -> Key {
        match self.place {
            Place::Own => Key::own_item(user, self.kind, id),
            Place::Shared {
                function,
                partition,
            } => Key::shared_item(function, partition, self.kind, id),
        }
    }

    /// What the sort keys of the collection begin with.
    fn sort_prefix(self) -> String {
        format!("{}#", self.kind)
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
