//! A reference model: what each request may have done, by what its client heard, against what the table really says.
//!
//! An acknowledged change is there, once; a refused one is not; one without an answer, or with 503, may have been made, and
//! may be made late. What a reader is shown was true at some moment of the request.

mod account;
mod ask;
mod attribution;
mod log;
mod refusal;
mod session;
#[cfg(test)]
mod tests;
mod upload;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use ask::{Answer, Ask, Bearer, Fields};
pub use upload::Sent;

use crate::invariants::{Change, Findings, Item, Kind, Limits, StoredObject, Watch};
use ask::Request;
use log::Log;

/// How much is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Everything: clocks differ by seconds at most.
    Full,
    /// Only safety: with clocks half a minute apart, requests may fail that need not, and writes may be late.
    SafetyOnly,
}

/// A request that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending(usize);

/// What is known of all users.
#[derive(Debug)]
pub struct Reference {
    strictness: Strictness,
    skew: i64,
    requests: Vec<Request>,
    log: Log,
    uploads: upload::Uploads,
    rotated_at: Option<i64>,
}

/// All checks of a history.
#[derive(Debug)]
pub struct Checks {
    /// The invariants.
    pub watch: Watch,
    /// The reference model.
    pub reference: Reference,
}

impl Checks {
    /// Checks of a history that has not begun.
    pub fn new(limits: Limits, strictness: Strictness) -> Self {
        let reference = Reference {
            strictness,
            skew: limits.skew,
            requests: Vec::new(),
            log: Log::default(),
            uploads: upload::Uploads::default(),
            rotated_at: None,
        };
        Self {
            watch: Watch::new(limits),
            reference,
        }
    }

    /// One write of the table has changed these items, all at once.
    pub fn table_changed(&mut self, changes: &[Change], now: i64) {
        self.watch.table_changed(changes, now);
        let Self { watch, reference } = self;
        for (user, change) in reference.log.record(changes, now) {
            session::begun(reference, &user, change, now, watch.findings_mut());
            session::removed(reference, &user, change, now, watch.findings_mut());
        }
    }

    /// The bucket holds these versions now.
    pub fn bucket_changed(&mut self, stored: impl Iterator<Item = StoredObject>) {
        self.watch.bucket_changed(stored);
    }

    /// The operator has replaced a secret: one that was read less than ten seconds before is not read again.
    pub fn secret_rotated(&mut self, now: i64) {
        self.reference.rotated_at = Some(now);
    }

    /// Whether a function may not know of the secret yet.
    pub(crate) fn is_rotating(&self, now: i64) -> bool {
        self.reference.is_rotating(now)
    }

    /// A client sends a request, with an access token or without.
    pub fn begin(&mut self, ask: Ask, token: Option<&str>, now: i64) -> Pending {
        let by = token.and_then(Bearer::parse);
        let account = |user: &str| self.watch.account(user).cloned();
        let caller = by.as_ref().and_then(|by| account(&by.user));
        let target = ask.target().and_then(account);
        self.reference.requests.push(Request {
            ask,
            by,
            start: now,
            caller,
            target,
            answer: None,
        });
        Pending(self.reference.requests.len() - 1)
    }

    /// The client hears the answer.
    pub fn end(&mut self, pending: Pending, answer: Answer, now: i64) {
        let Some(request) = self.reference.requests.get_mut(pending.0) else {
            return;
        };
        request.answer = Some((now, answer.clone()));
        let request = request.clone();
        let mut found = Findings::default();
        let view = View {
            reference: &self.reference,
            watch: &self.watch,
            request: &request,
            answer: &answer,
            now,
        };
        account::check(&view, &mut found);
        session::check(&view, &mut found);
        upload::check(&view, &mut found);
        refusal::check(&view, &mut found);
        self.reference.uploads.learn(&request, &answer, &mut found);
        self.watch.findings_mut().append(found);
    }

    /// A phone has sent its object to S3.
    pub fn sent(&mut self, sent: Sent) {
        self.reference.uploads.sent(sent);
    }

    /// Everything is quiet.
    pub fn at_the_end(&mut self, left: &crate::invariants::Leftovers) {
        self.watch.at_the_end(left);
        let mut found = Findings::default();
        attribution::check(&self.reference, &mut found);
        upload::at_the_end(&self.reference, &self.watch, &mut found);
        self.watch.findings_mut().append(found);
    }

    /// The ids of all users so far, in order.
    pub fn users(&self) -> Vec<String> {
        self.reference.log.users().map(str::to_owned).collect()
    }

    /// Uploads of anybody but `user`, with their owners.
    pub fn uploads_of_others(&self, user: &str) -> Vec<(String, String)> {
        self.reference.uploads.of_others(user)
    }
}

/// An answered request, with what there is to judge it by.
pub(super) struct View<'a> {
    reference: &'a Reference,
    watch: &'a Watch,
    request: &'a Request,
    answer: &'a Answer,
    now: i64,
}

impl Reference {
    /// Whether a function may not know yet of a secret that was replaced.
    fn is_rotating(&self, now: i64) -> bool {
        const KNOWN_AFTER: i64 = 15_000;
        self.rotated_at.is_some_and(|at| now - at < KNOWN_AFTER)
    }
}

impl View<'_> {
    /// Whether the function may not know of the newest keys yet.
    fn is_rotating(&self) -> bool {
        self.reference.is_rotating(self.now)
    }

    /// The states that the account had while the request was under way, the one at its start first.
    fn states<'a>(&'a self, user: &str, at_start: Option<&'a Arc<Item>>) -> Vec<Option<&'a Item>> {
        let during = self
            .reference
            .log
            .during(user, self.request.start, self.now);
        let first = std::iter::once(at_start.map(|item| &**item));
        first
            .chain(during.map(|commit| Some(&*commit.after)))
            .collect()
    }

    fn describe(&self) -> String {
        let (ask, by) = (&self.request.ask, self.request.by.as_ref());
        let by = by.map(|by| (&by.user, by.epoch, &by.session));
        format!(
            "{ask:?} by {by:?} from {} to {}: {}",
            self.request.start, self.now, self.answer.status
        )
    }

    fn unless(&self, holds: bool, kind: Kind, found: &mut Findings) {
        found.unless(holds, kind, || self.describe());
    }

    fn is_full(&self) -> bool {
        self.reference.strictness == Strictness::Full
    }
}

/// Values by user.
type ByUser<T> = BTreeMap<String, T>;
