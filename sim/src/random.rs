//! Random histories, on several threads, until something is found.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::history::Plan;
use crate::invariants::Finding;
use crate::planted::Planted;
use crate::report::{Report, unknown};
use crate::script::Script;
use crate::trace::Trace;

/// Which histories to run.
#[derive(Clone, Debug)]
pub struct Range {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub count: u64,
    /// On how many threads.
    pub threads: usize,
    /// Whether the first finding ends it.
    pub stops: bool,
    /// What requests lose on their way to the table.
    pub planted: Planted,
}

/// A finding, with the history that showed it.
#[derive(Debug)]
pub struct Shown {
    /// What was found.
    pub finding: Finding,
    /// What shows it.
    pub script: Script,
}

impl Range {
    /// Runs the histories. Returns the sums, the first new finding of the lowest seed, and if asked for, all digests.
    ///
    /// # Errors
    /// If a runtime cannot be made.
    pub fn run(
        &self,
        digests: Option<&Mutex<BTreeMap<u64, u64>>>,
    ) -> std::io::Result<(Report, Option<Shown>)> {
        let next = AtomicU64::new(0);
        let is_over = AtomicBool::new(false);
        let report = Mutex::new(Report::new("histories"));
        let found = Mutex::new(BTreeMap::new());
        let work = || -> std::io::Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= self.count {
                    break;
                }
                let seed = self.from.wrapping_add(at);
                let (mut plan, fate) = Plan::random(seed);
                plan.planted = self.planted.clone();
                let outcome = plan.run(fate, Trace::default())?;
                if let Some(digests) = digests {
                    lock(digests).insert(seed, outcome.digest);
                }
                if let Some(finding) = unknown(&outcome.findings) {
                    let faults = outcome.injected.iter().copied().collect();
                    let shown = Shown {
                        finding: finding.clone(),
                        script: Script { plan, faults },
                    };
                    lock(&found).insert(at, shown);
                    is_over.fetch_or(self.stops, Ordering::Relaxed);
                }
                let mut report = lock(&report);
                report.add(seed, &outcome);
                if report.is_due() {
                    let _ = write!(std::io::stderr(), "\r{} histories ", report.histories());
                }
            }
            Ok(())
        };
        on_threads(self.threads, &work)?;
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((report, found.into_values().next()))
    }
}

/// Does the same work on so many threads.
///
/// # Errors
/// The first error of one of them.
pub(crate) fn on_threads(
    threads: usize,
    work: &(impl Fn() -> std::io::Result<()> + Sync),
) -> std::io::Result<()> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(|thread| {
            let panicked = |_| std::io::Error::other("a thread panicked");
            thread.join().map_err(panicked)?
        });
        ended.collect()
    })
}

/// The value, also after a panic elsewhere.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
