//! `make doctor`, `make keys`, `make secret` and `make smoke`, on the deployed local stack and on set-ups with mistakes in them.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use aws_sdk_secretsmanager::Client as Secrets;
use serde_json::json;
use support::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Mutex;

/// The local stack's app id, which has the shape of a real one.
const APP_ID: &str = "wx0123456789abcdef";
/// The secret that the WeChat stand-in takes, which has not.
const APP_SECRET: &str = "standin-secret";
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";
/// The outputs that name the stack's secrets: that of the app secret, that of the keys, and the one of earlier releases.
const WECHAT: &str = "STACK_WECHAT_SECRET_ARN";
const JWT: &str = "STACK_JWT_SECRET_ARN";
const BEFORE: &str = "STACK_SECRET_ARN";
const UNFILLED: &str = r#"{"wechat_app_secret":"replace-me","jwt_private_jwk":"replace-me","refresh_key":"replace-me"}"#;

/// Whoever changes the stack's secrets, or relies on them, holds this.
static SECRET_IN_USE: Mutex<()> = Mutex::const_new(());

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

#[tokio::test]
async fn a_deployed_stack_is_looked_at_and_its_mistakes_are_named() {
    let _alone = SECRET_IN_USE.lock().await;
    let keys = local_keys();
    let emulator = Emulator::new();
    let secrets = emulator.secrets();
    let good = read(&secrets, JWT).await;
    let app_secret = read(&secrets, WECHAT).await;

    let healthy = said(doctor_of_the_stack(&keys).await, true);
    assert_finds(
        &healthy,
        &[
            ("ok", "credentials", "region us-east-1"),
            ("ok", "clock", "within 30 s"),
            ("ok", "stack", "local, CREATE_COMPLETE"),
            ("ok", "functions", "all run with the code and the variables"),
            ("ok", "secrets", "are filled in"),
            ("ok", "signing key", "is the current one of JwtJwks"),
            ("ok", "JwtJwks", "holds the keys"),
            ("ok", "ping", "answers as release"),
            ("ok", "dead letters", "upload-events: none"),
            ("ok", "dead letters", "purge: none"),
            ("note", "LoginRateLimit", "is 0"),
            ("note", "uploadFile", &variable("STACK_BUCKET_NAME")),
            ("note", "IP allow-list", "40164"),
        ],
    );
    assert_tells_no_secret(&healthy);

    // Everything is put back before anything is asserted: other tests use the stack too.
    let other_keys = root().join(format!("target/tmp/doctor-{}", std::process::id()));
    std::fs::create_dir_all(&other_keys).expect("a directory");
    let dead_letters = variable("STACK_PURGE_DEAD_LETTERS_URL");
    let sqs = emulator.sqs();
    let letter = sqs.send_message().queue_url(&dead_letters);
    let letter = letter.message_body("a dead letter").send().await;
    write(&secrets, JWT, UNFILLED).await;
    let placeholder = doctor_of_the_stack(&other_keys.display().to_string()).await;
    write(&secrets, JWT, "no JSON").await;
    let shapeless = doctor_of_the_stack(&keys).await;
    write(&secrets, JWT, &with_another_key(&good)).await;
    let unmatched = doctor_of_the_stack(&keys).await;
    let emptied = sqs.purge_queue().queue_url(&dead_letters).send().await;
    let kept = put_secret(&keys, "").await;
    let kept = (kept, read(&secrets, JWT).await);
    write(&secrets, WECHAT, "no JSON").await;
    let unknown_app_secret = put_secret(&keys, "").await;
    let put = put_secret(&keys, APP_SECRET).await;
    let put = (put, read(&secrets, JWT).await);
    let put_app_secret = read(&secrets, WECHAT).await;
    let put_well = doctor_of_the_stack(&keys).await;
    write(&secrets, JWT, &good).await;
    write(&secrets, WECHAT, &app_secret).await;
    let changed = change_purge(OTHER_CODE).await;
    let behind = doctor_of_the_stack(&keys).await;
    let changed_back = change_purge(DEPLOYED_CODE).await;
    std::fs::remove_dir_all(&other_keys).expect("removed");
    letter.expect("SQS takes the letter");
    emptied.expect("SQS drops the letter");

    let placeholder = said(placeholder, false);
    assert_finds(
        &placeholder,
        &[
            ("PROBLEM", "secrets", "lack jwt_private_jwk"),
            ("PROBLEM", "dead letters", "purge: 1; find the cause"),
            ("note", "signing keys", "are not on this machine"),
        ],
    );
    let shapeless = said(shapeless, false);
    assert_finds(&shapeless, &[("PROBLEM", "secrets", "are not JSON")]);
    let unmatched = said(unmatched, false);
    assert_finds(
        &unmatched,
        &[(
            "PROBLEM",
            "signing key",
            "not the half of the public key of its name",
        )],
    );
    assert_tells_no_secret(&unmatched);
    for (output, secret) in [kept, put] {
        let told = said(output, true);
        assert!(told.contains("the private half of key"), "{told}");
        assert_tells_no_secret(&told);
        let (secret, good) = (json_of(&secret), json_of(&good));
        assert_eq!(secret["jwt_private_jwk"], private_key());
        assert_eq!(secret["refresh_key"], good["refresh_key"], "it is kept");
    }
    assert_eq!(json_of(&put_app_secret), json_of(&app_secret));
    let unknown_app_secret = said(unknown_app_secret, false);
    assert!(
        unknown_app_secret.contains("no app secret yet"),
        "{unknown_app_secret}"
    );
    let put_well = said(put_well, true);
    assert_finds(
        &put_well,
        &[("ok", "signing key", "is the current one of JwtJwks")],
    );
    said(changed, true);
    said(changed_back, true);
    assert_finds(
        &said(behind, false),
        &[("PROBLEM", "functions", "purge (code, NOT_YET_LIVE)")],
    );

    let unknown = run(&["doctor", "--stack", "elsewhere"], &[]).await;
    assert_finds(
        &said(unknown, false),
        &[("PROBLEM", "stack", "There is no stack 'elsewhere'")],
    );
}

