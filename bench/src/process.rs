//! A process: where it runs, what it has used.

use std::fs;
use std::io;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How long a process has to have used no CPU time to count as idle.
const IDLE: Duration = Duration::from_millis(1);
/// After that long it is measured as it is: some runtimes never rest.
const RESTLESS: Duration = Duration::from_millis(20);

/// One CPU for what is measured, the others for the benchmark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinning {
    subject: CpuSet,
}

impl Pinning {
    /// Moves the calling thread, and all that it will start, off the last CPU; `None` if there is only one.
    pub(crate) fn begin() -> io::Result<Option<Self>> {
        let allowed = sched_getaffinity(None)?;
        let Some(last) = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu)) else {
            return Ok(None);
        };
        let (mut ours, mut subject) = (allowed, CpuSet::new());
        ours.unset(last);
        subject.set(last);
        if ours.count() == 0 {
            return Ok(None);
        }
        sched_setaffinity(None, &ours)?;
        Ok(Some(Self { subject }))
    }
}

/// Starts a process on its own CPU, and tells when that was.
pub(crate) fn spawn(
    command: &mut Command,
    pinning: Option<Pinning>,
) -> io::Result<(Instant, Child)> {
    // A process inherits the affinity of the thread that starts it.
    let start = || {
        if let Some(pinning) = pinning {
            sched_setaffinity(None, &pinning.subject)?;
        }
        let spawned = Instant::now();
        let child = command.spawn()?;
        Ok((spawned, child))
    };
    let joined = thread::scope(|scope| scope.spawn(start).join());
    joined.map_err(|_| io::Error::other("the starting thread panicked"))?
}

/// The CPU time that the threads of a process have used; `None` where the kernel does not tell.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        nanos += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanos))
}

/// The CPU time that a process has used once it rests.
pub(crate) fn cpu_at_rest(pid: u32) -> Option<Duration> {
    let begin = Instant::now();
    let mut before = cpu(pid)?;
    loop {
        thread::sleep(IDLE);
        let now = cpu(pid)?;
        if now == before || begin.elapsed() > RESTLESS {
            return Some(now);
        }
        before = now;
    }
}

/// The most memory that a process has ever held, in bytes.
pub(crate) fn peak_rss(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// The memory that a process holds, in bytes.
pub(crate) fn rss(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_what_it_used() {
        let pid = std::process::id();
        assert!(cpu(pid).unwrap() > Duration::ZERO);
        let held = rss(pid).unwrap();
        assert!(held > 100_000 && peak_rss(pid).unwrap() >= held / 2);
        assert_eq!(cpu(u32::MAX), None);
    }
}
