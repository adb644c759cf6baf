//! Users: reading, listing, editing, creating, deleting.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{Code, Error};
use crate::ids::{Epoch, OpenId, UploadId, UserId};
use crate::patch::Patch;
use crate::profile::{Email, Nickname, Username};
use crate::store::account::PROJECTION;
use crate::store::audit::{Action, AdminWrite, NotAdmin, Standing};
use crate::store::claim::{Claim, ClaimWrites, ClaimsAt, Foreign, Kind, Obstacle, StoredForms};
use crate::store::expression;
use crate::store::fence::Fence;
use crate::store::item::{self, Item, Projection, b, n, names, s, values};
use crate::store::session::{age_key, session_attributes, user_key};
use crate::store::upload::{owner_state, upload_key};
use crate::store::{Account, Lifecycle, Page, Store, StoreError, Transacted, Updated, store_error};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;
use crate::user::{Avatar, Role, Status, User};

/// How often an edit starts over because somebody else was faster.
const EDIT_ATTEMPTS: u32 = 4;

/// What is to change about a user.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The unique name.
    pub username: Patch<Username>,
    /// The unique e-mail address.
    pub email: Patch<Email>,
    /// The display name.
    pub nickname: Patch<Nickname>,
    /// The picture: one of the user's own, verified uploads.
    pub avatar: Patch<UploadId>,
    /// What the user may do.
    pub role: Option<Role>,
    /// Whether the account can be used.
    pub status: Option<Status>,
}

impl Changes {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.is_plain() && self.nickname.is_keep() && self.avatar.is_keep() && self.role.is_none()
    }

    /// Whether the user item alone is to change, so that one write without a read will do.
    fn is_plain(&self) -> bool {
        self.username.is_keep()
            && self.email.is_keep()
            && self.status.is_none()
            && !matches!(self.avatar, Patch::Set(_))
    }

    /// The fields that are set or cleared, by their names in the API.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("username", !self.username.is_keep()),
            ("email", !self.email.is_keep()),
            ("nickname", !self.nickname.is_keep()),
            ("avatar_upload_id", !self.avatar.is_keep()),
            ("role", self.role.is_some()),
            ("status", self.status.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
    }
}

/// In whose name an account is changed.
#[derive(Clone, Copy, Debug)]
pub enum Editor<'a> {
    /// Its owner, with a token of that epoch.
    Owner(Epoch),
    /// An administrator, who is not its owner.
    Admin(&'a Caller),
}

/// Why a user was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEdited {
    /// There is no such user, or not in the token's epoch.
    Gone,
    /// The account is shut to its owner.
    Disabled,
    /// The account is being deleted.
    Deleting,
    /// `If-Match` names another version.
    VersionMismatch,
    /// Somebody else has the username.
    UsernameTaken,
    /// Somebody else has the e-mail address.
    EmailTaken,
    /// The upload is not a verified avatar of the user's.
    AvatarUnusable,
    /// The user to create is there already.
    Exists,
    /// Others kept changing the user.
    Contended,
    /// Whoever wanted to change somebody else is no administrator any more.
    NotAdmin(NotAdmin),
}

impl NotEdited {
    /// The answer to `editor`.
    pub fn into_error(self, editor: Editor<'_>) -> Error {
        Error::new(match (self, editor) {
            // The owner's token outlived the account; an administrator asked for one that is not there.
            (Self::Gone, Editor::Owner(_)) => Code::Unauthorized,
            (Self::Gone, Editor::Admin(_)) => Code::NotFound,
            (Self::Disabled, _) => Code::AccountDisabled,
            (Self::Deleting, _) => Code::AccountDeleting,
            (Self::VersionMismatch, _) => Code::VersionMismatch,
            (Self::UsernameTaken, _) => Code::UsernameTaken,
            (Self::EmailTaken, _) => Code::EmailTaken,
            (Self::Exists, _) => Code::UserExists,
            (Self::Contended, _) => Code::TemporarilyUnavailable,
            (Self::NotAdmin(refusal), _) => return refusal.into(),
            (Self::AvatarUnusable, _) => {
                let message =
                    "must be a verified upload of the user's own, with the purpose avatar";
                return Error::invalid_field("avatar_upload_id", "invalid_value", message);
            }
        })
    }
}

