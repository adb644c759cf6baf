//! How somebody changes an account: what has to be read before, and what is written along with it.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::ids::{Purpose, UploadId, UserId};
use crate::store::audit::{AdminWrite, NotAdmin, admit_admin};
use crate::store::item::{self, Item};
use crate::store::session::user_key;
use crate::store::upload::{Record, upload_key};
use crate::store::user::{Editor, NotEdited};
use crate::store::{Account, Store, StoreError, Transacted};
use crate::upload::lifecycle::UploadStatus;
use crate::user::Avatar;

/// What a call read, to change it.
pub(super) struct Found {
    pub(super) user: Option<Item>,
    pub(super) upload: Option<Item>,
}

impl Found {
    pub(super) fn account(&self) -> Result<Option<Account>, StoreError> {
        self.user.as_ref().map(Account::from_item).transpose()
    }

    /// The upload as a picture, if it can be one.
    pub(super) fn avatar(&self, user: &UserId) -> Result<Option<Avatar>, StoreError> {
        let record = self
            .upload
            .as_ref()
            .map(|item| Record::from_item(item, user));
        let usable = record.transpose()?.filter(|record| {
            record.status == UploadStatus::Ready && record.key.upload.purpose() == Purpose::Avatar
        });
        Ok(usable.map(|record| Avatar {
            upload: record.key.upload,
            key: record.key,
            version: record.version,
        }))
    }
}

impl Store {
    /// Reads a user, one of their uploads if that is asked for, and the administrator who does so, in one call.
    pub(super) async fn read_as(
        &self,
        editor: Editor<'_>,
        user: &UserId,
        upload: Option<UploadId>,
    ) -> Result<Result<Found, NotAdmin>, StoreError> {
        let mut keys = vec![user_key(user)];
        keys.extend(upload.map(|upload| upload_key(user, upload)));
        let actor = match editor {
            Editor::Owner(_) => None,
            Editor::Admin(actor) => Some(actor),
        };
        // DynamoDB refuses a key that is asked for twice.
        let others = actor.filter(|actor| actor.user != *user);
        keys.extend(others.map(|actor| user_key(&actor.user)));
        let mut items = match keys.len() {
            1 => self.user_item(user).await?.into_iter().collect(),
            _ => self.batch_get(keys).await?,
        };
        if let Some(actor) = actor {
            let is_actors = |item: &&Item| is_user_item(item, &actor.user);
            let account = items.iter().find(is_actors).map(Account::from_item);
            if let Err(refusal) = admit_admin(account.transpose()?, actor.actor()) {
                return Ok(Err(refusal));
            }
        }
        let mut take = |is_wanted: &dyn Fn(&Item) -> bool| {
            let at = items.iter().position(is_wanted)?;
            Some(items.swap_remove(at))
        };
        Ok(Ok(Found {
            user: take(&|item| is_user_item(item, user)),
            upload: take(&|item| item::opt_str(item, "sk") != Some("A")),
        }))
    }

    /// Writes all or nothing in `editor`'s name. Of what an administrator writes, `write` is the entry.
    pub(super) async fn transact_by(
        &self,
        editor: Editor<'_>,
        write: &AdminWrite<'_>,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Result<Transacted, NotEdited>, StoreError> {
        Ok(match editor {
            Editor::Owner(_) => Ok(self.transact(writes).await?),
            Editor::Admin(actor) => {
                let outcome = self.transact_as(actor, write, writes).await?;
                outcome.map_err(NotEdited::NotAdmin)
            }
        })
    }
}

fn is_user_item(item: &Item, user: &UserId) -> bool {
    item::opt_str(item, "pk").and_then(|pk| pk.strip_prefix("U#")) == Some(user.as_str())
}
