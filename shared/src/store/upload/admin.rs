//! Reading other users' upload records, as administrators.

use futures_util::future::join;

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::account::Account;
use crate::store::actor::Actor;
use crate::store::audit::{AdminError, admit_admin};
use crate::store::dynamo::Query;
use crate::store::expression::Condition;
use crate::store::item::{Item, s};
use crate::store::page::Page;
use crate::store::schema::{Key, OWNER_STATE_SORT_KEY, uploads_partition};
use crate::store::upload::Record;
use crate::user::User;

impl Store {
    /// A user's uploads from the newest to the oldest, `limit` at a time; `None` if there is no such user. The actor's
    /// account and the user's are read concurrently.
    ///
    /// # Errors
    /// If the actor is no administrator, or the table is not available.
    pub async fn uploads_of_user(
        &self,
        actor: Actor<'_>,
        user: &UserId,
        limit: usize,
        before: Option<UploadId>,
    ) -> Result<Option<Page<Record>>, AdminError> {
        let before = before.map_or_else(
            || OWNER_STATE_SORT_KEY.to_owned(),
            |upload| upload.to_string(),
        );
        let uploads = Condition::new("pk = :pk AND sk < :before")
            .value(":pk", s(uploads_partition(user)))
            .value(":before", s(before));
        // One more than asked for tells whether there is a next page.
        let query = self.dynamo.query(Query::newest(uploads, limit + 1));
        let (found, owner) = join(query, self.read_as_admin(actor, user, None)).await;
        let (Some(owner), _) = owner? else {
            return Ok(None);
        };
        let page = Page::first_of(found?, limit, "sk");
        let mut page = page.try_map(|item| Record::from_item(&item, user))?;
        let now = self.clock.now();
        page.items
            .retain(|record| record.key.upload.epoch() == owner.epoch && record.is_shown(now));
        Ok(Some(page))
    }

    /// One of a user's uploads, in any state; `None` if there is no such user or upload.
    ///
    /// # Errors
    /// As [`Store::uploads_of_user`].
    pub async fn upload_of_user(
        &self,
        actor: Actor<'_>,
        user: &UserId,
        upload: UploadId,
    ) -> Result<Option<Record>, AdminError> {
        let (owner, item) = self.read_as_admin(actor, user, Some(upload)).await?;
        let is_current = owner.is_some_and(|owner| owner.epoch == upload.epoch());
        let record = item
            .filter(|_| is_current)
            .map(|item| Record::from_item(&item, user));
        let now = self.clock.now();
        Ok(record.transpose()?.filter(|record| !record.is_expired(now)))
    }

    /// The user and, if asked for, one of their upload items, in one call that also confirms the administrator.
    async fn read_as_admin(
        &self,
        actor: Actor<'_>,
        user: &UserId,
        upload: Option<UploadId>,
    ) -> Result<(Option<User>, Option<Item>), AdminError> {
        let upload = upload.map(|upload| Key::upload(user, upload));
        let mut keys = vec![Key::user(user)];
        // DynamoDB refuses a key that is asked for twice.
        if actor.user != user {
            keys.push(Key::user(actor.user));
        }
        keys.extend(upload.clone());
        let items = self.dynamo.batch_get(keys, None).await?;
        let find = |key: &Key| items.iter().find(|item| key.is_of(item));
        let account = |user| find(&Key::user(user)).map(Account::from_item).transpose();
        admit_admin(account(actor.user)?, actor)?;
        let item = upload.and_then(|key| find(&key).cloned());
        Ok((account(user)?.and_then(Account::into_user), item))
    }
}
