//! The list of what waits for a person.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use crate::ids::UserId;
use crate::store::Store;
use crate::store::account::Account;
use crate::store::actor::Actor;
use crate::store::audit::{AdminError, admit_admin};
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::page::Page;
use crate::store::review::{Cause, ReviewId, Subject};
use crate::store::schema::{self, Key, REVIEWS_LIST, USERS_INDEX};
use crate::store::upload::Record;
use crate::time::Timestamp;
use crate::user::{NicknameStatus, User};

/// A review that waits for a decision.
#[derive(Clone, Debug)]
pub struct WaitingReview {
    /// Names it.
    pub id: ReviewId,
    /// What it is about.
    pub subject: Subject,
    /// Why it was opened.
    pub cause: Cause,
    /// What the content check calls its finding.
    pub labels: Vec<String>,
    /// The text to decide on, if it is about one.
    pub text: Option<String>,
    /// How many people have reported it.
    pub reports: u64,
    /// As what they did.
    pub report_reasons: Vec<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Whom it is about.
    pub user: User,
    /// The upload, if it is about one.
    pub upload: Option<Record>,
}

/// What was read to show a page.
struct Found(Vec<Item>);

impl Found {
    fn item(&self, key: &Key) -> Option<&Item> {
        self.0.iter().find(|item| key.is_of(item))
    }

    fn account(&self, key: &Key) -> Result<Option<Account>, StoreError> {
        self.item(key).map(Account::from_item).transpose()
    }

    /// The review as it waits; `None` if what it is about is gone.
    fn waiting(&self, id: &ReviewId, now: Timestamp) -> Result<Option<WaitingReview>, StoreError> {
        let Some(item) = self.item(&Key::review(id)) else {
            return Ok(None);
        };
        let account = self.account(&Key::user(id.user()))?;
        let user = account.and_then(Account::into_user);
        let Some(user) = user.filter(|user| user.epoch == id.epoch()) else {
            return Ok(None);
        };
        let upload = self.upload(id, now)?;
        let review = review_from_item(item, id, user, upload)?;
        let is_there = match &review.subject {
            Subject::Upload(_) => review.upload.is_some(),
            Subject::Nickname { check, .. } => self.is_undecided_nickname(id.user(), check)?,
            Subject::Text { .. } | Subject::Account { .. } => true,
        };
        Ok(is_there.then_some(review))
    }

    /// Whether the account still names that change of the nickname, and others may come to see it, or do.
    fn is_undecided_nickname(&self, user: &UserId, check: &str) -> Result<bool, StoreError> {
        let Some(item) = self.item(&Key::user(user)) else {
            return Ok(false);
        };
        let status = item::opt_parsed(item, "nickname_status")?;
        let is_named = item::opt_str(item, "nickname_check") == Some(check);
        Ok(is_named && status != Some(NicknameStatus::Rejected))
    }

    /// The upload that the review is about, while it has a version to show.
    fn upload(&self, id: &ReviewId, now: Timestamp) -> Result<Option<Record>, StoreError> {
        let key = id.upload().map(|upload| Key::upload(id.user(), upload));
        let item = key.and_then(|key| self.item(&key));
        let record = item.map(|item| Record::from_item(item, id.user()));
        Ok(record
            .transpose()?
            .filter(|record| record.status.has_version() && !record.is_expired(now)))
    }

    /// Whether somebody has decided on it since the index was read, which is a moment behind.
    fn is_decided(&self, id: &ReviewId) -> bool {
        let item = self.item(&Key::review(id));
        item.is_none_or(|item| item.contains_key("decision"))
    }
}

/// Whether the text has the form of a position in the list of reviews: of what [`Page::next`] gives.
pub fn is_review_position(text: &str) -> bool {
    schema::is_review_age_key(text)
}

impl Store {
    /// What waits for a decision, from the oldest to the newest, `limit` at a time: a query of the index, and then one
    /// read of the reviews, of what they are about, and of the actor. A page can be short, or empty, without being the
    /// last: a review of something that is gone is left out, and closed.
    ///
    /// # Errors
    /// If the actor is no administrator, or the table is not available.
    pub async fn list_reviews(
        &self,
        actor: Actor<'_>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<WaitingReview>, AdminError> {
        let page = self.review_ids(limit, after).await?;
        let actor_key = Key::user(actor.user);
        let keys: BTreeSet<_> = page.items.iter().flat_map(keys_of).collect();
        let mut keys: Vec<_> = keys.into_iter().filter(|key| *key != actor_key).collect();
        keys.push(actor_key.clone());
        let found = Found(self.dynamo.batch_get_all(&keys).await?);
        admit_admin(found.account(&actor_key)?, actor)?;
        let now = self.clock.now();
        let (mut items, mut gone) = (Vec::new(), Vec::new());
        for id in page.items.iter().filter(|id| !found.is_decided(id)) {
            match found.waiting(id, now)? {
                Some(review) => items.push(review),
                None => gone.push(id),
            }
        }
        self.discard_reviews(&gone).await?;
        Ok(Page {
            items,
            next: page.next,
        })
    }

    async fn review_ids(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<ReviewId>, StoreError> {
        let mut range = Condition::new("gsi1pk = :list").value(":list", s(REVIEWS_LIST));
        if let Some(after) = after {
            let newer = Condition::new("gsi1sk > :after").value(":after", s(after));
            range = range.and(newer);
        }
        let mut query = Query::new(range);
        query.index = Some(USERS_INDEX);
        // One more than asked for tells whether there is a next page.
        query.limit = Some(limit + 1);
        let page = Page::first_of(self.dynamo.query(query).await?, limit, "gsi1sk");
        page.try_map(|item| schema::review_of(&item).ok_or(StoreError::Corrupt("sk")))
    }

    /// Removes reviews of what is gone, unless somebody has decided on them meanwhile.
    async fn discard_reviews(&self, reviews: &[&ReviewId]) -> Result<(), StoreError> {
        let discard = |review: &&ReviewId| {
            let waits = Condition::new("attribute_not_exists(decision)");
            self.dynamo.delete_if(Key::review(review), waits)
        };
        try_join_all(reviews.iter().map(discard)).await?;
        Ok(())
    }
}

/// What has to be read to show a review.
fn keys_of(review: &ReviewId) -> Vec<Key> {
    let upload = review.upload();
    let upload = upload.map(|upload| Key::upload(review.user(), upload));
    let keys = [Key::review(review), Key::user(review.user())].into_iter();
    keys.chain(upload).collect()
}

fn review_from_item(
    item: &Item,
    id: &ReviewId,
    user: User,
    upload: Option<Record>,
) -> Result<WaitingReview, StoreError> {
    Ok(WaitingReview {
        id: id.clone(),
        subject: Subject::from_item(item, id)?,
        cause: item::parsed(item, "cause")?,
        labels: texts(item, "labels"),
        text: item::opt_str(item, "finding_text").map(str::to_owned),
        reports: item::opt_num(item, "reports").unwrap_or(0),
        report_reasons: texts(item, "report_reasons"),
        created_at: Timestamp::from_millis(item::num(item, "created_at")?),
        user,
        upload,
    })
}

/// The elements of a set, sorted: DynamoDB keeps no order.
fn texts(item: &Item, name: &str) -> Vec<String> {
    let set = item.get(name).and_then(|value| value.as_ss().ok());
    let mut texts = set.cloned().unwrap_or_default();
    texts.sort();
    texts
}
