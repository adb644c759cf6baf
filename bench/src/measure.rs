//! Cold starts and what follows them, run after run: in each run every row has its turn, so that what else the machine
//! does hits all alike.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::environment::Environment;
use crate::jobs::Job;
use crate::process::{self, Pinning};
use crate::quota::{PERIOD, Quota};
use crate::stats::{median, millis, percentile};
use crate::subject::{Size, Subject, size};
use crate::token::Tokens;
use crate::upstream::Upstreams;

/// Memory sizes whose CPU share is tried.
pub(crate) const MEMORY_MB: [u32; 3] = [128, 256, 512];

/// What everything is measured with.
#[derive(Debug)]
pub(crate) struct Rig<'a> {
    pub(crate) upstreams: &'a Upstreams,
    pub(crate) tokens: &'a Tokens,
    pub(crate) pinning: Option<Pinning>,
    /// One for each of [`MEMORY_MB`]; none where the kernel does not give them.
    pub(crate) quotas: Vec<(u32, Quota)>,
}

/// A subject at a job.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) job: &'a Job,
    pub(crate) subject: Subject,
    pub(crate) size: Size,
    pub(crate) full: Samples,
    /// Under the share of each memory size.
    pub(crate) shares: Vec<(u32, Samples)>,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    init: Vec<f64>,
    first: Vec<f64>,
    total: Vec<f64>,
    warm: Vec<f64>,
    init_cpu: Vec<f64>,
    first_cpu: Vec<f64>,
    warm_cpu: Vec<f64>,
    rss: Vec<f64>,
    ahead: Vec<usize>,
    first_connections: Vec<usize>,
    warm_connections: Vec<usize>,
}

/// The middle of what was measured: times in milliseconds, memory in megabytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) init: Option<f64>,
    pub(crate) first: Option<f64>,
    pub(crate) first_p90: Option<f64>,
    pub(crate) total: Option<f64>,
    pub(crate) total_p90: Option<f64>,
    pub(crate) warm: Option<f64>,
    pub(crate) warm_p90: Option<f64>,
    pub(crate) warm_p99: Option<f64>,
    pub(crate) init_cpu: Option<f64>,
    pub(crate) first_cpu: Option<f64>,
    pub(crate) warm_cpu: Option<f64>,
    pub(crate) rss: Option<f64>,
    /// Calls made before the first event.
    pub(crate) ahead: Option<usize>,
    /// Connections opened for the first event.
    pub(crate) first_connections: Option<usize>,
    /// Connections opened for the one of a hundred warm requests that opened the most.
    pub(crate) warm_connections: Option<usize>,
}

impl Samples {
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            init: median(&self.init),
            first: median(&self.first),
            first_p90: percentile(&self.first, 90),
            total: median(&self.total),
            total_p90: percentile(&self.total, 90),
            warm: median(&self.warm),
            warm_p90: percentile(&self.warm, 90),
            warm_p99: percentile(&self.warm, 99),
            init_cpu: median(&self.init_cpu),
            first_cpu: median(&self.first_cpu),
            warm_cpu: median(&self.warm_cpu),
            rss: median(&self.rss),
            ahead: median(&self.ahead),
            first_connections: median(&self.first_connections),
            warm_connections: percentile(&self.warm_connections, 99),
        }
    }
}

impl<'a> Row<'a> {
    pub(crate) fn new(job: &'a Job, subject: Subject) -> Result<Self> {
        Ok(Self {
            size: size(&subject.artefact)?,
            job,
            subject,
            full: Samples::default(),
            shares: MEMORY_MB.map(|mb| (mb, Samples::default())).into(),
        })
    }
}

impl Rig<'_> {
    /// Measures every row `runs` times, and tells `progress` about each run.
    pub(crate) fn measure(
        &self,
        rows: &mut [Row<'_>],
        runs: usize,
        mut progress: impl FnMut(usize),
    ) -> Result<()> {
        for run in 0..runs {
            progress(run);
            for row in &mut *rows {
                let title = row.job.title();
                let what = || format!("{title}, {}", row.subject.label);
                self.start(row.job, &row.subject, None, &mut row.full)
                    .with_context(what)?;
                for (mb, quota) in &self.quotas {
                    let samples = row.shares.iter_mut().find(|(known, _)| known == mb);
                    if let Some((_, samples)) = samples {
                        self.start(row.job, &row.subject, Some(quota), samples)
                            .with_context(what)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// One cold start with its first request, and some warm ones.
    fn start(
        &self,
        job: &Job,
        subject: &Subject,
        quota: Option<&Quota>,
        samples: &mut Samples,
    ) -> Result<()> {
        self.upstreams.delay(Duration::ZERO);
        let mut environment = Environment::start(&subject.start, self.pinning)?;
        let pid = environment.pid();
        let init = environment.ready()?;
        let init_cpu = process::cpu_at_rest(pid);
        let ahead = self.upstreams.take()?;
        if let Some(quota) = quota {
            quota.apply(pid)?;
            // What is left of the share of a running period is not the share.
            thread::sleep(PERIOD);
        }
        self.upstreams.delay(job.delay);
        let first = environment.invoke(job.event(self.tokens, 0))?;
        let first_connections = self.check(job, &first.answer)?;
        let first_cpu = process::cpu_at_rest(pid);
        samples.init.push(millis(init));
        samples.first.push(millis(first.took));
        samples.total.push(millis(init + first.took));
        samples.ahead.push(ahead.calls.len());
        samples.first_connections.push(first_connections);
        samples.init_cpu.extend(init_cpu.map(millis));
        let first_cpu = first_cpu
            .zip(init_cpu)
            .map(|(after, before)| after - before);
        samples.first_cpu.extend(first_cpu.map(millis));
        self.warm(job, &mut environment, quota.is_some(), samples)?;
        samples
            .rss
            .extend(process::peak_rss(pid).map(|bytes| bytes as f64 / 1e6));
        Ok(())
    }

    /// Warm requests: one after the other at a full core; at a share of one, each after a pause, so that each has the
    /// share of a period to itself as a request has that comes alone.
    fn warm(
        &self,
        job: &Job,
        environment: &mut Environment,
        share: bool,
        samples: &mut Samples,
    ) -> Result<()> {
        let (ahead, measured) = match (share, job.delay.is_zero()) {
            (true, _) => (0, 4),
            (false, true) => (100, 100),
            (false, false) => (2, 8),
        };
        let mut before = None;
        for number in 1..=ahead + measured {
            if share {
                thread::sleep(PERIOD);
            } else if number == ahead + 1 {
                before = process::cpu_at_rest(environment.pid());
            }
            let invocation = environment.invoke(job.event(self.tokens, number))?;
            let connections = self.check(job, &invocation.answer)?;
            if number > ahead {
                samples.warm_connections.push(connections);
                samples.warm.push(millis(invocation.took));
            }
        }
        if let (false, Some(before)) = (share, before) {
            let used = process::cpu_at_rest(environment.pid()).map(|after| after - before);
            samples
                .warm_cpu
                .extend(used.map(|used| millis(used) / measured as f64));
        }
        Ok(())
    }

    /// Checks the answer and the calls it took; returns how many connections were opened.
    fn check(&self, job: &Job, answer: &[u8]) -> Result<usize> {
        job.check(answer)?;
        let traffic = self.upstreams.take()?;
        job.check_calls(&traffic)?;
        Ok(traffic.connections)
    }
}
