//! Roles and use, compared.

use std::collections::BTreeSet;
use std::fmt::Write;

use support::recorder::{self, Use};
use support::{Template, functions, records};

use crate::permission::{Permission, matches, permissions};

/// Permissions that no request of a function's own makes use of, and who does.
const NOT_USED_BY_CODE: [(&str, &str); 7] = [
    ("logs:", "Lambda writes the function's log with its role"),
    ("xray:", "Lambda sends the function's traces with its role"),
    (
        "kms:",
        "AWS's services use a customer's key on behalf of who calls them",
    ),
    (
        "sqs:ReceiveMessage",
        "Lambda reads the function's queue with its role",
    ),
    (
        "sqs:DeleteMessage",
        "Lambda reads the function's queue with its role",
    ),
    (
        "sqs:GetQueueAttributes",
        "Lambda reads the function's queue with its role",
    ),
    (
        "s3:ListBucket",
        "with it S3 answers 404 rather than 403 for an object that is gone",
    ),
];

/// What was used and is not allowed, and what is allowed and was not used: a line for each, empty if there is none.
fn differences(permissions: &[Permission], uses: &BTreeSet<Use>) -> String {
    let mut lines = BTreeSet::new();
    let mut line = |function: &str, what: &str, action: &str, resource: &str, keys: &str| {
        let mut line = String::new();
        write!(
            line,
            "{function:9} {what:23} {action:28} {resource:18} {keys}"
        )
        .expect("a line");
        lines.insert(line.trim_end().to_owned());
    };
    for used in uses {
        if !permissions.iter().any(|permission| permission.allows(used)) {
            let keys: Vec<_> = used.keys.iter().map(String::as_str).collect();
            let keys = keys.join(" ");
            line(
                &used.function,
                "used but not allowed",
                &used.action,
                &used.resource,
                &keys,
            );
        }
    }
    for permission in permissions {
        let of_platform = |(action, _): &(&str, _)| match action.strip_suffix(':') {
            Some(service) => permission.action.split(':').next() == Some(service),
            None => permission.action == *action,
        };
        if NOT_USED_BY_CODE.iter().any(of_platform) {
            continue;
        }
        let used: Vec<_> = uses.iter().filter(|used| permission.allows(used)).collect();
        let mut unused = |keys: &str| {
            let Permission {
                function,
                action,
                resource,
                ..
            } = permission;
            line(function, "allowed but never used", action, resource, keys);
        };
        if used.is_empty() && permission.keys.is_empty() {
            unused("");
        }
        for pattern in &permission.keys {
            let mut keys = used.iter().flat_map(|used| &used.keys);
            if !keys.any(|key| matches(pattern, key)) {
                unused(pattern);
            }
        }
    }
    lines
        .into_iter()
        .fold(String::new(), |text, line| text + "\n" + &line)
}

#[test]
#[ignore = "compares what all other tests have noted: `make test` runs it after them"]
fn the_roles_allow_what_is_used_and_nothing_else() {
    let uses = records::read::<Use>(recorder::DIRECTORY);
    for function in functions::all() {
        let name = function.name;
        let seen = uses.iter().any(|used| used.function == name);
        assert!(seen, "{name} was not seen");
    }
    let differences = differences(&permissions(Template::of_workspace()), &uses);
    assert!(
        differences.is_empty(),
        "template.yaml and the functions differ:{differences}"
    );
}

// ---- the comparison itself

const SMALL: &str = "
Resources:
  Reader:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: reader}}
    Properties: {Role: !GetAtt ReaderRole.Arn}
  ReaderRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [logs:PutLogEvents], Resource: !GetAtt Logs.Arn}
              - Effect: Allow
                Action: [dynamodb:GetItem, dynamodb:BatchGetItem]
                Resource: !GetAtt Table.Arn
                Condition: {'ForAllValues:StringLike': {'dynamodb:LeadingKeys': ['U#*', 'UP#*']}}
              - {Effect: Allow, Action: s3:GetObject, Resource: !Sub '${Bucket.Arn}/u/*'}
              - Effect: Allow
                Action: s3:ListBucketVersions
                Resource: !GetAtt Bucket.Arn
                Condition: {StringLike: {'s3:prefix': ['u/*']}}
              - !If [HasKey, {Effect: Allow, Action: kms:Decrypt, Resource: !GetAtt Key.Arn}, !Ref AWS::NoValue]
  QueryPolicy:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref ReaderRole]
      PolicyDocument:
        Statement: {Effect: Allow, Action: dynamodb:Query, Resource: !Sub '${Table.Arn}/index/gsi1'}
