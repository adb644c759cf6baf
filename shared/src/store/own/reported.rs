//! Shared items that somebody has reported: a version of an item waits for a decision, whether or not texts are checked.

use crate::content_check::TextStatus;
use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, n, s};
use crate::store::schema::Key;
use crate::store::user::VerdictOutcome;

impl Store {
    /// Whom a shared item is about, if that version of it is what others see.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn visible_item(
        &self,
        pk: &str,
        sk: &str,
        version: u64,
    ) -> Result<Option<(UserId, Epoch)>, StoreError> {
        let Some(key) = Key::of_shared_item(pk, sk) else {
            return Ok(None);
        };
        let Some(item) = self.dynamo.get(key).await? else {
            return Ok(None);
        };
        let is_seen = item::opt_num(&item, "version") == Some(version);
        if !is_seen || item.contains_key("text_status") {
            return Ok(None);
        }
        let epoch = Epoch::try_from(item::num::<u64>(&item, "epoch")?);
        let epoch = epoch.map_err(|_| StoreError::Corrupt("epoch"))?;
        Ok(Some((item::parsed(&item, "owner_id")?, epoch)))
    }

    /// Hides from others a version of a shared item that was reported, unless it has changed since.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn hide_reported_item(
        &self,
        pk: &str,
        sk: &str,
        version: u64,
    ) -> Result<VerdictOutcome, StoreError> {
        let Some(key) = Key::of_shared_item(pk, sk) else {
            return Ok(VerdictOutcome::Outdated);
        };
        let mut update = UpdateExpression::new();
        update.set("text_status", s(TextStatus::Rejected.as_str()));
        update.remove("check_text");
        update.set("version", n(version + 1));
        update.set("updated_at", n(self.clock.now().millis()));
        let is_seen = Condition::new("version = :seen").value(":seen", n(version));
        update.require(is_seen);
        Ok(match self.dynamo.update(key, update).await? {
            Updated::Done(_) => VerdictOutcome::Applied,
            Updated::Refused { .. } => VerdictOutcome::Outdated,
        })
    }
}
