//! Deciding on a review, and carrying the decision out.

use std::time::Duration;

use crate::store::Store;
use crate::store::actor::Actor;
use crate::store::audit::{Action, AdminError, AdminWrite};
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, n, s};
use crate::store::review::{Decision, ReviewId, Subject};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};

/// How long a review is kept that has been decided on: as long as a message can come that would open it again, 14 days
/// in a queue and 14 in its dead letters.
const DECIDED_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why a review was not decided on.
#[derive(Debug, thiserror::Error)]
pub enum DecideReviewError {
    /// There is no such review, or somebody has decided otherwise.
    #[error("no such review waits")]
    NotWaiting,
    /// The actor may not, or the table is not available.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl From<StoreError> for DecideReviewError {
    fn from(error: StoreError) -> Self {
        Self::Admin(error.into())
    }
}

/// A review as whoever carries out its decision needs it.
#[derive(Clone, Debug)]
pub struct DecidedReview {
    /// What it is about.
    pub subject: Subject,
    /// What was decided; `None` as long as it waits.
    pub decision: Option<Decision>,
    /// Whether the decision has been carried out.
    pub is_closed: bool,
}

impl Store {
    /// Decides on a review, which leaves the list, with an audit entry; one transaction. To decide the same again changes
    /// nothing.
    ///
    /// # Errors
    /// If no such review waits, the actor is no administrator, or the table is not available.
    pub async fn decide_review(
        &self,
        actor: Actor<'_>,
        review: &ReviewId,
        decision: Decision,
    ) -> Result<(), DecideReviewError> {
        let mut update = UpdateExpression::new();
        update.set("decision", s(decision.as_str()));
        let kept_until = self.clock.now().after(DECIDED_LIFETIME);
        update.set("ttl", n(kept_until.secs()));
        for attribute in ["gsi1pk", "gsi1sk", "finding_text"] {
            update.remove(attribute);
        }
        update.require(Condition::new(
            "attribute_exists(pk) AND attribute_not_exists(decision)",
        ));
        let write = AdminWrite {
            action: Action::DecideReview(decision),
            target: review.user(),
            upload: review.upload(),
            fields: Vec::new(),
            before: None,
            after: None,
        };
        let transaction = Transaction::new().update(Slot::Review, Key::review(review), update);
        let transacted = self.transact_audited(actor, &write, transaction).await?;
        let cancelled = match transacted.map_err(AdminError::from)? {
            Transacted::Done => return Ok(()),
            Transacted::Cancelled(cancelled) => cancelled,
        };
        let found = cancelled.item(&Slot::Review);
        let decided = found.and_then(|item| item::opt_str(item, "decision"));
        if decided == Some(decision.as_str()) {
            Ok(())
        } else {
            cancelled.ensure_certain()?;
            Err(DecideReviewError::NotWaiting)
        }
    }

    /// A review and what was decided; `None` if there is none.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn decided_review(
        &self,
        review: &ReviewId,
    ) -> Result<Option<DecidedReview>, StoreError> {
        let Some(item) = self.dynamo.get(Key::review(review)).await? else {
            return Ok(None);
        };
        let decision = item::opt_str(&item, "decision");
        let decision =
            decision.map(|text| text.parse().map_err(|_| StoreError::Corrupt("decision")));
        Ok(Some(DecidedReview {
            subject: Subject::from_item(&item, review)?,
            decision: decision.transpose()?,
            is_closed: item.contains_key("closed_at"),
        }))
    }

    /// Notes that the decision on a review has been carried out.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn close_review(&self, review: &ReviewId) -> Result<(), StoreError> {
        let mut update = UpdateExpression::new();
        update.set_if_absent("closed_at", n(self.clock.now().millis()));
        update.require(Condition::new("attribute_exists(decision)"));
        self.dynamo.update(Key::review(review), update).await?;
        Ok(())
    }
}
