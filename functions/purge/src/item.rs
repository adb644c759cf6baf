//! Removes the marks on a shared item of an own function that was removed.

use shared::own::RemovedItem;
use shared::queue::{Outcome, RetryError};
use shared::time::Timestamp;

use crate::App;
use crate::account::{GIVE_UP_RECEIVES, counted, remove_all};

pub(crate) async fn process(
    app: &App,
    removed: &RemovedItem,
    receives: u32,
    deadline: Timestamp,
) -> Result<Outcome, RetryError> {
    let has_item = app.store.has_item(removed).await;
    if has_item.map_err(RetryError::new)? {
        // The message is sent before the item is removed, which may yet happen or have failed.
        return if receives < GIVE_UP_RECEIVES {
            Err(RetryError::new("the item is not removed yet"))
        } else {
            Ok(Outcome::Discarded("the item was not removed"))
        };
    }
    let remove = || async { app.store.remove_marks(removed).await.map(counted) };
    if remove_all(app, deadline, remove).await? {
        return Ok(Outcome::Done("marks are removed"));
    }
    app.queue.send(removed.to_message(), None).await?;
    Ok(Outcome::Done("marks are removed in another invocation"))
}
