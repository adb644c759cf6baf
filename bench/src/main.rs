//! Measures the functions' release binaries, and holds them to a budget.
//!
//! It plays the Lambda Runtime API and the services behind the functions on loopback, starts the binaries as Lambda
//! does, and checks every answer and every call that it took. `bench run` and `bench peers` measure times, which depend on
//! the machine; `bench budget` counts instructions, bytes and calls, which do not, and compares them with
//! `bench/budget.toml`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

mod answers;
mod budget;
mod callgrind;
mod environment;
mod gates;
mod http;
mod jobs;
mod measure;
mod memory;
mod peers;
mod process;
mod quota;
mod report;
mod stats;
mod subject;
mod svg;
mod throughput;
mod token;
mod trust;
mod upstream;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use crate::answers::Answers;
use crate::budget::{Budget, Measured};
use crate::callgrind::Counter;
use crate::jobs::Job;
use crate::measure::{MEMORY_MB, Rig, Row};
use crate::memory::Memory;
use crate::peers::Kind;
use crate::process::Pinning;
use crate::quota::{PERIOD, Quota};
use crate::report::{Line, Report};
use crate::subject::{Stage, Variant};
use crate::token::Tokens;
use crate::trust::{Authority, Trust};
use crate::upstream::Upstreams;

/// Cold starts of a route, at a full core and at each share of one.
const ROUTE_RUNS: usize = 20;
/// The same beside others, some of which take long.
const PEER_RUNS: usize = 15;
/// Invocations of a function whose memory is watched.
const INVOCATIONS: usize = 100_000;

/// Measures the functions' release binaries, and holds them to a budget.
#[derive(Debug, Parser)]
struct Options {
    command: Command,
    /// Rows whose title or label holds it; then nothing is written to docs/
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Cold starts of a row (run, peers); invocations of a function (memory)
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Print JSON instead of Markdown (run, peers)
    #[arg(long)]
    json: bool,
    /// Take what was counted over into bench/budget.toml (budget)
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Command {
    /// Measure every route; without --only, write docs/performance.md
    Run,
    /// Measure other programs at one route's job, and throughput
    Peers,
    /// Count instructions, bytes and calls, and compare them with the budget
    Budget,
    /// Invoke each function 100,000 times, and make sure that its memory stays flat
    Memory,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }
}

