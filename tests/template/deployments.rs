//! How deployments are gradual, and what takes them back.

use std::collections::BTreeMap;

use serde_json::Value;
use support::Template;
use support::template::{Function, list, sub_form, target, text};

use crate::metrics::{alarms, dimensions, of_alarm};
use crate::monitoring::modes;
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "alarms on a function's alias take its deployment back, in time",
        check: deployments,
        mistakes: &[
            (
                "          - [!Ref LoginErrors, !Ref LoginSlow, ",
                "          - [!Ref LoginSlow, ",
            ),
            (
                "[!If [HasAlarms, !Ref LoginErrors, !Ref AWS::NoValue], ",
                "[",
            ),
            ("- [!Ref UsersErrors, ", "- [!Ref LoginErrors, "),
            (
                "[!If [HasAlarms, !Ref UsersErrors, ",
                "[!If [HasAlarms, !Ref UsersSlow, ",
            ),
            ("!Ref PresignSlow, ", ""),
            (", !Ref S3EventThrottles", ""),
            (", !Sub \"${AWS::StackName}-server-errors\"]", "]"),
            (
                "AWS::NoValue], !Sub \"${AWS::StackName}-server-errors\"]",
                "AWS::NoValue]]",
            ),
            (
                "AWS::NoValue], !Sub \"${AWS::StackName}-server-errors\"]",
                "AWS::NoValue], !Sub \"${AWS::StackName}-5xx\"]",
            ),
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
        name: "deployments are gradual unless they are told not to be, where alarms can stop them",
        check: set_up,
        mistakes: &[
            ("      Enabled: !FindInMap", "      Active: !FindInMap"),
            (
                "    \"true\": {full: \"true\", basic: \"true\", \"off\": \"false\"}",
                "    \"true\": {full: \"true\", basic: \"true\", \"off\": \"true\"}",
            ),
            (
                "    \"true\": {full: \"true\", basic: \"true\",",
                "    \"true\": {full: \"true\", basic: \"false\",",
            ),
            (
                "    \"false\": {full: \"false\", basic: \"false\",",
                "    \"false\": {full: \"false\", basic: \"true\",",
            ),
            ("      Role: !GetAtt DeploymentRole.Arn\n", ""),
        ],
    },
    Rule {
        name: "SAM understands the lists of alarms",
        check: lists_for_sam,
        mistakes: &[
            (
                "          - [!If [HasAlarms, !Ref PurgeErrors, !Ref AWS::NoValue]]\n",
                "          - !If [HasAlarms, [!Ref PurgeErrors], !Ref AWS::NoValue]\n",
            ),
            (
                "        Alarms: !If\n          - FullMonitoring\n          - [!Ref PurgeErrors,",
                "        Alarms: !If\n          - HasAlarms\n          - [!Ref PurgeErrors,",
            ),
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
    let gradual = modes(template)
        .into_iter()
        .filter(|(mode, _)| *mode != "off");
    let findings = gradual.flat_map(|(mode, in_mode)| {
        let functions = in_mode.functions().into_iter();
        let findings = functions.flat_map(|function| {
            let problems = of_function(&in_mode, &function, mode == "full").into_iter();
            problems.map(move |problem| {
                finding(
                    function.name,
                    format!("its DeploymentPreference {problem} with Monitoring: {mode}"),
                )
            })
        });
        findings.collect::<Vec<_>>()
    });
    findings.collect()
}

fn of_function(in_mode: &Template, function: &Function<'_>, full: bool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for reference in list(alarm_list(function)) {
        let name = sub_form(reference);
        match by_name(in_mode, reference) {
            Some((_, alarm)) if seconds(alarm) >= CANARY_SECONDS => {
                let seconds = seconds(alarm);
                problems.push(format!("names {name}, which takes {seconds} s"));
            }
            Some(alarm) => named.push(alarm),
            None => problems.push(format!("names {name}, and there is no such alarm")),
        }
    }
    let alias = text(&in_mode.section("Globals")["Function"]["AutoPublishAlias"]);
    let mut wanted = vec!["Errors"];
    if full {
        wanted.extend(["Duration", "Throttles"]);
    }
    let unwatched = wanted.into_iter().filter(|metric| {
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
    let mut found = Vec::new();
    for asked in ["true", "false"] {
        for mode in ["full", "basic", "off"] {
            let given = [("GradualDeployment", asked), ("Monitoring", mode)];
            let enabled = preference(&template.with(&given))["Enabled"].clone();
            let wanted = if mode == "off" { "false" } else { asked };
            let problem = format!(
                "DeploymentPreference.Enabled is {enabled} with GradualDeployment: {asked} and \
                 Monitoring: {mode}, and should be {wanted}"
            );
            let right = enabled == wanted;
            found.extend((!right).then(|| finding("Globals", problem)));
        }
    }
    let default = &template.section("Parameters")["GradualDeployment"]["Default"];
    if default != "true" {
        found.push(finding("GradualDeployment", "is not true by default"));
    }
    let role = target(&preference(template)["Role"]).unwrap_or_default();
    if template.resource(role)["Type"] != "AWS::IAM::Role" {
        found.push(finding(
            "Globals",
            "DeploymentPreference.Role is no role of the template",
        ));
    }
    found
}

/// It makes a deployment group's alarms of a list, or of one `!If` between two lists, and refuses anything else when the
/// stack is deployed. It does not drop a name that is `AWS::NoValue`, and CodeDeploy takes no alarm without a name: such
/// a name may only stand where there is no deployment group.
fn lists_for_sam(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for function in template.functions() {
        let alarms = alarm_list(&function);
        let lists = match alarms["Fn::If"].as_array() {
            Some(choice) => choice.get(1..).unwrap_or_default().iter().collect(),
            None => vec![alarms],
        };
        if lists.iter().any(|list| !list.is_array()) {
            let problem = format!("Alarms is neither a list nor one !If of two lists: {alarms}");
            found.push(finding(function.name, problem));
        }
        let count = |template: &Template| {
            let functions = template.functions();
            let function = functions.iter().find(|f| f.name == function.name);
            function.map_or(0, |function| list(alarm_list(function)).count())
        };
        for (mode, list) in ["full", "basic"].into_iter().zip(lists) {
            let named = list.as_array().map_or(0, Vec::len);
            if count(&template.with(&[("Monitoring", mode)])) != named {
                let problem = format!("an alarm has no name with Monitoring: {mode}: {list}");
                found.push(finding(function.name, problem));
            }
        }
    }
    found
}
