//! Environment variables: what functions are given against what they ask for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use support::template::entries;
use support::{Template, functions};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "functions are given what they read, and nothing else",
    check: variables,
    mistakes: &[
        ("          WECHAT_APP_ID:", "          WX_APP_ID:"),
        ("          PURGE_QUEUE_URL: !Ref PurgeQueue\n", ""),
        ("        TABLE_NAME: !Ref Table\n", ""),
        ("          TABLE_NAME: !Ref AWS::NoValue\n", ""),
        (
            "          BUCKET_NAME: !Ref Bucket\n          UPLOAD_TYPES",
            "          BUCKET_NAME: !Ref Bucket\n          JWT_ISSUER: x\n          UPLOAD_TYPES",
        ),
    ],
}];

/// What Lambda sets, what a person may set by hand, and what takes the place of the secrets in local runs.
const NOT_GIVEN: [&str; 16] = [
    "AWS_CA_BUNDLE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "WARM_UP",
    "WECHAT_APP_SECRET",
    "JWT_PRIVATE_JWK",
    "PUSH_TOKEN",
    "PUSH_AES_KEY",
];

fn variables(template: &Template) -> Vec<Finding> {
    let common = &template.section("Globals")["Function"]["Environment"]["Variables"];
    let functions = template.functions().into_iter();
    let findings = functions.flat_map(|function| {
        let own = &function.properties()["Environment"]["Variables"];
        let given = entries(common).chain(entries(own));
        let mut given: BTreeSet<_> = given.map(|(name, _)| name.to_owned()).collect();
        // What all others are given and this one is not.
        let kept_back = entries(own).filter(|(_, value)| value["Ref"] == "AWS::NoValue");
        for (name, _) in kept_back {
            given.remove(name);
        }
        let mut read = read_by(&function.binary(), &given);
        // Logging reads it before anything else is read.
        read.insert("RUST_LOG".to_owned());
        read.retain(|name| !NOT_GIVEN.contains(&name.as_str()));
        let missing = read.difference(&given);
        let missing = missing.map(|name| format!("reads {name} and is not given it"));
        let unread = given.difference(&read);
        let unread = unread.map(|name| format!("is given {name} and does not read it"));
        let problems: Vec<_> = missing.chain(unread).collect();
        problems
            .into_iter()
            .map(move |problem| finding(function.name, problem))
    });
    findings.collect()
}

/// The variables that a function asks for when it is given these.
fn read_by(binary: &str, given: &BTreeSet<String>) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let get = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        match name {
            "WARM_UP" => Some("off".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9".to_owned()),
            _ if name.starts_with("AWS_") => Some("test".to_owned()),
            _ => given.contains(name).then(|| "1".to_owned()),
        }
    };
    // Whether these values are good ones does not matter: everything is read before anything is refused.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        drop(functions::named(binary).start(&get).await);
    });
    asked.into_inner()
}
