//! Alarms, dashboard, saved queries, and how deployments are taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::telemetry::Metric;
use shared::telemetry::record::NAMESPACE;

use super::{Function, Rule, Template, faults, list, target, text};

pub(crate) const RULES: [Rule; 9] = [
    (
        "the functions' metrics are ones that they write, with dimensions that they write",
        own_metrics,
        &[
            (
                "MetricName: wechat_config_errors",
                "MetricName: wechat_config",
            ),
            (
                "{Name: function, Value: !Ref LoginFunction}, {Name: route, Value: POST /v1/login}",
                "{Name: function, Value: !Ref UsersFunction}, {Name: route, Value: POST /v1/login}",
            ),
            ("MetricName: duration_ms", "MetricName: panics"),
            (
                "Dimensions: [{Name: function, Value: !Ref PurgeFunction}]",
                "Dimensions: [{Name: route, Value: purge}]",
            ),
            (
                "{Name: route, Value: POST /v1/logout}",
                "{Name: route, Value: /v1/logout}",
            ),
            (
                "[\"WechatMiniProgram\", \"new_users\", \"function\", \"${LoginFunction}\"",
                "[\"WechatMiniProgram\", \"new_users\", \"function\", \"${UsersFunction}\"",
            ),
            (
                "MetricName=\\\"duration_ms\\\"",
                "MetricName=\\\"duration\\\"",
            ),
        ],
    ),
    (
        "the services' metrics have the dimensions that the services give them",
        service_metrics,
        &[
            ("MetricName: 5xx", "MetricName: 5XXError"),
            ("{Name: QueueName,", "{Name: Queue,"),
            (
                "{Name: TableName, Value: !Ref Table}, {Name: Operation, Value: UpdateItem}",
                "{Name: TableName, Value: !Ref Table}",
            ),
            (
                "\"SuccessfulRequestLatency\", \"TableName\", \"${Table}\", \"Operation\", \"GetItem\"",
                "\"SuccessfulRequestLatency\", \"TableName\", \"${Table}\"",
            ),
            (
                "\"${PurgeQueue.QueueName}\"",
                "\"${PurgeRequests.QueueName}\"",
            ),
        ],
    ),
    (
        "every route has an alarm on its p99",
        slow_routes,
        &[
            (
                "{Name: route, Value: GET /v1/ping}",
                "{Name: route, Value: GET /v1/pong}",
            ),
            (
                "Namespace: WechatMiniProgram\n      MetricName: duration_ms\n      Dimensions: [{Name: function, Value: !Ref UsersFunction}, {Name: route, Value: GET /v1/profiles}]\n      ExtendedStatistic: p99",
                "Namespace: WechatMiniProgram\n      MetricName: duration_ms\n      Dimensions: [{Name: function, Value: !Ref UsersFunction}, {Name: route, Value: GET /v1/profiles}]\n      ExtendedStatistic: p50",
            ),
        ],
    ),
    (
        "alarms on a function's alias take its deployment back, in time",
        deployments,
        &[
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
            ("      Enabled: !Ref GradualDeployment\n", ""),
            ("      Role: !GetAtt DeploymentRole.Arn\n", ""),
        ],
    ),
    (
        "alarms tell somebody, and no data is no alarm",
        alarms_tell,
        &[
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
    ),
    (
        "old messages and dead letters raise alarms",
        queues,
        &[
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
    ),
    (
        "what nobody should wait for raises an alarm at once",
        at_once,
        &[
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
    ),
    (
        "the dashboard shows every alarm, and answers its four questions",
        dashboard,
        &[
            ("\"${WechatBreaker.Arn}\", ", ""),
            ("## Is WeChat the cause?", "## WeChat"),
            ("\"${PurgeQueueAge.Arn}\"", "\"${PurgeAge.Arn}\""),
            ("{\"widgets\": [", "{\"widgets\": [,"),
            (
                "\"region\": \"${AWS::Region}\"",
                "\"region\": \"us-east-1\"",
            ),
        ],
    ),
    (
        "saved queries look at log groups that there are, and the story of a request at all of them",
        saved_queries,
        &[
            (
                "LogGroupNames: [!Ref LoginLogs, !Ref UsersLogs, !Ref PresignLogs]",
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
    ),
];

/// A metric that an alarm or the dashboard asks for.
struct Use {
    place: String,
    namespace: String,
    metric: String,
    /// Of a search, the names alone.
    dimensions: BTreeMap<String, String>,
}

impl Use {
    fn names(&self) -> Vec<&str> {
        self.dimensions.keys().map(String::as_str).collect()
    }

    fn fault(&self) -> String {
        let Self {
            place,
            namespace,
            metric,
            dimensions,
        } = self;
        format!("{place}: {namespace} {metric} {dimensions:?}")
    }
}

/// A value as `!Sub` would write it.
fn written(value: &Value) -> String {
    let reference = value["Ref"].as_str().or(value["Fn::GetAtt"].as_str());
    match reference {
        Some(name) => format!("${{{name}}}"),
        None => text(if value["Fn::Sub"].is_null() {
            value
        } else {
            &value["Fn::Sub"]
        }),
    }
}

fn dimensions(metric: &Value) -> BTreeMap<String, String> {
    let pairs = list(&metric["Dimensions"]);
    pairs
        .map(|pair| (text(&pair["Name"]), written(&pair["Value"])))
        .collect()
}

fn of_metric(place: &str, metric: &Value) -> Use {
    Use {
        place: place.to_owned(),
        namespace: text(&metric["Namespace"]),
        metric: text(&metric["MetricName"]),
        dimensions: dimensions(metric),
    }
}

fn alarms(template: &Template) -> Vec<(&str, &Value)> {
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    let alarms: Vec<_> = alarms
        .map(|(name, alarm)| (name, &alarm["Properties"]))
        .collect();
    assert!(!alarms.is_empty(), "the template has alarms");
    alarms
}

fn of_alarm(name: &str, alarm: &Value) -> Vec<Use> {
    if alarm["Metrics"].is_null() {
        return vec![of_metric(name, alarm)];
    }
    let metrics = list(&alarm["Metrics"]).filter(|metric| !metric["MetricStat"].is_null());
    metrics
        .map(|metric| of_metric(name, &metric["MetricStat"]["Metric"]))
        .collect()
}

/// The dashboard's body; nothing if it is no JSON.
fn body(template: &Template) -> Value {
    let mut dashboards = template.resources("AWS::CloudWatch::Dashboard");
    let (_, dashboard) = dashboards.next().expect("the template has a dashboard");
    let body = text(&dashboard["Properties"]["DashboardBody"]["Fn::Sub"]);
    serde_json::from_str(&body).unwrap_or_default()
}

fn of_dashboard(template: &Template) -> Vec<Use> {
    let body = body(template);
    let widgets = list(&body["widgets"]);
    let metrics = widgets.flat_map(|widget| list(&widget["properties"]["metrics"]));
    metrics
        .map(|metric| {
            let parts: Vec<_> = list(metric).collect();
            if let Some(expression) = parts[0]["expression"].as_str() {
                return of_search(expression);
            }
            let texts: Vec<_> = parts.iter().filter_map(|part| part.as_str()).collect();
            let pairs = texts.get(2..).unwrap_or_default().chunks_exact(2);
            Use {
                place: "Dashboard".to_owned(),
                namespace: texts.first().copied().unwrap_or_default().to_owned(),
                metric: texts.get(1).copied().unwrap_or_default().to_owned(),
                dimensions: pairs
                    .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
                    .collect(),
            }
        })
        .collect()
}

/// What `SEARCH('{Namespace,dimension,…} MetricName="…"', …)` finds.
fn of_search(expression: &str) -> Use {
    let between = |start: &str, end: char| {
        let rest = expression.split_once(start).map(|(_, rest)| rest);
        let found = rest.and_then(|rest| rest.split_once(end));
        found.map(|(found, _)| found.to_owned()).unwrap_or_default()
    };
    let schema = between("SEARCH('{", '}');
    let mut names = schema.split(',').map(str::to_owned);
    Use {
        place: "Dashboard".to_owned(),
        namespace: names.next().unwrap_or_default(),
        metric: between("MetricName=\"", '"'),
        dimensions: names.map(|name| (name, String::new())).collect(),
    }
}

fn uses(template: &Template) -> Vec<Use> {
    let alarms = alarms(template).into_iter();
    let mut uses: Vec<_> = alarms
        .flat_map(|(name, alarm)| of_alarm(name, alarm))
        .collect();
    uses.extend(of_dashboard(template));
    uses
}

/// Whether a function writes a metric of that name.
fn writes(function: &Function<'_>, name: &str) -> bool {
    let mut metrics = Metric::ALL.iter().filter(|metric| metric.name() == name);
    let is_http = !function.routes().is_empty();
    metrics.any(|metric| metric.writers().include(&function.binary(), is_http))
}

fn own_metrics(template: &Template) -> Vec<String> {
    let functions = template.functions();
    let own = uses(template).into_iter().filter(|used| {
        let services = used.namespace.starts_with("AWS/");
        !services
    });
    faults(own.map(|used| {
        let suits = functions.iter().any(|function| {
            let value = |name: &str, allowed: &dyn Fn(&str) -> bool| {
                let value = used.dimensions.get(name);
                // A search names no values.
                value.is_none_or(|value| value.is_empty() || allowed(value))
            };
            let dimensions = match used.names()[..] {
                // A request's duration is its route's alone, and everything else the function's: each set is paid for.
                ["function"] => function.routes().is_empty() || used.metric != "duration_ms",
                ["function", "route"] => {
                    !function.routes().is_empty() && used.metric == "duration_ms"
                }
                _ => false,
            };
            dimensions
                && writes(function, &used.metric)
                && value("function", &|name| {
                    name == format!("${{{}}}", function.name)
                })
                && value("route", &|route| function.routes().contains(route))
        });
        (used.namespace != NAMESPACE || !suits).then(|| used.fault())
    }))
}

/// Namespace, metrics, and the dimensions in alphabetical order.
type Published = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const PUBLISHED: [Published; 8] = [
    (
        "AWS/ApiGateway",
        &["Count", "4xx", "5xx", "Latency", "IntegrationLatency"],
        &["ApiId"],
    ),
    (
        "AWS/Lambda",
        &["Errors", "Throttles", "Duration", "Invocations"],
        &["FunctionName", "Resource"],
    ),
    (
        "AWS/Lambda",
        &[
            "Errors",
            "Throttles",
            "Duration",
            "Invocations",
            "ConcurrentExecutions",
        ],
        &["FunctionName"],
    ),
    (
        "AWS/SQS",
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
        ],
        &["QueueName"],
    ),
    (
        "AWS/DynamoDB",
        &[
            "ReadThrottleEvents",
            "WriteThrottleEvents",
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
        ],
        &["TableName"],
    ),
    (
        "AWS/DynamoDB",
        &["WriteThrottleEvents"],
        &["GlobalSecondaryIndexName", "TableName"],
    ),
    (
        "AWS/DynamoDB",
        &["SystemErrors", "SuccessfulRequestLatency"],
        &["Operation", "TableName"],
    ),
    ("AWS/SNS", &["NumberOfNotificationsFailed"], &["TopicName"]),
];

fn service_metrics(template: &Template) -> Vec<String> {
    let uses = uses(template).into_iter();
    let of_services = uses.filter(|used| used.namespace.starts_with("AWS/"));
    faults(of_services.map(|used| {
        let published = PUBLISHED.iter().any(|(namespace, metrics, dimensions)| {
            used.namespace == *namespace
                && metrics.contains(&used.metric.as_str())
                && used.names() == *dimensions
        });
        let there = used.dimensions.values().all(|value| {
            let name = value.strip_prefix("${").map(|rest| {
                let end = rest.find(['.', '}']).unwrap_or(rest.len());
                &rest[..end]
            });
            name.is_none_or(|name| template.0["Resources"][name].is_object())
        });
        (!published || !there).then(|| used.fault())
    }))
}

fn slow_routes(template: &Template) -> Vec<String> {
    let watched: BTreeSet<_> = alarms(template)
        .into_iter()
        .filter(|(_, alarm)| alarm["ExtendedStatistic"] == "p99")
        .flat_map(|(name, alarm)| of_alarm(name, alarm))
        .filter(|used| used.metric == "duration_ms")
        .map(|used| used.dimensions.get("route").cloned().unwrap_or_default())
        .collect();
    // The gateway answers this one itself, so that there is nothing to watch.
    let mut routes = super::all_routes(template);
    routes.remove("GET /ping");
    super::difference(&routes, &watched)
}

/// The shortest canary: an alarm that takes longer comes after the deployment.
const CANARY_SECONDS: u64 = 300;

fn deployments(template: &Template) -> Vec<String> {
    let globals = &template.0["Globals"]["Function"];
    let alias = text(&globals["AutoPublishAlias"]);
    let preference = &globals["DeploymentPreference"];
    let parameters = &template.0["Parameters"];
    let on = preference["Enabled"]["Ref"]
        .as_str()
        .is_some_and(|name| parameters[name]["Default"] == "true");
    let own_role = target(&preference["Role"])
        .is_some_and(|role| template.0["Resources"][role]["Type"] == "AWS::IAM::Role");
    let set_up = (!on || !own_role).then(|| format!("Globals: {preference}"));
    let functions = template.functions();
    let missing = functions.iter().flat_map(|function| {
        let named = list(&function.properties()["DeploymentPreference"]["Alarms"]);
        let named: Vec<_> = named.map(|alarm| by_name(template, alarm)).collect();
        let in_time = named.iter().flatten().all(|alarm| {
            let period = list(&alarm["Metrics"])
                .filter_map(|metric| metric["MetricStat"]["Period"].as_u64())
                .max();
            let period = alarm["Period"].as_u64().or(period).unwrap_or(u64::MAX);
            let periods = alarm["EvaluationPeriods"].as_u64().unwrap_or(u64::MAX);
            period.saturating_mul(periods) < CANARY_SECONDS
        });
        let there = named.iter().all(Option::is_some);
        let on_alias = |metric: &'static str| {
            let wanted = BTreeMap::from([
                ("FunctionName".to_owned(), format!("${{{}}}", function.name)),
                (
                    "Resource".to_owned(),
                    format!("${{{}}}:{alias}", function.name),
                ),
            ]);
            named.iter().flatten().any(|alarm| {
                let p99 = metric != "Duration" || alarm["ExtendedStatistic"] == "p99";
                alarm["MetricName"] == metric && dimensions(alarm) == wanted && p99
            })
        };
        // What a function answers with 500 is no error to Lambda.
        let answers = function.routes().is_empty()
            || named.iter().flatten().any(|alarm| {
                let mut used = of_alarm("", alarm).into_iter();
                used.any(|used| used.metric == "5xx")
            });
        let checks = [
            ("an alarm that there is not", there),
            ("an alarm that takes too long", in_time),
            ("no errors", on_alias("Errors")),
            ("no p99", on_alias("Duration")),
            ("no throttles", on_alias("Throttles")),
            ("no 5xx", answers),
        ];
        let failed = checks.into_iter().filter(|(_, passed)| !passed);
        failed.map(|(what, _)| format!("{}: {what}", function.name))
    });
    set_up.into_iter().chain(missing).collect()
}

/// The alarm that `!Ref`, or its name, stands for.
fn by_name<'a>(template: &'a Template, named: &Value) -> Option<&'a Value> {
    let named_so = |(name, alarm): &(&str, &Value)| {
        named["Ref"] == *name || (!named["Fn::Sub"].is_null() && alarm["AlarmName"] == *named)
    };
    let found = alarms(template).into_iter().find(named_so);
    found.map(|(_, alarm)| alarm)
}

fn alarms_tell(template: &Template) -> Vec<String> {
    let mut names = BTreeSet::new();
    faults(alarms(template).into_iter().map(|(name, alarm)| {
        let told = alarm["AlarmActions"]["Fn::If"][1][0]["Ref"] == "AlarmTopic";
        let quiet = alarm["TreatMissingData"] == "notBreaching";
        let title = written(&alarm["AlarmName"]);
        let own = title.starts_with("${AWS::StackName}-") && names.insert(title);
        (!told || !quiet || !own).then(|| name.to_owned())
    }))
}

/// Whether some alarm looks at this metric.
fn watched(template: &Template, metric: &str, dimension: &str, value: &str) -> bool {
    let alarms = alarms(template).into_iter();
    let mut uses = alarms.flat_map(|(name, alarm)| of_alarm(name, alarm));
    uses.any(|used| {
        used.metric == metric && used.dimensions.get(dimension).is_some_and(|v| v == value)
    })
}

fn queues(template: &Template) -> Vec<String> {
    let queues = template.resources("AWS::SQS::Queue");
    faults(queues.map(|(name, queue)| {
        let metric = if queue["Properties"]["RedrivePolicy"].is_null() {
            "ApproximateNumberOfMessagesVisible"
        } else {
            "ApproximateAgeOfOldestMessage"
        };
        let watched = watched(
            template,
            metric,
            "QueueName",
            &format!("${{{name}.QueueName}}"),
        );
        (!watched).then(|| format!("{name}: {metric}"))
    }))
}

fn at_once(template: &Template) -> Vec<String> {
    let functions = template.functions();
    let panics = functions.iter().map(|function| ("panics", function.name));
    let wechat = ["wechat_breaker_opened", "wechat_config_errors"];
    let wechat = wechat.map(|metric| (metric, "LoginFunction"));
    faults(panics.chain(wechat).map(|(metric, function)| {
        let dimension = ("function".to_owned(), format!("${{{function}}}"));
        let found = alarms(template).into_iter().any(|(_, alarm)| {
            alarm["MetricName"] == metric
                && dimensions(alarm) == BTreeMap::from([dimension.clone()])
                && alarm["Statistic"] == "Sum"
                && alarm["EvaluationPeriods"] == 1
                && alarm["Threshold"] == 1
                && alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        });
        (!found).then(|| format!("{function}: {metric}"))
    }))
}

const QUESTIONS: [&str; 4] = [
    "## Is it up?",
    "## Is it slow?",
    "## Is WeChat the cause?",
    "## Is anything stuck?",
];

fn dashboard(template: &Template) -> Vec<String> {
    let body = body(template);
    let properties: Vec<_> = list(&body["widgets"]).map(|w| &w["properties"]).collect();
    let asked: BTreeSet<_> = properties.iter().map(|p| text(&p["markdown"])).collect();
    let unasked = QUESTIONS.into_iter().filter(|q| !asked.contains(*q));
    let shown = properties.iter().flat_map(|p| list(&p["alarms"])).map(text);
    let alarms = alarms(template).into_iter();
    let alarms = alarms.map(|(name, _)| format!("${{{name}.Arn}}"));
    let charts = properties.iter().filter(|p| !p["metrics"].is_null());
    let elsewhere = charts.filter(|p| p["region"] != "${AWS::Region}");
    let mut found = super::difference(&alarms.collect(), &shown.collect());
    found.extend(unasked.map(str::to_owned));
    found.extend(elsewhere.map(|p| text(&p["title"])));
    found
}

fn saved_queries(template: &Template) -> Vec<String> {
    let groups = template.resources("AWS::Logs::LogGroup");
    let groups: BTreeSet<_> = groups.map(|(name, _)| name.to_owned()).collect();
    let queries: Vec<_> = template.resources("AWS::Logs::QueryDefinition").collect();
    let looks_at = |query: &Value| -> BTreeSet<_> {
        let names = list(&query["Properties"]["LogGroupNames"]);
        names
            .map(|name| target(name).unwrap_or_default().to_owned())
            .collect()
    };
    let wrong = queries.iter().map(|(name, query)| {
        let right = looks_at(query).is_subset(&groups) && !looks_at(query).is_empty();
        let titled = written(&query["Properties"]["Name"]).starts_with("${AWS::StackName}/");
        (!right || !titled).then(|| (*name).to_owned())
    });
    // The fields are those of the functions' lines and of Lambda's reports.
    let wanted = [
        "pct(duration_ms, 99) as p99",
        "by route, cold_start",
        "pct(total_ms, 99) as p99",
        "@message like",
    ];
    let unasked = wanted.into_iter().map(|piece| {
        let asked = queries.iter().any(|(_, query)| {
            let story = piece != "@message like" || looks_at(query) == groups;
            text(&query["Properties"]["QueryString"]).contains(piece) && story
        });
        (!asked).then(|| format!("no query has {piece:?}"))
    });
    faults(wrong.chain(unasked))
}
