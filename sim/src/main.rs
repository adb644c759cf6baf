//! Runs the simulation.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::{Args, Parser};
use sim::exhaustive;
use sim::history::Plan;
use sim::planted::{Planted, hunt};
use sim::random::{Range, Shown, lock};
use sim::report::unknown;
use sim::script::Script;
use sim::trace::Trace;

/// The functions in one process under a seed, with everything that can go wrong between them and AWS.
#[derive(Debug, Parser)]
enum Cli {
    /// Random histories, until something is found.
    Random(Histories),
    /// Every single fault of every pair of actions, together and one after the other, and of some triples.
    Exhaustive(Sets),
    /// Prints one history; exits with 1 if it shows a finding.
    Replay {
        /// A seed, or a file with a script.
        what: String,
    },
    /// Reduces what a history shows to a script.
    Shrink {
        /// A seed, or a file with a script.
        what: String,
    },
    /// Plants bugs, one clause of a condition at a time, and expects each to be found; exits with 1 if one is not.
    Planted(Histories),
    /// Prints what the table was asked and answered, for `sim/judge`.
    Record(Histories),
    /// Prints a digest of each history.
    Digests(Histories),
}

#[derive(Debug, Args)]
struct Histories {
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// On how many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Goes on after a finding.
    #[arg(long)]
    keep_going: bool,
}

#[derive(Debug, Args)]
struct Sets {
    /// Chooses the triples.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many triples.
    #[arg(long, default_value_t = 250)]
    triples: usize,
    /// On how many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "sim: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether nothing was found.
fn run(cli: Cli) -> Result<bool, Box<dyn Error>> {
    match cli {
        Cli::Random(histories) => {
            let (report, found) = histories.range().run(None)?;
            write!(stdout(), "{report}")?;
            show(found)
        }
        Cli::Exhaustive(sets) => {
            let (report, found) =
                exhaustive::run(sets.from, sets.triples, sets.threads, &Planted::default())?;
            write!(stdout(), "{report}")?;
            if let Some(found) = &found {
                writeln!(stdout(), "{found}")?;
            }
            Ok(found.is_none())
        }
        Cli::Replay { what } => {
            let outcome = script(&what)?.run(Trace::with_text())?;
            let mut out = stdout().lock();
            for line in &outcome.lines {
                writeln!(out, "{line}")?;
            }
            for finding in &outcome.findings {
                writeln!(out, "found: {}: {}", finding.kind, finding.detail)?;
            }
            writeln!(out, "{:016x}", outcome.digest)?;
            Ok(outcome.findings.is_empty())
        }
        Cli::Shrink { what } => {
            let script = script(&what)?;
            let outcome = script.run(Trace::default())?;
            let finding = unknown(&outcome.findings).cloned();
            show(finding.map(|finding| Shown { finding, script }))
        }
        Cli::Planted(histories) => {
            let mut out = stdout().lock();
            let hunt = hunt(&histories.range(), |line| writeln!(out, "{line}"))?;
            writeln!(out, "{hunt}")?;
            Ok(hunt.missed.is_empty())
        }
        Cli::Record(histories) => {
            let mut out = stdout().lock();
            for seed in histories.from..histories.from + histories.histories {
                let (plan, fate) = Plan::random(seed);
                out.write_all(&plan.record(fate)?)?;
            }
            Ok(true)
        }
        Cli::Digests(histories) => {
            let digests = Mutex::new(BTreeMap::new());
            let all = Range {
                stops: false,
                ..histories.range()
            };
            let (_, found) = all.run(Some(&digests))?;
            let mut out = stdout().lock();
            for (seed, digest) in &*lock(&digests) {
                writeln!(out, "{seed} {digest:016x}")?;
            }
            Ok(found.is_none())
        }
    }
}

/// Prints a finding with the shortest script that shows it.
fn show(found: Option<Shown>) -> Result<bool, Box<dyn Error>> {
    let Some(Shown { finding, script }) = found else {
        return Ok(true);
    };
    let mut out = stdout().lock();
    writeln!(out, "found: {}: {}", finding.kind, finding.detail)?;
    writeln!(out, "seed {}, reduced to:", script.plan.seed)?;
    out.flush()?;
    writeln!(out, "{}", script.shrink(finding.kind))?;
    Ok(false)
}

/// The history of a seed with its faults written down, or the script in a file.
fn script(what: &str) -> Result<Script, Box<dyn Error>> {
    let Ok(seed) = what.parse() else {
        return Ok(std::fs::read_to_string(what)?.parse()?);
    };
    let (plan, fate) = Plan::random(seed);
    let outcome = plan.run(fate, Trace::default())?;
    let faults = outcome.injected.into_iter().collect();
    Ok(Script { plan, faults })
}

impl Histories {
    fn range(&self) -> Range {
        Range {
            from: self.from,
            count: self.histories,
            threads: self.threads,
            stops: !self.keep_going,
            planted: Planted::default(),
        }
    }
}
