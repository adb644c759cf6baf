//! A Lambda environment: the Runtime API on loopback, a process that asks it for events, and the time of every step.

use std::ffi::OsString;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::http::{Answer, Connection, Request};
use crate::process::{self, Pinning};

/// No start and no answer takes longer, but for those under an instrument.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a process that is silent is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How much of the end of a process's last words is kept.
const LAST_WORDS: usize = 4096;

/// How to start a process.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// Program and arguments.
    pub(crate) command: Vec<OsString>,
    /// The whole environment.
    pub(crate) variables: Vec<(String, OsString)>,
    /// Where it starts.
    pub(crate) folder: PathBuf,
}

/// A step of a process, as the Runtime API sees it.
#[derive(Debug)]
enum Step {
    /// It asked for an event.
    Next(Instant),
    /// It answered.
    Answered(Instant, Vec<u8>),
    /// It reported an error.
    Failed(String),
}

/// A process and its Runtime API. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Environment {
    child: Child,
    spawned: Instant,
    steps: Receiver<Step>,
    events: Sender<String>,
    stderr: Arc<Mutex<Vec<u8>>>,
    api: Arc<Api>,
}

/// What the Runtime API's threads share.
#[derive(Debug)]
struct Api {
    address: SocketAddr,
    steps: Sender<Step>,
    events: Mutex<Receiver<String>>,
    /// When the last event was given away.
    given: Mutex<Option<Instant>>,
    over: AtomicBool,
}

/// An invocation.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// From the event to the answer.
    pub(crate) took: Duration,
    /// The answer.
    pub(crate) answer: Vec<u8>,
}

impl Environment {
    /// Starts a process.
    pub(crate) fn start(start: &Start, pinning: Option<Pinning>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (steps_in, steps) = channel();
        let (events, events_out) = channel();
        let api = Arc::new(Api {
            address,
            steps: steps_in,
            events: Mutex::new(events_out),
            given: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let serving = api.clone();
        thread::spawn(move || accept(&listener, &serving));
        let mut command = start.to_command(address)?;
        let name = || {
            start
                .command
                .first()
                .map(|program| program.display().to_string())
        };
        let (spawned, mut child) =
            process::spawn(&mut command, pinning).with_context(|| name().unwrap_or_default())?;
        // A full pipe would stop the process.
        keep(child.stdout.take());
        let stderr = keep(child.stderr.take());
        Ok(Self {
            child,
            spawned,
            steps,
            events,
            stderr,
            api,
        })
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process asks for an event; how long after its start that was.
    pub(crate) fn ready(&mut self) -> Result<Duration> {
        match self.step()? {
            Step::Next(at) => Ok(at - self.spawned),
            other => bail!("the process began with {other:?}"),
        }
    }

    /// Hands over an event, and waits until the process has answered and asks for another one.
    pub(crate) fn invoke(&mut self, event: String) -> Result<Invocation> {
        self.events.send(event)?;
        let mut answered = None;
        loop {
            match self.step()? {
                Step::Answered(at, answer) => answered = Some((at, answer)),
                Step::Next(_) => {
                    let given = lock(&self.api.given).take();
                    let (Some(given), Some((at, answer))) = (given, answered) else {
                        bail!("the process asks for an event without having answered one");
                    };
                    return Ok(Invocation {
                        took: at - given,
                        answer,
                    });
                }
                Step::Failed(text) => bail!("the function failed: {text}"),
            }
        }
    }

    /// Asks the process to end, and waits for it.
    pub(crate) fn terminate(&mut self) -> Result<()> {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("a process without an id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > PATIENCE {
                bail!("the process does not end");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Step> {
        let begin = Instant::now();
        loop {
            match self.steps.recv_timeout(LOOK) {
                Ok(step) => return Ok(step),
                Err(RecvTimeoutError::Disconnected) => bail!("the Runtime API is gone"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the process ended ({status}): {}", self.last_words());
            }
            if begin.elapsed() > PATIENCE {
                bail!("the process is silent: {}", self.last_words());
            }
        }
    }

    fn last_words(&self) -> String {
        String::from_utf8_lossy(&lock(&self.stderr))
            .trim()
            .to_owned()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The accepting thread notices that it is over when somebody knocks.
        self.api.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.api.address);
    }
}

impl Start {
    fn to_command(&self, api: SocketAddr) -> Result<Command> {
        let (program, arguments) = self.command.split_first().context("an empty command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }
}

/// Reads a stream to its end, and keeps the last of it.
fn keep(stream: Option<impl Read + Send + 'static>) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let sink = kept.clone();
    thread::spawn(move || {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            let mut kept = lock(&sink);
            kept.extend_from_slice(&buffer[..length]);
            let surplus = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..surplus);
        }
    });
    kept
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, api: &Arc<Api>) {
    for stream in listener.incoming().flatten() {
        if api.over.load(Ordering::Relaxed) {
            return;
        }
        let api = api.clone();
        thread::spawn(move || {
            // The process is killed in the end, which breaks its connections.
            let _ = serve(stream, &api);
        });
    }
}

fn serve(stream: TcpStream, api: &Api) -> io::Result<()> {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request()? {
        let now = Instant::now();
        if request.path() == "/2018-06-01/runtime/invocation/next" {
            api.steps.send(Step::Next(now)).map_err(|_| gone())?;
            let event = lock(&api.events).recv().map_err(|_| gone())?;
            let bytes = event_answer(event).to_bytes(false);
            *lock(&api.given) = Some(Instant::now());
            connection.send(&bytes)?;
        } else {
            api.steps.send(step(request, now)).map_err(|_| gone())?;
            let accepted = Answer::new(202, "application/json", r#"{"status":"OK"}"#);
            connection.send(&accepted.to_bytes(false))?;
        }
    }
    Ok(())
}

fn step(request: Request, at: Instant) -> Step {
    if request.path().ends_with("/response") {
        return Step::Answered(at, request.body);
    }
    Step::Failed(format!(
        "{}: {}",
        request.path(),
        String::from_utf8_lossy(&request.body)
    ))
}

fn event_answer(event: String) -> Answer {
    let deadline = SystemTime::now() + Duration::from_secs(60);
    let deadline = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:bench";
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";
    Answer::new(200, "application/json", event)
        .with(
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        )
        .with(
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        )
        .with("lambda-runtime-invoked-function-arn", arn)
        .with("lambda-runtime-trace-id", trace)
}
