//! Alarms: what has one, and what each has to say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::Template;
use support::template::sub_form;

use crate::metrics::{alarms, dimensions, of_alarm};
use crate::monitoring::{full, modes};
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "every route has an alarm on its p99",
        check: slow_routes,
        mistakes: &[
            (
                "{Name: route, Value: GET /v1/ping}",
                "{Name: route, Value: GET /v1/pong}",
            ),
            (
                "Namespace: WechatMiniProgram\n      MetricName: duration_ms\n      Dimensions: [{Name: function, Value: !Ref UsersFunction}, {Name: route, Value: GET /v1/profiles}]\n      ExtendedStatistic: p99",
                "Namespace: WechatMiniProgram\n      MetricName: duration_ms\n      Dimensions: [{Name: function, Value: !Ref UsersFunction}, {Name: route, Value: GET /v1/profiles}]\n      ExtendedStatistic: p50",
            ),
        ],
    },
    Rule {
        name: "alarms tell somebody, and no data is no alarm",
        check: alarms_tell,
        mistakes: &[
            ("      TreatMissingData: notBreaching\n", ""),
            (
                "      TreatMissingData: notBreaching\n",
                "      TreatMissingData: breaching\n",
            ),
            (
                "      AlarmActions: !If [HasAlarmEmail, [!Ref AlarmTopic], !Ref AWS::NoValue]\n",
                "",
            ),
            (
                "AlarmName: !Sub ${AWS::StackName}-users-errors",
                "AlarmName: !Sub ${AWS::StackName}-login-errors",
            ),
            (
                "AlarmName: !Sub ${AWS::StackName}-users-errors",
                "AlarmName: users-errors",
            ),
        ],
    },
    Rule {
        name: "old messages and dead letters raise alarms",
        check: queues,
        mistakes: &[
            (
                "!GetAtt PurgeDeadLetters.QueueName",
                "!GetAtt PurgeQueue.QueueName",
            ),
            (
                "!GetAtt UploadEventsQueue.QueueName",
                "!GetAtt PurgeQueue.QueueName",
            ),
            (
                "MetricName: ApproximateNumberOfMessagesVisible",
                "MetricName: ApproximateNumberOfMessagesDelayed",
            ),
        ],
    },
    Rule {
        name: "what nobody should wait for raises an alarm at once",
        check: at_once,
        mistakes: &[
            (
                "MetricName: wechat_breaker_opened\n      Dimensions: [{Name: function, Value: !Ref LoginFunction}]\n      Statistic: Sum\n      Period: 60\n      EvaluationPeriods: 1",
                "MetricName: wechat_breaker_opened\n      Dimensions: [{Name: function, Value: !Ref LoginFunction}]\n      Statistic: Sum\n      Period: 60\n      EvaluationPeriods: 2",
            ),
            (
                "MetricName: wechat_config_errors\n      Dimensions: [{Name: function, Value: !Ref LoginFunction}]\n      Statistic: Sum\n      Period: 60\n      EvaluationPeriods: 1\n      Threshold: 1",
                "MetricName: wechat_config_errors\n      Dimensions: [{Name: function, Value: !Ref LoginFunction}]\n      Statistic: Sum\n      Period: 60\n      EvaluationPeriods: 1\n      Threshold: 2",
            ),
            (
                "MetricName: panics\n      Dimensions: [{Name: function, Value: !Ref S3EventFunction}]",
                "MetricName: panics\n      Dimensions: [{Name: function, Value: !Ref PurgeFunction}]",
            ),
        ],
    },
];

fn slow_routes(template: &Template) -> Vec<Finding> {
    let full = full(template);
    let watched: BTreeSet<_> = alarms(&full)
        .into_iter()
        .filter(|(_, alarm)| alarm["ExtendedStatistic"] == "p99")
        .flat_map(|(name, alarm)| of_alarm(name, alarm))
        .filter(|used| used.metric == "duration_ms")
        .map(|used| used.dimensions.get("route").cloned().unwrap_or_default())
        .collect();
    // The gateway answers this one itself, so that there is nothing to watch.
    let mut routes = full.routes();
    routes.remove("GET /ping");
    let missing = routes.difference(&watched);
    let missing = missing.map(|route| finding(route, "has no alarm on the p99 of its duration_ms"));
    let unknown = watched.difference(&routes);
    let unknown = unknown.map(|route| {
        finding(
            "AWS::CloudWatch::Alarm",
            format!("one is about {route:?}, which is no route"),
        )
    });
    missing.chain(unknown).collect()
}

