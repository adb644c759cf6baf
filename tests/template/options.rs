//! What a stack keeps to itself, what is left out until a parameter asks for it, and how that is checked.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use shared::ids::{Epoch, Purpose, UploadId, UserId};
use shared::random::Random;
use shared::time::Timestamp;
use shared::upload::key::ObjectKey;

use super::{Rule, Template, as_if, entries, faults, list, root, target, text, texts, yaml};

pub(crate) const RULES: [Rule; 12] = [
    (
        "what is optional is off",
        optional,
        &[
            (
                "    Type: AWS::CloudFormation::Stack\n    Condition: HasAnyCdn\n",
                "    Type: AWS::CloudFormation::Stack\n",
            ),
            (
                "    Type: AWS::SNS::Topic\n    Condition: HasAlarmEmail\n",
                "    Type: AWS::SNS::Topic\n    Condition: OutsideChina\n",
            ),
            (
                "HasKmsKey: !Not [!Equals [!Ref KmsKeyArn, \"\"]]",
                "HasKmsKey: !Equals [!Ref KmsKeyArn, \"\"]",
            ),
            (
                "HasCdn: !And [!Equals [!Ref AssetsCdn, \"true\"], !Condition OutsideChina]",
                "HasCdn: !Or [!Equals [!Ref AssetsCdn, \"true\"], !Condition OutsideChina]",
            ),
            ("    Condition: HasApiRecord\n", ""),
        ],
    ),
    (
        "only login reads the secrets",
        secret,
        &[
            (
                "Action: dynamodb:BatchGetItem",
                "Action: secretsmanager:GetSecretValue",
            ),
            (
                "PURGE_QUEUE_URL: !Ref PurgeQueue",
                "SECRETS_ID: !Ref JwtSecret",
            ),
            ("[!GetAtt WechatSecret.Id, ", "[!GetAtt Table.Arn, "),
            (", !GetAtt JwtSecret.Id", ""),
        ],
    ),
    (
        "who is traced may write traces, from the beginning",
        tracing,
        &[
            (
                "Action: [xray:PutTraceSegments, xray:PutTelemetryRecords]",
                "Action: xray:PutTraceSegments",
            ),
            (
                "        - !If\n          - TraceInvocations\n",
                "        - !If\n          - HasKmsKey\n",
            ),
            (
                "Tracing: !If [TraceInvocations, Active, PassThrough]",
                "Tracing: Active",
            ),
        ],
    ),
    (
        "the bucket is private and versioned, and its objects are only its owner's",
        bucket,
        &[
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
    ),
    (
        "nothing is asked of bucket and queues without TLS, and strangers are only refused",
        resource_policies,
        &[
            (
                "Action: sqs:*\n              Resource: !GetAtt UploadEventsQueue.Arn\n              Condition: {Bool: {\"aws:SecureTransport\": \"false\"}}",
                "Action: sqs:*\n              Resource: !GetAtt UploadEventsQueue.Arn\n              Condition: {Bool: {\"aws:SecureTransport\": \"true\"}}",
            ),
            (
                "Resource: [!GetAtt UploadEventsDeadLetters.Arn, !GetAtt PurgeQueue.Arn, !GetAtt PurgeDeadLetters.Arn]",
                "Resource: [!GetAtt UploadEventsDeadLetters.Arn, !GetAtt PurgeQueue.Arn]",
            ),
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
    ),
    (
        "objects are read in the version that was verified, by whomever",
        versions,
        &[
            (
                "Action: s3:GetObjectVersion\n              # Only avatars",
                "Action: [s3:GetObject, s3:GetObjectVersion]\n              # Only avatars",
            ),
            (
                "Action: [s3:PutObject, s3:GetObjectVersion, ",
                "Action: [s3:PutObject, s3:GetObject, ",
            ),
        ],
    ),
    (
        "a CDN reads avatars, and nothing else",
        avatars,
        &[
            ("/?????????2*\n", "/*\n"),
            ("/?????????z*\n", "/?????????x*\n"),
            ("/?????????z*\n", "/????????z*\n"),
        ],
    ),
    (
        "the address that AWS gives the API is closed only where there is another",
        default_endpoint,
        &[
            (
                "OnlyApiDomain: !And [!Condition HasApiDomain, ",
                "OnlyApiDomain: !And [!Condition OutsideChina, ",
            ),
            (
                "DisableExecuteApiEndpoint: !If [OnlyApiDomain, true, false]",
                "DisableExecuteApiEndpoint: true",
            ),
            ("      - OnlyApiDomain\n", "      - HasApiRecord\n"),
        ],
    ),
    (
        "a key of the operator's encrypts whatever is stored",
        customer_key,
        &[
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
    ),
    (
        "the access log says nothing of who asked, or what was in the address",
        access_log,
        &[
            ("$context.routeKey", "$context.path"),
            (
                "\"status\":\"$context.status\"",
                "\"ip\":\"$context.identity.sourceIp\"",
            ),
            (
                "\"status\":\"$context.status\"",
                "\"status\":$context.status,",
            ),
            ("      AccessLogSettings:\n", "      AccessLogs:\n"),
        ],
    ),
    (
        "whoever is asked for parameters is asked for each of them",
        parameter_groups,
        &[
            ("          - AlarmEmail\n", ""),
            (
                "Parameters: [AwsEndpointUrl, TlsOnly]",
                "Parameters: [AwsEndpointUrl, Tls]",
            ),
        ],
    ),
    (
        "a check that is skipped has its reason beside it",
        skips,
        &[(
            "{id: CKV_AWS_19, comment: It does not look into the condition; either side of it encrypts}",
            "{id: CKV_AWS_19}",
        )],
    ),
];

/// Types that a stack has by the operator's choice alone.
const OPTIONAL: [&str; 8] = [
    "AWS::ApiGatewayV2::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFront::",
    "AWS::KMS::",
    "AWS::Route53::",
    "AWS::SNS::",
    "AWS::WAFv2::",
];

fn optional(template: &Template) -> Vec<String> {
    let resources = entries(&template.0["Resources"]);
    let optional = resources.filter(|(_, resource)| {
        let mut actions = Vec::new();
        texts(&resource["Properties"]["PolicyDocument"], "", &mut actions);
        let of_key = actions.iter().any(|(_, text)| text.starts_with("kms:"));
        let kind = text(&resource["Type"]);
        of_key || OPTIONAL.iter().any(|prefix| kind.starts_with(prefix))
    });
    let optional: Vec<_> = optional.collect();
    assert!(!optional.is_empty(), "the template has optional parts");
    faults(optional.into_iter().map(|(name, resource)| {
        let there = resource["Condition"]
            .as_str()
            .is_none_or(|condition| holds(template, condition));
        there.then(|| name.to_owned())
    }))
}

/// Whether a condition is fulfilled by the parameters' defaults, outside of China.
fn holds(template: &Template, condition: &str) -> bool {
    fulfilled(template, &template.0["Conditions"][condition])
}

fn fulfilled(template: &Template, expression: &Value) -> bool {
    let (function, arguments) = entries(expression).next().expect("a condition");
    let mut each = list(arguments).map(|argument| fulfilled(template, argument));
    match function {
        "Fn::And" => each.all(|one| one),
        "Fn::Or" => each.any(|one| one),
        "Fn::Not" => !each.any(|one| one),
        "Fn::Equals" => default(template, &arguments[0]) == default(template, &arguments[1]),
        "Condition" => holds(template, &text(arguments)),
        other => panic!("add {other} to this test"),
    }
}

fn default(template: &Template, value: &Value) -> String {
    match value["Ref"].as_str() {
        Some("AWS::Partition") => "aws".to_owned(),
        Some(parameter) => {
            let default = &template.0["Parameters"][parameter]["Default"];
            default
                .as_str()
                .map_or_else(|| default.to_string(), str::to_owned)
        }
        None => text(value),
    }
}

fn secret(template: &Template) -> Vec<String> {
    let secrets = ["WechatSecret", "JwtSecret", "AppSecrets"];
    let statements = template.statements();
    let readers = statements.iter().filter(|(_, statement)| {
        list(&statement["Action"]).any(|action| text(action).starts_with("secretsmanager:"))
    });
    let readers: Vec<_> = readers
        .map(|(role, statement)| (*role, list(&statement["Resource"]).map(target).collect()))
        .collect();
    let functions = template.functions();
    let told = functions.iter().filter(|function| {
        let variables = &function.properties()["Environment"]["Variables"];
        let is_secret = |value| target(value).is_some_and(|name| secrets.contains(&name));
        function.binary() != "login"
            && entries(variables)
                .any(|(name, value)| name.ends_with("SECRETS_ID") || is_secret(value))
    });
    let mut found: Vec<_> = told.map(|function| function.name.to_owned()).collect();
    let expected: Vec<_> = secrets.map(Some).to_vec();
    if readers != [("LoginRole", expected)] {
        found.push(format!("{readers:?}"));
    }
    found
}

fn tracing(template: &Template) -> Vec<String> {
    let mode = &template.0["Globals"]["Function"]["Tracing"]["Fn::If"];
    let condition = text(&mode[0]);
    let anywhere = !template.0["Conditions"][&condition].is_object();
    let anywhere = anywhere.then(|| format!("Globals: {mode}"));
    let wanted = serde_json::json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    let functions = template.functions();
    let without = functions.iter().filter(|function| {
        // In the role itself: Lambda refuses to make a function whose role does not yet have it.
        let role = target(&function.properties()["Role"]).unwrap_or_default();
        let policies = list(&template.0["Resources"][role]["Properties"]["Policies"]);
        let mut policies = policies.map(|policy| &policy["Fn::If"]);
        !policies.any(|choice| {
            let statement = &choice[1]["PolicyDocument"]["Statement"][0];
            choice[0] == condition.as_str() && statement["Action"] == wanted
        })
    });
    let without = without.map(|function| function.name.to_owned());
    anywhere.into_iter().chain(without).collect()
}

fn bucket(template: &Template) -> Vec<String> {
    let buckets = template.resources("AWS::S3::Bucket");
    faults(buckets.map(|(name, bucket)| {
        let bucket = &bucket["Properties"];
        let block = &bucket["PublicAccessBlockConfiguration"];
        let rules = &bucket["LifecycleConfiguration"]["Rules"];
        let tidy = |what: &str, days: &str| {
            list(rules).any(|rule| rule["Status"] == "Enabled" && rule[what][days].is_u64())
        };
        let right = [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ]
        .iter()
        .all(|setting| block[*setting] == true)
            && bucket["VersioningConfiguration"]["Status"] == "Enabled"
            && bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced"
            && tidy("AbortIncompleteMultipartUpload", "DaysAfterInitiation")
            && tidy("NoncurrentVersionExpiration", "NoncurrentDays");
        (!right).then(|| name.to_owned())
    }))
}

/// The statements of policies on buckets and queues; one under `!If` counts as there.
fn on_resources(template: &Template) -> Vec<(&str, &Value)> {
    let policies = entries(&template.0["Resources"]).filter(|(_, resource)| {
        ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"]
            .contains(&text(&resource["Type"]).as_str())
    });
    let statements = policies.flat_map(|(name, policy)| {
        let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
        statements.map(move |statement| (name, as_if(statement)))
    });
    statements.collect()
}

fn resource_policies(template: &Template) -> Vec<String> {
    let statements = on_resources(template);
    let plain_refused: BTreeSet<_> = statements
        .iter()
        .filter(|(_, s)| {
            s["Effect"] == "Deny" && s["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        })
        .flat_map(|(_, statement)| list(&statement["Resource"]).filter_map(target))
        .collect();
    let stores = entries(&template.0["Resources"]).filter(|(_, resource)| {
        ["AWS::S3::Bucket", "AWS::SQS::Queue"].contains(&text(&resource["Type"]).as_str())
    });
    let open = stores.map(|(name, _)| {
        let refused = plain_refused.contains(name);
        (!refused).then(|| format!("{name} takes plain HTTP"))
    });
    let allowed = statements.iter().filter(|(_, s)| s["Effect"] == "Allow");
    let strangers = allowed.map(|(name, statement)| {
        let service = statement["Principal"]["Service"].is_string();
        // Any customer's bucket or distribution acts as the same service.
        let mut keys = Vec::new();
        texts(&statement["Condition"], "", &mut keys);
        let of_ours = keys.iter().any(|(path, _)| path.contains("/aws:SourceArn"))
            && (text(&statement["Principal"]["Service"]) != "s3.amazonaws.com"
                // A bucket's ARN does not name its account.
                || keys.iter().any(|(path, _)| path.contains("/aws:SourceAccount")));
        (!service || !of_ours).then(|| format!("{name}: {statement}"))
    });
    faults(open.chain(strangers))
}

fn versions(template: &Template) -> Vec<String> {
    let statements = template.statements().into_iter();
    let statements = statements.chain(on_resources(template));
    faults(statements.map(|(name, statement)| {
        let newest = list(&statement["Action"]).any(|action| action == "s3:GetObject");
        (newest && statement["Effect"] == "Allow").then(|| format!("{name}: {statement}"))
    }))
}

/// The purpose is one bit of an id's tenth character, between time and epoch: the policy has to fit whatever these are.
fn avatars(template: &Template) -> Vec<String> {
    let policies = on_resources(template).into_iter();
    let readers = policies.filter(|(_, statement)| statement["Sid"] == "CdnMayRead");
    let patterns: Vec<String> = readers
        .flat_map(|(_, statement)| list(&statement["Resource"]))
        .map(|resource| text(&resource["Fn::Sub"]).replacen("${Bucket.Arn}/", "", 1))
        .collect();
    let user = UserId::derive("wx", &"alice".parse().expect("an openid"));
    let cases = (0..512_u64).flat_map(|i| [(i, Purpose::Avatar), (i, Purpose::File)]);
    faults(cases.map(|(i, purpose)| {
        // Both neighbours of the purpose: the last bits of the time, and the first one of the epoch.
        let at = Timestamp::from_millis(1_800_000_000_000 + i64::try_from(i).expect("small"));
        let epoch = Epoch::try_from(if i < 256 { i + 1 } else { 0x7fff - i }).expect("an epoch");
        let random = Random::new(move |bytes| bytes.fill(i.to_be_bytes()[7]));
        let key = ObjectKey {
            user: user.clone(),
            upload: UploadId::new(at, purpose, epoch, &random),
            content_type: "image/png".parse().expect("a type"),
        };
        let allowed = patterns.iter().any(|glob| matches(glob, &key.to_string()));
        (allowed != (purpose == Purpose::Avatar)).then(|| format!("{purpose:?} {key}"))
    }))
}

/// IAM's wildcards: `?` is one character, and `*`, here at the end alone, any number of them.
fn matches(glob: &str, key: &str) -> bool {
    let (glob, open) = glob
        .strip_suffix('*')
        .map_or((glob, false), |glob| (glob, true));
    let fits = glob.len() == key.len() || open && glob.len() <= key.len();
    fits && glob
        .bytes()
        .zip(key.bytes())
        .all(|(g, k)| g == b'?' || g == k)
}

fn default_endpoint(template: &Template) -> Vec<String> {
    let closed = json!({"Fn::If": ["OnlyApiDomain", true, false]});
    let mut apis = template.resources("AWS::Serverless::HttpApi");
    let domain = json!({"Condition": "HasApiDomain"});
    let asked = list(&template.0["Conditions"]["OnlyApiDomain"]["Fn::And"]).any(|c| *c == domain);
    let told = template.0["Outputs"]["ApiUrl"]["Value"]["Fn::If"][0] == "OnlyApiDomain";
    let holds = [
        (
            apis.all(|(_, api)| api["Properties"]["DisableExecuteApiEndpoint"] == closed),
            "Api",
        ),
        (asked, "OnlyApiDomain"),
        (told, "ApiUrl"),
        (!holds(template, "OnlyApiDomain"), "its default"),
    ];
    faults(
        holds
            .into_iter()
            .map(|(holds, what)| (!holds).then(|| what.to_owned())),
    )
}

fn customer_key(template: &Template) -> Vec<String> {
    let stored = [
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::Logs::LogGroup",
    ];
    let resources = entries(&template.0["Resources"]);
    let stores =
        resources.filter(|(_, resource)| stored.contains(&text(&resource["Type"]).as_str()));
    let plain = stores.map(|(name, resource)| {
        let mut found = Vec::new();
        texts(&resource["Properties"], "", &mut found);
        let under_key = found
            .iter()
            .any(|(path, text)| path.ends_with("/Fn::If/Ref") && text == "KmsKeyArn");
        (!under_key).then(|| name.to_owned())
    });
    let statements = template.statements().into_iter().filter(|(_, statement)| {
        list(&statement["Action"]).any(|action| text(action).starts_with("kms:"))
    });
    let anyhow = statements.map(|(role, statement)| {
        let narrow = statement["Resource"]["Ref"] == "KmsKeyArn"
            && !statement["Condition"]["StringEquals"]["kms:ViaService"].is_null();
        (!narrow).then(|| format!("{role}: {statement}"))
    });
    faults(plain.chain(anyhow))
}

/// Neither path nor query, headers, addresses or identities.
const LOGGED: [&str; 8] = [
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationLatency",
    "integrationErrorMessage",
];

fn access_log(template: &Template) -> Vec<String> {
    let apis = template.resources("AWS::Serverless::HttpApi");
    let found = apis.flat_map(|(name, api)| {
        let format = text(&api["Properties"]["AccessLogSettings"]["Format"]);
        let line = serde_json::from_str::<Value>(&format).unwrap_or_default();
        let whole = line.is_object() && !format.contains('\n');
        let mut logged = Vec::new();
        texts(&line, "", &mut logged);
        let talkative = logged.into_iter().filter(|(_, text)| {
            let variable = text.strip_prefix("$context.");
            !variable.is_some_and(|variable| LOGGED.contains(&variable))
        });
        let talkative = talkative.map(|(key, text)| format!("{name}: {key} {text}"));
        (!whole)
            .then(|| format!("{name}: {format}"))
            .into_iter()
            .chain(talkative)
            .collect::<Vec<_>>()
    });
    found.collect()
}

fn parameter_groups(template: &Template) -> Vec<String> {
    let groups = &template.0["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let grouped = list(groups)
        .flat_map(|group| list(&group["Parameters"]))
        .map(text);
    let parameters = entries(&template.0["Parameters"]).map(|(name, _)| name.to_owned());
    super::difference(&grouped.collect(), &parameters.collect())
}

fn skips(template: &Template) -> Vec<String> {
    let resources = entries(&template.0["Resources"]);
    let skips = resources.flat_map(|(name, resource)| {
        let skips = list(&resource["Metadata"]["checkov"]["skip"]);
        skips.map(move |skip| (name, skip))
    });
    let unreasoned = skips.map(|(name, skip)| {
        let reason = skip["comment"]
            .as_str()
            .is_some_and(|reason| reason.len() > 20);
        (!reason).then(|| format!("{name}: {skip}"))
    });
    faults(unreasoned)
}

#[test]
fn checks_that_are_skipped_everywhere_have_their_reasons() {
    let path = root().join(".checkov.yaml");
    let config = fs::read_to_string(path).expect("checkov's settings");
    let mut lines = config
        .lines()
        .skip_while(|line| *line != "skip-check:")
        .skip(1);
    let mut reason = false;
    let mut skipped = 0;
    for line in &mut lines {
        let comment = line.trim_start().starts_with('#');
        assert!(comment || reason, "{line} has no reason above it");
        skipped += usize::from(!comment);
        reason = comment;
    }
    assert!(skipped > 0, "something is skipped");
}

#[test]
fn the_cdn_keeps_versions_apart() {
    let cdn = yaml(&fs::read_to_string(root().join("cdn.yaml")).expect("the CDN's template"));
    let policy = &cdn["Resources"]["CachePolicy"]["Properties"]["CachePolicyConfig"];
    let query = &policy["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"];
    // As `shared::upload::link` writes it.
    assert_eq!(query["QueryStringBehavior"], "whitelist");
    assert_eq!(query["QueryStrings"], serde_json::json!(["versionId"]));
}

#[test]
fn the_cdn_passes_uploads_on_as_they_were_signed() {
    let cdn = yaml(&fs::read_to_string(root().join("cdn.yaml")).expect("the CDN's template"));
    let resource = |name: &str| cdn["Resources"][name]["Properties"].clone();
    let request = &resource("UploadsRequest")["OriginRequestPolicyConfig"];
    assert_eq!(request["QueryStringsConfig"]["QueryStringBehavior"], "all");
    // What is signed is the bucket's own host.
    let headers = serde_json::json!({"HeaderBehavior": "allExcept", "Headers": ["Host"]});
    assert_eq!(request["HeadersConfig"], headers);
    let distribution = &resource("UploadsDistribution")["DistributionConfig"];
    let origin = &distribution["Origins"][0];
    assert_eq!(origin["OriginAccessControlId"], serde_json::Value::Null);
    let methods = list(&distribution["DefaultCacheBehavior"]["AllowedMethods"]);
    let methods: Vec<_> = methods.filter_map(|method| method.as_str()).collect();
    for method in ["GET", "OPTIONS", "POST", "PUT"] {
        assert!(methods.contains(&method), "{method}");
    }
}
