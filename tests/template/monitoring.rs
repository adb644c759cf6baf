//! What each value of `Monitoring` watches, and what is written for it.

use std::collections::BTreeSet;

use serde_json::Value;
use support::Template;
use support::template::{list, text};

use crate::metrics::{MetricUse, alarms, of_alarm, uses};
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "alarms and dashboards ask for the functions' metrics only where these are written",
        check: written_where_asked,
        mistakes: &[
            (
                "  LoginPanics:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
                "  LoginPanics:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n",
            ),
            (
                "  S3EventSurplus:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
                "  S3EventSurplus:\n    Type: AWS::CloudWatch::Alarm\n",
            ),
            (
                "    Type: AWS::CloudWatch::Dashboard\n    Condition: FullMonitoring\n",
                "    Type: AWS::CloudWatch::Dashboard\n    Condition: HasAlarms\n",
            ),
            (
                "METRICS: !If [FullMonitoring, \"on\", \"off\"]",
                "METRICS: !If [FullMonitoring, \"off\", \"on\"]",
            ),
        ],
    },
    Rule {
        name: "metrics are written only where something asks for them: each is paid for",
        check: asked_where_written,
        mistakes: &[
            (
                "METRICS: !If [FullMonitoring, \"on\", \"off\"]",
                "METRICS: \"on\"",
            ),
            (
                "METRICS: !If [FullMonitoring, \"on\", \"off\"]",
                "METRICS: !If [FullMonitoring, \"on\", \"false\"]",
            ),
            (
                "        METRICS: !If [FullMonitoring, \"on\", \"off\"]\n",
                "",
            ),
        ],
    },
    Rule {
        name: "\"basic\" watches failed invocations, 5xx answers and dead letters, each by one metric of AWS's, and no more",
        check: basic,
        mistakes: &[
            (
                "  PurgeErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n",
                "  PurgeErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
            ),
            (
                "  ApiServerErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n",
                "  ApiServerErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
            ),
            (
                "  LoginSlow:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
                "  LoginSlow:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n",
            ),
            (
                "        - - Id: errors\n            MetricStat:\n              Metric: {Namespace: AWS/ApiGateway, MetricName: 5xx,",
                "        - - Id: errors\n            MetricStat:\n              Metric: {Namespace: AWS/ApiGateway, MetricName: 4xx,",
            ),
            (
                "Threshold: !If [FullMonitoring, !Ref ServerErrorPercent, !Ref ServerErrorLimit]",
                "Threshold: !Ref ServerErrorPercent",
            ),
        ],
    },
    Rule {
        name: "\"off\" has no alarm and no dashboard, \"basic\" no dashboard and is the default, and \"full\" has everything",
        check: modes_differ,
        mistakes: &[
            (
                "  LoginErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n",
                "  LoginErrors:\n    Type: AWS::CloudWatch::Alarm\n",
            ),
            (
                "    Type: AWS::CloudWatch::Dashboard\n    Condition: FullMonitoring\n",
                "    Type: AWS::CloudWatch::Dashboard\n",
            ),
            (
                "  PhoneSlow:\n    Type: AWS::CloudWatch::Alarm\n    Condition: FullMonitoring\n",
                "  PhoneSlow:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarmEmail\n",
            ),
            (
                "FullMonitoring: !Equals [!Ref Monitoring, full]",
                "FullMonitoring: !Equals [!Ref Monitoring, basic]",
            ),
            ("    Default: basic\n", "    Default: full\n"),
            (
                "AllowedValues: [full, basic, \"off\"]",
                "AllowedValues: [full, basic]",
            ),
        ],
    },
];

const MODES: [&str; 3] = ["full", "basic", "off"];

/// The template in each mode.
pub(crate) fn modes(template: &Template) -> Vec<(&'static str, Template)> {
    let in_mode = |mode| (mode, template.with(&[("Monitoring", mode)]));
    MODES.map(in_mode).into()
}

/// The template with everything that watches it.
pub(crate) fn full(template: &Template) -> Template {
    template.with(&[("Monitoring", "full")])
}

/// What tells the functions whether to write metrics.
fn switch(in_mode: &Template) -> &Value {
    &in_mode.section("Globals")["Function"]["Environment"]["Variables"]["METRICS"]
}

fn own_uses(in_mode: &Template) -> Vec<MetricUse> {
    let uses = uses(in_mode).into_iter();
    uses.filter(|used| !used.is_of_aws()).collect()
}

