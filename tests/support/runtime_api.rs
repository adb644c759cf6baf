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

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as UrlPath, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    ffi::OsStr,
    io,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpListener,
    process::{Child, Command},
    sync::{Notify, oneshot, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// The largest answer that Lambda takes.
const ANSWER_LIMIT: usize = 6_291_556;

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

/// The Runtime API's side of one environment.
#[derive(Debug, Default)]
struct Api {
    state: Mutex<ApiState>,
    submitted: Notify,
    /// None until the first event is asked for or init has failed.
    init: watch::Sender<Option<Option<RuntimeError>>>,
}

#[derive(Debug, Default)]
struct ApiState {
    events: VecDeque<Event>,
    pending: HashMap<String, oneshot::Sender<Outcome>>,
}

#[derive(Debug)]
struct Event {
    id: String,
    deadline: SystemTime,
    function_name: String,
    payload: Value,
}

impl Api {
    fn state(&self) -> MutexGuard<'_, ApiState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, payload: Value, settings: &Settings) -> (String, oneshot::Receiver<Outcome>) {
        static INVOCATIONS: AtomicU64 = AtomicU64::new(1);
        let id = format!(
            "8476a536-e9f4-11e8-9739-{:012x}",
            INVOCATIONS.fetch_add(1, Ordering::Relaxed)
        );
        let (answer, answered) = oneshot::channel();
        let mut state = self.state();
        state.pending.insert(id.clone(), answer);
        state.events.push_back(Event {
            id: id.clone(),
            deadline: SystemTime::now() + settings.timeout,
            function_name: settings.function_name.clone(),
            payload,
        });
        self.submitted.notify_one();
        (id, answered)
    }

    /// The next event somebody still waits for.
    fn take(&self) -> Option<Event> {
        let mut state = self.state();
        while let Some(event) = state.events.pop_front() {
            if state.pending.contains_key(&event.id) {
                return Some(event);
            }
        }
        None
    }

    fn settle(&self, id: &str, outcome: Outcome) -> Response {
        match self
            .state()
            .pending
            .remove(id)
            .map(|waiting| waiting.send(outcome))
        {
            Some(Ok(())) => accepted(),
            _ => {
                let body = json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
        }
    }
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(ANSWER_LIMIT))
        .with_state(api);
    // It serves until the task is aborted.
    let _ = axum::serve(listener, router).await;
}

/// Waits for an event as long as it takes; the runtime has no time-out here either.
async fn next(State(api): State<Arc<Api>>) -> Response {
    api.init
        .send_if_modified(|init| init.replace(None).is_none());
    loop {
        if let Some(event) = api.take() {
            return event.into_response();
        }
        api.submitted.notified().await;
    }
}

impl IntoResponse for Event {
    fn into_response(self) -> Response {
        let deadline = self
            .deadline
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let headers = [
            ("lambda-runtime-aws-request-id", self.id),
            (
                "lambda-runtime-deadline-ms",
                deadline.as_millis().to_string(),
            ),
            (
                "lambda-runtime-invoked-function-arn",
                format!(
                    "arn:aws:lambda:us-east-1:123456789012:function:{}",
                    self.function_name
                ),
            ),
            (
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
                    .to_owned(),
            ),
        ];
        (headers, Json(self.payload)).into_response()
    }
}

