//! The metrics that alarms and the dashboard ask for.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use shared::telemetry::record::NAMESPACE;
use support::Template;
use support::template::{Function, list, sub_form, text};

use crate::monitoring::modes;
use crate::rule::{Finding, Rule, finding};
use crate::written_metrics::written_by;

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "the functions' metrics are ones that they write, with dimensions that they write",
    check: own_metrics,
    mistakes: &[
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
}];

/// A metric that an alarm or the dashboard asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MetricUse {
    /// The logical id of who asks.
    pub(crate) asked_by: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// Of a search, the names alone.
    pub(crate) dimensions: BTreeMap<String, String>,
}

impl MetricUse {
    pub(crate) fn dimension_names(&self) -> Vec<&str> {
        self.dimensions.keys().map(String::as_str).collect()
    }

    pub(crate) fn is_of_aws(&self) -> bool {
        self.namespace.starts_with("AWS/")
    }
}

impl fmt::Display for MetricUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of", self.namespace, self.metric)?;
        let mut dimensions = self.dimensions.iter();
        dimensions.try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// The dimensions of an alarm's metric.
pub(crate) fn dimensions(metric: &Value) -> BTreeMap<String, String> {
    let pairs = list(&metric["Dimensions"]);
    pairs
        .map(|pair| (text(&pair["Name"]), sub_form(&pair["Value"])))
        .collect()
}

/// The template's alarms: logical id and properties.
pub(crate) fn alarms(template: &Template) -> Vec<(&str, &Value)> {
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    alarms
        .map(|(name, alarm)| (name, &alarm["Properties"]))
        .collect()
}

/// The metrics that an alarm looks at, each of which is paid for.
pub(crate) fn of_alarm(name: &str, alarm: &Value) -> Vec<MetricUse> {
    let metric_use = |metric: &Value| MetricUse {
        asked_by: name.to_owned(),
        namespace: text(&metric["Namespace"]),
        metric: text(&metric["MetricName"]),
        dimensions: dimensions(metric),
    };
    if alarm["Metrics"].is_null() {
        return vec![metric_use(alarm)];
    }
    let metrics = list(&alarm["Metrics"]).filter(|metric| !metric["MetricStat"].is_null());
    metrics
        .map(|metric| metric_use(&metric["MetricStat"]["Metric"]))
        .collect()
}

/// The bodies of the template's dashboards by logical id; null for one that is no JSON.
pub(crate) fn dashboards(template: &Template) -> Vec<(&str, Value)> {
    let dashboards = template.resources("AWS::CloudWatch::Dashboard");
    let body = |dashboard: &Value| {
        let body = text(&dashboard["Properties"]["DashboardBody"]["Fn::Sub"]);
        serde_json::from_str(&body).unwrap_or_default()
    };
    dashboards
        .map(|(name, dashboard)| (name, body(dashboard)))
        .collect()
}

fn of_dashboard(name: &str, body: &Value) -> Vec<MetricUse> {
    let widgets = list(&body["widgets"]);
    let metrics = widgets.flat_map(|widget| list(&widget["properties"]["metrics"]));
    metrics.map(|metric| of_row(name, metric)).collect()
}

/// A row of a widget: `[Namespace, metric, name, value, …, options]`, or an expression.
fn of_row(name: &str, row: &Value) -> MetricUse {
    if let Some(expression) = row[0]["expression"].as_str() {
        return of_search(name, expression);
    }
    let texts: Vec<_> = list(row).filter_map(Value::as_str).collect();
    let word = |index: usize| texts.get(index).copied().unwrap_or_default().to_owned();
    let pairs = texts.get(2..).unwrap_or_default().chunks_exact(2);
    MetricUse {
        asked_by: name.to_owned(),
        namespace: word(0),
        metric: word(1),
        dimensions: pairs
            .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
            .collect(),
    }
}

/// What `SEARCH('{Namespace,dimension,…} MetricName="…"', …)` finds.
fn of_search(name: &str, expression: &str) -> MetricUse {
    let between = |start: &str, end: char| {
        let rest = expression.split_once(start).map(|(_, rest)| rest);
        let found = rest.and_then(|rest| rest.split_once(end));
        found.map(|(found, _)| found.to_owned()).unwrap_or_default()
    };
    let schema = between("SEARCH('{", '}');
    let mut names = schema.split(',').map(str::to_owned);
    MetricUse {
        asked_by: name.to_owned(),
        namespace: names.next().unwrap_or_default(),
        metric: between("MetricName=\"", '"'),
        dimensions: names.map(|name| (name, String::new())).collect(),
    }
}

/// Everything that is asked for.
pub(crate) fn uses(template: &Template) -> Vec<MetricUse> {
    let alarms = alarms(template).into_iter();
    let alarms = alarms.flat_map(|(name, alarm)| of_alarm(name, alarm));
    let dashboards = dashboards(template).into_iter();
    let dashboards = dashboards.flat_map(|(name, body)| of_dashboard(name, &body));
    alarms.chain(dashboards).collect()
}

/// What is asked for in some mode of monitoring.
pub(crate) fn uses_in_any_mode(template: &Template) -> Vec<MetricUse> {
    let modes = modes(template).into_iter();
    let mut uses: Vec<_> = modes.flat_map(|(_, template)| uses(&template)).collect();
    uses.sort();
    uses.dedup();
    uses
}

fn own_metrics(template: &Template) -> Vec<Finding> {
    let functions = template.functions();
    let own = uses_in_any_mode(template).into_iter();
    let own = own.filter(|used| !used.is_of_aws());
    let findings = own.filter_map(|used| {
        let written = used.namespace == NAMESPACE && functions.iter().any(|f| writes(f, &used));
        let problem = format!("asks for {used}, which no function writes");
        (!written).then(|| finding(&used.asked_by, problem))
    });
    findings.collect()
}

/// Whether a function writes a metric with these dimensions.
fn writes(function: &Function<'_>, used: &MetricUse) -> bool {
    let routes = function.routes();
    let suits = |name: &str, allowed: &dyn Fn(&str) -> bool| {
        let value = used.dimensions.get(name);
        // A search names no values.
        value.is_none_or(|value| value.is_empty() || allowed(value))
    };
    let dimensions = match used.dimension_names()[..] {
        // A request's duration is its route's alone, and everything else the function's: each set is paid for.
        ["function"] => routes.is_empty() || used.metric != "duration_ms",
        ["function", "route"] => !routes.is_empty() && used.metric == "duration_ms",
        _ => false,
    };
    dimensions
        && written_by(function).contains(&used.metric)
        && suits("function", &|name| {
            name == format!("${{{}}}", function.name)
        })
        && suits("route", &|route| routes.contains(route))
}
