//! Checks that WeChat was asked for, each under what WeChat calls it. A verdict and the note of whom it is about can come in
//! either order: whoever comes second finds the other's.
//!
//! | attribute of a check | is |
//! |---|---|
//! | `object_key`, `version_id` | the object that was submitted |
//! | `verdict` | what WeChat said |
//! | `ttl` | when DynamoDB may remove it, in seconds since the Unix epoch |

use crate::content_check::Verdict;
use crate::store::Store;
use crate::store::account::{Account, is_live};
use crate::store::dynamo::Updated;
use crate::store::error::StoreError;
use crate::store::expression::{Condition, UpdateExpression};
use crate::store::item::{self, Item, s};
use crate::store::schema::Key;
use crate::store::transaction::{Slot, Transacted, Transaction};
use crate::store::upload::close::{is_in, references};
use crate::store::upload::{CHECK_LIFETIME, Record, ttl};
use crate::upload::key::ObjectKey;
use crate::upload::lifecycle::UploadStatus;

/// A record with the account that it belongs to.
#[derive(Clone, Debug)]
pub struct UploadOfAccount {
    /// The record.
    pub record: Record,
    /// Its owner's account, in any state.
    pub account: Account,
}

impl UploadOfAccount {
    /// Whether the account generation that the upload belongs to goes on.
    pub fn is_live(&self) -> bool {
        self.account.epoch == self.record.key.upload.epoch() && self.account.user().is_some()
    }
}

/// A check that WeChat has accepted.
#[derive(Clone, Copy, Debug)]
pub struct NewCheck<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// Its version.
    pub version: &'a str,
    /// The state in which the record was when the check was asked for.
    pub was: UploadStatus,
    /// What WeChat calls the check.
    pub trace_id: &'a str,
    /// What WeChat called the one before.
    pub before: Option<&'a str>,
}

/// The result of noting a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteCheckOutcome {
    /// Record and check name each other; and this is the verdict, if it has come already.
    Noted(Option<Verdict>),
    /// The record is no longer as it was, or the account has ended. Nothing was written.
    RecordChanged,
}

/// A verdict, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedVersion {
    /// The object.
    pub key: ObjectKey,
    /// Its version.
    pub version: String,
    /// The first verdict on it that came.
    pub verdict: Verdict,
}

impl Store {
    /// An upload in any state, with its owner's account in any state; `None` if either is gone.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn upload_with_account(
        &self,
        key: &ObjectKey,
    ) -> Result<Option<UploadOfAccount>, StoreError> {
        let (record_key, account_key) = (Key::upload(&key.user, key.upload), Key::user(&key.user));
        let keys = vec![record_key.clone(), account_key.clone()];
        let items = self.dynamo.batch_get(keys, None).await?;
        let find = |key: &Key| items.iter().find(|item| key.is_of(item));
        let (Some(record), Some(account)) = (find(&record_key), find(&account_key)) else {
            return Ok(None);
        };
        let record = Record::from_item(record, &key.user)?;
        let account = Account::from_item(account)?;
        // The upload's id with another extension is not the upload's object.
        let is_of_key = record.key == *key;
        Ok(is_of_key.then_some(UploadOfAccount { record, account }))
    }

    /// Has record and check name each other. One transaction; two if the verdict was there first. It is refused once the
    /// account has ended, so that its purge finds every check.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn note_check(&self, check: &NewCheck<'_>) -> Result<NoteCheckOutcome, StoreError> {
        let mut verdict = None;
        loop {
            let mut noted = self.check(check);
            noted.require(match verdict {
                None => Condition::new("attribute_not_exists(verdict)"),
                Some(_) => Condition::new("attribute_exists(verdict)"),
            });
            let account = Key::user(&check.key.user);
            let record = Key::upload(&check.key.user, check.key.upload);
            let transaction = Transaction::new()
                .check(Slot::Account, account, is_live(check.key.upload.epoch()))
                .update(Slot::Upload(check.key.upload), record, naming(check))
                .update(Slot::Check, Key::check(check.trace_id), noted);
            let cancelled = match self.dynamo.transact(transaction).await? {
                Transacted::Done => return Ok(NoteCheckOutcome::Noted(verdict)),
                Transacted::Cancelled(cancelled) => cancelled,
            };
            let found = cancelled.item(&Slot::Check).map(verdict_of).transpose()?;
            if cancelled.all().count() > 1 || verdict.is_some() {
                return Ok(NoteCheckOutcome::RecordChanged);
            }
            verdict = found.flatten();
            if verdict.is_none() {
                return Ok(NoteCheckOutcome::RecordChanged);
            }
        }
    }

    /// The verdict on a check, if it has come.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn verdict(&self, trace_id: &str) -> Result<Option<Verdict>, StoreError> {
        let item = self.dynamo.get(Key::check(trace_id)).await?;
        Ok(item.as_ref().map(verdict_of).transpose()?.flatten())
    }

    /// Notes a verdict, and returns it with what it is about; `None` if that is not known yet. The first verdict counts.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn note_verdict(
        &self,
        trace_id: &str,
        verdict: Verdict,
    ) -> Result<Option<CheckedVersion>, StoreError> {
        let mut update = UpdateExpression::new();
        update.set_if_absent("verdict", s(verdict.as_str()));
        update.set_if_absent("ttl", ttl(self.clock.now(), CHECK_LIFETIME));
        let noted = self
            .dynamo
            .update_and_read(Key::check(trace_id), update)
            .await?;
        let Updated::Done(item) = noted else {
            return Ok(None);
        };
        let Some(key) = item::opt_parsed(&item, "object_key")? else {
            return Ok(None);
        };
        Ok(Some(CheckedVersion {
            key,
            version: item::str(&item, "version_id")?.to_owned(),
            verdict: item::parsed(&item, "verdict")?,
        }))
    }

    fn check(&self, check: &NewCheck<'_>) -> UpdateExpression {
        let mut update = UpdateExpression::new();
        update.set("object_key", s(check.key.to_string()));
        update.set("version_id", s(check.version));
        update.set_if_absent("ttl", ttl(self.clock.now(), CHECK_LIFETIME));
        update
    }
}

/// The change of a record that names its newest check, and the one before, so that both go with it.
fn naming(check: &NewCheck<'_>) -> UpdateExpression {
    let mut update = UpdateExpression::new();
    update.set("check_id", s(check.trace_id));
    update.require(is_in(&[check.was]));
    update.require(references(check.version));
    match check.before {
        None => update.require(Condition::new("attribute_not_exists(check_id)")),
        Some(before) => {
            update.set("check_before", s(before));
            let newest = Condition::new("check_id = :check_before");
            update.require(newest.and(Condition::new("attribute_not_exists(check_before)")));
        }
    }
    update
}

fn verdict_of(item: &Item) -> Result<Option<Verdict>, StoreError> {
    item::opt_parsed(item, "verdict")
}

/// The keys of the checks that an upload's item names.
pub(in crate::store) fn checks_of(item: &Item) -> impl Iterator<Item = Key> {
    let names = ["check_id", "check_before"].into_iter();
    names.filter_map(|name| item::opt_str(item, name).map(Key::check))
}
