//! The attributes of a nickname on the user item.
//!
//! | attribute | is |
//! |---|---|
//! | `nickname` | what others see |
//! | `nickname_pending` | what its owner and administrators see instead |
//! | `nickname_status` | how far the pending one has come: `checking`, `review`, `rejected` |
//! | `nickname_check` | which change was announced to be checked; without a pending nickname, it is the visible one's |
//!
//! A pending nickname that is the visible one is none: there is nothing to wait for. An edit does not read what is
//! visible, so it stores one all the same; whoever reads it leaves it out, and its check drops it.

use crate::profile::Nickname;
use crate::store::error::StoreError;
use crate::store::item::{self, Item};
use crate::user::PendingNickname;

/// All that says something of a check.
pub(super) const CHECK_ATTRIBUTES: [&str; 3] =
    ["nickname_pending", "nickname_status", "nickname_check"];

/// All that says something of a nickname.
pub(super) const NICKNAME_ATTRIBUTES: [&str; 4] = [
    "nickname",
    "nickname_pending",
    "nickname_status",
    "nickname_check",
];

/// The nickname that others see.
pub(super) fn visible(item: &Item) -> Option<Nickname> {
    item::opt_str(item, "nickname").map(Nickname::stored)
}

/// The nickname that others do not see.
pub(super) fn pending(item: &Item) -> Result<Option<PendingNickname>, StoreError> {
    let Some(nickname) = item::opt_str(item, "nickname_pending") else {
        return Ok(None);
    };
    let pending = PendingNickname {
        nickname: Nickname::stored(nickname),
        status: item::parsed(item, "nickname_status")?,
    };
    Ok(Some(pending).filter(|pending| visible(item).as_ref() != Some(&pending.nickname)))
}