/// A user to register ahead of their first login.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Who.
    pub id: UserId,
    /// The person at WeChat.
    pub openid: OpenId,
    /// The unique name.
    pub username: Option<Username>,
    /// The unique e-mail address.
    pub email: Option<Email>,
    /// The display name.
    pub nickname: Option<Nickname>,
    /// What the user may do.
    pub role: Role,
}

impl NewUser {
    /// The fields that are set, by their names in the API.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("username", self.username.is_some()),
            ("email", self.email.is_some()),
            ("nickname", self.nickname.is_some()),
            ("role", true),
        ]
        .into_iter()
        .filter_map(|(name, is_given)| is_given.then_some(name))
        .collect()
    }
}

/// A deleted account: the message that `purge` works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Whose.
    #[serde(rename = "uid")]
    pub user: UserId,
    /// The life that has ended.
    pub epoch: Epoch,
}

/// An account whose life is to end.
#[derive(Debug)]
pub struct Doomed {
    /// What to announce to `purge`.
    pub deleted: Deleted,
    /// The user item as it was read; `None` if the life has ended already.
    alive: Option<(Item, User)>,
}

impl Deleted {
    /// The message's text: `{"uid":…,"epoch":…}`.
    pub fn to_message(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// Whether the text has the form of a position in the list of users: of what [`Page::next`] gives.
pub fn is_list_position(text: &str) -> bool {
    text.split_once('#').is_some_and(|(age, user)| {
        age.len() == 15 && age.bytes().all(|b| b.is_ascii_digit()) && user.parse::<UserId>().is_ok()
    })
}

impl Store {
    /// The account of `user`, as of now.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        self.user_item(user)
            .await?
            .as_ref()
            .map(Account::from_item)
            .transpose()
    }

    pub(super) async fn user_item(&self, user: &UserId) -> Result<Option<Item>, StoreError> {
        let key = Some(user_key(user));
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(key)
            .consistent_read(true);
        Ok(request.send().await.map_err(store_error)?.item)
    }

    /// The accounts of up to 100 users, in no order; those that do not exist are left out.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn accounts(&self, users: &[UserId]) -> Result<HashMap<UserId, Account>, StoreError> {
        let mut keys: Vec<&UserId> = users.iter().collect();
        keys.sort();
        keys.dedup();
        let items = self
            .batch_get_of(
                keys.into_iter().map(user_key).collect(),
                Some(Projection {
                    expression: PROJECTION,
                    names: expression::names_in(PROJECTION),
                }),
            )
            .await?;
        let accounts = items.iter().map(Account::from_item);
        accounts
            .map(|account| account.map(|account| (account.id.clone(), account)))
            .collect()
    }

    /// Reads items by key in one call, or more if DynamoDB leaves some unprocessed.
    pub(super) async fn batch_get(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        self.batch_get_of(keys, None).await
    }