/// What every command works with.
struct Bench {
    options: Options,
    root: PathBuf,
    target: PathBuf,
    authority: Authority,
    upstreams: Upstreams,
    tokens: Tokens,
    jobs: Vec<Job>,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<()> {
    let command = options.command;
    // Before any thread is started: they inherit it.
    let pinning = match command {
        Command::Run | Command::Peers => Pinning::begin()?,
        Command::Budget | Command::Memory => None,
    };
    let bench = Bench::new(options)?;
    match command {
        Command::Run => bench.routes(pinning),
        Command::Peers => bench.peers(pinning),
        Command::Budget => bench.budget(),
        Command::Memory => bench.memory(),
    }
}

impl Bench {
    fn new(options: Options) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()?;
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |path| root.join(path));
        let authority = Authority::new(&target.join("bench"))?;
        let user = fs::read_to_string(root.join("bench/fixtures/dynamodb-get-item.json"))?;
        let upstreams = Upstreams::start(&authority.server, Answers::new(&user)?)?;
        let jobs = jobs::all(&root)?;
        Ok(Self {
            options,
            root,
            target,
            authority,
            upstreams,
            tokens: Tokens::new()?,
            jobs,
        })
    }

    fn stage(&self) -> Stage<'_> {
        Stage {
            root: &self.root,
            target: &self.target,
            authority: &self.authority,
            upstreams: &self.upstreams,
        }
    }

    fn wanted(&self) -> Result<Vec<&Job>> {
        let wanted: Vec<_> = self
            .jobs
            .iter()
            .filter(|job| self.options.wants(&job.title()))
            .collect();
        ensure!(!wanted.is_empty(), "there is no such job");
        Ok(wanted)
    }

    fn rig(&self, pinning: Option<Pinning>) -> (Rig<'_>, Option<String>) {
        let quotas: Result<Vec<_>> = MEMORY_MB
            .iter()
            .map(|mb| Ok((*mb, Quota::new(*mb)?)))
            .collect();
        let (quotas, missing) = match quotas {
            Ok(quotas) => (quotas, None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        let rig = Rig {
            upstreams: &self.upstreams,
            tokens: &self.tokens,
            pinning,
            quotas,
        };
        (rig, missing)
    }

    fn routes(&self, pinning: Option<Pinning>) -> Result<()> {
        let stage = self.stage();
        let mut rows = Vec::new();
        for job in self.wanted()? {
            rows.push(Row::new(
                job,
                stage.function(job.function, Variant::DEPLOYED)?,
            )?);
        }
        let (rig, missing) = self.rig(pinning);
        let report = self.measure(&rig, rows, missing, self.options.runs.unwrap_or(ROUTE_RUNS))?;
        self.publish(
            &report,
            "routes",
            &report::routes(&report),
            |line| &line.job,
            "performance.svg",
        )
    }

    fn peers(&self, pinning: Option<Pinning>) -> Result<()> {
        let stage = self.stage();
        let job = self.jobs.first().context("no jobs")?;
        let mut rows = Vec::new();
        let variants = [
            Variant {
                trust: Trust::SystemRoots,
                warm_up: false,
            },
            Variant {
                trust: Trust::OneRoot,
                warm_up: false,
            },
            Variant::DEPLOYED,
        ];
        for variant in variants {
            let mut ours = stage.function(job.function, variant)?;
            ours.label = format!("**{}**, {}", job.function, variant.words());
            rows.push(Row::new(job, ours)?);
        }
        let (mut servers, mut left_out) = (Vec::new(), Vec::new());
        for peer in peers::read(&self.root)? {
            if !self.options.wants(&peer.name) {
                continue;
            }
            eprintln!("building {}", peer.name);
            if let Err(reason) = peer.build(&self.root)? {
                left_out.push(format!("Left out: {}, because {reason}.", peer.label));
                continue;
            }
            let subject = peer.subject(&stage, Trust::SystemRoots)?;
            match peer.kind {
                Kind::Lambda => rows.push(Row::new(job, subject)?),
                Kind::Server => servers.push(subject),
            }
        }
        let (rig, missing) = self.rig(pinning);
        let ours = rows
            .first()
            .map(|row| row.subject.clone())
            .context("no rows")?;
        let mut report =
            self.measure(&rig, rows, missing, self.options.runs.unwrap_or(PEER_RUNS))?;
        report.left_out.extend(left_out);
        eprintln!("throughput");
        report.throughput.push(rig.environment(job, &ours)?);
        for server in servers {
            report
                .throughput
                .push(rig.server(&server).with_context(|| server.label.clone())?);
        }
        self.publish(
            &report,
            "peers",
            &report::peers(&report),
            |line| &line.subject,
            "performance-peers.svg",
        )
    }

    fn measure(
        &self,
        rig: &Rig<'_>,
        mut rows: Vec<Row<'_>>,
        missing: Option<String>,
        runs: usize,
    ) -> Result<Report> {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let begin = Instant::now();
        rig.measure(&mut rows, runs, |run| {
            let seconds = begin.elapsed().as_secs();
            eprintln!("run {} of {runs}, {seconds} s so far", run + 1);
        })?;
        let setting = setting(runs, rig.pinning.is_some(), &load, missing.as_deref());
        Ok(Report {
            setting,
            rows: rows.iter().map(Line::new).collect(),
            throughput: Vec::new(),
            left_out: Vec::new(),
        })
    }

    fn publish(
        &self,
        report: &Report,
        name: &str,
        tables: &str,
        label: fn(&Line) -> &str,
        plot: &str,
    ) -> Result<()> {
        if self.options.json {
            println!("{}", serde_json::to_string_pretty(report)?);
        } else {
            println!("{tables}");
        }
        if self.options.only.is_some() {
            return Ok(());
        }
        let docs = self.root.join("docs");
        report::replace(&docs.join("performance.md"), name, tables)?;
        fs::write(docs.join(plot), report::plot(report, label))?;
        eprintln!("docs/performance.md and docs/{plot} are written");
        Ok(())
    }

    fn memory(&self) -> Result<()> {
        let stage = self.stage();
        let invocations = self.options.runs.unwrap_or(INVOCATIONS);
        // What waits for a slow service would take hours.
        let jobs = self.wanted()?.into_iter();
        let jobs: Vec<_> = jobs.filter(|job| job.delay.is_zero()).collect();
        let mut measured = Vec::new();
        for jobs in jobs.chunk_by(|one, next| one.function == next.function) {
            let subject = stage.function(jobs[0].function, Variant::DEPLOYED)?;
            eprintln!("{}, {invocations} invocations", subject.label);
            let memory =
                Memory::measure(jobs, &subject, &self.upstreams, &self.tokens, invocations)?;
            measured.push(memory);
        }
        let table = memory::table(&measured);
        println!("{table}");
        measured.iter().try_for_each(Memory::judge)?;
        if self.options.only.is_none() {
            report::replace(&self.root.join("docs/performance.md"), "memory", &table)?;
        }
        Ok(())
    }

    fn budget(&self) -> Result<()> {
        let stage = self.stage();
        let file = self.root.join("bench/budget.toml");
        let mut budget = Budget::parse(&fs::read_to_string(&file).unwrap_or_default())?;
        let mut measured = Measured::new();
        let mut faults = gates::jitter(&self.target)?;
        let counter = Counter::new(&self.upstreams, &self.tokens, self.target.join("callgrind"))?;
        let wanted = self.wanted()?;
        let mut functions: Vec<_> = wanted.iter().map(|job| job.function).collect();
        functions.dedup();
        for function in functions {
            let subject = stage.function(function, Variant::DEPLOYED)?;
            measured.insert(
                format!("size {function}"),
                subject::size(&subject.artefact)?.bytes,
            );
        }
        // A delay of the services changes no instruction.
        for job in wanted.into_iter().filter(|job| job.delay.is_zero()) {
            eprintln!("{}", job.title());
            let subject = stage.function(job.function, Variant::DEPLOYED)?;
            match counter.count(job, &subject) {
                Ok(count) => budget::add_instructions(&mut measured, &job.title(), count),
                Err(error) => faults.push(format!("{}: {error:#}", job.title())),
            }
        }
        if self.options.write {
            budget.update(&measured);
            fs::write(&file, budget.to_string())?;
        }
        let verdict = budget.judge(&measured);
        println!("{}", verdict.table);
        for hint in &verdict.under {
            println!("well under, the budget can follow (make budget ARGS=--write): {hint}");
        }
        faults.extend(verdict.over);
        ensure!(
            faults.is_empty(),
            "over the budget (a change that is worth it takes it over with: make budget ARGS=--write):\n  {}",
            faults.join("\n  ")
        );
        println!(
            "within the budget; one hyper, one rustls, one crypto provider, no jitter entropy; every call as expected"
        );
        Ok(())
    }
}

/// How and on what it was measured, in a sentence or two.
fn setting(runs: usize, pinned: bool, load: &str, missing: Option<&str>) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model.trim())
        .collect();
    let model = models.first().copied().unwrap_or("unknown CPU");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let place = if pinned {
        "the measured process pinned to one, the benchmark on the rest"
    } else {
        "shared by the measured process and the benchmark"
    };
    let load = load.split(' ').next().unwrap_or("?");
    let mut text = format!(
        "Medians of {runs} cold starts each, interleaved. {} CPUs ({model}), {place}; Linux {}; load average at the \
         start: {load}.",
        models.len(),
        kernel.trim()
    );
    match missing {
        Some(reason) => text.push_str(&format!(
            " CPU times only, without CPU shares, because {reason}."
        )),
        None => text.push_str(&format!(
            " CPU shares: memory/1769 of a core, in periods of {} ms.",
            PERIOD.as_millis()
        )),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("bench").chain(line.split(' ')))
    }

    #[test]
    fn the_command_line_is_read() {
        let read = options("run --only users --runs 3 --json").unwrap();
        assert_eq!(
            (read.command, read.runs, read.json, read.write),
            (Command::Run, Some(3), true, false)
        );
        assert!(read.wants("users GET /v1/users/me") && !read.wants("login"));
        assert!(options("measure").is_err());
        assert!(options("run --runs").is_err());
        assert!(options("run --runs x").is_err());
    }
}
