//! Deleting an account: its generation ends at once, and `purge` removes the rest.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::account::{Account, AccountState, AccountUpdate, Lifecycle};
use crate::store::audit::{Action, AdminWrite, RoleAndStatus};
use crate::store::editor::{AccessError, Editor};
use crate::store::fence::Fence;
use crate::store::item::{Item, n};
use crate::store::owner_state::set_owner_states;
use crate::store::reservation::{
    OthersReservations, ReservationConflict, StoredForms, UserReservations,
};
use crate::store::schema::Key;
use crate::store::session::session_attributes;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::user::{Changes, EditUserError};
use crate::user::{Status, User};

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
        let mut attempts = self.attempts();
        while let Some((item, current)) = live {
            let write = AdminWrite {
                action: Action::DeleteUser,
                target: &deleted.user,
                upload: None,
                fields: Vec::new(),
                before: Some(RoleAndStatus::from(&current)),
                after: None,
            };
            let mut update = self.ending(&item, attempts.is_first());
            if attempts.is_first() || if_match.is_some() {
                update.require_unchanged(&current);
            }
            let transaction = deletion(&item, &current, update, &foreign);
            let cancelled = match self.transact_by(editor, &write, transaction).await? {
                Transacted::Done => return Ok(()),
                Transacted::Cancelled(cancelled) => cancelled,
            };
            ReservationConflict::from_cancelled(&cancelled, &mut foreign);
            let is_held_off = !attempts.is_first() && cancelled.refused(&Slot::Account);
            if is_held_off && if_match.is_none() {
                self.shut(&current, editor).await?;
            }
            attempts.start_over().await?;
            let again = self.read_for_deletion(&deleted.user, editor, if_match);
            let again = again.await?;
            live = again.live.filter(|_| again.deleted == deleted);
        }
        Ok(())
    }

    /// Disables an account that an administrator deletes and whose owner keeps changing it: then nobody does any more.
    async fn shut(&self, user: &User, editor: Editor<'_>) -> Result<(), AccessError> {
        if !matches!(editor, Editor::Admin(_)) || user.status == Status::Disabled {
            return Ok(());
        }
        let disabled = Changes::of_status(Status::Disabled);
        match self.edit_user(&user.id, &disabled, editor, None).await {
            // It has ended meanwhile; whether that is the end that was wanted, the next attempt reads.
            Err(EditUserError::Access(AccessError::NotFound | AccessError::Deleting)) => Ok(()),
            Err(EditUserError::Access(error)) => Err(error),
            // The other errors are of names and pictures.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What ends the account generation, on condition that what the deletion rests on is still as it was read: status,
    /// names and sessions. At first that is the fence, along with the version.
    fn ending(&self, item: &Item, is_first: bool) -> AccountUpdate {
        let (now, fence) = (self.clock.now(), Fence::from_item(item));
        let mut update = AccountUpdate::without_timestamp();
        if is_first {
            update.raise_fence(fence, now);
        } else {
            update.require_as_read(item, &RESTS_ON);
            update.overtake_fence(fence, now);
        }
        // A login in between added a session that would not be removed: then start over. That of the previous release
        // raises no fence.
        update.require_as_read(item, &["last_login"]);
        update
    }
}

/// The generation of an account that is being deleted, if `editor` may know of it.
fn ended(account: &Account, editor: Editor<'_>) -> Option<Epoch> {
    let ended = account.epoch.previous()?;
    let is_known = match editor {
        Editor::Owner(epoch) | Editor::Person(epoch) => epoch == ended,
        Editor::Admin(_) => true,
    };
    let is_deleting = matches!(account.lifecycle, Lifecycle::Deleting);
    (is_deleting && is_known).then_some(ended)
}

fn deletion(
    item: &Item,
    current: &User,
    update: AccountUpdate,
    foreign: &OthersReservations,
) -> Transaction {
    let next = current.epoch.next();
    let mut update = update;
    update.set_status(AccountState::Deleting);
    update.set_to("epoch", ":next");
    update.value(":next", n(next.get()));
    update.set_to("sessions_ended_at", ":fence");
    // All that is personal goes now; the openid too, for the key is derived from it and holds nothing of it.
    for attribute in PERSONAL {
        update.remove(attribute);
    }
    for attribute in session_attributes(item) {
        update.remove(&attribute);
    }
    let held = UserReservations {
        user: &current.id,
        stored: &StoredForms::from_item(item),
        foreign,
    };
    let transaction = Transaction::new().update(Slot::Account, Key::user(&current.id), update);
    let transaction = held.release_all(transaction, current);
    set_owner_states(transaction, &current.id, next, false)
}

/// What has to be as it was read, the sessions aside: whose account ends, and which names it gives back.
const RESTS_ON: [&str; 6] = [
    "epoch",
    "status",
    "username",
    "username_key",
    "email",
    "email_key",
];

/// What deletion removes beside the sessions.
const PERSONAL: [&str; 24] = [
    "username",
    "username_key",
    "email",
    "email_key",
    "nickname",
    "nickname_pending",
    "nickname_status",
    "nickname_check",
    "avatar_key",
    "avatar_version",
    "avatar_upload_id",
    "phone",
    "role",
    "access_version",
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
