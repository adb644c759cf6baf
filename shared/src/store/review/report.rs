//! Reports: a person tells that something of somebody else's should not be shown, once, and it waits for a decision.
//!
//! A report is two items, one among what is about its target and one among what is by its author, so that it goes with
//! whichever account ends first.

use std::str::FromStr;
use std::time::Duration;

use crate::ids::{UploadId, UserId};
use crate::store::Store;
use crate::store::account::{self, Account, Refusal, is_live};
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, n, s};
use crate::store::review::open::opening;
use crate::store::review::{Cause, ReviewId, Subject};
use crate::store::schema::{self, Key, REVIEWS_LIST};
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::{DAY, Record, day_attribute};
use crate::time::Timestamp;
use crate::upload::lifecycle::UploadStatus;

/// How many reports a person can make in a day (UTC).
const PER_DAY: u64 = 20;

/// As what somebody reports something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportReason {
    /// Pornography.
    Porn,
    /// Insults, threats, hatred.
    Abuse,
    /// Deceit.
    Fraud,
    /// Advertising.
    Spam,
    /// Whatever else the law forbids.
    Illegal,
    /// Anything else.
    Other,
}

impl ReportReason {
    const ALL: [Self; 6] = [
        Self::Porn,
        Self::Abuse,
        Self::Fraud,
        Self::Spam,
        Self::Illegal,
        Self::Other,
    ];

    /// The reason's name in the table and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Porn => "porn",
            Self::Abuse => "abuse",
            Self::Fraud => "fraud",
            Self::Spam => "spam",
            Self::Illegal => "illegal",
            Self::Other => "other",
        }
    }
}

impl FromStr for ReportReason {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or("must be porn, abuse, fraud, spam, illegal or other")
    }
}

/// A report to make.
#[derive(Clone, Copy, Debug)]
pub struct NewReport<'a> {
    /// Who makes it.
    pub reporter: Actor<'a>,
    /// Whom it is about.
    pub user: &'a UserId,
    /// Which of their uploads it is about; their profile if `None`.
    pub upload: Option<UploadId>,
    /// As what it is reported.
    pub reason: ReportReason,
}

/// A report that was made.
#[derive(Clone, Debug)]
pub struct Report {
    /// As what it was reported: the first time, if it was more than once.
    pub reason: ReportReason,
    /// When.
    pub created_at: Timestamp,
}

/// Why a report was not made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The reporter's account does not let them in.
    #[error("the account does not let its owner in")]
    AccessDenied(Refusal),
    /// It is about the reporter.
    #[error("one's own cannot be reported")]
    Own,
    /// There is nothing there that the reporter could have seen.
    #[error("what was reported does not exist")]
    NotFound,
    /// The person has made as many reports as one can make in a day.
    #[error("too many reports today")]
    QuotaExceeded {
        /// When the next day begins.
        retry_after: Duration,
    },
    /// The table is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a report does to the list.
#[derive(Clone, Copy)]
enum Listing {
    /// Opens the review, or counts there.
    Count,
    /// Opens it again, after an earlier decision was carried out.
    Reopen,
    /// Nothing: what somebody has just decided is being carried out.
    Leave,
}

impl Store {
    /// Reports something, which then waits for a decision; once: a repetition returns the first report. Whether or not
    /// there is such a thing, it counts for the day. A read and a transaction.
    ///
    /// # Errors
    /// As [`ReportError`] says.
    pub async fn report(&self, report: &NewReport<'_>) -> Result<Report, ReportError> {
        if report.user == report.reporter.user {
            return Err(ReportError::Own);
        }
        let mut listing = Listing::Count;
        let mut attempts = self.attempts();
        loop {
            let now = self.clock.now();
            let subject = self.reported(report).await?;
            let mut transaction = counted(report.reporter, now);
            if let Some(subject) = &subject {
                transaction = made(transaction, report, subject, listing, now);
            }
            let cancelled = match self.dynamo.transact(transaction).await? {
                Transacted::Done if subject.is_none() => return Err(ReportError::NotFound),
                Transacted::Done => return Ok(Report::new(report.reason, now)),
                Transacted::Cancelled(cancelled) => cancelled,
            };
            if let Some(refusal) = account::refusal(&cancelled, report.reporter.epoch)? {
                cancelled.ensure_certain()?;
                return Err(ReportError::AccessDenied(refusal));
            }
            if let Some(earlier) = cancelled.item(&Slot::Report) {
                return Ok(Report::from_item(earlier)?);
            }
            if cancelled.refused(&Slot::Quota) {
                let tomorrow = now.window_start(DAY).after(DAY);
                let retry_after = tomorrow.since(now);
                return Err(ReportError::QuotaExceeded { retry_after });
            }
            listing = Listing::after(cancelled.item(&Slot::Review));
            attempts.start_over().await?;
        }
    }

