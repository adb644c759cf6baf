//! What uploads need to know of their owner's account, as an item in their own partition: read along with them, it costs
//! nothing. Absent means that nothing is wrong.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::ids::{Epoch, UserId};
use crate::store::account::Refusal;
use crate::store::item::{self, Item, n};
use crate::store::schema::{Key, OWNER_STATE_SORT_KEY};

/// The item that goes with a user item of that account generation.
pub(super) fn owner_state(user: &UserId, epoch: Epoch, disabled: bool) -> Item {
    let mut state = Key::owner_state(user).into_item();
    state.insert("epoch".to_owned(), n(epoch.get()));
    state.insert("disabled".to_owned(), AttributeValue::Bool(disabled));
    state
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
