//! Functions: time-outs, roles, logs, binaries and traces.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_json::json;
use shared::wechat::client::TOTAL_TIMEOUT;
use support::Template;
use support::template::{Function, list, target, text, workspace};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "functions end before the gateway gives up, and after WeChat had its time",
        check: timeouts,
        mistakes: &[
            ("Timeout: 8", "Timeout: 5"),
            ("Timeout: 29", "Timeout: 30"),
            ("      Timeout: 25\n", ""),
        ],
    },
    Rule {
        name: "every function has a role of its own",
        check: roles,
        mistakes: &[
            ("!GetAtt UsersRole.Arn", "!GetAtt LoginRole.Arn"),
            ("      Role: !GetAtt PurgeRole.Arn\n", ""),
        ],
    },
    Rule {
        name: "logs do not stay for ever",
        check: log_retention,
        mistakes: &[
            ("      RetentionInDays: !Ref LogRetentionDays\n", ""),
            ("        LogGroup: !Ref PurgeLogs\n", ""),
            ("LogGroup: !Ref PurgeLogs", "LogGroup: !Ref PurgeQueue"),
        ],
    },
    Rule {
        name: "the binaries are the crates under functions/",
        check: binaries,
        mistakes: &[
            ("Binary: s3-event", "Binary: s3_event"),
            ("Binary: purge", "Binary: users"),
            ("BuildMethod: rust-cargolambda", "BuildMethod: makefile"),
        ],
    },
    Rule {
        name: "who is traced may write traces, from the beginning",
        check: tracing,
        mistakes: &[
            (
                "Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]",
                "Action: xray:PutTraceSegments",
            ),
            (
                "        - !If\n          - TraceInvocations\n",
                "        - !If\n          - HasKmsKey\n",
            ),
            (
                "Tracing: !If [TraceInvocations, Active, PassThrough]",
                "Tracing: Active",
            ),
        ],
    },
];

/// What HTTP APIs wait for an integration at most, in seconds.
const GATEWAY_TIMEOUT: u64 = 30;

fn timeouts(template: &Template) -> Vec<Finding> {
    let longest_wait = TOTAL_TIMEOUT + Duration::from_secs(2);
    let functions = template.functions().into_iter();
    let findings = functions.filter_map(|function| {
        let timeout = function.timeout();
        let right = Duration::from_secs(timeout) > longest_wait && timeout < GATEWAY_TIMEOUT;
        let problem = format!(
            "Timeout is {timeout} s, and should be more than {} and less than {GATEWAY_TIMEOUT} s",
            longest_wait.as_secs_f32()
        );
        (!right).then(|| finding(function.name, problem))
    });
    findings.collect()
}

fn roles(template: &Template) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let functions = template.functions().into_iter();
    let findings = functions.filter_map(|function| {
        let Some(role) = function.role() else {
            return Some(finding(function.name, "has no Role"));
        };
        if template.resource(role)["Type"] != "AWS::IAM::Role" {
            return Some(finding(
                function.name,
                format!("its Role {role} is no role of the template"),
            ));
        }
        let shared = !seen.insert(role);
        shared.then(|| {
            finding(
                function.name,
                format!("shares {role} with another function"),
            )
        })
    });
    findings.collect()
}

fn log_retention(template: &Template) -> Vec<Finding> {
    let groups = template.resources("AWS::Logs::LogGroup");
    let endless = groups.filter(|(_, group)| group["Properties"]["RetentionInDays"].is_null());
    let endless = endless.map(|(name, _)| finding(name, "has no RetentionInDays"));
    let functions = template.functions().into_iter();
    let elsewhere = functions.filter(|function| {
        let group = target(&function.properties()["LoggingConfig"]["LogGroup"]);
        template.resource(group.unwrap_or_default())["Type"] != "AWS::Logs::LogGroup"
    });
    let elsewhere = elsewhere.map(|function| {
        let problem = "LoggingConfig.LogGroup names no log group of the template";
        finding(function.name, problem)
    });
    endless.chain(elsewhere).collect()
}

fn crates() -> BTreeSet<String> {
    let crates = fs::read_dir(workspace().join("functions")).expect("there are functions");
    let names = crates.map(|entry| entry.expect("readable").file_name());
    names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect()
}

fn binaries(template: &Template) -> Vec<Finding> {
    let functions = template.functions();
    let built: BTreeSet<_> = functions.iter().map(Function::binary).collect();
    let crates = crates();
    let missing = crates.difference(&built).map(|name| {
        finding(
            "Resources",
            format!("no function has the binary of functions/{name}"),
        )
    });
    let findings = functions.iter().flat_map(|function| {
        let (binary, method) = (function.binary(), &function.metadata()["BuildMethod"]);
        let unknown = !crates.contains(&binary);
        let unknown = unknown.then(|| format!("there is no functions/{binary}"));
        let otherwise = method != "rust-cargolambda";
        let otherwise = otherwise.then(|| format!("is built by {method}"));
        let problems = unknown.into_iter().chain(otherwise);
        problems.map(|problem| finding(function.name, problem))
    });
    missing.chain(findings).collect()
}

fn tracing(template: &Template) -> Vec<Finding> {
    let mode = &template.section("Globals")["Function"]["Tracing"]["Fn::If"];
    let condition = text(&mode[0]);
    let always = !template.section("Conditions")[&condition].is_object();
    let always = always.then(|| finding("Globals", "Tracing depends on no condition"));
    let wanted = json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    let functions = template.functions().into_iter();
    let without = functions.filter(|function| {
        // In the role itself: Lambda refuses to make a function whose role does not yet have it.
        let role = template.resource(function.role().unwrap_or_default());
        let mut choices = list(&role["Properties"]["Policies"]).map(|policy| &policy["Fn::If"]);
        !choices.any(|choice| {
            let statement = &choice[1]["PolicyDocument"]["Statement"][0];
            choice[0] == condition.as_str() && statement["Action"] == wanted
        })
    });
    let without = without.map(|function| {
        let role = function.role().unwrap_or_default();
        let problem = format!("its role {role} does not allow {wanted} when it is traced");
        finding(function.name, problem)
    });
    always.into_iter().chain(without).collect()
}
