//! Texts of own functions' items that are checked: reading them, and applying what was found out.

use crate::ids::{Epoch, OpenId, UserId};
use crate::moderation::{CheckId, TextStatus};
use crate::store::Store;
use crate::store::account::Account;
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, n, s};
use crate::store::own::TextChange;
use crate::store::review::Decision;
use crate::store::schema::Key;
use crate::store::user::VerdictOutcome;

/// A text whose check was announced.
#[derive(Clone, Debug)]
pub struct AnnouncedText {
    /// Whose it is.
    pub user: UserId,
    /// The account generation.
    pub epoch: Epoch,
    /// The person at WeChat.
    pub openid: OpenId,
    /// What is to be checked.
    pub text: String,
    /// Who sees it meanwhile.
    pub status: TextStatus,
}

impl Store {
    /// The text that `check` was announced for; `None` if the item names another check or none, or the check is done.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn announced_text(
        &self,
        pk: &str,
        sk: &str,
        check: &CheckId,
    ) -> Result<Option<AnnouncedText>, StoreError> {
        let Some(key) = Key::shared_item_at(pk, sk) else {
            return Ok(None);
        };
        let item = self.dynamo.get(key).await?;
        let Some(item) =
            item.filter(|item| item::opt_str(item, "text_check") == Some(check.as_str()))
        else {
            return Ok(None);
        };
        let Some(text) = item::opt_str(&item, "text_to_check") else {
            return Ok(None);
        };
        let user: UserId = item::parsed(&item, "owner_id")?;
        let epoch: u16 = item::num(&item, "epoch")?;
        let Some(account) = self.dynamo.get(Key::user(&user)).await? else {
            return Ok(None);
        };
        let account = Account::from_item(&account)?;
        let Some(openid) = account.openid.filter(|_| account.epoch.get() == epoch) else {
            return Ok(None);
        };
        Ok(Some(AnnouncedText {
            user,
            epoch: account.epoch,
            openid,
            text: text.to_owned(),
            status: item::opt_parsed(&item, "text_status")?.unwrap_or_default(),
        }))
    }

    /// Ends a check, unless the item names another one by now, or a moderator has decided.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn end_text_check(
        &self,
        pk: &str,
        sk: &str,
        check: &CheckId,
        status: TextStatus,
    ) -> Result<VerdictOutcome, StoreError> {
        let mut update = ended(status);
        update.require(Condition::new("attribute_exists(text_to_check)"));
        update.require(is_seen(check));
        self.update_text(pk, sk, update).await
    }

    /// Carries out what a moderator decided about the text that `check` names: an announced check, or a version of the item
    /// that was reported.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn decide_text(
        &self,
        pk: &str,
        sk: &str,
        check: &CheckId,
        decision: Decision,
    ) -> Result<VerdictOutcome, StoreError> {
        let mut update = ended(match decision {
            Decision::Approve => TextStatus::Ready,
            Decision::Reject => TextStatus::Rejected,
        });
        update.require(is_seen(check));
        self.update_text(pk, sk, update).await
    }

    /// The account generation of whom the item is about, if that version of it is what others see.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn visible_item(
        &self,
        pk: &str,
        sk: &str,
        version: u64,
    ) -> Result<Option<(UserId, Epoch)>, StoreError> {
        let Some(key) = Key::shared_item_at(pk, sk) else {
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

    async fn update_text(
        &self,
        pk: &str,
        sk: &str,
        update: UpdateExpression,
    ) -> Result<VerdictOutcome, StoreError> {
        let Some(key) = Key::shared_item_at(pk, sk) else {
            return Ok(VerdictOutcome::Outdated);
        };
        Ok(match self.dynamo.update(key, update).await? {
            Updated::Done(_) => VerdictOutcome::Applied,
            Updated::Refused(_) => VerdictOutcome::Outdated,
        })
    }
}

/// What an edit does to the check of a text.
pub(super) fn change(update: &mut UpdateExpression, text: &TextChange) {
    match text {
        TextChange::None => {}
        TextChange::Unchecked => {
            for attribute in ["text_status", "text_check", "text_to_check"] {
                update.remove(attribute);
            }
        }
        TextChange::Announced(check, text) => {
            update.set("text_check", s(check.check.as_str()));
            update.set("text_to_check", s(text));
            set_status(update, check.status);
        }
    }
}

fn set_status(update: &mut UpdateExpression, status: TextStatus) {
    match status {
        TextStatus::Ready => update.remove("text_status"),
        _ => update.set("text_status", s(status.as_str())),
    }
}

fn ended(status: TextStatus) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    set_status(&mut update, status);
    update.remove("text_to_check");
    update
}

/// Holds for the item as long as the text is the one that `check` names.
fn is_seen(check: &CheckId) -> Condition {
    match check.version() {
        Some(version) => Condition::new("version = :seen").value(":seen", n(version)),
        None => Condition::new("text_check = :text_check").value(":text_check", s(check.as_str())),
    }
}
