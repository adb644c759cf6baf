//! What is stored: that it is kept, kept private, and encrypted with the operator's key if there is one.

use serde_json::Value;
use support::Template;
use support::template::{entries, list, texts};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "what cannot be made again is kept",
        check: kept,
        mistakes: &[
            ("    DeletionPolicy: Retain\n", ""),
            (
                "    DeletionPolicy: RetainExceptOnCreate\n",
                "    DeletionPolicy: Delete\n",
            ),
            // The name that it leaves taken would refuse the next deployment.
            (
                "    DeletionPolicy: RetainExceptOnCreate\n",
                "    DeletionPolicy: Retain\n",
            ),
            (
                "DeletionProtectionEnabled: true",
                "DeletionProtectionEnabled: false",
            ),
            (
                "PointInTimeRecoveryEnabled: true",
                "PointInTimeRecoveryEnabled: false",
            ),
        ],
    },
    Rule {
        name: "the bucket is private and versioned, and its objects are only its owner's",
        check: bucket,
        mistakes: &[
            ("BlockPublicPolicy: true", "BlockPublicPolicy: false"),
            ("        RestrictPublicBuckets: true\n", ""),
            (
                "VersioningConfiguration: {Status: Enabled}",
                "VersioningConfiguration: {Status: Suspended}",
            ),
            ("BucketOwnerEnforced", "ObjectWriter"),
            (
                "    AbortIncompleteMultipartUpload",
                "    AbortMultipartUpload",
            ),
            (
                "NoncurrentVersionExpiration: {NoncurrentDays: 31}",
                "NoncurrentVersionExpiration: {}",
            ),
        ],
    },
    Rule {
        name: "a key of the operator's encrypts whatever is stored",
        check: customer_key,
        mistakes: &[
            (
                "        KMSMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
                "",
            ),
            (
                "      KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
                "",
            ),
            (
                "      KmsKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
                "",
            ),
            (
                "              KMSMasterKeyID: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
                "",
            ),
            (
                "            Condition: {StringEquals: {\"kms:ViaService\": !Sub \"dynamodb.${AWS::Region}.${AWS::URLSuffix}\"}}\n",
                "",
            ),
        ],
    },
];

/// The settings in `value` that are not as they should be, each by its JSON pointer.
fn unlike(value: &Value, wanted: &[(&str, Value)]) -> Vec<String> {
    let wrong = wanted.iter().filter_map(|(pointer, wanted)| {
        let set = value.pointer(pointer).unwrap_or(&Value::Null);
        (set != wanted).then(|| format!("{} is {set} and should be {wanted}", &pointer[1..]))
    });
    wrong.collect()
}

fn kept(template: &Template) -> Vec<Finding> {
    let lasting = template.resources_of(&[
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    ]);
    let findings = lasting.flat_map(|(name, resource)| {
        let is_table = resource["Type"] == "AWS::DynamoDB::Table";
        // CloudFormation cannot delete a protected table, not even one that it has just made.
        let deletion = ["RetainExceptOnCreate", "Retain"][usize::from(is_table)];
        let mut wanted = vec![
            ("/DeletionPolicy", deletion.into()),
            ("/UpdateReplacePolicy", "Retain".into()),
        ];
        if is_table {
            wanted.push(("/Properties/DeletionProtectionEnabled", true.into()));
            wanted.push((
                "/Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
                true.into(),
            ));
        }
        let problems = unlike(resource, &wanted).into_iter();
        problems.map(move |problem| finding(name, problem))
    });
    findings.collect()
}

fn bucket(template: &Template) -> Vec<Finding> {
    let wanted: Vec<(&str, Value)> = vec![
        (
            "/PublicAccessBlockConfiguration/BlockPublicAcls",
            true.into(),
        ),
        (
            "/PublicAccessBlockConfiguration/BlockPublicPolicy",
            true.into(),
        ),
        (
            "/PublicAccessBlockConfiguration/IgnorePublicAcls",
            true.into(),
        ),
        (
            "/PublicAccessBlockConfiguration/RestrictPublicBuckets",
            true.into(),
        ),
        ("/VersioningConfiguration/Status", "Enabled".into()),
        (
            "/OwnershipControls/Rules/0/ObjectOwnership",
            "BucketOwnerEnforced".into(),
        ),
    ];
    let buckets = template.resources("AWS::S3::Bucket");
    let findings = buckets.flat_map(|(name, bucket)| {
        let bucket = &bucket["Properties"];
        let problems = unlike(bucket, &wanted).into_iter();
        let problems = problems.chain(missing_lifecycle(bucket));
        problems.map(move |problem| finding(name, problem))
    });
    findings.collect()
}

fn missing_lifecycle(bucket: &Value) -> Vec<String> {
    let rules = &bucket["LifecycleConfiguration"]["Rules"];
    let wanted = [
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
    ];
    let missing = wanted.into_iter().filter(|(what, days)| {
        !list(rules).any(|rule| rule["Status"] == "Enabled" && rule[*what][*days].is_u64())
    });
    let problem = |(what, days)| format!("no lifecycle rule has {what} with {days}");
    missing.map(problem).collect()
}

fn customer_key(template: &Template) -> Vec<Finding> {
    let stores = template.resources_of(&[
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::Logs::LogGroup",
    ]);
    let plain = stores.filter(|(_, resource)| {
        let texts = texts(&resource["Properties"]);
        let mut texts = texts.iter();
        !texts.any(|(path, text)| path.ends_with("/Fn::If/Ref") && text == "KmsKeyArn")
    });
    let plain = plain.map(|(name, _)| finding(name, "is not encrypted with KmsKeyArn"));
    let statements = template.statements().into_iter();
    let of_key = statements.filter(|(_, statement)| {
        let mut actions = list(&statement["Action"]).filter_map(Value::as_str);
        actions.any(|action| action.starts_with("kms:"))
    });
    let wide = of_key.filter(|(_, statement)| {
        statement["Resource"]["Ref"] != "KmsKeyArn"
            || statement["Condition"]["StringEquals"]["kms:ViaService"].is_null()
    });
    let wide = wide.map(|(owner, statement)| {
        let conditions: Vec<_> = entries(&statement["Condition"]).collect();
        let problem = format!(
            "should use KmsKeyArn alone, by way of one kms:ViaService: {} with {conditions:?}",
            statement["Resource"]
        );
        finding(owner, problem)
    });
    plain.chain(wide).collect()
}
