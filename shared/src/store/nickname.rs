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
use crate::store::account::AccountUpdate;
use crate::store::error::StoreError;
use crate::store::item::{self, Item, s};
use crate::user::{NewNickname, NicknameStatus, PendingNickname, User};

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

impl AccountUpdate {
    /// Stores a nickname, and drops one that is pending.
    pub(super) fn set_nickname(&mut self, new: &NewNickname) {
        match new {
            NewNickname::Unchecked(nickname) => {
                self.set("nickname", s(nickname.as_str()));
                self.remove_nickname_check();
            }
            NewNickname::Reported(nickname, check) => {
                self.set("nickname", s(nickname.as_str()));
                self.set("nickname_check", s(check.as_str()));
                self.remove("nickname_pending");
                self.remove("nickname_status");
            }
            NewNickname::Pending(nickname, check) => {
                self.set("nickname_pending", s(nickname.as_str()));
                self.set_nickname_status(NicknameStatus::Checking);
                self.set("nickname_check", s(check.as_str()));
            }
        }
    }

    /// Removes the nickname, and one that is pending.
    pub(super) fn clear_nickname(&mut self) {
        self.remove("nickname");
        self.remove_nickname_check();
    }

    /// Makes the visible nickname a pending one.
    pub(super) fn hide_nickname(&mut self, status: NicknameStatus) {
        self.set_to("nickname_pending", "nickname");
        self.set_nickname_status(status);
        self.remove("nickname");
    }

    pub(super) fn set_nickname_status(&mut self, status: NicknameStatus) {
        self.set("nickname_status", s(status.as_str()));
    }

    pub(super) fn remove_nickname_check(&mut self) {
        for attribute in CHECK_ATTRIBUTES {
            self.remove(attribute);
        }
    }
}

impl User {
    /// The user after [`AccountUpdate::set_nickname`].
    pub(super) fn store_nickname(&mut self, new: &NewNickname) {
        self.pending_nickname = None;
        match new {
            NewNickname::Unchecked(nickname) | NewNickname::Reported(nickname, _) => {
                self.nickname = Some(nickname.clone());
            }
            NewNickname::Pending(nickname, _) if self.nickname.as_ref() == Some(nickname) => {}
            NewNickname::Pending(nickname, _) => {
                self.pending_nickname = Some(PendingNickname {
                    nickname: nickname.clone(),
                    status: NicknameStatus::Checking,
                });
            }
        }
    }
}
