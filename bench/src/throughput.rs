//! How much a server, or one warm environment, can do in a while.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::environment::Environment;
use crate::http::Connection;
use crate::jobs::{self, Job, USER};
use crate::measure::Rig;
use crate::process;
use crate::stats::millis;
use crate::subject::Subject;

/// Connections to a server.
pub(crate) const CONNECTIONS: usize = 16;
/// How long requests are sent before it counts.
const AHEAD: Duration = Duration::from_secs(1);
/// How long they are counted.
pub(crate) const WHILE: Duration = Duration::from_secs(4);
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a subject did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) label: String,
    pub(crate) per_second: f64,
    /// Milliseconds of CPU time.
    pub(crate) cpu_per_request: Option<f64>,
    /// How much of its CPU it used: with less than all of it, the benchmark's own CPU was the limit.
    pub(crate) busy: Option<f64>,
    /// Megabytes.
    pub(crate) rss: Option<f64>,
}

impl Rig<'_> {
    /// One environment, invoked again as soon as it has answered.
    pub(crate) fn environment(&self, job: &Job, subject: &Subject) -> Result<Throughput> {
        self.upstreams.delay(job.delay);
        let mut environment = Environment::start(&subject.start, self.pinning)?;
        environment.ready()?;
        let pid = environment.pid();
        let event = job.event(self.tokens, 0);
        let mut invoke_for = |time: Duration| -> Result<u64> {
            let begin = Instant::now();
            let mut count = 0;
            while begin.elapsed() < time {
                job.check(&environment.invoke(event.clone())?.answer)?;
                count += 1;
            }
            Ok(count)
        };
        invoke_for(AHEAD)?;
        let (before, begin) = (process::cpu(pid), Instant::now());
        let count = invoke_for(WHILE)?;
        let result = throughput(subject, pid, count, before, begin.elapsed());
        self.upstreams.take()?;
        Ok(result)
    }

    /// A server, asked over several connections at a time.
    pub(crate) fn server(&self, subject: &Subject) -> Result<Throughput> {
        self.upstreams.delay(Duration::ZERO);
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = Server::start(self, subject, port)?;
        let request = format!(
            "GET /v1/users/me HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n\r\n",
            self.tokens.mint(USER, 0)
        );
        let pid = server.0.id();
        ask_for(AHEAD, port, &request)?;
        let (before, begin) = (process::cpu(pid), Instant::now());
        let count = ask_for(WHILE, port, &request)?;
        let result = throughput(subject, pid, count, before, begin.elapsed());
        self.upstreams.take()?;
        Ok(result)
    }
}

fn throughput(
    subject: &Subject,
    pid: u32,
    count: u64,
    before: Option<Duration>,
    took: Duration,
) -> Throughput {
    let used = process::cpu(pid)
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    Throughput {
        label: subject.label.clone(),
        per_second: count as f64 / took.as_secs_f64(),
        cpu_per_request: used.map(|used| millis(used) / count.max(1) as f64),
        busy: used.map(|used| used.as_secs_f64() / took.as_secs_f64()),
        rss: process::peak_rss(pid).map(|bytes| bytes as f64 / 1e6),
    }
}

/// Asks over all connections for a while; how many answers were right, which all have to be.
fn ask_for(time: Duration, port: u16, request: &str) -> Result<u64> {
    let count = AtomicU64::new(0);
    let ask = || -> Result<()> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut connection = Connection::new(stream);
        let begin = Instant::now();
        while begin.elapsed() < time {
            connection.send(request.as_bytes())?;
            let (status, body) = connection.answer()?;
            ensure!(status == 200, "the server answers {status}");
            jobs::is_user(&serde_json::from_slice(&body)?)?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        for thread in threads {
            match thread.join() {
                Ok(asked) => asked?,
                Err(_) => bail!("a client panicked"),
            }
        }
        Ok(count.load(Ordering::Relaxed))
    })
}

/// A server's process. Dropping it kills it.
struct Server(Child);

impl Server {
    fn start(rig: &Rig<'_>, subject: &Subject, port: u16) -> Result<Self> {
        let (program, arguments) = subject.start.command.split_first().context("no command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&subject.start.folder)
            .env_clear()
            .envs(
                subject
                    .start
                    .variables
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .env("PORT", OsString::from(port.to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = Self(process::spawn(&mut command, rig.pinning)?.1);
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.0.try_wait()? {
                bail!("the server ended ({status})");
            }
            ensure!(begin.elapsed() < PATIENCE, "the server does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