    async fn batch_get_of(
        &self,
        keys: Vec<Item>,
        attributes: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let (expression, names) = attributes.map(|a| (a.expression, a.names)).unzip();
        let mut found = Vec::new();
        let mut keys = keys;
        for _ in 0..3 {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .set_projection_expression(expression.map(str::to_owned))
                .set_expression_attribute_names(names.clone().flatten())
                .consistent_read(true)
                .build();
            let wanted = wanted.map_err(|error| StoreError::Refused(Box::new(error)))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted)
                .send()
                .await;
            let output = output.map_err(store_error)?;
            found.extend(
                output
                    .responses
                    .into_iter()
                    .flat_map(HashMap::into_values)
                    .flatten(),
            );
            let left = output
                .unprocessed_keys
                .and_then(|mut left| left.remove(&self.table));
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Unavailable("items stayed unprocessed".into()))
    }

    /// Users from the newest to the oldest, `limit` at a time; one query of the index whatever the table's size.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn list_users(
        &self,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<User>, StoreError> {
        let condition = if before.is_some() {
            "gsi1pk = :shard AND gsi1sk < :before"
        } else {
            "gsi1pk = :shard"
        };
        let mut wanted = values([(":shard", s("US#0"))]);
        if let (Some(before), Some(wanted)) = (before, &mut wanted) {
            wanted.insert(":before".to_owned(), s(before));
        }
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("gsi1")
            .key_condition_expression(condition)
            .set_expression_attribute_values(wanted)
            .scan_index_forward(false)
            // One more than asked for tells whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(store_error)?;
        let mut items = output.items.unwrap_or_default();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items
            .last()
            .and_then(|item| item::opt_str(item, "gsi1sk"))
            .map(str::to_owned);
        let accounts = items
            .iter()
            .map(Account::from_item)
            .collect::<Result<Vec<_>, _>>()?;
        let items = accounts
            .into_iter()
            .filter_map(Account::into_user)
            .collect();
        Ok(Page {
            items,
            next: last.filter(|_| more),
        })
    }

    /// Changes a user. Plain fields of one's own take one write; names, status and picture a read and a transaction, and
    /// so does whatever an administrator changes.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the change was refused.
    pub async fn edit_user(
        &self,
        user: &UserId,
        changes: &Changes,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        match editor {
            _ if changes.is_empty() => {
                let found = self.read_as(editor, user, None).await?;
                let account = match found.map(|found| found.account()) {
                    Ok(account) => account?,
                    Err(refusal) => return Ok(Err(NotEdited::NotAdmin(refusal))),
                };
                return Ok(check(account, editor, if_match));
            }
            Editor::Owner(epoch) if changes.is_plain() => {
                return self.edit_plain(user, changes, epoch, if_match).await;
            }
            _ => {}
        }
        let mut foreign = Foreign::new();
        for _ in 0..EDIT_ATTEMPTS {
            match self
                .edit_with_claims(user, changes, editor, if_match, &mut foreign)
                .await?
            {
                Err(NotEdited::Contended) => {}
                outcome => return Ok(outcome),
            }
        }
        Err(StoreError::Unavailable("the user kept changing".into()))
    }

    async fn edit_plain(
        &self,
        user: &UserId,
        changes: &Changes,
        epoch: Epoch,
        if_match: Option<&[u64]>,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        let change = |edit: &mut Edit| edit.apply(changes, None);
        self.edit_unread(user, change, epoch, if_match).await
    }

    /// Makes a change that the user item alone takes, without reading it first.
    ///
    /// It carries a number as logins do: `updated_at`, which only grows. So a write that was given up on cannot arrive
    /// late and undo a later change.
    async fn edit_unread(
        &self,
        user: &UserId,
        change: impl Fn(&mut Edit),
        epoch: Epoch,
        if_match: Option<&[u64]>,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        // A write whose answer was lost is repeated by the SDK; this tells that it was ours that got there first, even
        // if another edit came in between.
        let nonce = self.random.bytes::<8>();
        let mut now = self.clock.now();
        for _ in 0..EDIT_ATTEMPTS {
            let mut edit = Edit::new(now);
            change(&mut edit);
            edit.require_owner(epoch);
            edit.require_first(&nonce);
            if let Some(versions) = if_match {
                edit.require_version(versions);
            }
            let update = edit.into_update(&self.client);
            let found = match self.update(user_key(user), update).await? {
                Updated::Done(item) => {
                    return Ok(Account::from_item(&item)?
                        .into_user()
                        .ok_or(NotEdited::Gone));
                }
                Updated::Refused(found) => found,
            };
            let is_own = |item: &Item, name| item::opt_bytes(item, name) == Some(nonce.as_slice());
            let repeated = found
                .as_ref()
                .is_some_and(|item| is_own(item, "edit") || is_own(item, "edit_before"));
            let account = found.as_ref().map(Account::from_item).transpose()?;
            if let Some(account) = account.as_ref().filter(|_| repeated) {
                return Ok(account.user().cloned().ok_or(NotEdited::Gone));
            }
            match check(account, Editor::Owner(epoch), if_match) {
                Ok(current) => now = self.clock.now().following(current.updated_at),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Err(NotEdited::Contended))
    }

    async fn edit_with_claims(
        &self,
        user: &UserId,
        changes: &Changes,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
        foreign: &mut Foreign,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        let upload = match changes.avatar {
            Patch::Set(upload) => Some(upload),
            Patch::Keep | Patch::Clear => None,
        };
        let found = match self.read_as(editor, user, upload).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(NotEdited::NotAdmin(refusal))),
        };
        let avatar = found.avatar(user)?;
        let account = found.account()?;
        let held = account
            .as_ref()
            .map(|account| account.fence)
            .zip(found.user.as_ref().map(StoredForms::of_item));
        let (fence, stored) = held.unwrap_or_default();
        let current = match check(account, editor, if_match) {
            Ok(current) => current,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let avatar = avatar.filter(|avatar| avatar.upload.epoch() == current.epoch);
        if matches!(changes.avatar, Patch::Set(_)) && avatar.is_none() {
            return Ok(Err(NotEdited::AvatarUnusable));
        }
        let now = self.clock.now().following(current.updated_at);
        let held = (&stored, &*foreign);
        let (writes, at) = self
            .edit_writes(&current, changes, avatar.as_ref(), fence, now, held)
            .map_err(|e| StoreError::Refused(e.into()))?;
        let before = Standing::from(&current);
        let after = changed(current, changes, avatar, now);
        let write = AdminWrite {
            action: Action::ChangeUser,
            target: user,
            upload: None,
            fields: changes.fields(),
            before: Some(before),
            after: Some(Standing::from(&after)),
        };
        Ok(match self.transact_by(editor, &write, writes).await? {
            Ok(Transacted::Done) => Ok(after),
            Ok(Transacted::Cancelled(reasons)) => Err(at.obstacle(&reasons, foreign).into()),
            Err(refusal) => Err(refusal),
        })
    }

    /// The writes of an edit: the user first, then claims to take and to give up, then what else has to hold.
    fn edit_writes(
        &self,
        current: &User,
        changes: &Changes,
        avatar: Option<&Avatar>,
        fence: Fence,
        now: Timestamp,
        (stored, foreign): (&StoredForms, &Foreign),
    ) -> Result<(Vec<TransactWriteItem>, ClaimsAt), BuildError> {
        let mut edit = Edit::new(now);
        edit.apply(changes, avatar);
        if changes.status.is_some() {
            edit.raise_fence(fence, now);
        }
        edit.require("version = :version AND epoch = :epoch AND #status = :status_was");
        edit.value(":version", n(current.version));
        edit.value(":epoch", n(current.epoch.get()));
        edit.value(":status_was", s(current.status.as_str()));
        edit.name("#status", "status");
        let table = &self.table;
        let first = edit.into_transaction(table, &current.id)?;
        let mut claims = ClaimWrites::after(first, table, &current.id, stored, foreign);
        move_claim(
            &mut claims,
            Kind::Username,
            &current.username,
            &changes.username,
        )?;
        move_claim(&mut claims, Kind::Email, &current.email, &changes.email)?;
        let (mut writes, at) = claims.finish();
        if let Some(avatar) = avatar {
            writes.push(avatar_check(table, &current.id, avatar)?);
        }
        if let Some(status) = changes.status {
            let gate = owner_state(&current.id, current.epoch, status == Status::Disabled);
            writes.push(put(table, gate)?);
        }
        Ok((writes, at))
    }

    /// Registers a user ahead of their first login.
    ///
    /// What is there is read before the write and not after it: once the user is created, nothing is left that could
    /// fail and have a repetition refused.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the user was not created.
    pub async fn create_user(
        &self,
        new: &NewUser,
        actor: &Caller,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        let editor = Editor::Admin(actor);
        let mut foreign = Foreign::new();
        for _ in 0..EDIT_ATTEMPTS {
            let item = match self.read_as(editor, &new.id, None).await? {
                Ok(found) => found.user,
                Err(refusal) => return Ok(Err(NotEdited::NotAdmin(refusal))),
            };
            let former = item.as_ref().map(Account::from_item).transpose()?;
            let stored = item.as_ref().map(StoredForms::of_item).unwrap_or_default();
            match &former {
                Some(account) if matches!(account.lifecycle, Lifecycle::Deleting) => {
                    return Ok(Err(NotEdited::Deleting));
                }
                Some(account) if account.user().is_some() => return Ok(Err(NotEdited::Exists)),
                _ => {}
            }
            let version = item.and_then(|item| item::opt_num::<u64>(&item, "version"));
            let epoch = former.as_ref().map(|account| account.epoch);
            let now = self.clock.now();
            let (writes, at) = self
                .create_writes(new, former.as_ref(), now, (&stored, &foreign))
                .map_err(|e| StoreError::Refused(e.into()))?;
            let user = created(
                new,
                epoch.unwrap_or(Epoch::FIRST),
                version.unwrap_or(0) + 1,
                now,
            );
            let write = AdminWrite {
                action: Action::CreateUser,
                target: &new.id,
                upload: None,
                fields: new.fields(),
                before: None,
                after: Some(Standing::from(&user)),
            };
            match self.transact_by(editor, &write, writes).await? {
                Ok(Transacted::Done) => return Ok(Ok(user)),
                Err(refusal) => return Ok(Err(refusal)),
                Ok(Transacted::Cancelled(reasons)) => match at.obstacle(&reasons, &mut foreign) {
                    // Somebody registered, or began to be deleted, in the meantime: look again.
                    Obstacle::Changed => {}
                    taken => return Ok(Err(taken.into())),
                },
            }
        }
        Err(StoreError::Unavailable("the user kept changing".into()))
    }

    fn create_writes(
        &self,
        new: &NewUser,
        former: Option<&Account>,
        now: Timestamp,
        (stored, foreign): (&StoredForms, &Foreign),
    ) -> Result<(Vec<TransactWriteItem>, ClaimsAt), BuildError> {
        let mut edit = Edit::new(now);
        edit.sets.push("created_at = :now".to_owned());
        edit.sets
            .push("epoch = if_not_exists(epoch, :one)".to_owned());
        edit.set("#status", ":active", s("active"));
        edit.set("openid", ":openid", s(new.openid.as_str()));
        edit.set("gsi1pk", ":shard", s("US#0"));
        edit.set("gsi1sk", ":age", s(age_key(now, &new.id)));
        edit.set("#role", ":role", s(new.role.as_str()));
        edit.name("#role", "role");
        edit.name("#status", "status");
        edit.set_unique(
            "username",
            new.username
                .as_ref()
                .map(|name| (name.as_str(), name.compared())),
        );
        edit.set_unique(
            "email",
            new.email
                .as_ref()
                .map(|email| (email.as_str(), email.compared())),
        );
        edit.set_text("nickname", new.nickname.as_ref().map(Nickname::as_str));
        match former {
            Some(former) => {
                edit.require("#status = :deleted AND epoch = :epoch");
                edit.value(":deleted", s("deleted"));
                edit.value(":epoch", n(former.epoch.get()));
            }
            None => edit.require("attribute_not_exists(pk)"),
        }
        edit.raise_fence(former.map(|former| former.fence).unwrap_or_default(), now);
        let first = edit.into_transaction(&self.table, &new.id)?;
        let mut claims = ClaimWrites::after(first, &self.table, &new.id, stored, foreign);
        let username = new.username.as_ref().map(Claim::from);
        claims.change(Kind::Username, None, username.as_ref())?;
        let email = new.email.as_ref().map(Claim::from);
        claims.change(Kind::Email, None, email.as_ref())?;
        Ok(claims.finish())
    }

    /// Reads the account whose life is to end. An account that is already being deleted, by the same token or an
    /// administrator, is one too: its end can be announced once more.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the account may not be deleted.
    pub async fn doomed(
        &self,
        user: &UserId,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<Result<Doomed, NotEdited>, StoreError> {
        let item = match self.read_as(editor, user, None).await? {
            Ok(found) => found.user,
            Err(refusal) => return Ok(Err(NotEdited::NotAdmin(refusal))),
        };
        let account = item.as_ref().map(Account::from_item).transpose()?;
        let ended = account
            .as_ref()
            .and_then(|account| ended_life(account, editor));
        if let Some(epoch) = ended {
            let deleted = Deleted {
                user: user.clone(),
                epoch,
            };
            return Ok(Ok(Doomed {
                deleted,
                alive: None,
            }));
        }
        Ok(check(account, editor, if_match).map(|current| Doomed {
            deleted: Deleted {
                user: user.clone(),
                epoch: current.epoch,
            },
            alive: item.map(|item| (item, current)),
        }))
    }

    /// Ends an account's life at once: its tokens, sessions and names are gone when this returns. What it leaves behind
    /// is for `purge`, which was told of this life and of no other: if it has ended by itself, and the person has
    /// registered anew, nothing is left to do.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the account was not deleted.
    pub async fn delete_user(
        &self,
        doomed: Doomed,
        editor: Editor<'_>,
        if_match: Option<&[u64]>,
    ) -> Result<Result<(), NotEdited>, StoreError> {
        let Doomed { deleted, mut alive } = doomed;
        let mut foreign = Foreign::new();
        for _ in 0..EDIT_ATTEMPTS {
            let Some((item, current)) = alive else {
                return Ok(Ok(()));
            };
            let (writes, at) = self
                .delete_writes(&item, &current, deleted.epoch, &foreign)
                .map_err(|e| StoreError::Refused(e.into()))?;
            let write = AdminWrite {
                action: Action::DeleteUser,
                target: &deleted.user,
                upload: None,
                fields: Vec::new(),
                before: Some(Standing::from(&current)),
                after: None,
            };
            match self.transact_by(editor, &write, writes).await? {
                Ok(Transacted::Done) => return Ok(Ok(())),
                Ok(Transacted::Cancelled(reasons)) => at.obstacle(&reasons, &mut foreign),
                Err(refusal) => return Ok(Err(refusal)),
            };
            alive = match self.doomed(&deleted.user, editor, if_match).await? {
                Ok(again) => again.alive.filter(|_| again.deleted == deleted),
                Err(refusal) => return Ok(Err(refusal)),
            };
        }
        Err(StoreError::Unavailable("the user kept changing".into()))
    }

    fn delete_writes(
        &self,
        item: &Item,
        current: &User,
        announced: Epoch,
        foreign: &Foreign,
    ) -> Result<(Vec<TransactWriteItem>, ClaimsAt), BuildError> {
        let next = announced.next();
        let mut edit = Edit::timeless();
        edit.set("#status", ":deleting", s("deleting"));
        edit.set("epoch", ":next", n(next.get()));
        edit.raise_fence(Fence::from_item(item), self.clock.now());
        edit.sets.push("sessions_ended_at = :fence".to_owned());
        edit.name("#status", "status");
        // All that is personal goes now; the openid too, for the key is derived from it and holds nothing of it.
        for (i, name) in PERSONAL
            .iter()
            .map(|name| (*name).to_owned())
            .chain(session_attributes(item))
            .enumerate()
        {
            let placeholder = format!("#gone{i}");
            edit.names.insert(placeholder.clone(), name);
            edit.removes.push(placeholder);
        }
        edit.require("version = :version AND epoch = :epoch");
        edit.value(":version", n(current.version));
        edit.value(":epoch", n(announced.get()));
        // A login in between added a session that would not be removed: then start over. That of the previous release
        // raises no fence.
        match item::opt_str(item, "last_login") {
            Some(login) => {
                edit.require("last_login = :login");
                edit.value(":login", s(login));
            }
            None => edit.require("attribute_not_exists(last_login)"),
        }
        let stored = StoredForms::of_item(item);
        let first = edit.into_transaction(&self.table, &current.id)?;
        let mut claims = ClaimWrites::after(first, &self.table, &current.id, &stored, foreign);
        claims.release_all(current)?;
        let (mut writes, at) = claims.finish();
        writes.push(put(&self.table, owner_state(&current.id, next, false))?);
        Ok((writes, at))
    }

    /// Stores a person's phone number.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the number was not stored.
    pub async fn set_phone(
        &self,
        user: &UserId,
        epoch: Epoch,
        phone: &str,
    ) -> Result<Result<User, NotEdited>, StoreError> {
        let change = |edit: &mut Edit| edit.set_text("phone", Some(phone));
        self.edit_unread(user, change, epoch, None).await
    }
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

impl From<Obstacle> for NotEdited {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Changed => Self::Contended,
            Obstacle::Taken(Kind::Username) => Self::UsernameTaken,
            Obstacle::Taken(Kind::Email) => Self::EmailTaken,
        }
    }
}

