//! A Lambda environment for one binary: the Runtime API and the variables that AWS would give it.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use serde_json::json;
//! use std::path::Path;
//! use support::runtime_api::LambdaProcess;
//!
//! let login = LambdaProcess::start(Path::new("target/debug/login"), [("TABLE_NAME", "users")]).await?;
//! let answer = login.invoke(json!({ "version": "2.0" })).await.into_response();
//! assert_eq!(answer["statusCode"], 200);
//! # Ok(())
//! # }
//! ```

use serde_json::Value;
use std::{
    ffi::OsStr,
    io,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpListener,
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use self::api::{Api, serve};

/// How long the output of a process that has ended may take to arrive.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// How long a log line may take to arrive.
const LINE_GRACE: Duration = Duration::from_secs(2);

/// How an invocation ended.
#[derive(Debug)]
pub enum Outcome {
    /// The function answered.
    Response(Value),
    /// The function reported an error.
    Error(RuntimeError),
    /// The process ended, or had ended before, without an answer.
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// All it wrote to standard error.
        stderr: String,
    },
    /// No answer came within the function's time-out. The process is left alone.
    TimedOut,
}

impl Outcome {
    /// The answer; anything else fails the test.
    #[track_caller]
    pub fn into_response(self) -> Value {
        match self {
            Self::Response(response) => response,
            other => panic!("no response but {other:?}"),
        }
    }

    /// The reported error; anything else fails the test.
    #[track_caller]
    pub fn into_error(self) -> RuntimeError {
        match self {
            Self::Error(error) => error,
            other => panic!("no error but {other:?}"),
        }
    }
}

/// An error as a function reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeError {
    /// `errorType`.
    pub error_type: String,
    /// `errorMessage`.
    pub message: String,
}

/// What the environment says of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub function_name: String,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`.
    pub memory_mb: u32,
    /// The function's time-out: the deadline it is told, and how long an answer is waited for.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            function_name: "test-function".to_owned(),
            memory_mb: 256,
            timeout: Duration::from_secs(10),
        }
    }
}

/// A function's process with its Runtime API. Dropping it kills the process.
#[derive(Debug)]
pub struct LambdaProcess {
    api: Arc<Api>,
    settings: Settings,
    exited: watch::Receiver<Option<ExitStatus>>,
    stdout: Captured,
    stderr: Captured,
    tasks: [JoinHandle<()>; 2],
}

impl LambdaProcess {
    /// Starts a binary with the usual settings and these variables beside Lambda's own.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started.
    pub async fn start<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> io::Result<Self> {
        Self::start_with(binary, variables, Settings::default()).await
    }

    /// Starts a binary with settings of one's own.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started.
    pub async fn start_with<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
        settings: Settings,
    ) -> io::Result<Self> {
        let api = Arc::new(Api::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut child = command(binary, address, &settings)
            .envs(variables)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", binary.display()))
            })?;
        let (stdout, stdout_reader) = capture(child.stdout.take());
        let (stderr, stderr_reader) = capture(child.stderr.take());
        let (report, exited) = watch::channel(None);
        let tasks = [
            tokio::spawn(serve(listener, Arc::clone(&api))),
            tokio::spawn(watch_over(child, [stdout_reader, stderr_reader], report)),
        ];
        Ok(Self {
            api,
            settings,
            exited,
            stdout,
            stderr,
            tasks,
        })
    }

    /// Hands the function an event and waits for what becomes of it, no longer than its time-out.
    ///
    /// Like a Lambda environment it takes one event at a time; further ones wait.
    pub async fn invoke(&self, event: Value) -> Outcome {
        let (id, answered) = self.api.submit(event, &self.settings);
        let outcome = tokio::select! {
            // An answer right before the process ends is an answer.
            biased;
            Ok(outcome) = answered => outcome,
            status = self.exit() => Outcome::Exited { status, stderr: self.stderr() },
            () = sleep(self.settings.timeout) => Outcome::TimedOut,
        };
        self.api.state().pending.remove(&id);
        outcome
    }

    /// The error the function reported instead of asking for its first event; none once it has asked, or if it ended
    /// or was silent for its whole time-out without a report.
    pub async fn init_error(&self) -> Option<RuntimeError> {
        let mut init = self.api.init.subscribe();
        tokio::select! {
            biased;
            Ok(done) = init.wait_for(Option::is_some) => done.clone().flatten(),
            _ = self.exit() => None,
            () = sleep(self.settings.timeout) => None,
        }
    }

    /// Whether the process is still there.
    pub fn is_alive(&self) -> bool {
        self.exited.borrow().is_none()
    }

    /// Waits for the process to end by itself, no longer than the function's time-out.
    pub async fn wait_for_exit(&self) -> Option<ExitStatus> {
        timeout(self.settings.timeout, self.exit()).await.ok()
    }

    /// What it has written to standard output so far. A line may arrive a moment after the answer it belongs to.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits a moment for a piece of text on either stream; false if it does not come.
    pub async fn writes(&self, text: &str) -> bool {
        let appears = async {
            while !(self.stdout().contains(text) || self.stderr().contains(text)) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LINE_GRACE, appears).await.is_ok()
    }

    async fn exit(&self) -> ExitStatus {
        let mut exited = self.exited.clone();
        let status = exited
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status);
        match status {
            Some(status) => status,
            // The watcher is gone, which only a runtime that shuts down brings about.
            None => std::future::pending().await,
        }
    }
}

impl Drop for LambdaProcess {
    fn drop(&mut self) {
        // The watching task owns the process, which is killed as it is dropped.
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The command with Lambda's own variables and nothing of the caller's environment.
fn command(binary: &Path, api: SocketAddr, settings: &Settings) -> Command {
    let root = binary
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", settings.function_name.clone()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                settings.memory_mb.to_string(),
            ),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", settings.function_name),
            ),
        ])
        .envs([
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            (
                "AWS_LAMBDA_LOG_STREAM_NAME",
                "2026/01/02/[$LATEST]0123456789abcdef0123456789abcdef",
            ),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("_HANDLER", "bootstrap"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
            ("TZ", ":UTC"),
        ])
        .env("LAMBDA_TASK_ROOT", root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Waits for the end of the process, lets its last words arrive, and reports.
async fn watch_over(
    mut child: Child,
    readers: [JoinHandle<()>; 2],
    report: watch::Sender<Option<ExitStatus>>,
) {
    let Ok(status) = child.wait().await else {
        return;
    };
    // A grandchild may hold the streams open for ever.
    let all = async {
        for reader in readers {
            let _ = reader.await;
        }
    };
    let _ = timeout(OUTPUT_GRACE, all).await;
    report.send_replace(Some(status));
}

#[derive(Debug, Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

/// Reads a stream to its end in the background, as a full pipe would stop the process.
fn capture(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> (Captured, JoinHandle<()>) {
    let captured = Captured::default();
    let sink = captured.clone();
    let reader = tokio::spawn(async move {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            sink.bytes().extend_from_slice(&buffer[..length]);
        }
    });
    (captured, reader)
}

mod api;
#[cfg(test)]
mod tests;
