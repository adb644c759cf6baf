//! Nicknames whose check was announced: reading them, and applying what was found out.

use crate::content_check::CheckId;
use crate::ids::{OpenId, UserId};
use crate::profile::Nickname;
use crate::store::Store;
use crate::store::account::{Account, AccountUpdate};
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, s};
use crate::store::nickname::{CHECK_ATTRIBUTES, NICKNAME_ATTRIBUTES};
use crate::store::schema::Key;
use crate::time::Timestamp;
use crate::user::{NicknameStatus, User};

/// A nickname whose check was announced.
#[derive(Clone, Debug)]
pub struct AnnouncedNickname {
    /// The person at WeChat.
    pub openid: OpenId,
    /// The account as it was read.
    pub user: User,
    /// What is to be checked.
    pub nickname: Nickname,
    /// Who sees it meanwhile.
    pub stage: NicknameStage,
    item: Item,
}

/// Who sees a nickname that was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicknameStage {
    /// Everybody.
    Visible,
    /// Everybody: it is pending, and what was visible before is the same.
    Unchanged,
    /// Its owner and administrators.
    Pending(NicknameStatus),
}

/// What was found out about a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicknameVerdict {
    /// Everybody may see it.
    Approved,
    /// A person has to decide.
    Undecided,
    /// Others must not see it.
    Rejected,
}

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictOutcome {
    /// The nickname is what the verdict wants it to be.
    Applied,
    /// The account names no such check: the nickname was changed, or its account deleted.
    Outdated,
}

impl Store {
    /// The nickname that `check` was announced for; `None` if the account names another check, or none.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn announced_nickname(
        &self,
        user: &UserId,
        check: &CheckId,
    ) -> Result<Option<AnnouncedNickname>, StoreError> {
        let item = self.dynamo.get(Key::user(user)).await?;
        let is_named = |item: &Item| item::opt_str(item, "nickname_check") == Some(check.as_str());
        let announced = item.filter(is_named).map(announced).transpose();
        Ok(announced?.flatten())
    }

    /// Applies a verdict, unless the account names another check by now. A rejection is final: only another nickname
    /// changes it.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn apply_nickname_verdict(
        &self,
        user: &UserId,
        check: &CheckId,
        verdict: NicknameVerdict,
    ) -> Result<VerdictOutcome, StoreError> {
        let mut attempts = self.attempts();
        loop {
            let Some(announced) = self.announced_nickname(user, check).await? else {
                return Ok(VerdictOutcome::Outdated);
            };
            let now = self.clock.now().following(announced.user.updated_at);
            let Some(mut update) = change(announced.stage, verdict, now) else {
                return Ok(VerdictOutcome::Applied);
            };
            for attribute in NICKNAME_ATTRIBUTES {
                update.require(Condition::as_read(attribute, &announced.item));
            }
            match self.dynamo.update(Key::user(user), update).await? {
                Updated::Done(_) => return Ok(VerdictOutcome::Applied),
                Updated::Refused { .. } => attempts.start_over().await?,
            }
        }
    }

    /// Hides the nickname from others until the announced check has passed it, or the one that is waiting already.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn hide_nickname(&self, user: &UserId, check: &CheckId) -> Result<(), StoreError> {
        let mut attempts = self.attempts();
        loop {
            let Some(item) = self.dynamo.get(Key::user(user)).await? else {
                return Ok(());
            };
            let owner = Account::from_item(&item)?.into_user();
            let Some(owner) = owner.filter(|owner| owner.nickname.is_some()) else {
                return Ok(());
            };
            let mut update = AccountUpdate::at(self.clock.now().following(owner.updated_at));
            if is_waiting(&item)? {
                update.remove("nickname");
            } else {
                update.hide_nickname(NicknameStatus::Checking);
                update.set("nickname_check", s(check.as_str()));
            }
            update.require_unchanged(&owner);
            update.require_as_read(&item, &NICKNAME_ATTRIBUTES);
            match self.dynamo.update(Key::user(user), update).await? {
                Updated::Done(_) => return Ok(()),
                Updated::Refused { .. } => attempts.start_over().await?,
            }
        }
    }
}

/// `None` if the account is deleted.
fn announced(item: Item) -> Result<Option<AnnouncedNickname>, StoreError> {
    let account = Account::from_item(&item)?;
    let openid = account.openid.clone();
    let Some(user) = account.into_user() else {
        return Ok(None);
    };
    let waiting = item::opt_str(&item, "nickname_pending").map(Nickname::stored);
    let stage = match (&waiting, &user.pending_nickname) {
        (None, _) => NicknameStage::Visible,
        (Some(_), None) => NicknameStage::Unchanged,
        (Some(_), Some(pending)) => NicknameStage::Pending(pending.status),
    };
    let nickname = waiting.or_else(|| user.nickname.clone());
    Ok(Some(AnnouncedNickname {
        openid: openid.ok_or(StoreError::Corrupt("openid"))?,
        nickname: nickname.ok_or(StoreError::Corrupt("nickname"))?,
        user,
        stage,
        item,
    }))
}

/// Whether a nickname is stored that a check or a person has yet to decide about.
fn is_waiting(item: &Item) -> Result<bool, StoreError> {
    let status = item::opt_parsed(item, "nickname_status")?;
    Ok(matches!(
        status,
        Some(NicknameStatus::Checking | NicknameStatus::Review)
    ))
}

/// What the verdict changes; `None` if nothing.
fn change(
    stage: NicknameStage,
    verdict: NicknameVerdict,
    now: Timestamp,
) -> Option<UpdateExpression> {
    use NicknameStage::{Pending, Unchanged, Visible};
    use NicknameVerdict::{Approved, Rejected, Undecided};
    let mut update = AccountUpdate::at(now);
    update.require_latest();
    match (stage, verdict) {
        (Pending(NicknameStatus::Rejected), _)
        | (Pending(NicknameStatus::Review) | Visible | Unchanged, Undecided) => return None,
        // Nobody sees a difference, so that the version stays.
        (Visible | Unchanged, Approved) => {
            let mut update = UpdateExpression::new();
            for attribute in CHECK_ATTRIBUTES {
                update.remove(attribute);
            }
            return Some(update);
        }
        (Pending(_), Approved) => {
            update.set_to("nickname", "nickname_pending");
            update.remove_nickname_check();
        }
        (Pending(_), Undecided) => update.set_nickname_status(NicknameStatus::Review),
        (Pending(_), Rejected) => update.set_nickname_status(NicknameStatus::Rejected),
        (Visible | Unchanged, Rejected) => update.hide_nickname(NicknameStatus::Rejected),
    }
    Some(update.into())
}