";

/// Exactly what the small template allows.
const USED: [&str; 7] = [
    "dynamodb:GetItem\tTable\tU#",
    "dynamodb:GetItem\tTable\tUP#",
    "dynamodb:BatchGetItem\tTable\tU# UP#",
    "dynamodb:Query\tTable/index/gsi1\tUS#",
    "s3:GetObject\tBucket/u/\t",
    "s3:ListBucketVersions\tBucket\tu/",
    "dynamodb:BatchGetItem\tTable\tUP#",
];

/// The differences to the small template when the function `reader` used these.
fn small(used: &[&str]) -> Vec<String> {
    let used = used
        .iter()
        .map(|used| format!("reader\t{used}").parse().expect("a record"));
    let differences = differences(&permissions(&Template::parse(SMALL)), &used.collect());
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    differences.lines().skip(1).map(words).collect()
}

#[test]
fn a_role_that_fits_differs_in_nothing() {
    assert_eq!(small(&USED), [""; 0]);
}

#[test]
fn what_is_used_and_not_allowed_is_told() {
    for (used, told) in [
        ("dynamodb:PutItem\tTable\tU#", "dynamodb:PutItem Table U#"),
        ("dynamodb:GetItem\tTable\tUN#", "dynamodb:GetItem Table UN#"),
        (
            "dynamodb:GetItem\tTable/index/gsi1\tUS#",
            "dynamodb:GetItem Table/index/gsi1 US#",
        ),
        (
            "dynamodb:BatchGetItem\tTable\tEM# U#",
            "dynamodb:BatchGetItem Table EM# U#",
        ),
        ("s3:GetObject\tBucket/v/\t", "s3:GetObject Bucket/v/"),
        // All versions are more than those below the prefix.
        (
            "s3:ListBucketVersions\tBucket\t",
            "s3:ListBucketVersions Bucket",
        ),
        ("kms:Encrypt\tKey\t", "kms:Encrypt Key"),
    ] {
        let expected = format!("reader used but not allowed {told}");
        assert_eq!(small(&[&USED[..], &[used]].concat()), [expected]);
    }
}

#[test]
fn what_is_allowed_and_never_used_is_told() {
    for (left_out, told) in [
        (0, "dynamodb:GetItem Table U#*"),
        (1, "dynamodb:GetItem Table UP#*"),
        (2, "dynamodb:BatchGetItem Table U#*"),
        (3, "dynamodb:Query Table/index/gsi1"),
        (4, "s3:GetObject Bucket/u/*"),
        (5, "s3:ListBucketVersions Bucket u/*"),
    ] {
        let mut used = USED.to_vec();
        used.remove(left_out);
        assert_eq!(
            small(&used),
            [format!("reader allowed but never used {told}")]
        );
    }
    // Somebody else's use is not this function's.
    let others = "writer\tdynamodb:GetItem\tTable\tU#"
        .parse()
        .expect("a record");
    let told = differences(
        &permissions(&Template::parse(SMALL)),
        &BTreeSet::from([others]),
    );
    assert_eq!(told.lines().count(), 1 + 8, "{told}");
}

#[test]
fn keys_that_two_statements_allow_may_not_be_asked_for_at_once() {
    let divided = SMALL.replace("['U#*', 'UP#*']", "['U#*']");
    let second = "- Effect: Allow
                Action: [dynamodb:GetItem, dynamodb:BatchGetItem]
                Resource: !GetAtt Table.Arn
                Condition: {'ForAllValues:StringLike': {'dynamodb:LeadingKeys': ['UP#*']}}
              - {Effect: Allow, Action: s3:GetObject";
    let divided = divided.replace("- {Effect: Allow, Action: s3:GetObject", second);
    let both = "reader\tdynamodb:BatchGetItem\tTable\tU# UP#"
        .parse()
        .expect("a record");
    let told = differences(
        &permissions(&Template::parse(&divided)),
        &BTreeSet::from([both]),
    );
    assert!(told.contains("used but not allowed"), "{told}");
}
