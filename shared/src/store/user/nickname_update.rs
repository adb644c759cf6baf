//! What a new nickname makes of the user item.

use crate::store::account::AccountUpdate;
use crate::store::item::s;
use crate::store::nickname::CHECK_ATTRIBUTES;
use crate::user::{NewNickname, NicknameStatus, PendingNickname, User};

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
