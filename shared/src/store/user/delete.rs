//! Deleting an account: its generation ends at once, and `purge` removes the rest.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::account::{Account, AccountState, AccountUpdate, Lifecycle};
use crate::store::audit::{Action, AdminWrite, RoleAndStatus};
use crate::store::editor::{AccessError, Editor};
use crate::store::expression::Condition;
use crate::store::fence::Fence;
use crate::store::item::{self, Item, n, s};
use crate::store::owner_state::owner_state;
use crate::store::reservation::{
    OthersReservations, ReservationConflict, StoredForms, UserReservations,
};
use crate::store::schema::Key;
use crate::store::session::session_attributes;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::user::{ATTEMPTS, kept_changing};
use crate::time::Timestamp;
use crate::user::User;

/// A deleted account: the message that `purge` works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedAccount {
    /// The user whose account has ended.
    #[serde(rename = "uid")]
    pub user: UserId,
    /// The account generation that has ended.
    pub epoch: Epoch,
}

/// An account as it was read to be deleted.
#[derive(Debug)]
pub struct DeletionTarget {
    /// What to announce to `purge`.
    pub deleted: DeletedAccount,
    /// The user item as it was read; `None` if the account generation has ended already.
    live: Option<(Item, User)>,
}

impl DeletedAccount {
    /// The message's text: `{"uid":…,"epoch":…}`.
    pub fn to_message(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

impl Store {
    /// Reads the account that is to be deleted. One that is already being deleted, by the same token or an
    /// administrator, can be read, too: its end can be announced once more.
    ///
    /// # Errors
    /// If the account may not be deleted, or the table is not available.
    pub async fn read_for_deletion(
        &self,
        user: &UserId,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<DeletionTarget, AccessError> {
        let item = self.read_as(editor, user, None).await?.user;
        let account = item.as_ref().map(Account::from_item).transpose()?;
        let deleted = |epoch| DeletedAccount {
            user: user.clone(),
            epoch,
        };
        let ended = account.as_ref().and_then(|account| ended(account, editor));
        if let Some(epoch) = ended {
            return Ok(DeletionTarget {
                deleted: deleted(epoch),
                live: None,
            });
        }
        let current = editor.admit(account, if_match)?;
        Ok(DeletionTarget {
            deleted: deleted(current.epoch),
            live: item.map(|item| (item, current)),
        })
    }

    /// Ends an account generation at once: its tokens, sessions and names are gone when this returns. What it leaves
    /// behind is for `purge`, which was told of this generation and of no other: if it has ended by itself, and the
    /// person has registered anew, nothing is left to do.
    ///
    /// # Errors
    /// If the account may not be deleted, or the table is not available.
    pub async fn delete_user(
        &self,
        target: DeletionTarget,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<(), AccessError> {
        let DeletionTarget { deleted, mut live } = target;
        let mut foreign = OthersReservations::new();
        for _ in 0..ATTEMPTS {
            let Some((item, current)) = live else {
                return Ok(());
            };
            let write = AdminWrite {
                action: Action::DeleteUser,
                target: &deleted.user,
                upload: None,
                fields: Vec::new(),
                before: Some(RoleAndStatus::from(&current)),
                after: None,
            };
            let transaction = deletion(&item, &current, self.clock.now(), &foreign);
            match self.transact_by(editor, &write, transaction).await? {
                Transacted::Done => return Ok(()),
                Transacted::Cancelled(cancelled) => {
                    ReservationConflict::from_cancelled(&cancelled, &mut foreign)
                }
            };
            let again = self.read_for_deletion(&deleted.user, editor, if_match);
            let again = again.await?;
            live = again.live.filter(|_| again.deleted == deleted);
        }
        Err(kept_changing().into())
    }
}

/// The generation of an account that is being deleted, if `editor` may know of it.
fn ended(account: &Account, editor: Editor<'_>) -> Option<Epoch> {
    let ended = account.epoch.previous()?;
    let is_known = match editor {
        Editor::Owner(epoch) => epoch == ended,
        Editor::Admin(_) => true,
    };
    let is_deleting = matches!(account.lifecycle, Lifecycle::Deleting);
    (is_deleting && is_known).then_some(ended)
}

fn deletion(
    item: &Item,
    current: &User,
    now: Timestamp,
    foreign: &OthersReservations,
) -> Transaction {
    let next = current.epoch.next();
    let mut update = AccountUpdate::without_timestamp();
    update.set_status(AccountState::Deleting);
    update.set_to("epoch", ":next");
    update.value(":next", n(next.get()));
    update.raise_fence(Fence::from_item(item), now);
    update.set_to("sessions_ended_at", ":fence");
    // All that is personal goes now; the openid too, for the key is derived from it and holds nothing of it.
    for attribute in PERSONAL {
        update.remove(attribute);
    }
    for attribute in session_attributes(item) {
        update.remove(&attribute);
    }
    update.require_unchanged(current);
    // A login in between added a session that would not be removed: then start over. That of the previous release
    // raises no fence.
    update.require(match item::opt_str(item, "last_login") {
        Some(login) => Condition::new("last_login = :login").value(":login", s(login)),
        None => Condition::new("attribute_not_exists(last_login)"),
    });
    let held = UserReservations {
        user: &current.id,
        stored: &StoredForms::from_item(item),
        foreign,
    };
    let transaction = Transaction::new().update(Slot::Account, Key::user(&current.id), update);
    held.release_all(transaction, current)
        .put(Slot::OwnerState, owner_state(&current.id, next, false))
}

/// What deletion removes beside the sessions.
const PERSONAL: [&str; 20] = [
    "username",
    "username_key",
    "email",
    "email_key",
    "nickname",
    "avatar_key",
    "avatar_version",
    "avatar_upload_id",
    "phone",
    "role",
    "openid",
    "unionid",
    "created_at",
    "updated_at",
    "gsi1pk",
    "gsi1sk",
    "first_login",
    "last_login",
    "edit",
    "edit_before",
];
