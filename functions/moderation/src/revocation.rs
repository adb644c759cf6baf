//! Consent that a person has withdrawn.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use shared::config::Vars;
use shared::ids::{Epoch, OpenId, Purpose, UploadId, UserId};
use shared::moderation::{PersonalData, Task};
use shared::patch::Patch;
use shared::queue::{Outcome, RetryError};
use shared::store::Account;
use shared::store::editor::{AccessError, Editor};
use shared::store::upload::Record;
use shared::store::user::{Changes, EditUserError};
use shared::upload::lifecycle::UploadStatus;
use shared::upload_removal::remove_upload;
use shared::user::User;

use crate::App;

/// How many records are read at a time.
const PAGE: usize = 100;
/// How many uploads are removed at a time.
const CONCURRENCY: usize = 8;
/// After this time the rest is left to another message.
const ENOUGH_TIME: Duration = Duration::from_secs(12);

const DONE: Outcome = Outcome::Done("what consent was withdrawn for is removed");

/// What happens to uploads when consent to them is withdrawn, as `REVOKED_UPLOADS` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RevokedUploads {
    /// They are deleted.
    #[default]
    Delete,
    /// They stay; a picture leaves the profile all the same.
    Keep,
}

impl RevokedUploads {
    pub(crate) fn read(vars: &mut Vars<'_>) -> Self {
        let policy = vars.optional_as("REVOKED_UPLOADS", |text| match text {
            "delete" => Ok(Self::Delete),
            "keep" => Ok(Self::Keep),
            _ => Err("must be delete or keep"),
        });
        policy.unwrap_or_default()
    }
}

/// Removes the data as its owner would, even if the account is disabled.
pub(crate) async fn apply(
    app: &App,
    task: &Task,
    openid: &OpenId,
    data: &[PersonalData],
) -> Result<Outcome, RetryError> {
    let user = UserId::derive(app.wechat.app_id(), openid);
    let account = app.store.account(&user).await.map_err(RetryError::new)?;
    let Some(owner) = account.and_then(Account::into_user) else {
        return Ok(Outcome::Done("the person has no account"));
    };
    let (changes, person) = (changes(data, &owner), Editor::Person(owner.epoch));
    if !changes.is_empty() {
        match app.store.edit_user(&user, &changes, person, None).await {
            Ok(_) => {}
            Err(EditUserError::Access(AccessError::Refused(_))) => {
                return Ok(Outcome::Done("the account is gone already"));
            }
            Err(error) => return Err(RetryError::new(error)),
        }
    }
    if data.contains(&PersonalData::Nickname) {
        let removed = app.store.remove_nickname_reviews(&user).await;
        removed.map_err(RetryError::new)?;
    }
    let purposes = purposes(app.revoked_uploads, data);
    if remove_uploads(app, &user, owner.epoch, &purposes).await? {
        return Ok(DONE);
    }
    app.queue.send(task.to_message(), None).await?;
    Ok(Outcome::Done("uploads are removed in another invocation"))
}

/// What leaves the account, of what is there: a repeated message changes nothing.
fn changes(data: &[PersonalData], owner: &User) -> Changes {
    let mut changes = Changes::default();
    for item in data {
        match item {
            PersonalData::Nickname => {
                let is_there = owner.nickname.is_some() || owner.pending_nickname.is_some();
                changes.nickname = clear(is_there);
            }
            PersonalData::Avatar => changes.avatar = clear(owner.avatar.is_some()),
            PersonalData::Email => changes.email = clear(owner.email.is_some()),
            PersonalData::Phone => changes.clears_phone = owner.phone.is_some(),
            PersonalData::Uploads => {}
        }
    }
    changes
}

fn clear<T>(is_there: bool) -> Patch<T> {
    if is_there { Patch::Clear } else { Patch::Keep }
}

/// The purposes of the uploads that go.
fn purposes(policy: RevokedUploads, data: &[PersonalData]) -> Vec<Purpose> {
    if policy == RevokedUploads::Keep {
        return Vec::new();
    }
    let purpose = |item: &PersonalData| match item {
        PersonalData::Avatar => Some(Purpose::Avatar),
        PersonalData::Uploads => Some(Purpose::File),
        PersonalData::Nickname | PersonalData::Phone | PersonalData::Email => None,
    };
    data.iter().filter_map(purpose).collect()
}

/// Removes the uploads of these purposes. Returns whether all are gone.
async fn remove_uploads(
    app: &App,
    user: &UserId,
    epoch: Epoch,
    purposes: &[Purpose],
) -> Result<bool, RetryError> {
    if purposes.is_empty() {
        return Ok(true);
    }
    let end = app.clock.now().after(ENOUGH_TIME);
    let mut before: Option<UploadId> = None;
    loop {
        let page = app.store.upload_records(user, epoch, PAGE, before).await;
        let page = page.map_err(RetryError::new)?;
        let goes = |record: &Record| {
            record.status != UploadStatus::Tombstone
                && purposes.contains(&record.key.upload.purpose())
        };
        let records = page.items.into_iter().filter(goes);
        stream::iter(records)
            .map(|record| remove_upload(&app.store, &app.deleter, record))
            .buffer_unordered(CONCURRENCY)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(RetryError::new)?;
        before = page.next.and_then(|next| next.parse().ok());
        if before.is_none() {
            return Ok(true);
        }
        if app.clock.now() >= end {
            return Ok(false);
        }
    }
}
