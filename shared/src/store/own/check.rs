//! Texts of own functions' items whose check was announced: storing what is to be checked, reading it, and applying what was
//! found out.
//!
//! | attribute | is |
//! |---|---|
//! | `text_check` | which change was announced to be checked |
//! | `check_text` | the text, until it has been decided on |
//! | `text_status` | how far it has come: `checking`, `review`, `rejected`; absent while others see the item |

use crate::content_check::{CheckId, TextStatus};
use crate::ids::{Epoch, OpenId, UserId};
use crate::store::Store;
use crate::store::account::Account;
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, n, s};
use crate::store::schema::{Key, owner_in_partition};
use crate::store::user::{NicknameVerdict, VerdictOutcome};
use crate::time::Timestamp;

const CHECK_ATTRIBUTES: [&str; 3] = ["text_check", "check_text", "text_status"];

/// What a write makes of the check of an item's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TextChange {
    /// The text is as it was.
    #[default]
    Keep,
    /// There is nothing to check any more.
    Drop,
    /// The text is new; its check was announced.
    Announced {
        check: CheckId,
        text: String,
        /// Whether others see the item when it has passed; otherwise the check only reports what it finds.
        is_hidden: bool,
    },
}

impl TextChange {
    /// What is stored with a new item.
    pub(super) fn attributes(&self) -> Vec<(String, aws_sdk_dynamodb::types::AttributeValue)> {
        let Self::Announced {
            check,
            text,
            is_hidden,
        } = self
        else {
            return Vec::new();
        };
        let mut attributes = vec![
            ("text_check".to_owned(), s(check.as_str())),
            ("check_text".to_owned(), s(text)),
        ];
        if *is_hidden {
            let status = s(TextStatus::Checking.as_str());
            attributes.push(("text_status".to_owned(), status));
        }
        attributes
    }

    pub(super) fn write_to(&self, update: &mut UpdateExpression) {
        if *self == Self::Keep {
            return;
        }
        let attributes = self.attributes();
        for name in CHECK_ATTRIBUTES {
            match attributes.iter().find(|(set, _)| set == name) {
                Some((_, value)) => update.set(name, value.clone()),
                None => update.remove(name),
            }
        }
    }

    /// The status that the item has after the change; before, it has `status`.
    pub(super) fn status_after(&self, status: Option<TextStatus>) -> Option<TextStatus> {
        match self {
            Self::Keep => status,
            Self::Announced {
                is_hidden: true, ..
            } => Some(TextStatus::Checking),
            Self::Drop | Self::Announced { .. } => None,
        }
    }
}

/// A text whose check was announced.
#[derive(Clone, Debug)]
pub struct AnnouncedText {
    /// Whose it is.
    pub owner: UserId,
    /// The account generation that it is of.
    pub epoch: Epoch,
    /// The person at WeChat.
    pub openid: OpenId,
    /// What is to be checked.
    pub text: String,
    /// How far it has come; `None` if others see it meanwhile.
    pub status: Option<TextStatus>,
    item: Item,
}

impl Store {
    /// The text that `check` was announced for; `None` if the item names another check, or none, or if the account has ended.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn announced_text(
        &self,
        pk: &str,
        sk: &str,
        check: &CheckId,
    ) -> Result<Option<AnnouncedText>, StoreError> {
        let Some(key) = Key::of_own_function(pk, sk) else {
            return Ok(None);
        };
        let item = self.dynamo.get(key).await?;
        let is_named = |item: &Item| item::opt_str(item, "text_check") == Some(check.as_str());
        let Some(item) = item.filter(is_named) else {
            return Ok(None);
        };
        let owner = item::opt_parsed(&item, "owner_id")?.or_else(|| owner_in_partition(pk));
        let owner: UserId = owner.ok_or(StoreError::Corrupt("owner_id"))?;
        let epoch: u64 = item::num(&item, "epoch")?;
        let epoch = Epoch::try_from(epoch).map_err(|_| StoreError::Corrupt("epoch"))?;
        let account = self.account(&owner).await?;
        let is_live = |account: &Account| account.user().is_some_and(|user| user.epoch == epoch);
        let Some(account) = account.filter(is_live) else {
            return Ok(None);
        };
        Ok(Some(AnnouncedText {
            owner,
            epoch,
            openid: account.openid.ok_or(StoreError::Corrupt("openid"))?,
            text: item::opt_str(&item, "check_text")
                .unwrap_or_default()
                .to_owned(),
            status: item::opt_parsed(&item, "text_status")?,
            item,
        }))
    }

    /// Applies a verdict on a text, unless the item names another check by now. A rejection is final: only another text
    /// changes it.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn apply_text_verdict(
        &self,
        pk: &str,
        sk: &str,
        check: &CheckId,
        verdict: NicknameVerdict,
    ) -> Result<VerdictOutcome, StoreError> {
        let mut attempts = self.attempts();
        loop {
            let announced = self.announced_text(pk, sk, check).await?;
            let (Some(announced), Some(key)) = (announced, Key::of_own_function(pk, sk)) else {
                return Ok(VerdictOutcome::Outdated);
            };
            let Some(update) = change(&announced, verdict, self.clock.now())? else {
                return Ok(VerdictOutcome::Applied);
            };
            match self.dynamo.update(key, update).await? {
                Updated::Done(_) => return Ok(VerdictOutcome::Applied),
                Updated::Refused { .. } => attempts.start_over().await?,
            }
        }
    }
}

/// What the verdict changes in an item that is still as it was read; `None` if nothing.
fn change(
    announced: &AnnouncedText,
    verdict: NicknameVerdict,
    now: Timestamp,
) -> Result<Option<UpdateExpression>, StoreError> {
    use NicknameVerdict::{Approved, Rejected, Undecided};
    let mut update = UpdateExpression::new();
    let status = match (announced.status, verdict) {
        (Some(TextStatus::Rejected), _) | (Some(TextStatus::Review) | None, Undecided) => {
            return Ok(None);
        }
        (_, Approved) => None,
        (_, Undecided) => Some(TextStatus::Review),
        (_, Rejected) => Some(TextStatus::Rejected),
    };
    match status {
        Some(status) => update.set("text_status", s(status.as_str())),
        None => {
            update.remove("text_check");
            update.remove("text_status");
        }
    }
    if status != Some(TextStatus::Review) {
        update.remove("check_text");
    }
    if status != announced.status {
        let item = &announced.item;
        let version: u64 = item::num(item, "version")?;
        let updated_at = Timestamp::from_millis(item::num(item, "updated_at")?);
        update.set("version", n(version + 1));
        update.set("updated_at", n(now.following(updated_at).millis()));
    }
    for attribute in ["text_check", "text_status", "version"] {
        update.require(Condition::as_read(attribute, &announced.item));
    }
    Ok(Some(update))
}
