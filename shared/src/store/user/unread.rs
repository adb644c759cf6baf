//! Changes that the user item alone takes, made without reading it first.

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::account::{self, Account, AccountUpdate, Refusal};
use crate::store::dynamo::Updated;
use crate::store::editor::{AccessError, Editor};
use crate::store::expression::Condition;
use crate::store::item::{self, Item, b, n, s};
use crate::store::schema::Key;
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
    /// late and undo a later change.
    pub(super) async fn edit_unread(
        &self,
        user: &UserId,
        change: impl Fn(&mut AccountUpdate),
        epoch: Epoch,
        if_match: Option<&[u64]>,
    ) -> Result<User, AccessError> {
        let nonce = Nonce(self.random.bytes());
        let gone = || AccessError::Refused(Refusal::Gone);
        let mut now = self.clock.now();
        let mut attempts = self.attempts();
        loop {
            let mut update = AccountUpdate::at(now);
            change(&mut update);
            update.require(account::is_open(epoch));
            nonce.require_first(&mut update);
            if let Some(versions) = if_match {
                let versions = versions.iter().map(n);
                update.require(Condition::one_of("version", ":version", versions));
            }
            let found = match self.dynamo.update_and_read(Key::user(user), update).await? {
                Updated::Done(item) => {
                    return Account::from_item(&item)?.into_user().ok_or_else(gone);
                }
                Updated::Refused(found) => found,
            };
            let account = found.as_ref().map(Account::from_item).transpose()?;
            if found.is_some_and(|item| nonce.is_in(&item)) {
                return account.and_then(Account::into_user).ok_or_else(gone);
            }
            let current = Editor::Owner(epoch).admit(account, if_match)?;
            attempts.start_over().await?;
            now = self.clock.now().following(current.updated_at);
        }
    }
}

/// A write whose response was lost is repeated by the SDK; this tells that it was ours that got there first, even if
/// another edit came in between.
struct Nonce([u8; 8]);

impl Nonce {
    /// Lets the change through once, and only before any with the same or a greater time.
    fn require_first(&self, update: &mut AccountUpdate) {
        update.set("edit", b(&self.0));
        update.set_to("edit_before", "if_not_exists(edit, :edit)");
        update.require(Condition::new(
            "(attribute_not_exists(edit) OR (edit <> :edit \
             AND (attribute_not_exists(edit_before) OR edit_before <> :edit)))",
        ));
        update.require_latest();
    }

    fn is_in(&self, item: &Item) -> bool {
        let mut names = ["edit", "edit_before"].into_iter();
        names.any(|name| item::opt_bytes(item, name) == Some(self.0.as_slice()))
    }
}
