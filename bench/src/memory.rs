//! Whether a function's memory stays flat: one environment, invoked very often.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use crate::environment::Environment;
use crate::jobs::Job;
use crate::process;
use crate::subject::Subject;
use crate::token::Tokens;
use crate::upstream::Upstreams;

/// How often memory is looked at.
const SAMPLES: usize = 100;
/// By how much the second half of the invocations may raise it, in bytes. Allocators keep a page more now and then; a leak
/// of eight bytes an invocation is above it after 100,000.
const MOST_GROWTH: u64 = 384 * 1024;

/// What the memory of one function did.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    function: String,
    invocations: usize,
    /// The memory that it held, in bytes, at equal distances.
    samples: Vec<u64>,
}

impl Memory {
    /// Invokes one environment of the function with its jobs in turn.
    pub(crate) fn measure(
        jobs: &[&Job],
        subject: &Subject,
        upstreams: &Upstreams,
        tokens: &Tokens,
        invocations: usize,
    ) -> Result<Self> {
        let mut environment = Environment::start(&subject.start, None)?;
        environment.ready()?;
        let every = (invocations / SAMPLES).max(1);
        let mut samples = Vec::with_capacity(SAMPLES);
        for number in 0..invocations {
            let job = jobs[number % jobs.len()];
            let event = job.event(tokens, number);
            job.check(&environment.invoke(event)?.answer)
                .with_context(|| job.title())?;
            if (number + 1) % every == 0 {
                samples.push(process::rss(environment.pid()).context("no memory to be read")?);
                // What was counted so far is not kept.
                upstreams.take()?;
            }
        }
        Ok(Self {
            function: subject.label.clone(),
            invocations,
            samples,
        })
    }

    /// By how many bytes the second half raised it above what the first half held at most.
    fn growth(&self) -> u64 {
        let (first, second) = self.samples.split_at(self.samples.len() / 2);
        let most = |samples: &[u64]| samples.iter().max().copied().unwrap_or_default();
        most(second).saturating_sub(most(first))
    }

    /// Makes sure that it stayed flat.
    pub(crate) fn judge(&self) -> Result<()> {
        ensure!(
            self.growth() <= MOST_GROWTH,
            "{}: memory grows, by {} KiB in the second half of {} invocations",
            self.function,
            self.growth() / 1024,
            self.invocations
        );
        Ok(())
    }
}

/// The table of `docs/performance.md`.
pub(crate) fn table(measured: &[Memory]) -> String {
    let mut text = "| function | invocations | RSS MB after 1 % | after half | at the end | growth of the second half KiB |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    for memory in measured {
        let at = |place: usize| {
            memory
                .samples
                .get(place)
                .map_or(0.0, |bytes| *bytes as f64 / 1e6)
        };
        let (half, end) = (
            memory.samples.len() / 2,
            memory.samples.len().saturating_sub(1),
        );
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.1} | {:.1} | {} |",
            memory.function,
            memory.invocations,
            at(0),
            at(half),
            at(end),
            memory.growth() / 1024
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(sample: impl Fn(u64) -> u64) -> Memory {
        Memory {
            function: "users".to_owned(),
            invocations: 100_000,
            samples: (0..SAMPLES as u64).map(sample).collect(),
        }
    }

    #[test]
    fn eight_bytes_an_invocation_are_a_leak_and_a_start_is_none() {
        let leaking = memory(|sample| 10_000_000 + sample * 8 * 1000);
        assert!(leaking.judge().is_err());
        let starting = memory(|sample| 10_000_000 + sample.min(20) * 100_000);
        assert!(starting.judge().is_ok());
        assert!(table(&[starting]).contains("| users | 100000 | 10.0 | 12.0 | 12.0 | 0 |"));
    }
}
