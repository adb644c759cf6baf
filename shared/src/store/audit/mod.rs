//! Administrative writes. Each is a transaction that also checks that its actor is an active administrator, and that
//! leaves an entry in the audit: what is not allowed any more is not written, and what was written is known.
//!
//! An entry holds ids, names of fields, roles and statuses, and no value of a person's field. All entries lie in one
//! partition, sorted by time: administrators write seldom, a partition takes 500 such writes a second, and no two
//! writers meet in one item.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde_json::{Value, json};

use crate::auth::{Caller, Role};
use crate::error::{Code, Error};
use crate::ids::{UploadId, UserId};
use crate::store::item::{self, Item, n, names, s, values};
use crate::store::session::user_key;
use crate::store::user::Page;
use crate::store::{Account, Refusal, Store, StoreError, Transacted, is_refused, store_error};
use crate::time::Timestamp;
use crate::user::{Status, User};

/// How long an entry is kept.
pub const RETENTION: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The partition; its number is there to be raised, as that of the users' index is.
const PARTITION: &str = "AU#0";

/// Why somebody whose token says administrator may not act as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmin {
    /// Their account does not let them in.
    Account(Refusal),
    /// They have another role now.
    Demoted,
}

impl From<NotAdmin> for Error {
    fn from(refusal: NotAdmin) -> Self {
        match refusal {
            NotAdmin::Account(refusal) => refusal.into(),
            NotAdmin::Demoted => Self::new(Code::Forbidden),
        }
    }
}

/// What an administrator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Registered a user ahead of their first login.
    CreateUser,
    /// Changed a user's profile, role or status.
    ChangeUser,
    /// Deleted an account.
    DeleteUser,
    /// Deleted one of a user's uploads.
    DeleteUpload,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::CreateUser => "create_user",
            Self::ChangeUser => "change_user",
            Self::DeleteUser => "delete_user",
            Self::DeleteUpload => "delete_upload",
        }
    }
}

/// An account's role and status, which an entry shows before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What its owner may do.
    pub role: Role,
    /// Whether it can be used.
    pub status: Status,
}

impl From<&User> for Standing {
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
    /// What it does.
    pub action: Action,
    /// Whom it is about.
    pub target: &'a UserId,
    /// Which of their uploads it is about, if it is about one.
    pub upload: Option<UploadId>,
    /// The fields that it sets or clears, by their names in the API.
    pub fields: Vec<&'static str>,
    /// The account before; `None` if there was none, or if the write is not about the account.
    pub before: Option<Standing>,
    /// The account afterwards, likewise.
    pub after: Option<Standing>,
}

/// An entry as it is read: text throughout, so that what another version wrote can be shown.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Sorts by time, and is unique.
    pub id: String,
    created_at: Timestamp,
    actor: String,
    action: String,
    target: String,
    upload: Option<String>,
    fields: Vec<String>,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
}

impl AuditEntry {
    fn of_item(item: &Item) -> Result<Self, StoreError> {
        let text = |name| item::str(item, name).map(str::to_owned);
        let standing = |role, status| {
            let pair = (item::opt_str(item, role)?, item::opt_str(item, status)?);
            Some((pair.0.to_owned(), pair.1.to_owned()))
        };
        let fields = item.get("fields").and_then(|list| list.as_l().ok());
        let fields = fields.into_iter().flatten();
        Ok(Self {
            id: text("sk")?,
            created_at: time_of(item::str(item, "sk")?).ok_or(StoreError::Corrupt("sk"))?,
            actor: text("actor")?,
            action: text("action")?,
            target: text("target")?,
            upload: item::opt_str(item, "upload").map(str::to_owned),
            fields: fields
                .filter_map(|name| name.as_s().ok().cloned())
                .collect(),
            before: standing("role_before", "status_before"),
            after: standing("role_after", "status_after"),
        })
    }

    /// The entry's JSON.
    pub fn json(&self) -> Value {
        let standing = |standing: &Option<(String, String)>| match standing {
            Some((role, status)) => json!({"role": role, "status": status}),
            None => Value::Null,
        };
        json!({
            "id": self.id,
            "created_at": self.created_at.to_rfc3339(),
            "actor": self.actor,
            "action": self.action,
            "target": self.target,
            "upload": self.upload,
            "fields": self.fields,
            "before": standing(&self.before),
            "after": standing(&self.after),
        })
    }
}

