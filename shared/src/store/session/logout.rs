//! Ending sessions.

use crate::ids::{Epoch, SessionId, UserId};
use crate::store::fence::{self, Fence};
use crate::store::item::{self, n, names, values};
use crate::store::session::{ATTEMPTS, attribute, sessions, sessions_ended_at, user_key};
use crate::store::{Refusal, Store, StoreError, Updated};

impl Store {
    /// Ends one session; one that is not there is no error. A late repetition does no harm, for no session begins twice.
    ///
    /// # Errors
    /// If the table is not available; [`Refusal::Gone`] in the inner result if the account's life is another one.
    pub async fn end_session(
        &self,
        user: &UserId,
        session: &SessionId,
        epoch: Epoch,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression("REMOVE #s")
            .condition_expression("epoch = :epoch")
            .set_expression_attribute_names(names([("#s", &attribute(session))]))
            .set_expression_attribute_values(values([(":epoch", n(epoch.get()))]));
        Ok(match self.update(user_key(user), update).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(Refusal::Gone),
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
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let update = self
                .client
                .update_item()
                .update_expression("SET fence = :fence, sessions_ended_at = :fence")
                .condition_expression(format!("epoch = :epoch AND {}", fence::LOWER))
                .set_expression_attribute_values(values([
                    (":fence", n(fence.next(now).millis())),
                    (":epoch", n(epoch.get())),
                ]));
            let found = match self.update(user_key(user), update).await? {
                Updated::Done(_) => return Ok(Ok(())),
                Updated::Refused(found) => found.unwrap_or_default(),
            };
            if item::opt_num::<u16>(&found, "epoch") != Some(epoch.get()) {
                return Ok(Err(Refusal::Gone));
            }
            let ended_at = sessions_ended_at(&found);
            // The SDK repeated a write whose answer was lost, or somebody else did the same.
            if !sessions(&found)
                .iter()
                .any(|session| session.is_live(now, ended_at))
            {
                return Ok(Ok(()));
            }
            fence = Fence::from_item(&found);
        }
        Err(StoreError::Unavailable("the account kept changing".into()))
    }
}
