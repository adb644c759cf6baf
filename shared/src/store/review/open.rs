//! Opening a review.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::store::Store;
use crate::store::account::is_live;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{n, s};
use crate::store::review::{Cause, Finding, ReviewId, Subject};
use crate::store::schema::{self, Key, REVIEWS_LIST};
use crate::store::transaction::{Slot, Transaction};
use crate::time::Timestamp;

impl Store {
    /// Has a person decide on `subject`. One that waits already keeps its cause and gets the labels, too; one that has been
    /// decided on is not opened again, and nothing is opened about an account that is gone.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn open_review(
        &self,
        subject: &Subject,
        cause: Cause,
        finding: &Finding,
    ) -> Result<(), StoreError> {
        let review = subject.review();
        let now = self.clock.now();
        let mut update = opening(&review, subject, cause, now);
        if !finding.labels.is_empty() {
            update.add("labels", finding.labels.clone());
        }
        if let Some(text) = &finding.text {
            update.set_if_absent("finding_text", s(text));
        }
        update.require(Condition::new("attribute_not_exists(decision)"));
        let transaction = Transaction::new()
            .check(
                Slot::Account,
                Key::user(review.user()),
                is_live(review.epoch()),
            )
            .update(Slot::Review, Key::review(&review), update);
        // Either refusal is final, whatever else comes of the subject.
        self.dynamo.transact(transaction).await?;
        Ok(())
    }
}

/// Puts a review on the list, unless it is there.
pub(super) fn opening(
    review: &ReviewId,
    subject: &Subject,
    cause: Cause,
    now: Timestamp,
) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    let mut set = |attribute: &str, value: AttributeValue| update.set_if_absent(attribute, value);
    set("epoch", n(review.epoch().get()));
    set("cause", s(cause.as_str()));
    set("created_at", n(now.millis()));
    set("gsi1pk", s(REVIEWS_LIST));
    set("gsi1sk", s(schema::review_age_key(now, review)));
    for (attribute, value) in subject.attributes() {
        set(attribute, s(value));
    }
    update
}
