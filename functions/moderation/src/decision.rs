//! A moderator's decision.

use shared::ids::{Epoch, UserId};
use shared::moderation::CheckId;
use shared::patch::Patch;
use shared::queue::{Outcome, RetryError};
use shared::store::Account;
use shared::store::editor::{AccessError, Editor};
use shared::store::review::{Decision, ReviewId, Subject};
use shared::store::upload::{Record, UploadOfAccount};
use shared::store::user::{Changes, EditUserError, NicknameVerdict};
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::Ruling;

use crate::App;
use crate::ruling;

/// At this receive, the decision that was announced is taken never to have been stored.
const GIVE_UP_RECEIVES: u32 = 3;

/// Does what was decided, as a verdict would, and notes that it is done.
pub(crate) async fn apply(app: &App, review: &str, receives: u32) -> Result<Outcome, RetryError> {
    let Ok(review) = review.parse::<ReviewId>() else {
        return Ok(Outcome::Discarded("it names no review"));
    };
    let found = app.store.decided_review(&review).await;
    let Some(found) = found.map_err(RetryError::new)? else {
        return Ok(Outcome::Done("there is no such review any more"));
    };
    if found.is_closed {
        return Ok(Outcome::Done("the decision was carried out before"));
    }
    match found.decision {
        // The message is sent before the decision is stored, which may yet happen, or have failed.
        None if receives < GIVE_UP_RECEIVES => {
            return Err(RetryError::new("the decision is not stored yet"));
        }
        None => return Ok(Outcome::Discarded("nobody has decided")),
        Some(decision) => carry_out(app, &found.subject, decision).await?,
    }
    let closed = app.store.close_review(&review).await;
    closed.map_err(RetryError::new)?;
    Ok(Outcome::Done("decision is carried out"))
}

async fn carry_out(app: &App, subject: &Subject, decision: Decision) -> Result<(), RetryError> {
    match (subject, decision) {
        (Subject::Upload(key), Decision::Approve) => rule(app, key, Ruling::Approved).await,
        (Subject::Upload(key), Decision::Reject) => rule(app, key, Ruling::Denied).await,
        (Subject::Nickname { user, check, .. }, decision) => {
            let (check, verdict) = (CheckId::from(check.clone()), verdict(decision));
            let applied = app
                .store
                .apply_nickname_verdict(user, &check, verdict)
                .await;
            applied.map(drop).map_err(RetryError::new)
        }
        (Subject::Text { pk, sk, check, .. }, decision)
            if let Some(version) = CheckId::from(check.clone()).version() =>
        {
            decide_reported(app, pk, sk, version, decision).await
        }
        (Subject::Text { pk, sk, check, .. }, decision) => {
            let (check, verdict) = (CheckId::from(check.clone()), verdict(decision));
            let applied = app.store.apply_text_verdict(pk, sk, &check, verdict).await;
            applied.map(drop).map_err(RetryError::new)
        }
        // It is shown already.
        (Subject::Account { .. }, Decision::Approve) => Ok(()),
        (Subject::Account { user, epoch }, Decision::Reject) => {
            clear_profile(app, user, *epoch).await
        }
    }
}

/// What was reported is shown already.
async fn decide_reported(
    app: &App,
    pk: &str,
    sk: &str,
    version: u64,
    decision: Decision,
) -> Result<(), RetryError> {
    if decision == Decision::Approve {
        return Ok(());
    }
    let hidden = app.store.hide_reported_item(pk, sk, version).await;
    hidden.map(drop).map_err(RetryError::new)
}

const fn verdict(decision: Decision) -> NicknameVerdict {
    match decision {
        Decision::Approve => NicknameVerdict::Approved,
        Decision::Reject => NicknameVerdict::Rejected,
    }
}

/// Rules on the version that the upload's record references, or whose removal was cut off.
async fn rule(app: &App, key: &ObjectKey, ruling: Ruling) -> Result<(), RetryError> {
    let upload = app.store.upload_with_account(key).await;
    let upload = upload.map_err(RetryError::new)?;
    let upload = upload.filter(UploadOfAccount::is_live);
    let Some(version) = upload.and_then(|upload| own_version(upload.record)) else {
        return Ok(());
    };
    ruling::apply(app, key, &version, ruling).await.map(drop)
}

fn own_version(record: Record) -> Option<String> {
    let listed = record.versions_to_delete.into_iter();
    let mut own = listed.filter(|listed| listed.key == record.key);
    record.version.or_else(|| own.next()?.version)
}

/// Takes off a profile what others see of it. The picture goes first: while it is there, a repetition finds it.
async fn clear_profile(app: &App, user: &UserId, epoch: Epoch) -> Result<(), RetryError> {
    let account = app.store.account(user).await.map_err(RetryError::new)?;
    let owner = account.and_then(Account::into_user);
    let Some(owner) = owner.filter(|owner| owner.epoch == epoch) else {
        return Ok(());
    };
    if let Some(avatar) = &owner.avatar {
        rule(app, &avatar.key, Ruling::Denied).await?;
    }
    if owner.nickname.is_none() {
        return Ok(());
    }
    let changes = Changes {
        nickname: Patch::Clear,
        ..Changes::default()
    };
    let person = Editor::Person(epoch);
    match app.store.edit_user(user, &changes, person, None).await {
        // It has ended meanwhile.
        Ok(_) | Err(EditUserError::Access(AccessError::Refused(_))) => Ok(()),
        Err(error) => Err(RetryError::new(error)),
    }
}
