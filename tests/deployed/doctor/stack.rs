//! `make doctor` and `make smoke` on the deployed stack.

use std::process::Output;

use support::Emulator;
use tokio::process::Command;

use super::{
    APP_SECRET, JWT, NOWHERE, UNFILLED, WECHAT, assert_finds, assert_tells_no_secret,
    doctor_of_the_stack, json_of, local_keys, private_key, put_secret, read, root, run, said,
    variable, write,
};
use crate::STACK;

#[tokio::test]
async fn a_deployed_stack_is_looked_at_and_its_mistakes_are_named() {
    let _alone = STACK.write().await;
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

/// The secret with a private key that has the right name and is another's.
fn with_another_key(secret: &str) -> String {
    let mut secret = json_of(secret);
    let mut jwk = json_of(secret["jwt_private_jwk"].as_str().expect("text"));
    jwk["d"] = "A".repeat(43).into();
    secret["jwt_private_jwk"] = jwk;
    secret.to_string()
}

#[tokio::test]
async fn doctor_tells_what_the_functions_were_deployed_from() {
    let (api, keys) = (variable("STACK_API_URL"), local_keys());
    let words = ["doctor", "--stack", "local", "--api", &api, "--keys", &keys];
    let _alone = STACK.write().await;
    let found = said(run(&words, &[("BUILD_VERSION", "9.9.9+abc")]).await, true);
    assert_finds(&found, &[("note", "build", "and this tree is 9.9.9+abc")]);
    let as_it_is = said(run(&words, &[("BUILD_VERSION", "unstamped")]).await, true);
    assert_finds(&as_it_is, &[("ok", "build", "unstamped, as this tree")]);
}

#[tokio::test]
async fn the_smoke_test_passes_on_the_stack_and_fails_where_it_should() {
    let _shared = STACK.read().await;
    let api = variable("STACK_API_URL");
    let passed = said(run(&["smoke", "--api", &api], &[]).await, true);
    for function in ["users", "presign"] {
        assert!(
            passed.contains(&format!("{function} asks for a token")),
            "{passed}"
        );
    }
    let checks = 3 + passed.matches(" asks for a token").count();
    assert_eq!(passed.matches("\nok ").count(), checks, "{passed}");

    let newer = ["smoke", "--api", &api, "--version", "999.0.0"];
    let failed = said(run(&newer, &[]).await, false);
    assert!(failed.contains("FAILED  the release answers"), "{failed}");
    assert!(failed.contains("and not 999.0.0"), "{failed}");
    assert_eq!(failed.matches("\nok ").count(), checks - 1, "{failed}");

    let silent = said(run(&["smoke", "--api", NOWHERE], &[]).await, false);
    assert!(silent.contains("The API does not answer"), "{silent}");
}
