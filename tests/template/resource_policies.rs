//! The policies of bucket and queues: who may come, and how.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::ids::{Epoch, Purpose, UploadId, UserId};
use shared::random::Random;
use shared::time::Timestamp;
use shared::upload::key::ObjectKey;
use support::Template;
use support::template::{if_fulfilled, list, target, text, texts};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "nothing is asked of bucket and queues without TLS",
        check: tls_only,
        mistakes: &[
            (
                "Action: sqs:*\n              Resource: !GetAtt UploadEventsQueue.Arn\n              Condition: {Bool: {\"aws:SecureTransport\": \"false\"}}",
                "Action: sqs:*\n              Resource: !GetAtt UploadEventsQueue.Arn\n              Condition: {Bool: {\"aws:SecureTransport\": \"true\"}}",
            ),
            ("              - !GetAtt PurgeDeadLetters.Arn\n", ""),
            (
                "Effect: Deny\n              Principal: \"*\"\n              Action: s3:*",
                "Effect: Allow\n              Principal: \"*\"\n              Action: s3:*",
            ),
        ],
    },
    Rule {
        name: "bucket and queues let in services of AWS's alone, on behalf of this account",
        check: strangers,
        mistakes: &[
            (
                "Effect: Deny\n              Principal: \"*\"\n              Action: s3:*",
                "Effect: Allow\n              Principal: \"*\"\n              Action: s3:*",
            ),
            (
                "Condition: {StringEquals: {\"aws:SourceArn\": !GetAtt Cdn.Outputs.DistributionArn}}",
                "Condition: {StringEquals: {\"aws:SourceAccount\": !Ref AWS::AccountId}}",
            ),
            (
                "StringEquals: {\"aws:SourceAccount\": !Ref AWS::AccountId}\n",
                "Null: {\"aws:SourceVpc\": \"true\"}\n",
            ),
        ],
    },
    Rule {
        name: "a CDN reads avatars, and nothing else",
        check: avatars,
        mistakes: &[
            ("/?????????2*\n", "/*\n"),
            ("/?????????z*\n", "/?????????x*\n"),
            ("/?????????z*\n", "/????????z*\n"),
        ],
    },
];

/// The statements of policies on buckets and queues, with the policy's logical id. Of a choice, what is there when its
/// condition is fulfilled.
pub(crate) fn resource_statements(template: &Template) -> Vec<(&str, &Value)> {
    let policies = template.resources_of(&["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"]);
    let statements = policies.flat_map(|(name, policy)| {
        let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
        statements.map(move |statement| (name, if_fulfilled(statement)))
    });
    statements.collect()
}

fn tls_only(template: &Template) -> Vec<Finding> {
    let statements = resource_statements(template).into_iter();
    let refusals = statements.filter(|(_, s)| {
        s["Effect"] == "Deny" && s["Condition"]["Bool"]["aws:SecureTransport"] == "false"
    });
    let refused = refusals.flat_map(|(_, statement)| list(&statement["Resource"]));
    let refused: BTreeSet<_> = refused.filter_map(target).collect();
    let stores = template.resources_of(&["AWS::S3::Bucket", "AWS::SQS::Queue"]);
    let open = stores.filter(|(name, _)| !refused.contains(name));
    open.map(|(name, _)| finding(name, "no policy refuses plain HTTP to it"))
        .collect()
}

fn strangers(template: &Template) -> Vec<Finding> {
    let statements = resource_statements(template).into_iter();
    let allowed = statements.filter(|(_, statement)| statement["Effect"] == "Allow");
    let findings = allowed.flat_map(|(name, statement)| {
        let service = statement["Principal"]["Service"].as_str();
        let keys = texts(&statement["Condition"]);
        let narrowed = |key: &str| keys.iter().any(|(path, _)| path.contains(key));
        let checks = [
            (service.is_some(), "lets in others than services of AWS's"),
            // Any customer's bucket or distribution acts as the same service.
            (
                narrowed("/aws:SourceArn"),
                "has no condition on aws:SourceArn",
            ),
            // A bucket's ARN does not name its account.
            (
                service != Some("s3.amazonaws.com") || narrowed("/aws:SourceAccount"),
                "has no condition on aws:SourceAccount",
            ),
        ];
        let at = format!("{name} statement {}", text(&statement["Sid"]));
        let failed = checks.into_iter().filter(|(holds, _)| !holds);
        failed.map(move |(_, problem)| finding(&at, problem))
    });
    findings.collect()
}

/// The purpose is one bit of an id's tenth character, between time and epoch: the policy has to fit whatever these are.
fn avatars(template: &Template) -> Vec<Finding> {
    let policies = resource_statements(template).into_iter();
    let readers: Vec<_> = policies
        .filter(|(_, statement)| statement["Sid"] == "CdnMayRead")
        .collect();
    let resources = readers.iter().flat_map(|(_, s)| list(&s["Resource"]));
    let patterns: Vec<_> = resources
        .map(|resource| text(&resource["Fn::Sub"]).replacen("${Bucket.Arn}/", "", 1))
        .collect();
    let at = readers
        .first()
        .map_or("AWS::S3::BucketPolicy", |(name, _)| name);
    let cases = (0..512_u64).flat_map(|i| [(i, Purpose::Avatar), (i, Purpose::File)]);
    let wrong = cases.filter_map(|(i, purpose)| {
        let key = key(i, purpose);
        let allowed = patterns.iter().any(|glob| matches(glob, &key));
        let wanted = purpose == Purpose::Avatar;
        let may = if allowed { "may" } else { "may not" };
        (allowed != wanted).then(|| format!("CdnMayRead: a CDN {may} read {purpose:?} {key}"))
    });
    // One is as good as a hundred.
    wrong.take(1).map(|problem| finding(at, problem)).collect()
}

/// Varies both neighbours of the purpose: the last bits of the time, and the first one of the epoch.
fn key(i: u64, purpose: Purpose) -> String {
    let at = Timestamp::from_millis(1_800_000_000_000 + i64::try_from(i).expect("small"));
    let epoch = Epoch::try_from(if i < 256 { i + 1 } else { 0x7fff - i }).expect("an epoch");
    let random = Random::new(move |bytes| bytes.fill(i.to_be_bytes()[7]));
    let key = ObjectKey {
        user: UserId::derive("wx", &"alice".parse().expect("an openid")),
        upload: UploadId::new(at, purpose, epoch, &random),
        content_type: "image/png".parse().expect("a type"),
    };
    key.to_string()
}

/// IAM's wildcards: `?` is one character, and `*`, here at the end alone, any number of them.
fn matches(glob: &str, key: &str) -> bool {
    let (glob, open) = glob
        .strip_suffix('*')
        .map_or((glob, false), |glob| (glob, true));
    let fits = glob.len() == key.len() || open && glob.len() <= key.len();
    let mut pairs = glob.bytes().zip(key.bytes());
    fits && pairs.all(|(g, k)| g == b'?' || g == k)
}
