//! Ending sessions.

use crate::ids::{Epoch, SessionId, UserId};
use crate::store::Store;
use crate::store::account::Refusal;
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::fence::{self, Fence};
use crate::store::item::{self, n};
use crate::store::schema::Key;
use crate::store::session::{attribute, sessions, sessions_ended_at};

impl Store {
    /// Ends one session; one that is not there is no error. A late repetition does no harm, for no session begins twice.
    ///
    /// # Errors
    /// If the table is not available; [`Refusal::Gone`] in the inner result if the account is in another generation.
    pub async fn end_session(
        &self,
        user: &UserId,
        session: &SessionId,
        epoch: Epoch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let mut update = UpdateExpression::new();
        update.remove(&attribute(session));
        update.require(is_of(epoch));
        Ok(match self.dynamo.update(Key::user(user), update).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused { .. } => Err(Refusal::Gone),
        })
    }

    /// Ends all sessions that began until now, with one write and without knowing their names.
    ///
    /// # Errors
    /// As [`Store::end_session`].
    pub async fn end_all_sessions(
        &self,
        user: &UserId,
        epoch: Epoch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let mut fence = Fence::default();
        let mut attempts = self.attempts();
        loop {
            let now = self.clock.now();
            let mut update = UpdateExpression::new();
            update.set("fence", n(fence.next(now).millis()));
            update.set_to("sessions_ended_at", ":fence");
            update.require(is_of(epoch));
            update.require(Condition::new(fence::LOWER));
            let found = match self.dynamo.update(Key::user(user), update).await? {
                Updated::Done(_) => return Ok(Ok(())),
                Updated::Refused { found, .. } => found.unwrap_or_default(),
            };
            if item::opt_num::<u16>(&found, "epoch") != Some(epoch.get()) {
                return Ok(Err(Refusal::Gone));
            }
            let ended_at = sessions_ended_at(&found);
            // The SDK repeated a write whose response was lost, or somebody else did the same.
            if !sessions(&found)
                .iter()
                .any(|session| session.is_live(now, ended_at))
            {
                return Ok(Ok(()));
            }
            fence = Fence::from_item(&found);
            attempts.start_over().await?;
        }
    }
}

/// Holds while the account is in that generation.
fn is_of(epoch: Epoch) -> Condition {
    Condition::new("epoch = :epoch").value(":epoch", n(epoch.get()))
}