/// Whether the text has the form of a position in the audit: of an entry's id.
pub fn is_audit_position(text: &str) -> bool {
    let random = text.get(16..).unwrap_or_default();
    time_of(text).is_some()
        && random.len() == 16
        && random
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// When the entry of that id was written: 15 digits of milliseconds, a hyphen, something random.
fn time_of(id: &str) -> Option<Timestamp> {
    let (millis, _) = id.split_once('-')?;
    let is_time = millis.len() == 15 && millis.bytes().all(|b| b.is_ascii_digit());
    is_time.then(|| millis.parse().ok().map(Timestamp::from_millis))?
}

/// Whether an account lets the caller act as an administrator.
///
/// # Errors
/// If it is not there any more, disabled, or another role's.
pub fn admit_admin(account: Option<Account>, caller: &Caller) -> Result<(), NotAdmin> {
    let account = account.ok_or(NotAdmin::Account(Refusal::Gone))?;
    let user = account.admit(caller.epoch).map_err(NotAdmin::Account)?;
    if user.role == Role::Admin {
        Ok(())
    } else {
        Err(NotAdmin::Demoted)
    }
}

impl Store {
    /// Makes sure that the account of a caller whose token says administrator is neither deleted, disabled nor demoted:
    /// otherwise it could be used, until the token runs out, to undo just that.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the caller is no administrator.
    pub async fn confirm_admin(&self, caller: &Caller) -> Result<Result<(), NotAdmin>, StoreError> {
        Ok(admit_admin(self.account(&caller.user).await?, caller))
    }

    /// Writes all or nothing, together with the check that `actor` is an administrator, and with the entry.
    ///
    /// # Errors
    /// If the table is not available; the inner result says why the actor may not write.
    pub(super) async fn transact_as(
        &self,
        actor: &Caller,
        write: &AdminWrite<'_>,
        mut writes: Vec<TransactWriteItem>,
    ) -> Result<Result<Transacted, NotAdmin>, StoreError> {
        let check_at = writes.len();
        let more = [self.actor_check(actor), self.entry_put(actor, write)];
        for more in more {
            writes.push(more.map_err(|error| StoreError::Refused(error.into()))?);
        }
        match self.transact(writes).await? {
            Transacted::Cancelled(reasons) if is_refused(&reasons, check_at) => {
                let found = reasons[check_at].item.as_ref();
                let account = found.map(Account::of_item).transpose()?;
                let refusal = admit_admin(account, actor).err();
                Ok(Err(refusal.unwrap_or(NotAdmin::Demoted)))
            }
            outcome => Ok(Ok(outcome)),
        }
    }

    fn actor_check(&self, actor: &Caller) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(user_key(&actor.user)))
            .condition_expression("#status = :active AND #role = :admin AND epoch = :epoch")
            .set_expression_attribute_names(names([("#status", "status"), ("#role", "role")]))
            .set_expression_attribute_values(values([
                (":active", s(Status::Active.as_str())),
                (":admin", s(Role::Admin.as_str())),
                (":epoch", n(actor.epoch.get())),
            ]))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn entry_put(
        &self,
        actor: &Caller,
        write: &AdminWrite<'_>,
    ) -> Result<TransactWriteItem, BuildError> {
        let now = self.clock.now();
        let random = data_encoding::HEXLOWER.encode(&self.random.bytes::<8>());
        let mut entry = item::key(PARTITION, format!("{:015}-{random}", now.millis()));
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
        if let Some(before) = write.before {
            set("role_before", s(before.role.as_str()));
            set("status_before", s(before.status.as_str()));
        }
        if let Some(after) = write.after {
            set("role_after", s(after.role.as_str()));
            set("status_after", s(after.status.as_str()));
        }
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(entry))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Administrative writes from the newest to the oldest that is kept, `limit` at a time.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn audit(
        &self,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        // DynamoDB removes what is past its TTL when it finds the time; the key hides it at once. Only entries have a
        // hyphen after the time, which `~` sorts behind.
        let oldest = self.clock.now().before(RETENTION);
        let oldest = format!("{:015}", oldest.millis());
        if before.is_some_and(|before| before < oldest.as_str()) {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        // BETWEEN includes both ends: the position itself, which was on the page before, is taken off.
        let newest = before.unwrap_or("~");
        let one_more = limit + 1 + usize::from(before.is_some());
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :oldest AND :newest")
            .set_expression_attribute_values(values([
                (":pk", s(PARTITION)),
                (":oldest", s(oldest)),
                (":newest", s(newest)),
            ]))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(one_more).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(store_error)?;
        let entries = output.items.unwrap_or_default();
        let mut entries = entries
            .iter()
            .map(AuditEntry::of_item)
            .collect::<Result<Vec<_>, _>>()?;
        entries.retain(|entry| before != Some(entry.id.as_str()));
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|last| last.id.clone());
        Ok(Page {
            items: entries,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_an_entrys_id_and_nothing_else() {
        assert!(is_audit_position("001794000000000-0123456789abcdef"));
        for other in [
            "",
            "-",
            "001794000000000",
            "001794000000000-",
            "001794000000000-0123456789abcde",
            "001794000000000-0123456789abcdeg",
            "001794000000000-0123456789ABCDEF",
            "01794000000000-0123456789abcdef0",
            "00179400000000é-0123456789abcde",
            "001794000000000#0123456789abcdef",
        ] {
            assert!(!is_audit_position(other), "{other}");
        }
    }
}