/// Moves a claim from the text at hand to the changed one.
fn move_claim<T>(
    claims: &mut ClaimWrites<'_>,
    kind: Kind,
    current: &Option<T>,
    change: &Patch<T>,
) -> Result<(), BuildError>
where
    for<'a> Claim: From<&'a T>,
{
    let next = match change {
        Patch::Keep => return Ok(()),
        Patch::Clear => None,
        Patch::Set(text) => Some(Claim::from(text)),
    };
    claims.change(
        kind,
        current.as_ref().map(Claim::from).as_ref(),
        next.as_ref(),
    )
}

/// Whether the editor may change the account as it is.
fn check(
    account: Option<Account>,
    editor: Editor<'_>,
    if_match: Option<&[u64]>,
) -> Result<User, NotEdited> {
    let account = account.ok_or(NotEdited::Gone)?;
    let user = match editor {
        Editor::Owner(epoch) => account.admit(epoch).map_err(|refusal| match refusal {
            crate::store::Refusal::Gone => NotEdited::Gone,
            crate::store::Refusal::Disabled => NotEdited::Disabled,
        })?,
        Editor::Admin(_) if matches!(account.lifecycle, Lifecycle::Deleting) => {
            return Err(NotEdited::Deleting);
        }
        Editor::Admin(_) => account.into_user().ok_or(NotEdited::Gone)?,
    };
    if if_match.is_some_and(|versions| !versions.contains(&user.version)) {
        Err(NotEdited::VersionMismatch)
    } else {
        Ok(user)
    }
}

