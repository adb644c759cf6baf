//! What many histories have shown.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::history::Outcome;
use crate::invariants::{Finding, Kind};
use crate::network::fault::NAMES;

/// Findings that are known and cannot be fixed at once, each with its reason. This list is to be empty.
pub const KNOWN: &[(Kind, &str)] = &[];

/// Sums over histories.
#[derive(Debug)]
pub struct Report {
    /// What was run: histories, or runs of a set of actions.
    what: &'static str,
    histories: u64,
    calls: u64,
    faults: [u64; NAMES.len()],
    findings: BTreeMap<Kind, Seen>,
    started: Instant,
    cpu: Duration,
    reported: Instant,
}

/// How often a kind of finding was seen.
#[derive(Debug)]
struct Seen {
    times: u64,
    /// The lowest seed that shows it.
    seed: u64,
}

impl Report {
    /// Nothing has been run yet.
    pub fn new(what: &'static str) -> Self {
        let now = Instant::now();
        Self {
            what,
            histories: 0,
            calls: 0,
            faults: [0; NAMES.len()],
            findings: BTreeMap::new(),
            started: now,
            cpu: cpu(),
            reported: now,
        }
    }

    /// Adds the history of a seed.
    pub fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.histories += 1;
        self.calls += outcome.calls;
        for (_, fault) in &outcome.injected {
            self.faults[fault.kind()] += 1;
        }
        for finding in &outcome.findings {
            let seen = self.findings.entry(finding.kind);
            let seen = seen.or_insert(Seen { times: 0, seed });
            seen.times += 1;
            seen.seed = seen.seed.min(seed);
        }
    }

    /// How many were run.
    pub const fn histories(&self) -> u64 {
        self.histories
    }

    /// Whether it is time to tell how far it has got.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.reported.elapsed() >= Duration::from_secs(2);
        if is_due {
            self.reported = Instant::now();
        }
        is_due
    }
}

/// What is new and must not be: the first finding that is not known.
pub fn unknown(findings: &[Finding]) -> Option<&Finding> {
    let is_known = |finding: &&Finding| KNOWN.iter().any(|(kind, _)| *kind == finding.kind);
    findings.iter().find(|finding| !is_known(finding))
}

/// The time that all threads of this process have computed.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = (cpu() - self.cpu).as_secs_f64();
        let per = |count: u64, of: f64| if of > 0.0 { count as f64 / of } else { 0.0 };
        writeln!(
            f,
            "{} {}: {:.0} per CPU second ({cpu:.1} s CPU, {:.1} s), {} calls ({:.1} each), {} faults",
            self.histories,
            self.what,
            per(self.histories, cpu),
            self.started.elapsed().as_secs_f64(),
            self.calls,
            per(self.calls, self.histories as f64),
            self.faults.iter().sum::<u64>(),
        )?;
        let faults = NAMES.iter().zip(&self.faults);
        let faults: Vec<_> = faults
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        for (kind, Seen { times, seed }) in &self.findings {
            writeln!(f, "{times} findings, the first of seed {seed}: {kind}")?;
        }
        Ok(())
    }
}
