//! What roles allow: which actions, on what, and for which keys.

use std::collections::BTreeMap;

use serde_json::Value;
use support::Template;
use support::template::{Function, entries, list, target, text, texts};

use crate::resource_policies::resource_statements;
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "it works in every partition",
        check: partitions,
        mistakes: &[
            ("arn:${AWS::Partition}:s3", "arn:aws:s3"),
            ("arn:${AWS::Partition}:s3", "arn:aws-cn:s3"),
            ("${AWS::URLSuffix}", "amazonaws.com"),
        ],
    },
    Rule {
        name: "roles name their actions and resources",
        check: wildcards,
        mistakes: &[
            ("Action: dynamodb:BatchGetItem", "Action: dynamodb:*"),
            ("[dynamodb:GetItem, dynamodb:UpdateItem]", "[\"*\"]"),
            ("[!GetAtt WechatSecret.Id, ", "[\"*\", "),
            ("Resource: !Sub ${Bucket.Arn}/u/*", "Resource: [\"*\"]"),
            (
                "Resource: !Sub ${Table.Arn}/index/gsi1",
                "Resource: !Sub arn:${AWS::Partition}:dynamodb:*:*:*",
            ),
            (
                "Action: secretsmanager:GetSecretValue",
                "NotAction: secretsmanager:DeleteSecret",
            ),
            ("xray:PutTraceSegments", "xray:GetTraceSummaries"),
            (
                "Action: cloudwatch:DescribeAlarms",
                "Action: cloudwatch:DeleteAlarms",
            ),
            ("Resource: !Ref KmsKeyArn", "Resource: \"*\""),
        ],
    },
    Rule {
        name: "the table's keys are narrowed to what a function works on",
        check: leading_keys,
        mistakes: &[
            (
                "                Condition: {\"ForAllValues:StringLike\": {\"dynamodb:LeadingKeys\": [\"US#*\", \"RV#*\"]}}\n",
                "",
            ),
            (
                "Action: dynamodb:BatchGetItem",
                "Action: [dynamodb:BatchGetItem, dynamodb:Scan]",
            ),
        ],
    },
    Rule {
        name: "each secret is read by the functions that it is for, and by no other",
        check: secrets,
        mistakes: &[
            (
                "Action: dynamodb:BatchGetItem",
                "Action: secretsmanager:GetSecretValue",
            ),
            (
                "PURGE_QUEUE_URL: !Ref PurgeQueue",
                "SECRETS_ID: !Ref JwtSecret",
            ),
            ("[!GetAtt WechatSecret.Id, ", "[!GetAtt Table.Arn, "),
            (", !GetAtt JwtSecret.Id", ""),
            ("[!GetAtt PushSecret.Id]", "[!GetAtt WechatSecret.Id]"),
            (
                "PUSH_SECRETS_ID: !If [HasMessagePush, !Ref PushSecret, \"\"]",
                "PUSH_SECRETS_ID: !If [HasMessagePush, !Ref JwtSecret, \"\"]",
            ),
        ],
    },
    Rule {
        name: "objects are read in the version that was verified, by whomever",
        check: versions,
        mistakes: &[
            (
                "Action: s3:GetObjectVersion\n              # Only avatars",
                "Action: [s3:GetObject, s3:GetObjectVersion]\n              # Only avatars",
            ),
            (
                "Action: [s3:PutObject, s3:GetObjectVersion, ",
                "Action: [s3:PutObject, s3:GetObject, ",
            ),
        ],
    },
];

/// A statement's actions.
fn actions(statement: &Value) -> impl Iterator<Item = String> {
    list(&statement["Action"]).map(text)
}

/// How a finding names a statement.
fn place(owner: &str, statement: &Value) -> String {
    match statement["Sid"].as_str() {
        Some(sid) => format!("{owner} statement {sid}"),
        None => format!("{owner} statement on {}", statement["Action"]),
    }
}

fn partitions(template: &Template) -> Vec<Finding> {
    let sections = [
        "Globals",
        "Resources",
        "Outputs",
        "Conditions",
        "Parameters",
    ];
    let parts = sections.into_iter().flat_map(|name| {
        let entries = entries(template.section(name));
        entries.flat_map(|(id, value)| texts(value).into_iter().map(move |text| (id, text)))
    });
    let bound = parts.filter_map(|(id, (path, text))| {
        let partition = text.contains("arn:aws");
        // The names of AWS's own services are the same everywhere.
        let suffix = text.contains("amazonaws.com") && !path.ends_with("/Principal/Service");
        let at = if id == "Function" { "Globals" } else { id };
        let problem = format!("{path} is {text:?}, which names one partition");
        (partition || suffix).then(|| finding(at, problem))
    });
    bound.collect()
}

/// Actions that AWS checks against no single resource, and what there is to name instead.
const NO_RESOURCE: [(&str, &str); 3] = [
    ("xray:PutTraceSegments", "*"),
    ("xray:PutTelemetryRecords", "*"),
    (
        "cloudwatch:DescribeAlarms",
        "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*",
    ),
];