/// The life of an account that is being deleted, if `editor` may know of it.
fn ended_life(account: &Account, editor: Editor<'_>) -> Option<Epoch> {
    let ended = account.epoch.previous()?;
    let is_known = match editor {
        Editor::Owner(epoch) => epoch == ended,
        Editor::Admin(_) => true,
    };
    (matches!(account.lifecycle, Lifecycle::Deleting) && is_known).then_some(ended)
}

/// The user as the transaction that registered them left it.
fn created(new: &NewUser, epoch: Epoch, version: u64, now: Timestamp) -> User {
    User {
        id: new.id.clone(),
        epoch,
        version,
        status: Status::Active,
        role: new.role,
        username: new.username.clone(),
        email: new.email.clone(),
        nickname: new.nickname.clone(),
        avatar: None,
        phone: None,
        created_at: now,
        updated_at: now,
    }
}

/// The user as a transaction left it, which returns nothing itself.
fn changed(mut user: User, changes: &Changes, avatar: Option<Avatar>, now: Timestamp) -> User {
    fn patched<T: Clone>(current: &mut Option<T>, change: &Patch<T>) {
        match change {
            Patch::Keep => {}
            Patch::Clear => *current = None,
            Patch::Set(value) => *current = Some(value.clone()),
        }
    }
    patched(&mut user.username, &changes.username);
    patched(&mut user.email, &changes.email);
    patched(&mut user.nickname, &changes.nickname);
    match changes.avatar {
        Patch::Keep => {}
        Patch::Clear | Patch::Set(_) => user.avatar = avatar,
    }
    user.role = changes.role.unwrap_or(user.role);
    user.status = changes.status.unwrap_or(user.status);
    user.version += 1;
    user.updated_at = now;
    user
}

