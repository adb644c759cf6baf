//! How somebody changes an account: what has to be read before, and what is written along with it.

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::Store;
use crate::store::account::{Account, Lifecycle, Refusal};
use crate::store::actor::Actor;
use crate::store::audit::{AdminError, AdminWrite, NotAdmin, admit_admin};
use crate::store::error::StoreError;
use crate::store::item::Item;
use crate::store::schema::Key;
use crate::store::transaction::{Transacted, Transaction};
use crate::user::User;

/// In whose name an account is changed.
#[derive(Clone, Copy, Debug)]
pub enum Editor<'a> {
    /// Its owner, with a token of that epoch.
    Owner(Epoch),
    /// The person at WeChat, who has the account of that epoch: WeChat says what they want. That the account is disabled
    /// does not matter.
    Person(Epoch),
    /// An administrator, who is not its owner.
    Admin(Actor<'a>),
}

/// Why somebody may not change an account.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The account does not let its owner in.
    #[error("the account does not let its owner in")]
    Refused(Refusal),
    /// An administrator asked for a user who does not exist.
    #[error("there is no such user")]
    NotFound,
    /// An administrator asked for an account that is being deleted.
    #[error("the account is being deleted")]
    Deleting,
    /// The account has none of the versions that the editor has seen.
    #[error("the account has another version")]
    VersionMismatch,
    /// Whoever wanted to change somebody else is no administrator any more.
    #[error("the editor is no administrator")]
    NotAdmin(NotAdmin),
    /// The table gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdminError> for AccessError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotAdmin(refusal) => Self::NotAdmin(refusal),
            AdminError::Store(error) => Self::Store(error),
        }
    }
}

/// What was read, to change it.
pub(super) struct Found {
    pub(super) user: Option<Item>,
    pub(super) upload: Option<Item>,
}

impl Found {
    pub(super) fn account(&self) -> Result<Option<Account>, StoreError> {
        self.user.as_ref().map(Account::from_item).transpose()
    }
}

impl<'a> Editor<'a> {
    const fn admin(self) -> Option<Actor<'a>> {
        match self {
            Self::Owner(_) | Self::Person(_) => None,
            Self::Admin(actor) => Some(actor),
        }
    }

    /// Whether the editor may change the account as it is: the user, if so.
    pub(super) fn admit(
        self,
        account: Option<Account>,
        if_match: Option<&[u64]>,
    ) -> Result<User, AccessError> {
        let user = match self {
            Self::Owner(epoch) => account
                .ok_or(Refusal::Gone)
                .and_then(|account| account.admit(epoch))
                .map_err(AccessError::Refused)?,
            Self::Person(epoch) => account
                .and_then(Account::into_user)
                .filter(|user| user.epoch == epoch)
                .ok_or(AccessError::Refused(Refusal::Gone))?,
            Self::Admin(_) => match account.map(|account| account.lifecycle) {
                Some(Lifecycle::Live(user)) => *user,
                Some(Lifecycle::Deleting) => return Err(AccessError::Deleting),
                Some(Lifecycle::Deleted) | None => return Err(AccessError::NotFound),
            },
        };
        if if_match.is_some_and(|versions| !versions.contains(&user.version)) {
            return Err(AccessError::VersionMismatch);
        }
        Ok(user)
    }
}

impl Store {
    /// Reads a user, one of their uploads if that is asked for, and the administrator who does so, in one call.
    pub(super) async fn read_as(
        &self,
        editor: Editor<'_>,
        user: &UserId,
        upload: Option<UploadId>,
    ) -> Result<Found, AdminError> {
        let (user_key, actor) = (Key::user(user), editor.admin());
        let upload_key = upload.map(|upload| Key::upload(user, upload));
        let actor_key = actor.map(|actor| Key::user(actor.user));
        let mut keys = vec![user_key.clone()];
        keys.extend(upload_key.clone());
        // DynamoDB refuses a key that is asked for twice.
        keys.extend(actor_key.clone().filter(|key| *key != user_key));
        let mut items = match keys.len() {
            1 => self
                .dynamo
                .get(user_key.clone())
                .await?
                .into_iter()
                .collect(),
            _ => self.dynamo.batch_get(keys, None).await?,
        };
        if let Some((actor, key)) = actor.zip(actor_key) {
            let own = items.iter().find(|item| key.is_of(item));
            let account = own.map(Account::from_item).transpose()?;
            admit_admin(account, actor)?;
        }
        let mut take = |key: Key| {
            let at = items.iter().position(|item| key.is_of(item))?;
            Some(items.swap_remove(at))
        };
        Ok(Found {
            user: take(user_key),
            upload: upload_key.and_then(take),
        })
    }

    /// Writes all or nothing in `editor`'s name. Of what an administrator writes, `write` is the entry.
    pub(super) async fn transact_by(
        &self,
        editor: Editor<'_>,
        write: &AdminWrite<'_>,
        transaction: Transaction,
    ) -> Result<Transacted, AdminError> {
        match editor {
            Editor::Owner(_) | Editor::Person(_) => Ok(self.dynamo.transact(transaction).await?),
            Editor::Admin(actor) => Ok(self.transact_audited(actor, write, transaction).await??),
        }
    }
}
