//! Whether the planted bugs are found.

use std::fmt;
use std::io::Result;
use std::sync::Arc;

use super::{Catalogue, Clause, Planted};
use crate::exhaustive;
use crate::history::Plan;
use crate::random::Range;
use crate::trace::Trace;

/// How many histories show which clauses there are.
const COLLECTED: u64 = 300;
/// How many triples are tried beside the pairs.
const TRIPLES: usize = 60;

/// What has become of the bugs.
#[derive(Debug, Default)]
pub struct Hunt {
    /// How many were found.
    pub found: usize,
    /// Those that were not.
    pub missed: Vec<Clause>,
}

/// Plants each bug in the random histories of the range, and if they show nothing, in the exhaustive ones. Tells of each.
///
/// # Errors
/// If a runtime cannot be made, or `tell` fails.
pub fn hunt(range: &Range, mut tell: impl FnMut(String) -> Result<()>) -> Result<Hunt> {
    let mut hunt = Hunt::default();
    for clause in collect(range.from)?.clauses() {
        let planted = Planted::Forgotten(Arc::new(clause.clone()));
        match find(range, planted)? {
            Some(by) => {
                hunt.found += 1;
                tell(format!("found  {clause}\n         {by}"))?;
            }
            None => {
                hunt.missed.push(clause.clone());
                tell(format!("MISSED {clause}"))?;
            }
        }
    }
    Ok(hunt)
}

fn collect(from: u64) -> Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    for seed in from..from.saturating_add(COLLECTED) {
        let (mut plan, fate) = Plan::random(seed);
        plan.planted = Planted::Collecting(Catalogue::default());
        if let Planted::Collecting(seen) = plan.run(fate, Trace::default())?.planted {
            catalogue.merge(seen);
        }
    }
    Ok(catalogue)
}

/// By what it was found.
fn find(range: &Range, planted: Planted) -> Result<Option<String>> {
    let random = Range {
        planted: planted.clone(),
        ..range.clone()
    };
    let (report, shown) = random.run(None)?;
    if let Some(shown) = shown {
        let (kind, histories) = (shown.finding.kind, report.histories());
        return Ok(Some(format!("by one of {histories} histories: {kind}")));
    }
    let (report, example) = exhaustive::run(range.from, TRIPLES, range.threads, &planted)?;
    let runs = report.histories();
    Ok(
        example
            .map(|example| format!("by one of {runs} exhaustive runs: {}", example.finding.kind)),
    )
}

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.found + self.missed.len();
        write!(f, "{} of {all} planted bugs were found", self.found)
    }
}