/// The picture is still what was read: ready, and that version, which is the one that the profile will name.
fn avatar_check(
    table: &str,
    user: &UserId,
    avatar: &Avatar,
) -> Result<TransactWriteItem, BuildError> {
    let mut wanted = HashMap::from([(":ready".to_owned(), s(UploadStatus::Ready.as_str()))]);
    let version = match &avatar.version {
        Some(version) => {
            wanted.insert(":version".to_owned(), s(version));
            "version_id = :version"
        }
        None => "attribute_not_exists(version_id)",
    };
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(upload_key(user, avatar.upload)))
        .condition_expression(format!("#status = :ready AND {version}"))
        .set_expression_attribute_names(names([("#status", "status")]))
        .set_expression_attribute_values(Some(wanted))
        .build()?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

pub(super) fn put(table: &str, item: Item) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// An update expression in the making.
pub(super) struct Edit {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Edit {
    /// An update that counts as a change of what the API shows.
    pub(super) fn new(now: Timestamp) -> Self {
        let mut edit = Self::timeless();
        edit.set("updated_at", ":now", n(now.millis()));
        edit
    }

    /// The same, of a user who is no longer shown and therefore has no time of change.
    fn timeless() -> Self {
        let mut edit = Self {
            sets: vec!["version = if_not_exists(version, :zero) + :one".to_owned()],
            removes: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        edit.value(":zero", n(0));
        edit.value(":one", n(1));
        edit
    }

    fn apply(&mut self, changes: &Changes, avatar: Option<&Avatar>) {
        self.patch_unique("username", &changes.username, |name| {
            (name.as_str(), name.compared())
        });
        self.patch_unique("email", &changes.email, |email| {
            (email.as_str(), email.compared())
        });
        self.patch("nickname", &changes.nickname, Nickname::as_str);
        match (&changes.avatar, avatar) {
            (Patch::Set(_), Some(avatar)) => self.set_avatar(avatar),
            (Patch::Clear, _) => self.clear_avatar(),
            _ => {}
        }
        if let Some(role) = changes.role {
            self.set("#role", ":role", s(role.as_str()));
            self.name("#role", "role");
        }
        if let Some(status) = changes.status {
            self.set("#status", ":status", s(status.as_str()));
        }
    }

    fn patch<T>(&mut self, name: &str, change: &Patch<T>, text: fn(&T) -> &str) {
        match change {
            Patch::Keep => {}
            Patch::Clear => self.removes.push(name.to_owned()),
            Patch::Set(value) => self.set_text(name, Some(text(value))),
        }
    }

    /// A text with the form under which it is claimed.
    fn patch_unique<T>(&mut self, name: &str, change: &Patch<T>, of: fn(&T) -> (&str, String)) {
        match change {
            Patch::Keep => {}
            Patch::Clear => self
                .removes
                .extend([name.to_owned(), format!("{name}_key")]),
            Patch::Set(value) => self.set_unique(name, Some(of(value))),
        }
    }

    fn set_unique(&mut self, name: &str, text: Option<(&str, String)>) {
        if let Some((text, form)) = text {
            self.set_text(name, Some(text));
            self.set_text(&format!("{name}_key"), Some(&form));
        }
    }

    fn set_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.set(name, &format!(":{name}"), s(text));
        }
    }