/// `make secret` with an app secret, or without one.
async fn put_secret(keys: &str, app_secret: &str) -> Output {
    let words = ["secret", "--stack", "local", "--keys", keys];
    run(&words, &[("WECHAT_APP_SECRET", app_secret)]).await
}

const OTHER_CODE: &str = "import io, zipfile
content = io.BytesIO()
zipfile.ZipFile(content, 'w').writestr('bootstrap', 'other code')
purge.update_function_code(FunctionName='local-purge', ZipFile=content.getvalue())
variables['NOT_YET_LIVE'] = 'x'
";
const DEPLOYED_CODE: &str = "
purge.update_function_code(FunctionName='local-purge', S3Bucket='local-artifacts', S3Key='purge.zip')
variables.pop('NOT_YET_LIVE')
";

/// Changes what is not published, as a deployment does that moves no alias.
async fn change_purge(how: &str) -> Output {
    let script = format!(
        "import boto3
purge = boto3.client('lambda', region_name='us-east-1')
variables = purge.get_function_configuration(FunctionName='local-purge')['Environment']['Variables']
{how}
purge.update_function_configuration(FunctionName='local-purge', Environment={{'Variables': variables}})"
    );
    let mut command = Command::new(root().join(".venv/bin/python"));
    let command = command.arg("-c").arg(script);
    command.output().await.expect("Python 3 runs")
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

/// The secret with a private key that has the right name and is another's.
fn with_another_key(secret: &str) -> String {
    let mut secret = json_of(secret);
    let mut jwk = json_of(secret["jwt_private_jwk"].as_str().expect("text"));
    jwk["d"] = "A".repeat(43).into();
    secret["jwt_private_jwk"] = jwk;
    secret.to_string()
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

#[tokio::test]
async fn before_a_deployment_ids_keys_and_credentials_are_looked_at() {
    let keys = local_keys();
    let secret = "0123456789abcdef0123456789abcdef";
    let right = [("WECHAT_APP_ID", APP_ID), ("WECHAT_APP_SECRET", secret)];
    let named = ["doctor", "--keys", &keys, "--name", "another"];
    let found = said(run(&named, &right).await, true);
    assert!(found.contains("invocations at once"), "{found}");
    assert_finds(
        &found,
        &[
            ("ok", "cargo", "cargo 1."),
            ("ok", "credentials", "account 000000000000"),
            ("ok", "stack name", "another is free"),
            ("ok", "signing keys", "1 public in all"),
            ("ok", "app id", APP_ID),
            ("ok", "app secret", "has the right shape"),
            ("note", "domains", "STACK=name"),
        ],
    );
    assert!(!found.contains(secret), "{found}");

    let wrong = [
        ("WECHAT_APP_ID", "wx0123"),
        ("WECHAT_APP_SECRET", "not-a-secret"),
        ("AWS_ENDPOINT_URL", NOWHERE),
    ];
    let found = said(
        run(&["doctor", "--keys", "target/none"], &wrong).await,
        false,
    );
    assert_finds(
        &found,
        &[
            ("note", "credentials", "not checked"),
            ("PROBLEM", "signing keys", "make keys"),
            ("PROBLEM", "app id", "'wx0123' is none"),
            ("PROBLEM", "app secret", "12 characters"),
        ],
    );
    assert!(!found.contains("not-a-secret"), "{found}");

    let nothing = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let found = said(run(&["doctor", "--keys", &keys], &nothing).await, false);
    assert_finds(
        &found,
        &[
            ("PROBLEM", "credentials", "there are none"),
            ("note", "app id", "not checked"),
            ("note", "app secret", "not checked"),
        ],
    );
}

#[tokio::test]
async fn a_name_that_the_bucket_cannot_have_is_told() {
    // `-uploads-`, the account and the region leave 32 of a bucket's 63 characters.
    let (longest, longer) = ("a".repeat(32), "a".repeat(33));
    for (name, level, text) in [
        (longest.as_str(), "ok", "is free"),
        (&longer, "PROBLEM", "at most 32"),
        ("Capital", "PROBLEM", "lower-case letters"),
        ("9-lives", "PROBLEM", "a letter first"),
        ("local", "PROBLEM", "is there already"),
    ] {
        let words = ["doctor", "--keys", "target/none", "--name", name];
        let found = said(run(&words, &[]).await, false);
        assert_finds(&found, &[(level, "stack name", text)]);
    }
}

#[tokio::test]
async fn a_leaked_key_is_forgotten_and_any_other_one_kept_beside_its_successor() {
    let directory = root().join(format!("target/tmp/keys-{}", std::process::id()));
    let shown = directory.display().to_string();
    let mut known = Vec::new();
    for (words, advice) in [
        (&["keys", "--keys", &shown][..], "make secret"),
        (&["keys", "--keys", &shown], "deploy JwtJwks first, then"),
        (&["keys", "--keys", &shown, "--leaked"], "ANYWAY=1"),
    ] {
        let told = said(run(words, &[]).await, true);
        assert!(told.contains(advice), "{told}");
        let jwks = std::fs::read_to_string(directory.join("jwks.json")).expect("keys");
        let jwks: serde_json::Value = serde_json::from_str(&jwks).expect("JSON");
        let kids = jwks["keys"].as_array().expect("keys").iter();
        known.push(kids.map(|key| key["kid"].clone()).collect::<Vec<_>>());
    }
    std::fs::remove_dir_all(&directory).expect("removed");
    assert_eq!(known.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(known[1][1], known[0][0]);
    assert!(!known[1].contains(&known[2][0]));
}

#[tokio::test]
async fn a_secret_that_could_not_be_used_is_not_put() {
    let _alone = SECRET_IN_USE.lock().await;
    let secrets = Emulator::new().secrets();
    let (before, app_secret) = (read(&secrets, JWT).await, read(&secrets, WECHAT).await);
    let others = root().join(format!("target/tmp/secret-{}", std::process::id()));
    std::fs::create_dir_all(&others).expect("a directory");
    for (file, content) in [
        ("private.jwk.json", support::keys::PRIVATE_JWK),
        ("jwks.json", support::keys::JWKS),
    ] {
        std::fs::write(others.join(file), content).expect("written");
    }
    let others = others.display().to_string();
    let undeployed = put_secret(&others, APP_SECRET).await;
    let unchanged = read(&secrets, JWT).await;
    let words = ["secret", "--stack", "local", "--keys", &others, "--anyway"];
    let anyway = run(&words, &[("WECHAT_APP_SECRET", APP_SECRET)]).await;
    let changed = read(&secrets, JWT).await;
    let leaked = format!(r#"{{"keys":[{}]}}"#, support::keys::PRIVATE_JWK);
    std::fs::write(format!("{others}/jwks.json"), leaked).expect("written");
    let leaked = put_secret(&others, APP_SECRET).await;
    write(&secrets, JWT, &before).await;
    write(&secrets, WECHAT, &app_secret).await;
    std::fs::remove_dir_all(&others).expect("removed");
    let leaked = said(leaked, false);
    assert!(leaked.contains("hold a private one (d)"), "{leaked}");
    assert_tells_no_secret(&leaked);
    let undeployed = said(undeployed, false);
    assert!(
        undeployed.contains("deploy what `make keys`"),
        "{undeployed}"
    );
    assert_eq!(unchanged, before);
    said(anyway, true);
    assert!(changed.contains(r#""kid": "test""#), "another key is put");

    let keyless = said(put_secret("target/none", APP_SECRET).await, false);
    assert!(keyless.contains("make keys"), "{keyless}");
    let nameless = said(run(&["secret"], &[]).await, false);
    assert!(nameless.contains("STACK=wechat-backend"), "{nameless}");
}

#[tokio::test]
async fn what_one_secret_held_moves_into_two() {
    let _alone = SECRET_IN_USE.lock().await;
    let (keys, secrets) = (local_keys(), Emulator::new().secrets());
    let good = [read(&secrets, JWT).await, read(&secrets, WECHAT).await];
    let unfilled = read(&secrets, BEFORE).await;
    let both = json!({"wechat_app_secret": APP_SECRET, "jwt_private_jwk": private_key()});
    write(&secrets, BEFORE, &both.to_string()).await;
    write(&secrets, JWT, UNFILLED).await;
    write(&secrets, WECHAT, UNFILLED).await;
    let looked_at = doctor_of_the_stack(&keys).await;
    let moved = put_secret(&keys, "").await;
    let found = [
        read(&secrets, JWT).await,
        read(&secrets, WECHAT).await,
        read(&secrets, BEFORE).await,
    ];
    let again = put_secret(&keys, "").await;
    let again = (again, read(&secrets, JWT).await);
    write(&secrets, JWT, &good[0]).await;
    write(&secrets, WECHAT, &good[1]).await;
    write(&secrets, BEFORE, &unfilled).await;

    let looked_at = said(looked_at, true);
    let expected = [
        ("note", "secrets", "still in the one of earlier releases"),
        ("note", "refresh key", "there is none"),
    ];
    assert_finds(&looked_at, &expected);
    let told = said(moved, true);
    assert!(told.contains("no longer there"), "{told}");
    let [jwt, wechat, before] = found.map(|text| json_of(&text));
    assert_eq!(wechat, json!({"wechat_app_secret": APP_SECRET}));
    assert_eq!(jwt["jwt_private_jwk"], private_key());
    assert_eq!(before["jwt_private_jwk"], "replace-me");
    let refresh_key = &jwt["refresh_key"];
    assert!(
        refresh_key["current"]
            .as_str()
            .is_some_and(|key| key.len() >= 32)
    );
    assert_eq!(refresh_key["unnamed"], true, "sessions go on");
    assert!(!said(again.0, true).contains("no longer there"));
    assert_eq!(json_of(&again.1)["refresh_key"], *refresh_key);
}

#[tokio::test]
async fn keys_that_got_out_are_dropped_and_others_rotated() {
    let _alone = SECRET_IN_USE.lock().await;
    let (keys, secrets) = (local_keys(), Emulator::new().secrets());
    let good = read(&secrets, JWT).await;
    let with = |flags: &'static [&'static str]| {
        let words = ["secret", "--stack", "local", "--keys", &keys];
        [words.as_slice(), flags].concat()
    };
    let mut found = Vec::new();
    for flags in [
        &["--rotate"][..],
        &["--rotate"],
        &["--rotate"],
        &["--leaked"],
    ] {
        let output = run(&with(flags), &[("WECHAT_APP_SECRET", "")]).await;
        found.push((output, read(&secrets, JWT).await));
    }
    // A signing key that this machine has forgotten got out: what derives from it goes with it.
    let mut forgotten = json_of(&good);
    forgotten["jwt_private_jwk"] = json_of(support::keys::PRIVATE_JWK);
    write(&secrets, JWT, &forgotten.to_string()).await;
    let dropped = put_secret(&keys, "").await;
    let unnamed = read(&secrets, JWT).await;
    write(&secrets, JWT, &good).await;

    let mut past = vec![json_of(&good)["refresh_key"]["current"].clone()];
    for (i, (output, secret)) in found.into_iter().enumerate() {
        let told = said(output, true);
        assert_tells_no_secret(&told);
        let key = &json_of(&secret)["refresh_key"];
        let previous: Vec<_> = key["previous"].as_array().unwrap().clone();
        let kept = if i < 3 { 2.min(i + 1) } else { 0 };
        let expected: Vec<_> = past.iter().rev().take(kept).cloned().collect();
        assert_eq!(previous, expected);
        assert!(!past.contains(&key["current"]) && key["unnamed"] == true);
        assert_eq!(told.contains("make keys LEAKED=1"), i == 3, "{told}");
        past.push(key["current"].clone());
    }
    let told = said(dropped, true);
    assert!(told.contains("a signing key that got out"), "{told}");
    let key = &json_of(&unnamed)["refresh_key"];
    assert_eq!(key["unnamed"], false);
    assert_eq!(key["current"], json_of(&good)["refresh_key"]["current"]);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_an_hour_is_told() {
    let sts = an_hour_behind().await;
    let environment = [("AWS_ENDPOINT_URL_STS", sts.as_str())];
    let keys = local_keys();
    let found = said(run(&["doctor", "--keys", &keys], &environment).await, false);
    assert_finds(&found, &[("PROBLEM", "clock", "ahead: AWS refuses")]);
}

/// An STS whose clock stands still in the past.
async fn an_hour_behind() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let answer = format!(
        "HTTP/1.1 200 OK\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/xml\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn wechat_is_asked_when_that_is_wanted_and_its_refusals_are_explained() {
    let (url, keys) = (variable("STACK_WECHAT_URL"), local_keys());
    let words = ["doctor", "--keys", &keys, "--wechat"];
    let with = |app_id, secret| {
        [
            ("WECHAT_API_BASE_URL", url.clone()),
            ("WECHAT_APP_ID", app_id),
            ("WECHAT_APP_SECRET", secret),
        ]
    };
    for (app_id, secret, level, text) in [
        (APP_ID, APP_SECRET, "ok", "takes app id and app secret"),
        (APP_ID, "another", "PROBLEM", "40125: the app secret is not"),
        ("wxffffffffffffffff", APP_SECRET, "PROBLEM", "40013: WeChat"),
    ] {
        let environment = with(app_id.to_owned(), secret.to_owned());
        let environment = environment.each_ref().map(|(k, v)| (*k, v.as_str()));
        // The stand-in's secret has no real one's shape, so there is a problem in every case.
        let found = said(run(&words, &environment).await, false);
        assert_finds(&found, &[(level, "WeChat", text)]);
        assert!(!found.contains(secret), "{found}");
    }
    let text = json!({"endpoint": "stable_token", "fault": {"errcode_as": "45009"}});
    let http = support::http_client(Duration::from_secs(5));
    let scripted = http.post(format!("{url}/_standin/faults")).json(&text);
    assert_eq!(scripted.send().await.expect("an answer").status(), 204);
    let environment = with(APP_ID.to_owned(), APP_SECRET.to_owned());
    let environment = environment.each_ref().map(|(k, v)| (*k, v.as_str()));
    let found = said(run(&words, &environment).await, false);
    assert_finds(&found, &[("PROBLEM", "WeChat", "45009: today's quota")]);
}

#[tokio::test]
async fn doctor_tells_what_the_functions_were_deployed_from() {
    let (api, keys) = (variable("STACK_API_URL"), local_keys());
    let words = ["doctor", "--stack", "local", "--api", &api, "--keys", &keys];
    let _alone = SECRET_IN_USE.lock().await;
    let found = said(run(&words, &[("BUILD_VERSION", "9.9.9+abc")]).await, true);
    assert_finds(&found, &[("note", "build", "and this tree is 9.9.9+abc")]);
    let as_it_is = said(run(&words, &[("BUILD_VERSION", "unstamped")]).await, true);
    assert_finds(&as_it_is, &[("ok", "build", "unstamped, as this tree")]);
}

#[tokio::test]
async fn the_smoke_test_passes_on_the_stack_and_fails_where_it_should() {
    let api = variable("STACK_API_URL");
    let passed = said(run(&["smoke", "--api", &api], &[]).await, true);
    assert_eq!(passed.matches("\nok ").count(), 5, "{passed}");

    let newer = ["smoke", "--api", &api, "--version", "999.0.0"];
    let failed = said(run(&newer, &[]).await, false);
    assert!(failed.contains("FAILED  the release answers"), "{failed}");
    assert!(failed.contains("and not 999.0.0"), "{failed}");
    assert_eq!(failed.matches("\nok ").count(), 4, "{failed}");

    let silent = said(run(&["smoke", "--api", NOWHERE], &[]).await, false);
    assert!(silent.contains("The API does not answer"), "{silent}");
}
