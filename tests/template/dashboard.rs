//! The dashboard, and the saved queries of Logs Insights.

use std::collections::BTreeSet;

use serde_json::Value;
use support::Template;
use support::template::{list, sub_form, target, text};

use crate::metrics::{alarms, dashboards};
use crate::monitoring::full;
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "the dashboard shows every alarm, and answers its four questions",
        check: dashboard,
        mistakes: &[
            ("\"${WechatBreaker.Arn}\", ", ""),
            ("## Is WeChat the cause?", "## WeChat"),
            ("\"${PurgeQueueAge.Arn}\"", "\"${PurgeAge.Arn}\""),
            ("{\"widgets\": [", "{\"widgets\": [,"),
            (
                "\"region\": \"${AWS::Region}\"",
                "\"region\": \"us-east-1\"",
            ),
        ],
    },
    Rule {
        name: "saved queries look at log groups that there are, and the story of a request at all of them",
        check: saved_queries,
        mistakes: &[
            (
                "LogGroupNames: [!Ref LoginLogs, !Ref UsersLogs, !Ref PresignLogs, !Ref WechatPushLogs]",
                "LogGroupNames: [!Ref LoginLogs, !Ref UsersLogs, !Ref Presign]",
            ),
            ("        - !Ref ApiLogs\n", ""),
            ("        - !Ref PurgeLogs\n", ""),
            (
                "Name: !Sub ${AWS::StackName}/one request's story",
                "Name: one request's story",
            ),
            ("by route, cold_start", "by path, cold_start"),
            ("pct(duration_ms, 99)", "pct(duration, 99)"),
        ],
    },
];

const QUESTIONS: [&str; 4] = [
    "## Is it up?",
    "## Is it slow?",
    "## Is WeChat the cause?",
    "## Is anything stuck?",
];

fn dashboard(template: &Template) -> Vec<Finding> {
    let full = full(template);
    let dashboards = dashboards(&full);
    if dashboards.is_empty() {
        return vec![finding("AWS::CloudWatch::Dashboard", "there is none")];
    }
    let findings = dashboards.iter().flat_map(|(name, body)| {
        let problems = match body.is_object() {
            true => [unanswered(body), unshown(&full, body)].concat(),
            false => vec!["its DashboardBody is no JSON".to_owned()],
        };
        let problems = problems.into_iter();
        problems.map(move |problem| finding(name, problem))
    });
    findings.collect()
}

/// The questions that a dashboard does not answer, and charts of another region's metrics.
fn unanswered(body: &Value) -> Vec<String> {
    let widgets: Vec<_> = list(&body["widgets"]).map(|w| &w["properties"]).collect();
    let asked: BTreeSet<_> = widgets.iter().map(|w| text(&w["markdown"])).collect();
    let unasked = QUESTIONS.iter().filter(|q| !asked.contains(**q));
    let unasked = unasked.map(|question| format!("has no {question:?}"));
    let charts = widgets.iter().filter(|w| !w["metrics"].is_null());
    let elsewhere = charts.filter(|w| w["region"] != "${AWS::Region}");
    let elsewhere = elsewhere.map(|w| format!("{} is of the region {}", w["title"], w["region"]));
    unasked.chain(elsewhere).collect()
}

fn unshown(template: &Template, body: &Value) -> Vec<String> {
    let widgets = list(&body["widgets"]);
    let shown = widgets.flat_map(|w| list(&w["properties"]["alarms"]));
    let shown: BTreeSet<_> = shown.map(text).collect();
    let alarms = alarms(template).into_iter();
    let alarms: BTreeSet<_> = alarms.map(|(name, _)| format!("${{{name}.Arn}}")).collect();
    let missing = alarms.difference(&shown);
    let missing = missing.map(|alarm| format!("does not show {alarm}"));
    let unknown = shown.difference(&alarms);
    let unknown = unknown.map(|alarm| format!("shows {alarm}, and there is no such alarm"));
    missing.chain(unknown).collect()
}

/// The log groups that a query looks at.
fn groups(query: &Value) -> BTreeSet<String> {
    let names = list(&query["Properties"]["LogGroupNames"]);
    names
        .map(|name| target(name).unwrap_or_default().to_owned())
        .collect()
}

fn saved_queries(template: &Template) -> Vec<Finding> {
    let all = template.resources("AWS::Logs::LogGroup");
    let all: BTreeSet<_> = all.map(|(name, _)| name.to_owned()).collect();
    let queries: Vec<_> = template.resources("AWS::Logs::QueryDefinition").collect();
    let wrong = queries.iter().flat_map(|(name, query)| {
        let (groups, title) = (groups(query), sub_form(&query["Properties"]["Name"]));
        let unknown = groups.difference(&all);
        let unknown = unknown.map(|group| format!("looks at {group}, which is no log group"));
        let unknown: Vec<_> = unknown.collect();
        let idle = groups.is_empty().then(|| "looks at nothing".to_owned());
        let untitled = !title.starts_with("${AWS::StackName}/");
        let untitled = untitled.then(|| format!("{title:?} is not in the stack's folder"));
        let problems = unknown.into_iter().chain(idle).chain(untitled);
        problems.map(move |problem| finding(name, problem))
    });
    // The fields are those of the functions' lines and of Lambda's reports.
    let wanted = [
        "pct(duration_ms, 99) as p99",
        "by route, cold_start",
        "pct(total_ms, 99) as p99",
        "@message like",
    ];
    let unasked = wanted.iter().filter(|piece| {
        !queries.iter().any(|(_, query)| {
            let everywhere = **piece != "@message like" || groups(query) == all;
            text(&query["Properties"]["QueryString"]).contains(**piece) && everywhere
        })
    });
    let unasked = unasked.map(|piece| {
        let problem = format!("none has {piece:?} and all the log groups that it needs");
        finding("AWS::Logs::QueryDefinition", problem)
    });
    wrong.chain(unasked).collect()
}