async fn response(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> Response {
    let outcome = match serde_json::from_slice(&body) {
        Ok(value) => Outcome::Response(value),
        Err(error) => Outcome::Error(RuntimeError {
            error_type: "Runtime.InvalidResponse".to_owned(),
            message: format!("the answer is not JSON: {error}"),
        }),
    };
    api.settle(&id, outcome)
}

async fn error(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    api.settle(&id, Outcome::Error(reported(&headers, &body)))
}

async fn init_error(State(api): State<Arc<Api>>, headers: HeaderMap, body: Bytes) -> Response {
    api.init.send_replace(Some(Some(reported(&headers, &body))));
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn reported(headers: &HeaderMap, body: &[u8]) -> RuntimeError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_str);
    let header = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    RuntimeError {
        error_type: text("errorType").or(header).unwrap_or_default().to_owned(),
        message: text("errorMessage").unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_runtime::{LambdaEvent, service_fn};
    use std::{
        env, fs,
        io::{Read, Write},
        net::TcpStream,
        os::unix::fs::PermissionsExt,
        path::PathBuf,
        sync::LazyLock,
        time::Instant,
    };

    /// A program that runs the function below. The tests' own binary is the only one there is here, and it needs
    /// arguments, which a function's binary never gets: hence the script.
    ///
    /// It is written once, before anything is started: a process that is starting holds on to files being written.
    fn bootstrap() -> &'static Path {
        static SCRIPT: LazyLock<PathBuf> = LazyLock::new(|| {
            let binary = env::current_exe().unwrap();
            let script = binary.with_extension("bootstrap");
            let arguments = "--exact runtime_api::tests::function --ignored --nocapture";
            fs::write(
                &script,
                format!("#!/bin/sh\nexec '{}' {arguments}\n", binary.display()),
            )
            .unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            script
        });
        &SCRIPT
    }

    async fn start(mode: &str) -> LambdaProcess {
        start_with(mode, Duration::from_secs(10)).await
    }

    async fn start_with(mode: &str, timeout: Duration) -> LambdaProcess {
        let settings = Settings {
            timeout,
            ..Settings::default()
        };
        LambdaProcess::start_with(bootstrap(), [("MODE", mode)], settings)
            .await
            .unwrap()
    }

    /// A function on the real runtime, in a process of its own.
    #[test]
    #[ignore = "a fixture of the other tests"]
    fn function() {
        match env::var("MODE").as_deref() {
            Ok("init-error") => report_init_error(),
            Ok("init-exit") => std::process::exit(7),
            Ok("init-hang") => std::thread::sleep(Duration::from_secs(60)),
            _ => {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime
                    .block_on(lambda_runtime::run(service_fn(handle)))
                    .unwrap();
            }
        }
    }

    async fn handle(event: LambdaEvent<Value>) -> Result<Value, lambda_runtime::Error> {
        writeln!(io::stdout(), "handles {}", event.context.request_id)?;
        match event.payload["do"].as_str() {
            Some("fail") => Err("it went wrong".into()),
            Some("exit") => {
                writeln!(io::stderr(), "last words")?;
                std::process::exit(3)
            }
            Some("sleep") => {
                sleep(Duration::from_millis(400)).await;
                Ok(Value::Null)
            }
            Some("id") => Ok(std::process::id().into()),
            Some("environment") => Ok(env::vars().collect::<HashMap<_, _>>().into_iter().collect()),
            _ => Ok(json!({
                "payload": event.payload,
                "deadline": event.context.deadline,
                "arn": event.context.invoked_function_arn,
                "trace": event.context.xray_trace_id,
            })),
        }
    }

    fn report_init_error() {
        let mut stream = TcpStream::connect(env::var("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap();
        let body = r#"{"errorType":"Config","errorMessage":"TABLE_NAME is missing"}"#;
        let head = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: api\r\nconnection: close";
        write!(
            stream,
            "{head}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        std::process::exit(1);
    }

    #[tokio::test]
    async fn an_event_is_answered_and_the_function_sees_its_context() {
        let function = start("").await;
        for number in 1..=2 {
            let answer = function
                .invoke(json!({ "number": number }))
                .await
                .into_response();
            assert_eq!(answer["payload"]["number"], number);
            assert_eq!(
                answer["arn"],
                "arn:aws:lambda:us-east-1:123456789012:function:test-function"
            );
            assert!(
                answer["trace"].as_str().unwrap().starts_with("Root=1-"),
                "{answer}"
            );
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
            let left = u128::from(answer["deadline"].as_u64().unwrap()) - now;
            assert!((8_000..=10_000).contains(&left), "{left}");
        }
        assert!(function.writes("handles 8476a536-").await);
        assert!(function.is_alive());
        assert_eq!(function.init_error().await, None);
    }

    #[tokio::test]
    async fn the_environment_is_lambdas_and_nothing_of_the_callers() {
        let function = start("").await;
        let variables = function
            .invoke(json!({ "do": "environment" }))
            .await
            .into_response();
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "test-function");
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
        assert_eq!(variables["_HANDLER"], "bootstrap");
        assert!(
            variables.get("HOME").is_none() && variables.get("CARGO").is_none(),
            "{variables}"
        );
    }

    #[tokio::test]
    async fn an_error_is_reported_and_the_process_lives_on() {
        let function = start("").await;
        let error = function.invoke(json!({ "do": "fail" })).await.into_error();
        assert!(error.message.contains("it went wrong"), "{error:?}");
        assert!(!error.error_type.is_empty());
        assert_eq!(
            function.invoke(json!(1)).await.into_response()["payload"],
            1
        );
    }

    #[tokio::test]
    async fn a_process_that_ends_in_the_middle_is_reported_at_once_and_from_then_on() {
        let function = start("").await;
        let begin = Instant::now();
        for _ in 0..2 {
            match function.invoke(json!({ "do": "exit" })).await {
                Outcome::Exited { status, stderr } => {
                    assert_eq!(status.code(), Some(3));
                    assert!(stderr.contains("last words"), "{stderr}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(!function.is_alive());
        assert_eq!(function.wait_for_exit().await.unwrap().code(), Some(3));
    }

    #[tokio::test]
    async fn a_function_that_takes_too_long_is_given_up() {
        let function = start_with("", Duration::from_millis(300)).await;
        // The first answer may take long for the start of the process alone.
        function.invoke(Value::Null).await;
        assert!(matches!(
            function.invoke(json!({ "do": "sleep" })).await,
            Outcome::TimedOut
        ));
        assert!(function.is_alive());
    }

    #[tokio::test]
    async fn an_init_error_is_kept() {
        let function = start("init-error").await;
        let error = function.init_error().await.unwrap();
        assert_eq!(
            (error.error_type.as_str(), error.message.as_str()),
            ("Config", "TABLE_NAME is missing")
        );
        assert_eq!(function.wait_for_exit().await.unwrap().code(), Some(1));
    }

    #[tokio::test]
    async fn an_init_that_ends_or_hangs_is_not_waited_for_forever() {
        let function = start("init-exit").await;
        assert!(function.init_error().await.is_none());
        assert!(
            matches!(function.invoke(Value::Null).await, Outcome::Exited { status, .. } if status.code() == Some(7))
        );

        let function = start_with("init-hang", Duration::from_millis(100)).await;
        assert!(function.init_error().await.is_none());
        assert!(function.wait_for_exit().await.is_none());
        assert!(matches!(
            function.invoke(Value::Null).await,
            Outcome::TimedOut
        ));
    }

    #[tokio::test]
    async fn dropping_it_kills_the_process() {
        let function = start("").await;
        let id = function
            .invoke(json!({ "do": "id" }))
            .await
            .into_response()
            .to_string();
        let is_there = || {
            let mut command = std::process::Command::new("kill");
            command
                .args(["-0", &id])
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(is_there());
        drop(function);
        let ends = async {
            while is_there() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(5), ends).await.unwrap();
    }

    #[tokio::test]
    async fn a_binary_that_is_not_there_is_named() {
        let missing = bootstrap().with_extension("missing");
        let error = LambdaProcess::start(&missing, [("A", "b")])
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains(missing.to_str().unwrap()),
            "{error}"
        );
    }
}
