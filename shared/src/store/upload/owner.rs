//! What uploads need to know of their owner's account, as an item in their own partition: read along with them, it costs
//! nothing. Absent means that nothing is wrong.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::auth::Caller;
use crate::ids::{Epoch, UserId};
use crate::store::Refusal;
use crate::store::item::{self, Item, n};

/// Sorts after every upload id.
pub(in crate::store) const SORT_KEY: &str = "~";

pub(in crate::store) fn owner_state(user: &UserId, epoch: Epoch, disabled: bool) -> Item {
    let mut state = owner_key(user);
    state.insert("epoch".to_owned(), n(epoch.get()));
    state.insert("disabled".to_owned(), AttributeValue::Bool(disabled));
    state
}

pub(super) fn owner_key(user: &UserId) -> Item {
    item::key(format!("UP#{user}"), SORT_KEY)
}

/// Whether the owner's account lets the caller in.
pub(super) fn admit(state: Option<&Item>, caller: &Caller) -> Result<(), Refusal> {
    let Some(state) = state else {
        return Ok(());
    };
    if item::opt_num::<u16>(state, "epoch").is_some_and(|epoch| caller.epoch.get() < epoch) {
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
    item::opt_str(item, "sk") == Some(SORT_KEY)
}
