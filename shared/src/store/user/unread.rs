//! Changes that the user item alone takes, made without reading it first.

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::account::{self, Account, AccountUpdate, Refusal};
use crate::store::dynamo::Updated;
use crate::store::editor::{AccessError, Editor};
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, b, n, s};
use crate::store::schema::Key;
use crate::time::Timestamp;
use crate::user::User;

impl Store {
    /// Stores a person's phone number.
    ///
    /// # Errors
    /// If the account does not let its owner in, or the table is not available.
    pub async fn set_phone(
        &self,
        user: &UserId,
        epoch: Epoch,
        phone: &str,
    ) -> Result<User, AccessError> {
        let change = |update: &mut AccountUpdate| update.set("phone", s(phone));
        self.edit_unread(user, change, epoch, None).await
    }

    /// Makes a change that the user item alone takes, without reading it first.
    ///
    /// It carries a number as logins do: `updated_at`, which only grows. So a write that was given up on cannot arrive
    /// late and undo a later change, nor be applied twice.
    pub(super) async fn edit_unread(
        &self,
        user: &UserId,
        change: impl Fn(&mut AccountUpdate),
        epoch: Epoch,
        if_match: Option<&[u64]>,
    ) -> Result<User, AccessError> {
        let nonce = self.random.bytes();
        let gone = || AccessError::Refused(Refusal::Gone);
        let mut now = self.clock.now();
        let mut attempts = self.attempts();
        loop {
            let edit = Edit { at: now, nonce };
            let mut update = AccountUpdate::at(now);
            change(&mut update);
            update.require(account::is_open(epoch));
            edit.write_to(&mut update);
            if let Some(versions) = if_match {
                let versions = versions.iter().map(n);
                update.require(Condition::one_of("version", ":version", versions));
            }
            let (found, is_certain) =
                match self.dynamo.update_and_read(Key::user(user), update).await? {
                    Updated::Done(item) => {
                        return Account::from_item(&item)?.into_user().ok_or_else(gone);
                    }
                    Updated::Refused { found, is_certain } => (found, is_certain),
                };
            let found = found.ok_or_else(gone)?;
            let account = Account::from_item(&found)?;
            if edit.is_in(&found) {
                return account.into_user().ok_or_else(gone);
            }
            if !is_certain && edit.may_be_made(&found, epoch) {
                return Err(StoreError::uncertain().into());
            }
            let current = Editor::Owner(epoch).admit(Some(account), if_match)?;
            attempts.start_over().await?;
            now = self.clock.now().following(current.updated_at);
        }
    }
}

/// An edit of a time. The user item remembers the last two, so that the repetition of a write whose answer was lost finds
/// it, even if another edit came in between.
struct Edit {
    at: Timestamp,
    nonce: [u8; 8],
}

impl Edit {
    /// Lets the change through only before any of the same or a later time.
    fn write_to(&self, update: &mut AccountUpdate) {
        update.set("edit", b(&self.to_bytes()));
        update.set_to("edit_before", "if_not_exists(edit, :edit)");
        update.require_latest();
    }

    /// Time, then nonce.
    fn to_bytes(&self) -> Vec<u8> {
        [self.at.millis().to_be_bytes(), self.nonce].concat()
    }

    fn is_in(&self, item: &Item) -> bool {
        let mut names = ["edit", "edit_before"].into_iter();
        names.any(|name| item::opt_bytes(item, name) == Some(self.to_bytes().as_slice()))
    }

    /// Whether an attempt that nobody has heard of may have been applied, or may yet be: the item, in which this edit is
    /// not, does not prove the contrary.
    fn may_be_made(&self, item: &Item, epoch: Epoch) -> bool {
        if item::opt_num(item, "epoch") != Some(epoch.get()) {
            // What came of it has ended.
            return false;
        }
        let updated_at = item::opt_num(item, "updated_at").map(Timestamp::from_millis);
        if updated_at < Some(self.at) {
            return true;
        }
        // Had it been made, then two later ones at least have taken its place.
        item::opt_bytes(item, "edit_before").is_some_and(|edit| is_later(edit, self.at))
    }
}

/// Whether a remembered edit is later than `at`. Those of earlier releases, nonces of 8 bytes, do not tell.
fn is_later(edit: &[u8], at: Timestamp) -> bool {
    match edit.split_first_chunk() {
        Some((time, nonce)) if !nonce.is_empty() => i64::from_be_bytes(*time) > at.millis(),
        _ => true,
    }
}
