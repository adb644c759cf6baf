//! One line for each request or message, which is at once its log entry and its metrics.
//!
//! The line is in CloudWatch's embedded metric format, so that metrics cost no call:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use crate::config::Vars;
use crate::telemetry::Metric;
use crate::time::{Clock, Timestamp};

/// CloudWatch's name for all metrics of this system.
pub const NAMESPACE: &str = "WechatMiniProgram";

tokio::task_local! {
    static RECORD: RefCell<Record>;
}

#[derive(Default)]
struct Record {
    fields: Map<String, Value>,
    metrics: Vec<Metric>,
}

/// Adds a field to the line of the request or message at hand; does nothing outside of one.
pub fn field(name: &'static str, value: impl Into<Value>) {
    let value = value.into();
    let _ = RECORD.try_with(|record| record.borrow_mut().fields.insert(name.to_owned(), value));
}

/// Counts one occurrence of `metric` in the request or message at hand; does nothing outside of one.
pub fn count(metric: Metric) {
    measure(metric, 1.0);
}

/// Adds `value` to `metric` in the request or message at hand; does nothing outside of one.
pub fn measure(metric: Metric, value: f64) {
    let _ = RECORD.try_with(|record| {
        let mut record = record.borrow_mut();
        let sum = record
            .fields
            .get(metric.name())
            .and_then(Value::as_f64)
            .unwrap_or(0.0)
            + value;
        record.fields.insert(metric.name().to_owned(), json!(sum));
        if !record.metrics.contains(&metric) {
            record.metrics.push(metric);
        }
    });
}

/// Writes the lines of one function.
#[derive(Clone)]
pub struct Telemetry {
    function: String,
    clock: Clock,
    cold: Arc<AtomicBool>,
    write: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Telemetry {
    /// Lines go to standard output, under the name in `AWS_LAMBDA_FUNCTION_NAME`: two deployments in one account are
    /// told apart by it.
    pub fn read(vars: &mut Vars<'_>, function: &str, clock: Clock) -> Self {
        let deployed = vars.text("AWS_LAMBDA_FUNCTION_NAME");
        let name = deployed.as_deref().unwrap_or(function);
        Self::writing_to(name, clock, |line| {
            let mut out = std::io::stdout().lock();
            // A closed standard output must not take the request down with it.
            let _ = writeln!(out, "{line}");
        })
    }

    /// Lines go to `write`, each without its line feed.
    pub fn writing_to(
        function: &str,
        clock: Clock,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            function: function.to_owned(),
            clock,
            cold: Arc::new(AtomicBool::new(true)),
            write: Arc::new(write),
        }
    }

    /// Runs `work`, then writes one line with what [`field`] and [`count`] gathered in it and what `describe` says of
    /// its result.
    pub async fn record<T>(
        &self,
        work: impl Future<Output = T>,
        describe: impl FnOnce(&T) -> Summary,
    ) -> T {
        let started = self.clock.now();
        let cold_start = self.cold.swap(false, Ordering::Relaxed);
        RECORD
            .scope(RefCell::default(), async {
                let result = work.await;
                let duration_ms = self.clock.now().since(started).as_millis();
                let summary = describe(&result);
                measure(
                    Metric::DurationMs,
                    u32::try_from(duration_ms).unwrap_or(u32::MAX).into(),
                );
                if cold_start {
                    count(Metric::ColdStarts);
                }
                field("cold_start", cold_start);
                let record = RECORD.with(RefCell::take);
                (self.write)(&self.line(started, summary, record));
                result
            })
            .await
    }

    fn line(&self, at: Timestamp, summary: Summary, record: Record) -> String {
        let directives = directives(&record.metrics, summary.fields.contains_key("route"));
        let mut line = record.fields;
        line.extend(summary.fields);
        line.insert("timestamp".into(), at.to_rfc3339().into());
        line.insert("level".into(), summary.level.into());
        line.insert("message".into(), summary.message.into());
        line.insert("function".into(), self.function.as_str().into());
        line.insert(
            "_aws".into(),
            json!({"Timestamp": at.millis(), "CloudWatchMetrics": directives}),
        );
        Value::Object(line).to_string()
    }
}

/// What CloudWatch is to make of the metrics. Each name and set of dimensions is paid for, so a metric has one set: the
/// duration of a request that of its route, everything else that of the function.
fn directives(metrics: &[Metric], has_route: bool) -> Vec<Value> {
    let (by_route, by_function): (Vec<Metric>, Vec<Metric>) = metrics
        .iter()
        .copied()
        .partition(|metric| has_route && *metric == Metric::DurationMs);
    let sets = [
        (json!(["function"]), by_function),
        (json!(["function", "route"]), by_route),
    ];
    let used = sets.into_iter().filter(|(_, metrics)| !metrics.is_empty());
    used.map(|(dimensions, metrics)| {
        let metrics: Value = metrics
            .into_iter()
            .map(|metric| json!({"Name": metric.name(), "Unit": metric.unit().as_str()}))
            .collect();
        json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
    })
    .collect()
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// What a line says beside its gathered fields.
#[derive(Debug)]
pub struct Summary {
    /// `INFO`, `WARN` or `ERROR`.
    pub level: &'static str,
    /// A sentence that reads alone.
    pub message: String,
    /// Further fields; `route` also becomes a metric dimension.
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn a_line_carries_fields_and_metrics() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let clock = Clock::new(|| Timestamp::from_millis(1_000));
        let telemetry = Telemetry::writing_to("login", clock, move |line| {
            sink.lock().unwrap().push(line.to_owned())
        });
        for _ in 0..2 {
            let work = async {
                field("wechat_errcode", 40163);
                count(Metric::Logins);
                count(Metric::Logins);
            };
            let fields = Map::from_iter([("route".to_owned(), json!("/ping"))]);
            telemetry
                .record(work, |()| Summary {
                    level: "INFO",
                    message: "done".into(),
                    fields,
                })
                .await;
        }
        let lines: Vec<Value> = lines
            .lock()
            .unwrap()
            .iter()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines[0]["wechat_errcode"], 40163);
        assert_eq!(lines[0]["logins"], 2.0);
        assert_eq!(lines[0]["cold_start"], true);
        assert_eq!(lines[1]["cold_start"], false);
        // Each pair of a name and a set of dimensions is paid for.
        let directives = lines[0]["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        let published: Vec<_> = directives
            .iter()
            .map(|directive| (&directive["Dimensions"], &directive["Metrics"]))
            .collect();
        let [logins, cold, duration] = [
            ("logins", "Count"),
            ("cold_starts", "Count"),
            ("duration_ms", "Milliseconds"),
        ]
        .map(|(name, unit)| json!({"Name": name, "Unit": unit}));
        assert_eq!(
            published,
            [
                (&json!([["function"]]), &json!([logins, cold])),
                (&json!([["function", "route"]]), &json!([duration])),
            ]
        );
    }

    #[test]
    fn a_message_has_no_route_to_be_counted_by() {
        let metrics = [Metric::UploadsReady, Metric::DurationMs];
        let directives = directives(&metrics, false);
        assert_eq!(directives.len(), 1);
        assert_eq!(directives[0]["Dimensions"], json!([["function"]]));
        assert_eq!(directives[0]["Metrics"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn outside_of_a_request_nothing_happens() {
        field("a", 1);
        count(Metric::Panics);
    }
}
