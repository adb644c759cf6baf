//! Counts instructions under valgrind. They depend on the program, on what the processor offers to its cryptography, and
//! hardly on anything else.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::jobs::Job;
use crate::subject::Subject;
use crate::token::Tokens;
use crate::upstream::Upstreams;

/// Warm requests that the count of one is taken from.
const WARM: u64 = 20;

/// From so many calls on, a job makes several at a time.
const MANY_CALLS: usize = 10;
/// The slow clock's source.
const SLOW_CLOCK: &str = include_str!("slow_clock.c");

/// Instructions of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// From the start of the process to the end of the first request.
    pub(crate) cold: u64,
    /// Of one request more.
    pub(crate) warm: u64,
}

/// Counts instructions.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    upstreams: &'a Upstreams,
    tokens: &'a Tokens,
    /// Where profiles go.
    folder: PathBuf,
    clock: PathBuf,
}

impl<'a> Counter<'a> {
    /// A counter that leaves its profiles in `folder`.
    ///
    /// # Errors
    /// If valgrind or the C compiler is missing.
    pub(crate) fn new(
        upstreams: &'a Upstreams,
        tokens: &'a Tokens,
        folder: PathBuf,
    ) -> Result<Self> {
        let version = Command::new("valgrind").arg("--version").output();
        version.context("valgrind is missing: apt-get install valgrind")?;
        fs::create_dir_all(&folder)?;
        let (source, clock) = (folder.join("slow_clock.c"), folder.join("slow_clock.so"));
        fs::write(&source, SLOW_CLOCK)?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(compiler);
        compile
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&clock)
            .arg(&source);
        let status = compile.status().context("a C compiler is missing")?;
        ensure!(status.success(), "the slow clock does not compile");
        Ok(Self {
            upstreams,
            tokens,
            folder,
            clock,
        })
    }

    /// Counts a job's instructions.
    pub(crate) fn count(&self, job: &Job, subject: &Subject) -> Result<Instructions> {
        let cold = self.run(job, subject, 1)?;
        let all = self.run(job, subject, 1 + WARM)?;
        let warm = all.saturating_sub(cold) / WARM;
        Ok(Instructions { cold, warm })
    }

    fn run(&self, job: &Job, subject: &Subject, requests: u64) -> Result<u64> {
        let profile = self.profile(job, requests);
        let mut start = subject.start.clone();
        let mut output = OsString::from("--callgrind-out-file=");
        output.push(&profile);
        let valgrind = ["valgrind", "--quiet", "--tool=callgrind"].map(OsString::from);
        start
            .command
            .splice(0..0, valgrind.into_iter().chain([output]));
        start
            .variables
            .push(("LD_PRELOAD".to_owned(), self.clock.clone().into()));
        self.upstreams.delay(Duration::ZERO);
        let mut environment = Environment::start(&start, None)?;
        environment.ready()?;
        self.upstreams.take()?;
        for number in 0..requests {
            let event = job.event(self.tokens, usize::try_from(number)?);
            let invocation = environment.invoke(event)?;
            job.check(&invocation.answer)?;
            let traffic = self.upstreams.take()?;
            job.check_calls(&traffic)?;
            // Many calls at a time can find one connection fewer open than the time before.
            let few = job.calls.len() < MANY_CALLS;
            ensure!(
                number == 0 || !few || traffic.connections == 0,
                "a warm request opened {} connections",
                traffic.connections
            );
        }
        // Ended by a signal, the process still has its profile written.
        environment.terminate()?;
        total(&fs::read_to_string(&profile).with_context(|| profile.display().to_string())?)
    }

    fn profile(&self, job: &Job, requests: u64) -> PathBuf {
        let title = job
            .title()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        self.folder.join(format!("{title}.{requests}.out"))
    }
}

fn total(profile: &str) -> Result<u64> {
    let line = profile
        .lines()
        .find_map(|line| line.strip_prefix("totals:"));
    let line = line.or_else(|| {
        profile
            .lines()
            .find_map(|line| line.strip_prefix("summary:"))
    });
    Ok(line.context("a profile without a total")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(
            total("version: 1\nevents: Ir\nsummary: 12\n\nfn=(1)\n\ntotals: 34\n").unwrap(),
            34
        );
        assert_eq!(total("events: Ir\nsummary: 12\n").unwrap(), 12);
        assert!(total("").is_err());
    }
}