    pub(super) fn set_avatar(&mut self, avatar: &Avatar) {
        self.set("avatar_key", ":avatar_key", s(avatar.key.to_string()));
        self.set(
            "avatar_upload_id",
            ":avatar_upload_id",
            s(avatar.upload.to_string()),
        );
        match &avatar.version {
            Some(version) => self.set("avatar_version", ":avatar_version", s(version)),
            None => self.removes.push("avatar_version".to_owned()),
        }
    }

    pub(super) fn clear_avatar(&mut self) {
        self.removes
            .extend(["avatar_key", "avatar_version", "avatar_upload_id"].map(str::to_owned));
    }

    /// Lets the change through only while the account lets its owner in.
    fn require_owner(&mut self, epoch: Epoch) {
        self.name("#status", "status");
        self.value(":active", s("active"));
        self.require("#status = :active AND epoch = :epoch");
        self.value(":epoch", n(epoch.get()));
    }

    /// Lets the change through once, and only before any with the same or a greater time.
    fn require_first(&mut self, nonce: &[u8]) {
        self.set("edit", ":edit", b(nonce));
        self.sets
            .push("edit_before = if_not_exists(edit, :edit)".to_owned());
        self.require(
            "(attribute_not_exists(edit) OR (edit <> :edit \
             AND (attribute_not_exists(edit_before) OR edit_before <> :edit)))",
        );
        self.require("updated_at < :now");
    }

