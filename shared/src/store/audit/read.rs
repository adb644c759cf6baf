//! Reading the audit.

use crate::store::Store;
use crate::store::audit::RETENTION;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::page::Page;
use crate::store::schema::AUDIT_PARTITION;
use crate::time::Timestamp;

/// An entry as it is read: text throughout, so that what another version wrote can be shown.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Sorts by time, and is unique.
    pub id: String,
    /// When the write was made.
    pub created_at: Timestamp,
    /// Id of the administrator.
    pub actor: String,
    /// What they did: an [`Action`](super::Action).
    pub action: String,
    /// Id of the user whom it was about.
    pub target: String,
    /// Id of the upload that it was about, if it was about one.
    pub upload: Option<String>,
    /// What was decided, if it was a decision on a review.
    pub decision: Option<String>,
    /// The fields that were set or cleared, by their names in the API.
    pub fields: Vec<String>,
    /// The account before, if the write was about an account that was there.
    pub before: Option<StoredRoleAndStatus>,
    /// The account afterwards, likewise.
    pub after: Option<StoredRoleAndStatus>,
}

/// An account's role and status, as text.
#[derive(Clone, Debug)]
pub struct StoredRoleAndStatus {
    /// What its owner could do.
    pub role: String,
    /// Whether it could be used.
    pub status: String,
}

impl AuditEntry {
    fn from_item(item: &Item) -> Result<Self, StoreError> {
        let text = |name| item::str(item, name).map(str::to_owned);
        let role_and_status = |role, status| {
            Some(StoredRoleAndStatus {
                role: item::opt_str(item, role)?.to_owned(),
                status: item::opt_str(item, status)?.to_owned(),
            })
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
            decision: item::opt_str(item, "decision").map(str::to_owned),
            fields: fields
                .filter_map(|name| name.as_s().ok().cloned())
                .collect(),
            before: role_and_status("role_before", "status_before"),
            after: role_and_status("role_after", "status_after"),
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

impl Store {
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
            return Ok(Page::last(Vec::new()));
        }
        let range = Condition::new("pk = :pk AND sk BETWEEN :oldest AND :newest")
            .value(":pk", s(AUDIT_PARTITION))
            .value(":oldest", s(oldest))
            .value(":newest", s(before.unwrap_or("~")));
        // BETWEEN includes both ends: the position itself, which was on the page before, is taken off.
        let one_more = limit + 1 + usize::from(before.is_some());
        let mut found = self.dynamo.query(Query::newest(range, one_more)).await?;
        let is_position = |item: &Item| before.is_some() && item::opt_str(item, "sk") == before;
        found.items.retain(|item| !is_position(item));
        Page::first_of(found, limit, "sk").try_map(|item| AuditEntry::from_item(&item))
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
