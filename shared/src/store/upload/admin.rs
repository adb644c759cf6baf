//! Reading other users' upload records, as administrators.

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::account::Account;
use crate::store::actor::Actor;
use crate::store::audit::AdminError;
use crate::store::dynamo::Query;
use crate::store::editor::Editor;
use crate::store::expression::Condition;
use crate::store::item::s;
use crate::store::page::Page;
use crate::store::schema::{OWNER_STATE_SORT_KEY, uploads_partition};
use crate::store::upload::record::Record;

impl Store {
    /// A user's uploads from the newest to the oldest, `limit` at a time; `None` if there is no such user. The
    /// actor's account and the user's are read concurrently.
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
        let range = Condition::new("pk = :pk AND sk < :before")
            .value(":pk", s(uploads_partition(user)))
            .value(":before", s(before));
        // One more than asked for tells whether there is a next page.
        let page = self.dynamo.query(Query::newest(range, limit + 1));
        let accounts = self.read_as(Editor::Admin(actor), user, None);
        let (page, found) = futures_util::future::join(page, accounts).await;
        let Some(owner) = found?.account()?.and_then(Account::into_user) else {
            return Ok(None);
        };
        let page = Page::first_of(page?, limit, "sk");
        let mut page = page.try_map(|item| Record::from_item(&item, user))?;
        let now = self.clock.now();
        let is_owners = |record: &Record| record.key.upload.epoch() == owner.epoch;
        page.items
            .retain(|record| is_owners(record) && record.is_shown(now));
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
        let editor = Editor::Admin(actor);
        let found = self.read_as(editor, user, Some(upload)).await?;
        let owner = found.account()?.and_then(Account::into_user);
        let is_owners = owner.is_some_and(|owner| owner.epoch == upload.epoch());
        let record = found.upload.filter(|_| is_owners);
        let record = record.map(|item| Record::from_item(&item, user));
        let now = self.clock.now();
        Ok(record.transpose()?.filter(|record| !record.is_expired(now)))
    }
}
