//! `make doctor`, `make keys`, `make secret` and `make smoke`, on the deployed local stack and on set-ups with mistakes in them.

mod before;
mod keys;
mod push;
mod stack;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use aws_sdk_secretsmanager::Client as Secrets;
use tokio::process::Command;

/// The secret that the WeChat stand-in takes, which has not.
const APP_SECRET: &str = "standin-secret";

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The outputs that name the stack's secrets: that of the app secret, that of the keys, and the one of earlier releases.
const WECHAT: &str = "STACK_WECHAT_SECRET_ARN";

const JWT: &str = "STACK_JWT_SECRET_ARN";

const UNFILLED: &str = r#"{"wechat_app_secret":"replace-me","jwt_private_jwk":"replace-me","refresh_key":"replace-me"}"#;

fn variable(name: &str) -> String {
    std::env::var(name).expect("this test needs the local stack: run `make test`")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn local_keys() -> String {
    root().join(".local/keys/local").display().to_string()
}

/// One of the Makefile's commands, with nobody at the terminal and nothing of the person's own AWS settings.
async fn run(words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new("python3");
    command.arg("tools/backend").args(words);
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_PROFILE")
        .envs(environment.iter().copied());
    let command = command.current_dir(root()).stdin(Stdio::null());
    command.output().await.expect("Python 3 runs")
}

/// What it says, if it ended as it should.
fn said(output: Output, success: bool) -> String {
    let mut said = String::from_utf8(output.stdout).expect("UTF-8");
    said.push_str(&String::from_utf8(output.stderr).expect("UTF-8"));
    assert_eq!(output.status.success(), success, "{said}");
    said
}

/// The lines must be there: each is a level, a subject, and a piece of the text.
fn assert_finds(said: &str, wanted: &[(&str, &str, &str)]) {
    for (level, subject, text) in wanted {
        let start = format!("{level:<8} {subject:<17} ");
        let mut lines = said.lines().filter(|line| line.starts_with(&start));
        assert!(
            lines.any(|line| line.contains(text)),
            "no {level} {subject} …{text}… in:\n{said}"
        );
    }
}

async fn doctor_of_the_stack(keys: &str) -> Output {
    let api = variable("STACK_API_URL");
    let words = ["doctor", "--stack", "local", "--api", &api, "--keys", keys];
    run(&words, &[]).await
}

/// `make secret` with an app secret, or without one.
async fn put_secret(keys: &str, app_secret: &str) -> Output {
    let words = ["secret", "--stack", "local", "--keys", keys];
    run(&words, &[("WECHAT_APP_SECRET", app_secret)]).await
}

async fn read(secrets: &Secrets, output: &str) -> String {
    let request = secrets.get_secret_value().secret_id(variable(output));
    let answer = request.send().await.expect("Secrets Manager answers");
    answer.secret_string.expect("a string")
}

async fn write(secrets: &Secrets, output: &str, text: &str) {
    let request = secrets.put_secret_value().secret_id(variable(output));
    let request = request.secret_string(text);
    request
        .send()
        .await
        .expect("Secrets Manager takes the value");
}

fn json_of(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}

fn private_key() -> serde_json::Value {
    let file = std::fs::read_to_string(root().join(".local/keys/local/private.jwk.json"));
    serde_json::from_str(&file.expect("keys")).expect("JSON")
}

fn assert_tells_no_secret(said: &str) {
    let private = private_key();
    let key = private["d"].as_str().expect("text");
    assert!(!said.contains(APP_SECRET) && !said.contains(key), "{said}");
}