fn alarms_tell(template: &Template) -> Vec<Finding> {
    let mut titles = BTreeSet::new();
    let mut found = Vec::new();
    for (name, alarm) in alarms(template) {
        let title = sub_form(&alarm["AlarmName"]);
        let own = title.starts_with("${AWS::StackName}-") && titles.insert(title.clone());
        let told = alarm["AlarmActions"]["Fn::If"][1][0]["Ref"] == "AlarmTopic";
        let missing = &alarm["TreatMissingData"];
        let checks = [
            (told, "AlarmActions does not name AlarmTopic".to_owned()),
            (
                missing == "notBreaching",
                format!("TreatMissingData is {missing} and should be notBreaching"),
            ),
            (
                own,
                format!("AlarmName {title:?} does not begin with the stack's, or is another's"),
            ),
        ];
        let failed = checks.into_iter().filter(|(holds, _)| !holds);
        found.extend(failed.map(|(_, problem)| finding(name, problem)));
    }
    found
}

/// Whether some alarm looks at this metric of a queue.
fn is_watched(template: &Template, metric: &str, queue: &str) -> bool {
    let queue = format!("${{{queue}.QueueName}}");
    let alarms = alarms(template).into_iter();
    let mut uses = alarms.flat_map(|(name, alarm)| of_alarm(name, alarm));
    uses.any(|used| used.metric == metric && used.dimensions.get("QueueName") == Some(&queue))
}

fn queues(template: &Template) -> Vec<Finding> {
    let full = full(template);
    let queues = full.resources("AWS::SQS::Queue");
    let findings = queues.filter_map(|(name, queue)| {
        let metric = match queue["Properties"]["RedrivePolicy"].is_null() {
            true => "ApproximateNumberOfMessagesVisible",
            false => "ApproximateAgeOfOldestMessage",
        };
        let problem = format!("has no alarm on {metric}");
        (!is_watched(&full, metric, name)).then(|| finding(name, problem))
    });
    findings.collect()
}

fn rings_at_once(alarm: &Value) -> bool {
    alarm["Statistic"] == "Sum"
        && alarm["EvaluationPeriods"] == 1
        && alarm["Threshold"] == 1
        && alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
}

fn at_once(template: &Template) -> Vec<Finding> {
    let full = full(template);
    let functions = full.functions().into_iter();
    let panics = functions.map(|function| ("panics", function.name));
    let wechat = ["wechat_breaker_opened", "wechat_config_errors"];
    let wechat = wechat.map(|metric| (metric, "LoginFunction"));
    let wanted = panics.chain(wechat);
    let findings = wanted.filter_map(|(metric, function)| {
        let of_function = BTreeMap::from([("function".to_owned(), format!("${{{function}}}"))]);
        let found = alarms(&full).into_iter().any(|(_, alarm)| {
            let about = alarm["MetricName"] == metric && dimensions(alarm) == of_function;
            about && rings_at_once(alarm)
        });
        let problem = format!("has no alarm that is raised by the first of {metric}");
        (!found).then(|| finding(function, problem))
    });
    findings.collect()
}

/// An alarm that is there in two modes is the same resource, under the same name: a deployment knows it by that.
#[test]
fn an_alarm_has_one_name_in_all_modes() {
    let template = Template::of_workspace();
    for (mode, in_mode) in modes(template) {
        for (name, alarm) in alarms(&in_mode) {
            let always = &template.resource(name)["Properties"]["AlarmName"];
            assert_eq!(&alarm["AlarmName"], always, "{name} in {mode}");
        }
    }
}