    /// What is reported, if it is there for others to see.
    async fn reported(&self, report: &NewReport<'_>) -> Result<Option<Subject>, StoreError> {
        let account_key = Key::user(report.user);
        let upload_key = report.upload.map(|id| Key::upload(report.user, id));
        let keys = [account_key.clone()].into_iter().chain(upload_key.clone());
        let items = self.dynamo.batch_get(keys.collect(), None).await?;
        let item = |key: &Key| items.iter().find(|item| key.is_of(item));
        let account = item(&account_key).map(Account::from_item).transpose()?;
        let Some(user) = account.and_then(Account::into_user) else {
            return Ok(None);
        };
        let Some(key) = upload_key else {
            let (user, epoch) = (user.id, user.epoch);
            return Ok(Some(Subject::Account { user, epoch }));
        };
        let record = item(&key).map(|item| Record::from_item(item, &user.id));
        let is_seen = |record: &Record| {
            record.status == UploadStatus::Ready && record.key.upload.epoch() == user.epoch
        };
        let seen = record.transpose()?.filter(is_seen);
        Ok(seen.map(|record| Subject::Upload(record.key)))
    }
}

impl Report {
    const fn new(reason: ReportReason, created_at: Timestamp) -> Self {
        Self { reason, created_at }
    }

    fn from_item(item: &Item) -> Result<Self, StoreError> {
        let created_at = Timestamp::from_millis(item::num(item, "created_at")?);
        Ok(Self::new(item::parsed(item, "reason")?, created_at))
    }
}

impl Listing {
    /// What to do about a review that refused to count, if that was it.
    fn after(review: Option<&Item>) -> Self {
        match review {
            Some(review) if review.contains_key("closed_at") => Self::Reopen,
            Some(review) if review.contains_key("decision") => Self::Leave,
            _ => Self::Count,
        }
    }
}

/// Counts a report for the day, if the reporter's account lets them in and the day has room.
fn counted(reporter: Actor<'_>, now: Timestamp) -> Transaction {
    let mut quota = UpdateExpression::new();
    quota.set("epoch", n(reporter.epoch.get()));
    quota.set("ttl", n(now.after(2 * DAY).secs()));
    quota.name("#today", day_attribute(now));
    quota.increase("#today", 1);
    quota.require(
        Condition::new("(attribute_not_exists(#today) OR #today < :limit)")
            .value(":limit", n(PER_DAY)),
    );
    quota.name("#yesterday", day_attribute(now.before(DAY)));
    quota.remove("#yesterday");
    let account = Key::user(reporter.user);
    Transaction::new()
        .check(Slot::Account, account, account::is_open(reporter.epoch))
        .update(Slot::Quota, Key::report_quota(reporter.user), quota)
}

/// The report, what it does to the list, and that what it is about is still there to be seen.
fn made(
    transaction: Transaction,
    report: &NewReport<'_>,
    subject: &Subject,
    listing: Listing,
    now: Timestamp,
) -> Transaction {
    let review = subject.review();
    let account = Key::user(review.user());
    let mut transaction = transaction.check(Slot::Target, account, is_live(review.epoch()));
    if let Subject::Upload(key) = subject {
        let ready = s(UploadStatus::Ready.as_str());
        let is_ready = Condition::new("#status = :ready").value(":ready", ready);
        let record = Key::upload(&key.user, key.upload);
        transaction = transaction.check(Slot::Upload(key.upload), record, is_ready);
    }
    let [by, about] = items(report, &review, now);
    let is_new = Condition::new("attribute_not_exists(pk)");
    let transaction = transaction
        .put_if(Slot::Report, by, is_new)
        .put(Slot::ReportAbout, about);
    match count(&review, subject, report.reason, listing, now) {
        Some(update) => transaction.update(Slot::Review, Key::review(&review), update),
        None => transaction,
    }
}

/// The report among what is by its author, and among what is about its target.
fn items(report: &NewReport<'_>, review: &ReviewId, now: Timestamp) -> [Item; 2] {
    let Actor { user, epoch } = report.reporter;
    let mut by = Key::report_by(user, epoch, review).into_item();
    let mut about = Key::report_about(review, user, epoch).into_item();
    by.insert("epoch".to_owned(), n(epoch.get()));
    about.insert("epoch".to_owned(), n(review.epoch().get()));
    for item in [&mut by, &mut about] {
        item.insert("reason".to_owned(), s(report.reason.as_str()));
        item.insert("created_at".to_owned(), n(now.millis()));
    }
    [by, about]
}

/// Counts the report where it waits for a decision.
fn count(
    review: &ReviewId,
    subject: &Subject,
    reason: ReportReason,
    listing: Listing,
    now: Timestamp,
) -> Option<UpdateExpression> {
    let mut update = match listing {
        Listing::Leave => return None,
        Listing::Count => {
            let mut update = opening(review, subject, Cause::Report, now);
            update.increase("reports", 1);
            update.require(Condition::new("attribute_not_exists(decision)"));
            update
        }
        Listing::Reopen => reopening(review, now),
    };
    let reasons = vec![reason.as_str().to_owned()];
    update.add("report_reasons", reasons);
    Some(update)
}

/// Puts a review on the list again, with the reports that were decided on before: whoever decides now sees how many.
fn reopening(review: &ReviewId, now: Timestamp) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("cause", s(Cause::Report.as_str()));
    update.set("created_at", n(now.millis()));
    update.set("gsi1pk", s(REVIEWS_LIST));
    update.set("gsi1sk", s(schema::review_age_key(now, review)));
    update.increase("reports", 1);
    for attribute in ["decision", "closed_at", "ttl"] {
        update.remove(attribute);
    }
    update.require(Condition::new("attribute_exists(closed_at)"));
    update
}