fn written_where_asked(template: &Template) -> Vec<Finding> {
    let silent = modes(template).into_iter();
    let silent = silent.filter(|(_, in_mode)| switch(in_mode) != "on");
    let findings = silent.flat_map(|(mode, in_mode)| {
        let uses = own_uses(&in_mode);
        let groups = uses.chunk_by(|one, other| one.asked_by == other.asked_by);
        let findings = groups.map(|uses| {
            let (used, others) = (&uses[0], uses.len() - 1);
            let problem =
                format!("asks for {used} (and {others} more), not written with Monitoring: {mode}");
            finding(&uses[0].asked_by, problem)
        });
        findings.collect::<Vec<_>>()
    });
    findings.collect()
}

fn asked_where_written(template: &Template) -> Vec<Finding> {
    let findings = modes(template).into_iter().filter_map(|(mode, in_mode)| {
        let wanted = ["on", "off"][usize::from(own_uses(&in_mode).is_empty())];
        let set = switch(&in_mode);
        let problem = format!("METRICS is {set} with Monitoring: {mode}, and should be {wanted:?}");
        (set != wanted).then(|| finding("Globals", problem))
    });
    findings.collect()
}

/// What `basic` is to watch, whoever asks for it.
fn basic_metrics(template: &Template) -> BTreeSet<MetricUse> {
    let functions = template.functions().into_iter();
    let errors = functions.map(|function| {
        let name = format!("${{{}}}", function.name);
        let alias = format!("{name}:live");
        metric(
            "AWS/Lambda",
            "Errors",
            &[("FunctionName", &name), ("Resource", &alias)],
        )
    });
    let queues = template.resources("AWS::SQS::Queue");
    let dead = queues.filter(|(_, queue)| queue["Properties"]["RedrivePolicy"].is_null());
    let dead = dead.map(|(name, _)| {
        let queue = format!("${{{name}.QueueName}}");
        let visible = "ApproximateNumberOfMessagesVisible";
        metric("AWS/SQS", visible, &[("QueueName", &queue)])
    });
    let answers = metric("AWS/ApiGateway", "5xx", &[("ApiId", "${Api}")]);
    errors.chain(dead).chain([answers]).collect()
}

fn metric(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> MetricUse {
    let dimensions = dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    MetricUse {
        asked_by: String::new(),
        namespace: namespace.to_owned(),
        metric: name.to_owned(),
        dimensions: dimensions.collect(),
    }
}

fn basic(template: &Template) -> Vec<Finding> {
    let basic = template.with(&[("Monitoring", "basic")]);
    let mut missing = basic_metrics(&basic);
    let mut found = Vec::new();
    for (name, alarm) in alarms(&basic) {
        for used in of_alarm(name, alarm) {
            let asked_by = String::new();
            if !missing.remove(&MetricUse {
                asked_by,
                ..used.clone()
            }) {
                found.push(finding(name, format!("is paid for, and watches {used}")));
            }
        }
        found.extend(no_count(alarm).map(|problem| finding(name, problem)));
    }
    let missing = missing.iter();
    let missing = missing.map(|metric| format!("none watches {metric} with Monitoring: basic"));
    found.extend(missing.map(|problem| finding("AWS::CloudWatch::Alarm", problem)));
    found
}

/// An alarm that is not raised by a number of events: one, or as many as a parameter says.
fn no_count(alarm: &Value) -> Option<String> {
    let (limit, comparison) = (&alarm["Threshold"], &alarm["ComparisonOperator"]);
    let parameters = ["FunctionErrorLimit", "ServerErrorLimit"];
    let is_count = *limit == 1 || parameters.iter().any(|name| limit["Ref"] == *name);
    let right = is_count && comparison == "GreaterThanOrEqualToThreshold";
    (!right).then(|| format!("is raised by {comparison} {limit}, which is no count of events"))
}

fn modes_differ(template: &Template) -> Vec<Finding> {
    let parameter = &template.section("Parameters")["Monitoring"];
    let values: Vec<_> = list(&parameter["AllowedValues"]).map(text).collect();
    let mut found = Vec::new();
    if values != MODES || parameter["Default"] != "basic" {
        let problem = format!("should be one of {MODES:?}, and basic by default: {parameter}");
        found.push(finding("Monitoring", problem));
    }
    let [all, full] = [template, &full(template)].map(watchers);
    let missing = all.difference(&full);
    found.extend(missing.map(|name| finding(name, "is not there with Monitoring: full")));
    for (mode, unwanted) in [
        ("basic", &["AWS::CloudWatch::Dashboard"][..]),
        ("off", &WATCHERS),
    ] {
        let in_mode = template.with(&[("Monitoring", mode)]);
        let there = in_mode.resources_of(unwanted);
        let problem = format!("is there with Monitoring: {mode}");
        found.extend(there.map(|(name, _)| finding(name, &problem)));
    }
    found
}

const WATCHERS: [&str; 2] = ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"];

fn watchers(template: &Template) -> BTreeSet<String> {
    let watchers = template.resources_of(&WATCHERS);
    watchers.map(|(name, _)| name.to_owned()).collect()
}