fn wildcards(template: &Template) -> Vec<Finding> {
    let statements = template.statements();
    assert!(!statements.is_empty(), "roles have statements");
    let allowed = statements.iter().filter(|(_, s)| s["Effect"] != "Deny");
    let findings = allowed.flat_map(|(owner, statement)| {
        let problems = too_wide(statement).into_iter();
        problems.map(|problem| finding(place(owner, statement), problem))
    });
    findings.collect()
}

fn too_wide(statement: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for part in ["Action", "Resource"] {
        if statement[part].is_null() {
            problems.push(format!("has no {part}"));
        }
    }
    let open = actions(statement).filter(|action| action.contains('*'));
    problems.extend(open.map(|action| format!("allows {action}")));
    let resources = texts(&statement["Resource"]);
    let nothing_to_name = actions(statement).all(|action| {
        let known = NO_RESOURCE.iter().find(|(name, _)| action == *name);
        known.is_some_and(|(_, widest)| resources.iter().all(|(_, r)| r == widest))
    });
    // The end of a path may be open, as in `${Bucket.Arn}/u/*`.
    let is_open = |resource: &str| {
        let path = resource.strip_suffix("/*").unwrap_or(resource);
        path.contains('*') && !nothing_to_name
    };
    let open = resources.iter().filter(|(_, resource)| is_open(resource));
    problems.extend(open.map(|(_, resource)| format!("is about {resource}")));
    problems
}

/// The service's actions that tell IAM the partition keys they are about; `Scan` and the export have none.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
const WITH_LEADING_KEYS: [&str; 8] = [
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
];

fn leading_keys(template: &Template) -> Vec<Finding> {
    let statements = template.statements().into_iter();
    let of_table = statements.filter(|(_, s)| actions(s).any(|a| a.starts_with("dynamodb:")));
    let findings = of_table.flat_map(|(owner, statement)| {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let narrow = list(keys).all(|key| text(key).contains('#')) && list(keys).count() > 0;
        let wide = (!narrow).then(|| format!("does not narrow dynamodb:LeadingKeys: {keys}"));
        // A request without leading keys passes `ForAllValues` whatever it asks for.
        let keyless = actions(statement).filter(|action| {
            let action = action.strip_prefix("dynamodb:");
            action.is_some_and(|action| !WITH_LEADING_KEYS.contains(&action))
        });
        let keyless = keyless.map(|action| format!("allows {action}, which has no leading keys"));
        let problems = wide.into_iter().chain(keyless);
        problems.map(move |problem| finding(place(owner, statement), problem))
    });
    findings.collect()
}

/// The secrets that each function reads; all others read none.
const SECRETS: [(&str, &str, &[&str]); 3] = [
    (
        "login",
        "LoginRole",
        &["WechatSecret", "JwtSecret", "AppSecrets"],
    ),
    (
        "moderation",
        "ModerationRole",
        &["WechatSecret", "AppSecrets"],
    ),
    ("wechat-push", "WechatPushRole", &["PushSecret"]),
];

fn secrets(template: &Template) -> Vec<Finding> {
    let functions = template.functions().into_iter();
    let mut found: Vec<_> = functions
        .flat_map(|function| told_of_others(&function))
        .collect();
    let mut read: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (role, statement) in template.statements() {
        if actions(statement).any(|action| action.starts_with("secretsmanager:")) {
            let secrets = list(&statement["Resource"]).filter_map(target);
            read.entry(role).or_default().extend(secrets);
        }
    }
    for (_, role, secrets) in SECRETS {
        let read = read.remove(role).unwrap_or_default();
        let problem = format!("reads {read:?} and should read {secrets:?}");
        found.extend((read != secrets).then(|| finding(role, problem)));
    }
    let others = read.into_keys().map(|role| finding(role, "reads secrets"));
    found.extend(others);
    found
}

/// What a function is told of secrets that it does not read.
fn told_of_others(function: &Function<'_>) -> Vec<Finding> {
    let mut readers = SECRETS.iter();
    let own = readers.find(|(binary, ..)| *binary == function.binary());
    let own = own.map_or(&[][..], |(.., secrets)| secrets);
    let variables = &function.properties()["Environment"]["Variables"];
    let told = entries(variables).filter(|(name, value)| {
        let secret = target(value).or_else(|| target(&value["Fn::If"][1]));
        name.ends_with("SECRETS_ID") && !secret.is_some_and(|secret| own.contains(&secret))
    });
    told.map(|(name, _)| finding(function.name, format!("is told of a secret by {name}")))
        .collect()
}

fn versions(template: &Template) -> Vec<Finding> {
    let statements = template.statements().into_iter();
    let statements = statements.chain(resource_statements(template));
    let newest = statements.filter(|(_, statement)| {
        statement["Effect"] == "Allow" && actions(statement).any(|a| a == "s3:GetObject")
    });
    newest
        .map(|(owner, statement)| {
            finding(
                place(owner, statement),
                "allows s3:GetObject, which reads whatever version is newest",
            )
        })
        .collect()
}
