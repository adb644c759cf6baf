//! Administrative writes. Each is a transaction that also checks that its actor is an active administrator, and that
//! leaves an entry in the audit: what is not allowed any more is not written, and what was written is known.
//!
//! An entry holds ids, names of fields, roles and statuses, and no value of a person's field. All entries lie in one
//! partition, sorted by time: administrators write seldom, a partition takes 500 such writes a second, and no two
//! writers meet in one item.

mod read;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::content_check::Decision;
use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::account::{Account, AccountState, Refusal};
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{Item, n, s};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::user::{Role, Status, User};

pub use read::{AuditEntry, StoredRoleAndStatus, is_audit_position};

/// How long an entry is kept.
pub const RETENTION: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Why somebody whose token says administrator may not act as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmin {
    /// Their account does not let them in.
    Account(Refusal),
    /// They have another role now.
    Demoted,
}

/// Why something that takes an administrator was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The actor is no administrator any more.
    #[error("the actor is no administrator")]
    NotAdmin(NotAdmin),
    /// The table gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAdmin> for AdminError {
    fn from(refusal: NotAdmin) -> Self {
        Self::NotAdmin(refusal)
    }
}

/// What an administrator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Registered a user ahead of their first login.
    CreateUser,
    /// Changed a user's profile, role or status.
    ChangeUser,
    /// Ended an account generation.
    DeleteUser,
    /// Deleted one of a user's uploads.
    DeleteUpload,
    /// Decided on a review.
    DecideReview(Decision),
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::CreateUser => "create_user",
            Self::ChangeUser => "change_user",
            Self::DeleteUser => "delete_user",
            Self::DeleteUpload => "delete_upload",
            Self::DecideReview(_) => "decide_review",
        }
    }
}

/// An account's role and status, which an entry shows before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleAndStatus {
    /// What its owner may do.
    pub role: Role,
    /// Whether it can be used.
    pub status: Status,
}

impl From<&User> for RoleAndStatus {
    fn from(user: &User) -> Self {
        Self {
            role: user.role,
            status: user.status,
        }
    }
}

/// What an entry says of a write that an administrator makes about somebody else.
#[derive(Clone, Debug)]
pub struct AdminWrite<'a> {
    /// What the entry calls the write.
    pub action: Action,
    /// Whom it is about.
    pub target: &'a UserId,
    /// Which of their uploads it is about, if it is about one.
    pub upload: Option<UploadId>,
    /// The fields that it sets or clears, by their names in the API.
    pub fields: Vec<&'static str>,
    /// The account before; `None` if there was none, or if the write is not about the account.
    pub before: Option<RoleAndStatus>,
    /// The account afterwards, likewise.
    pub after: Option<RoleAndStatus>,
}

/// Whether an account lets the actor act as an administrator.
///
/// # Errors
/// If it is not there any more, disabled, or another role's.
pub(super) fn admit_admin(account: Option<Account>, actor: Actor<'_>) -> Result<(), NotAdmin> {
    let account = account.ok_or(NotAdmin::Account(Refusal::Gone))?;
    let user = account.admit(actor.epoch).map_err(NotAdmin::Account)?;
    if user.role == Role::Admin {
        Ok(())
    } else {
        Err(NotAdmin::Demoted)
    }
}

impl Store {
    /// Makes sure that the account of an actor whose token says administrator is neither deleted, disabled nor demoted:
    /// otherwise the token could be used, until it expires, to undo just that.
    ///
    /// # Errors
    /// If the actor is no administrator any more, or the table is not available.
    pub async fn confirm_admin(&self, actor: Actor<'_>) -> Result<(), AdminError> {
        let item = self.dynamo.get(Key::user(actor.user)).await?;
        let account = item.as_ref().map(Account::from_item).transpose()?;
        Ok(admit_admin(account, actor)?)
    }

    /// Writes all or nothing, together with the check that `actor` is an administrator, and with the entry.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the actor may not write.
    pub(super) async fn transact_audited(
        &self,
        actor: Actor<'_>,
        write: &AdminWrite<'_>,
        transaction: Transaction,
    ) -> Result<Result<Transacted, NotAdmin>, StoreError> {
        let key = Key::user(actor.user);
        let transaction = transaction
            .check(Slot::Actor, key, is_admin(actor))
            .put(Slot::AuditEntry, self.entry(actor, write));
        match self.dynamo.transact(transaction).await? {
            Transacted::Cancelled(cancelled) if cancelled.refused(&Slot::Actor) => {
                cancelled.ensure_certain()?;
                let found = cancelled.item(&Slot::Actor);
                let account = found.map(Account::from_item).transpose()?;
                let refusal = admit_admin(account, actor).err();
                Ok(Err(refusal.unwrap_or(NotAdmin::Demoted)))
            }
            outcome => Ok(Ok(outcome)),
        }
    }

    fn entry(&self, actor: Actor<'_>, write: &AdminWrite<'_>) -> Item {
        let now = self.clock.now();
        let mut entry = Key::audit_entry(now, self.random.bytes()).into_item();
        let mut set = |name: &str, value: AttributeValue| entry.insert(name.to_owned(), value);
        set("actor", s(actor.user.as_str()));
        set("action", s(write.action.as_str()));
        set("target", s(write.target.as_str()));
        let fields = write.fields.iter().map(|name| s(*name)).collect();
        set("fields", AttributeValue::L(fields));
        set("ttl", n(now.after(RETENTION).secs()));
        if let Some(upload) = write.upload {
            set("upload", s(upload.to_string()));
        }
        if let Action::DecideReview(decision) = write.action {
            set("decision", s(decision.as_str()));
        }
        if let Some(before) = write.before {
            set("role_before", s(before.role.as_str()));
            set("status_before", s(before.status.as_str()));
        }
        if let Some(after) = write.after {
            set("role_after", s(after.role.as_str()));
            set("status_after", s(after.status.as_str()));
        }
        entry
    }
}

fn is_admin(actor: Actor<'_>) -> Condition {
    Condition::new("#status = :active AND #role = :admin AND epoch = :epoch")
        .value(":active", s(AccountState::Active.as_str()))
        .value(":admin", s(Role::Admin.as_str()))
        .value(":epoch", n(actor.epoch.get()))
}
