//! A function on the real runtime, in a process of its own, in all the ways in which it can end.

use super::*;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::json;
use std::{
    collections::HashMap,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::LazyLock,
    time::{Instant, SystemTime},
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
