//! What uploads and own functions need to know of their owner's account, as an item in their own partition: read along with
//! them, it costs nothing, and a role needs no access to accounts. Absent means that nothing is wrong.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::ids::{Epoch, UserId};
use crate::store::account::Refusal;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, n};
use crate::store::schema::{Key, OWNER_STATE_SORT_KEY};
use crate::store::transaction::{Slot, Transaction};

/// Sets what uploads and own functions know of an account of that generation, in the transaction that changes it.
pub(super) fn set_owner_states(
    transaction: Transaction,
    user: &UserId,
    epoch: Epoch,
    disabled: bool,
) -> Transaction {
    let state = |key: Key| {
        let mut state = key.into_item();
        state.insert("epoch".to_owned(), n(epoch.get()));
        state.insert("disabled".to_owned(), AttributeValue::Bool(disabled));
        state
    };
    transaction
        .put(Slot::OwnerState, state(Key::owner_state(user)))
        .put(Slot::OwnOwnerState, state(Key::own_owner_state(user)))
}

/// Holds while a token of `epoch` is let in, as [`admit`] tells of a state that was read.
pub(super) fn admits(epoch: Epoch) -> Condition {
    Condition::new("attribute_not_exists(pk) OR (epoch <= :epoch AND disabled = :enabled)")
        .value(":epoch", n(epoch.get()))
        .value(":enabled", AttributeValue::Bool(false))
}

/// Whether the owner's account lets a token of `epoch` in.
pub(super) fn admit(state: Option<&Item>, epoch: Epoch) -> Result<(), Refusal> {
    let Some(state) = state else {
        return Ok(());
    };
    if item::opt_num::<u16>(state, "epoch").is_some_and(|current| epoch.get() < current) {
        return Err(Refusal::Gone);
    }
    let disabled = state.get("disabled").and_then(|flag| flag.as_bool().ok());
    if disabled.copied().unwrap_or(false) {
        Err(Refusal::Disabled)
    } else {
        Ok(())
    }
}

pub(super) fn is_owner_state(item: &Item) -> bool {
    item::opt_str(item, "sk") == Some(OWNER_STATE_SORT_KEY)
}