    /// Lets the change through only while the user has one of these versions.
    fn require_version(&mut self, versions: &[u64]) {
        let mut placeholders = Vec::new();
        for (i, version) in versions.iter().enumerate() {
            let placeholder = format!(":version{i}");
            self.value(&placeholder, n(version));
            placeholders.push(placeholder);
        }
        self.require(&format!("version IN ({})", placeholders.join(", ")));
    }

    /// Raises the fence, and lets the change through only while nobody else does.
    pub(super) fn raise_fence(&mut self, fence: Fence, now: Timestamp) {
        self.set("fence", ":fence", n(fence.next(now).millis()));
        let (unchanged, _, seen) = fence.unchanged().into_parts();
        self.require(&unchanged);
        self.values.extend(seen.unwrap_or_default());
    }

    pub(super) fn set(&mut self, name: &str, placeholder: &str, value: AttributeValue) {
        self.sets.push(format!("{name} = {placeholder}"));
        self.value(placeholder, value);
    }

    pub(super) fn require(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    pub(super) fn name(&mut self, placeholder: &str, name: &str) {
        self.names.insert(placeholder.to_owned(), name.to_owned());
    }

    fn expression(&self) -> String {
        let remove = if self.removes.is_empty() {
            ""
        } else {
            " REMOVE "
        };
        format!(
            "SET {}{remove}{}",
            self.sets.join(", "),
            self.removes.join(", ")
        )
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    fn into_update(self, client: &Client) -> UpdateItemFluentBuilder {
        client
            .update_item()
            .update_expression(self.expression())
            .condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .return_values(ReturnValue::AllNew)
    }

    pub(super) fn into_transaction(
        self,
        table: &str,
        user: &UserId,
    ) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(user_key(user)))
            .update_expression(self.expression())
            .condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
