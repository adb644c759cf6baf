//! The metrics of AWS's services, against what the services publish.

use support::Template;

use crate::metrics::{MetricUse, uses_in_any_mode};
use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "the services' metrics have the dimensions that the services give them",
    check: service_metrics,
    mistakes: &[
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
}];

/// Namespace, metrics, and the dimensions in alphabetical order.
type Published = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const PUBLISHED: &[Published] = &[
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

fn is_published(used: &MetricUse) -> bool {
    PUBLISHED.iter().any(|(namespace, metrics, dimensions)| {
        used.namespace == *namespace
            && metrics.contains(&used.metric.as_str())
            && used.dimension_names() == *dimensions
    })
}

/// What a dimension refers to and the template does not have.
fn dangling(template: &Template, used: &MetricUse) -> Option<String> {
    let mut references = used.dimensions.values().filter_map(|value| {
        let rest = value.strip_prefix("${")?;
        let end = rest.find(['.', '}']).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    });
    references.find(|name| !template.resource(name).is_object())
}

fn service_metrics(template: &Template) -> Vec<Finding> {
    let uses = uses_in_any_mode(template).into_iter();
    let findings = uses.filter(MetricUse::is_of_aws).filter_map(|used| {
        let problem = match dangling(template, &used) {
            Some(name) => {
                format!("asks for {used}, and there is no resource {name}")
            }
            None if is_published(&used) => return None,
            None => format!("asks for {used}, which is not published so"),
        };
        Some(finding(&used.asked_by, problem))
    });
    findings.collect()
}
