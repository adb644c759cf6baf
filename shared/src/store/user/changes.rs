//! What an edit changes, as an update of the item and of the user.

use crate::ids::UploadId;
use crate::patch::Patch;
use crate::profile::{Email, Username};
use crate::store::account::AccountUpdate;
use crate::time::Timestamp;
use crate::user::{Avatar, NewNickname, Role, Status, User};

/// What is to change about a user.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// A change also moves its reservation.
    pub username: Patch<Username>,
    /// The unique e-mail address.
    pub email: Patch<Email>,
    /// Needs no reservation.
    pub nickname: Patch<NewNickname>,
    /// The picture: one of the user's own, verified uploads.
    pub avatar: Patch<UploadId>,
    /// Whether the phone number goes; it comes from WeChat alone.
    pub clears_phone: bool,
    /// What the user may do.
    pub role: Option<Role>,
    /// Whether the account can be used.
    pub status: Option<Status>,
}

impl Changes {
    /// A change of the status alone.
    pub(super) fn of_status(status: Status) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// Whether the user item alone is to change, so that one write without a read will do.
    pub(super) fn is_plain(&self) -> bool {
        self.username.is_keep()
            && self.email.is_keep()
            && self.status.is_none()
            && !matches!(self.avatar, Patch::Set(_))
    }

    /// Whether role or status are to change.
    pub(super) const fn change_access(&self) -> bool {
        self.role.is_some() || self.status.is_some()
    }

    /// Whether nothing but role and status is to change.
    pub(super) fn are_about_access(&self) -> bool {
        let fields = self.fields();
        fields
            .iter()
            .all(|field| ["role", "status"].contains(field))
    }

    /// The fields that are set or cleared, by their names in the API.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        [
            ("username", !self.username.is_keep()),
            ("email", !self.email.is_keep()),
            ("nickname", !self.nickname.is_keep()),
            ("avatar_upload_id", !self.avatar.is_keep()),
            ("phone", self.clears_phone),
            ("role", self.role.is_some()),
            ("status", self.status.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
    }

    /// Writes the changes; `avatar` is the picture that is set.
    pub(super) fn write_to(&self, update: &mut AccountUpdate, avatar: Option<&Avatar>) {
        match &self.username {
            Patch::Keep => {}
            Patch::Clear => update.clear_username(),
            Patch::Set(name) => update.set_username(name),
        }
        match &self.email {
            Patch::Keep => {}
            Patch::Clear => update.clear_email(),
            Patch::Set(email) => update.set_email(email),
        }
        match &self.nickname {
            Patch::Keep => {}
            Patch::Clear => update.clear_nickname(),
            Patch::Set(nickname) => update.set_nickname(nickname),
        }
        match (&self.avatar, avatar) {
            (Patch::Set(_), Some(avatar)) => update.set_avatar(avatar),
            (Patch::Clear, _) => update.clear_avatar(),
            _ => {}
        }
        if self.clears_phone {
            update.remove("phone");
        }
        if let Some(role) = self.role {
            update.set_role(role);
        }
        if let Some(status) = self.status {
            update.set_status(status.into());
        }
    }

    /// The user as the transaction left them, which returns nothing itself.
    pub(super) fn applied_to(
        &self,
        mut user: User,
        avatar: Option<Avatar>,
        now: Timestamp,
    ) -> User {
        self.username.apply_to(&mut user.username);
        self.email.apply_to(&mut user.email);
        match &self.nickname {
            Patch::Keep => {}
            Patch::Clear => (user.nickname, user.pending_nickname) = (None, None),
            Patch::Set(nickname) => user.store_nickname(nickname),
        }
        if !self.avatar.is_keep() {
            user.avatar = avatar;
        }
        if self.clears_phone {
            user.phone = None;
        }
        user.role = self.role.unwrap_or(user.role);
        user.status = self.status.unwrap_or(user.status);
        user.version += 1;
        user.updated_at = now;
        user
    }
}
