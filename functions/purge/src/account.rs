//! Purges one deleted account.

use std::time::Duration;

use shared::events::Event;
use shared::own::RemovedItem;
use shared::queue::{Message, Outcome, RetryError};
use shared::store::StoreError;
use shared::store::user::DeletedAccount;
use shared::telemetry::{self, Metric};
use shared::time::Timestamp;

use crate::{App, item};

/// With less time than this left, the rest is left to another invocation.
const ENOUGH_TIME: Duration = Duration::from_secs(8);

/// A message about an account that is not deleted is discarded at this receive.
pub(crate) const GIVE_UP_RECEIVES: u32 = 3;

/// Removes what the account that `message` names left behind.
pub(crate) async fn process(
    app: &App,
    message: Message,
    deadline: Timestamp,
) -> Result<Outcome, RetryError> {
    if let Ok(removed) = serde_json::from_str::<RemovedItem>(&message.body) {
        return item::process(app, &removed, message.receives, deadline).await;
    }
    let Ok(deleted) = serde_json::from_str::<DeletedAccount>(&message.body) else {
        return Ok(Outcome::Discarded("it names no deleted account"));
    };
    if !is_deleted(app, &deleted).await? {
        // The message is sent before the deletion is written, which may yet happen or have failed.
        return if message.receives < GIVE_UP_RECEIVES {
            Err(RetryError::new("the account is not deleted yet"))
        } else {
            Ok(Outcome::Discarded("the account was not deleted"))
        };
    }
    let is_empty = remove_records(app, &deleted, deadline).await?
        && remove_own_items(app, &deleted, deadline).await?
        && remove_reviews(app, &deleted, deadline).await?
        && remove_objects(app, &deleted, deadline).await?;
    if is_empty {
        finish(app, &deleted).await
    } else {
        continue_later(app, &deleted).await
    }
}

/// Whether the account generation has ended: nothing of an active account is ever touched.
async fn is_deleted(app: &App, deleted: &DeletedAccount) -> Result<bool, RetryError> {
    let account = app
        .store
        .account(&deleted.user)
        .await
        .map_err(RetryError::new)?;
    Ok(account.is_none_or(|account| account.epoch > deleted.epoch))
}

/// Removes records before objects: an object that arrives in between finds no record, and its event removes it. Returns
/// whether all are gone.
async fn remove_records(
    app: &App,
    deleted: &DeletedAccount,
    deadline: Timestamp,
) -> Result<bool, RetryError> {
    let (user, epoch) = (&deleted.user, deleted.epoch);
    let remove = || async {
        app.store
            .remove_upload_records(user, epoch)
            .await
            .map(counted)
    };
    if !remove_all(app, deadline, remove).await? {
        return Ok(false);
    }
    let quota = app.store.remove_upload_quota(user, epoch).await;
    quota.map_err(RetryError::new)?;
    Ok(true)
}

/// Removes what own functions keep of the account, and what it shares by way of them. Returns whether all is gone.
async fn remove_own_items(
    app: &App,
    deleted: &DeletedAccount,
    deadline: Timestamp,
) -> Result<bool, RetryError> {
    let (user, epoch) = (&deleted.user, deleted.epoch);
    let remove = || async { app.store.remove_own_items(user, epoch).await.map(counted) };
    remove_all(app, deadline, remove).await
}

/// Removes what was to be decided about the account, and what was reported about it and by it. Returns whether all is
/// gone.
async fn remove_reviews(
    app: &App,
    deleted: &DeletedAccount,
    deadline: Timestamp,
) -> Result<bool, RetryError> {
    let (user, epoch) = (&deleted.user, deleted.epoch);
    let remove = || async {
        let about = app.store.remove_reviews(user, epoch).await?;
        Ok(about + app.store.remove_reports(user, epoch).await?)
    };
    remove_all(app, deadline, remove).await
}

/// Repeats `remove`, which removes some and says how many, until it finds none. Returns whether it came to that in time.
pub(crate) async fn remove_all<F>(
    app: &App,
    deadline: Timestamp,
    remove: impl Fn() -> F,
) -> Result<bool, RetryError>
where
    F: Future<Output = Result<usize, StoreError>>,
{
    while remove().await.map_err(RetryError::new)? > 0 {
        if !has_time(app, deadline) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The number of records that were removed, which is measured.
pub(crate) fn counted(removed: usize) -> usize {
    let measured = u32::try_from(removed).unwrap_or(u32::MAX);
    telemetry::measure(Metric::PurgedRecords, measured.into());
    removed
}

/// Removes every version of every object. Returns whether all are gone.
async fn remove_objects(
    app: &App,
    deleted: &DeletedAccount,
    deadline: Timestamp,
) -> Result<bool, RetryError> {
    let mut next = None;
    loop {
        let removed = app
            .objects
            .remove_page(&deleted.user, deleted.epoch, next)
            .await?;
        telemetry::measure(Metric::PurgedObjects, removed.count.into());
        next = removed.next;
        if next.is_none() {
            return Ok(true);
        }
        if !has_time(app, deadline) {
            return Ok(false);
        }
    }
}

fn has_time(app: &App, deadline: Timestamp) -> bool {
    app.clock.now() < deadline.before(ENOUGH_TIME)
}

async fn finish(app: &App, deleted: &DeletedAccount) -> Result<Outcome, RetryError> {
    let event = Event::AccountDeleted {
        user: deleted.user.clone(),
        epoch: deleted.epoch,
    };
    app.events.publish(event, app.clock.now()).await?;
    let finished = app.store.finish_purge(&deleted.user, deleted.epoch).await;
    finished.map_err(RetryError::new)?;
    telemetry::count(Metric::PurgesFinished);
    Ok(Outcome::Done("purge is finished"))
}

async fn continue_later(app: &App, deleted: &DeletedAccount) -> Result<Outcome, RetryError> {
    app.queue.send(deleted.to_message(), None).await?;
    Ok(Outcome::Done("purge continues in another invocation"))
}
