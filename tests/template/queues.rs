//! Queues: how long messages are hidden, kept and tried again.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::store::upload::EVENT_LIFETIME;
use support::Template;
use support::template::{list, text};

use crate::rule::{Finding, Rule, finding};

const DEAD_LETTERS_KEPT: &str = "KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]
      MessageRetentionPeriod: 1209600
";
const DEAD_LETTERS_DROPPED: &str =
    "KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]
";

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "a message stays hidden for at least six times its function's time-out",
        check: visibility,
        mistakes: &[
            ("VisibilityTimeout: 180", "VisibilityTimeout: 149"),
            ("Timeout: 29", "Timeout: 31"),
            ("      VisibilityTimeout: 180\n", ""),
        ],
    },
    Rule {
        name: "dead letters are kept for longer than messages, or for as long as SQS keeps anything",
        check: dead_letter_retention,
        mistakes: &[(DEAD_LETTERS_KEPT, DEAD_LETTERS_DROPPED)],
    },
    Rule {
        name: "an upload's record and its old versions outlive every event that can be on its way",
        check: event_lifetimes,
        mistakes: &[
            ("NoncurrentDays: 31", "NoncurrentDays: 30"),
            ("NoncurrentDays: 31", "NoncurrentDays: 7"),
            (
                "      MessageRetentionPeriod: 1209600\n      RedrivePolicy:",
                "      MessageRetentionPeriod: 345600\n      RedrivePolicy:",
            ),
            (DEAD_LETTERS_KEPT, DEAD_LETTERS_DROPPED),
            ("s3:LifecycleExpiration:*", "s3:ObjectTagging:*"),
            ("s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete"),
        ],
    },
    Rule {
        name: "a queue that a function reads gives a message up after five receives or more",
        check: redrive,
        mistakes: &[
            ("maxReceiveCount: 7", "maxReceiveCount: 4"),
            (
                "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt PurgeDeadLetters.Arn\n        maxReceiveCount: 7\n",
                "",
            ),
        ],
    },
    Rule {
        name: "one failed message is not the whole batch's failure",
        check: partial_batches,
        mistakes: &[
            (
                "            FunctionResponseTypes: [ReportBatchItemFailures]\n",
                "",
            ),
            ("[ReportBatchItemFailures]", "[]"),
        ],
    },
];

fn visibility(template: &Template) -> Vec<Finding> {
    let readers = template.queue_readers().into_iter();
    let too_short = readers.filter_map(|reader| {
        let visibility = reader.queue["VisibilityTimeout"].as_u64().unwrap_or(30);
        let timeout = reader.function.timeout();
        let problem = format!(
            "VisibilityTimeout is {visibility} s, and 6 × the {timeout} s of {} are {} s",
            reader.function.name,
            6 * timeout
        );
        (visibility < 6 * timeout).then(|| finding(reader.queue_name, problem))
    });
    too_short.collect()
}

/// What SQS keeps a message for at most, in seconds.
const LONGEST_RETENTION: u64 = 14 * 24 * 60 * 60;

fn retention(queue: &Value) -> u64 {
    queue["MessageRetentionPeriod"].as_u64().unwrap_or(345_600)
}

/// The queues that have dead letters, with those: the logical id and the properties of both.
fn with_dead_letters(template: &Template) -> impl Iterator<Item = (&str, &Value, &Value)> {
    let queues = template.resources("AWS::SQS::Queue");
    queues.filter_map(|(name, queue)| {
        let queue = &queue["Properties"];
        let dead = &queue["RedrivePolicy"]["deadLetterTargetArn"];
        (!dead.is_null()).then(|| (name, queue, template.referred(dead)))
    })
}

fn dead_letter_retention(template: &Template) -> Vec<Finding> {
    let dropped = with_dead_letters(template).filter(|(_, queue, dead)| {
        retention(dead) <= retention(queue) && retention(dead) != LONGEST_RETENTION
    });
    let findings = dropped.map(|(name, queue, dead)| {
        let (queue, dead) = (retention(queue), retention(dead));
        finding(
            name,
            format!("keeps messages for {queue} s, and its dead letters for {dead} s"),
        )
    });
    findings.collect()
}

/// Messages wait in the queue, then as dead letters; a record waits for as long as both together, and S3 keeps what it is
/// about for longer.
fn event_lifetimes(template: &Template) -> Vec<Finding> {
    let record = EVENT_LIFETIME.as_secs();
    let mut found = Vec::new();
    let queues = with_dead_letters(template).filter(|(name, ..)| *name == "UploadEventsQueue");
    for (name, queue, dead) in queues {
        let (queue, dead) = (retention(queue), retention(dead));
        if [queue, dead] != [LONGEST_RETENTION; 2] || queue + dead > record {
            let problem = format!(
                "keeps events for {queue} s and then {dead} s: both should be {LONGEST_RETENTION}, and no more \
                 together than the {record} s of a record"
            );
            found.push(finding(name, problem));
        }
    }
    for (name, bucket) in template.resources("AWS::S3::Bucket") {
        found.extend(old_versions(name, &bucket["Properties"], record));
        found.extend(notifications(name, &bucket["Properties"]));
    }
    found
}

fn old_versions(name: &str, bucket: &Value, record: u64) -> Option<Finding> {
    const DAY: u64 = 24 * 60 * 60;
    let rules = list(&bucket["LifecycleConfiguration"]["Rules"]);
    let days =
        rules.filter_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64());
    let days = days.min().unwrap_or_default();
    let problem = format!(
        "drops old versions after {days} days, which is not longer than the {} of a record",
        record / DAY
    );
    (days * DAY <= record).then(|| finding(name, problem))
}

fn notifications(name: &str, bucket: &Value) -> Option<Finding> {
    let sent = list(&bucket["NotificationConfiguration"]["QueueConfigurations"]);
    let sent: BTreeSet<_> = sent.map(|each| text(&each["Event"])).collect();
    let wanted = [
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:LifecycleExpiration:*",
    ];
    let problem = format!("sends the events {sent:?} and should send {wanted:?}");
    (sent != wanted.map(str::to_owned).into()).then(|| finding(name, problem))
}

fn redrive(template: &Template) -> Vec<Finding> {
    let readers = template.queue_readers().into_iter();
    let findings = readers.filter_map(|reader| {
        let policy = &reader.queue["RedrivePolicy"];
        let receives = policy["maxReceiveCount"].as_u64().unwrap_or_default();
        let dead = template.referred(&policy["deadLetterTargetArn"]);
        let problem = if dead.is_null() {
            "has no RedrivePolicy with a queue for dead letters".to_owned()
        } else {
            format!("gives messages up after {receives} receives, before the fifth")
        };
        (receives < 5 || dead.is_null()).then(|| finding(reader.queue_name, problem))
    });
    findings.collect()
}

fn partial_batches(template: &Template) -> Vec<Finding> {
    let readers = template.queue_readers().into_iter();
    let whole = readers.filter(|reader| {
        let mut types = list(&reader.mapping["FunctionResponseTypes"]);
        !types.any(|kind| kind == "ReportBatchItemFailures")
    });
    let findings = whole.map(|reader| {
        finding(
            reader.function.name,
            format!(
                "reads {} without FunctionResponseTypes: [ReportBatchItemFailures]",
                reader.queue_name
            ),
        )
    });
    findings.collect()
}
