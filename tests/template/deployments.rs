//! How deployments are gradual, and what takes them back.

use std::collections::BTreeMap;

use serde_json::Value;
use support::Template;
use support::template::{Function, list, sub_form, target, text};

use crate::metrics::{alarms, dimensions, of_alarm};
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "alarms on a function's alias take its deployment back, in time",
        check: deployments,
        mistakes: &[
            ("Alarms: [!Ref LoginErrors, ", "Alarms: ["),
            ("!Ref UsersErrors, ", "!Ref LoginErrors, "),
            ("!Ref PresignSlow, ", ""),
            (", !Ref S3EventThrottles", ""),
            (", !Sub \"${AWS::StackName}-server-errors\"]", "]"),
            ("${PurgeFunction}:live", "${PurgeFunction}:prod"),
            (
                "{Name: Resource, Value: !Sub \"${LoginFunction}:live\"}",
                "{Name: Version, Value: !Sub \"${LoginFunction}:live\"}",
            ),
            (
                "      MetricName: Errors\n      Dimensions:\n        - {Name: FunctionName, Value: !Ref LoginFunction}\n        - {Name: Resource, Value: !Sub \"${LoginFunction}:live\"}\n      Statistic: Sum\n      Period: 60",
                "      MetricName: Errors\n      Dimensions:\n        - {Name: FunctionName, Value: !Ref LoginFunction}\n        - {Name: Resource, Value: !Sub \"${LoginFunction}:live\"}\n      Statistic: Sum\n      Period: 600",
            ),
        ],
    },
    Rule {
        name: "deployments are gradual unless they are told not to be",
        check: set_up,
        mistakes: &[
            ("      Enabled: !Ref GradualDeployment\n", ""),
            ("      Role: !GetAtt DeploymentRole.Arn\n", ""),
        ],
    },
];

/// The shortest canary: an alarm that takes longer comes after the deployment.
const CANARY_SECONDS: u64 = 300;

fn preference(template: &Template) -> &Value {
    &template.section("Globals")["Function"]["DeploymentPreference"]
}

fn alarm_list<'a>(function: &Function<'a>) -> &'a Value {
    &function.properties()["DeploymentPreference"]["Alarms"]
}

fn deployments(template: &Template) -> Vec<Finding> {
    let functions = template.functions().into_iter();
    let findings = functions.flat_map(|function| {
        let problems = of_function(template, &function).into_iter();
        problems.map(move |problem| {
            let problem = format!("its DeploymentPreference {problem}");
            finding(function.name, problem)
        })
    });
    findings.collect()
}

fn of_function(template: &Template, function: &Function<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for reference in list(alarm_list(function)) {
        let name = sub_form(reference);
        match by_name(template, reference) {
            Some((_, alarm)) if seconds(alarm) >= CANARY_SECONDS => {
                let seconds = seconds(alarm);
                problems.push(format!("names {name}, which takes {seconds} s"));
            }
            Some(alarm) => named.push(alarm),
            None => problems.push(format!("names {name}, and there is no such alarm")),
        }
    }
    let alias = text(&template.section("Globals")["Function"]["AutoPublishAlias"]);
    let unwatched = ["Errors", "Duration", "Throttles"]
        .into_iter()
        .filter(|metric| {
            let mut alarms = named.iter().map(|(_, alarm)| *alarm);
            !alarms.any(|alarm| is_on_alias(alarm, metric, function.name, &alias))
        });
    problems.extend(unwatched.map(|metric| format!("names no alarm on {metric} of its alias")));
    // What a function answers with 500 is no error to Lambda.
    let mut uses = named.iter().flat_map(|(name, alarm)| of_alarm(name, alarm));
    if !function.routes().is_empty() && !uses.any(|used| used.metric == "5xx") {
        problems.push("names no alarm on 5xx".to_owned());
    }
    problems
}

/// How long an alarm takes to be raised.
fn seconds(alarm: &Value) -> u64 {
    let periods = list(&alarm["Metrics"]).map(|metric| &metric["MetricStat"]["Period"]);
    let periods = periods.chain([&alarm["Period"]]);
    let period = periods.filter_map(Value::as_u64).max().unwrap_or(u64::MAX);
    let count = alarm["EvaluationPeriods"].as_u64().unwrap_or(u64::MAX);
    period.saturating_mul(count)
}

fn is_on_alias(alarm: &Value, metric: &str, function: &str, alias: &str) -> bool {
    let wanted = BTreeMap::from([
        ("FunctionName".to_owned(), format!("${{{function}}}")),
        ("Resource".to_owned(), format!("${{{function}}}:{alias}")),
    ]);
    let p99 = metric != "Duration" || alarm["ExtendedStatistic"] == "p99";
    alarm["MetricName"] == metric && dimensions(alarm) == wanted && p99
}

/// The alarm that `!Ref`, or its name, stands for.
fn by_name<'a>(template: &'a Template, named: &Value) -> Option<(&'a str, &'a Value)> {
    let named_so = |(name, alarm): &(&str, &Value)| {
        named["Ref"] == *name || (!named["Fn::Sub"].is_null() && alarm["AlarmName"] == *named)
    };
    alarms(template).into_iter().find(named_so)
}

fn set_up(template: &Template) -> Vec<Finding> {
    let asked = text(&preference(template)["Enabled"]["Ref"]);
    let mut found = Vec::new();
    if template.section("Parameters")[&asked]["Default"] != "true" {
        let problem = "DeploymentPreference.Enabled is no parameter that is true by default";
        found.push(finding("Globals", problem));
    }
    let role = target(&preference(template)["Role"]).unwrap_or_default();
    if template.resource(role)["Type"] != "AWS::IAM::Role" {
        let problem = "DeploymentPreference.Role is no role of the template";
        found.push(finding("Globals", problem));
    }
    found
}
