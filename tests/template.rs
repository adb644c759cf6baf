//! What `template.yaml` has to say beyond what its schema asks for. Every rule is tried on the template as it is, and on
//! copies with a mistake in them, which it has to find.

#[path = "template/options.rs"]
mod options;
#[path = "template/watching.rs"]
mod watching;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::wechat::client::TOTAL_TIMEOUT;

/// Looks for mistakes of one kind, and tells each of them.
type Check = fn(&Template) -> Vec<String>;

/// A piece of the template, and what a mistake would make of it.
type Mistake = (&'static str, &'static str);

/// What holds, how it is found out, and what it has to find.
type Rule = (&'static str, Check, &'static [Mistake]);

const DEAD_LETTERS_KEPT: &str = "KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]
      MessageRetentionPeriod: 1209600
";
const DEAD_LETTERS_DROPPED: &str =
    "KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]
";

const RULES: [Rule; 19] = [
    (
        "a message stays hidden for at least six times its function's time-out",
        visibility,
        &[
            ("VisibilityTimeout: 180", "VisibilityTimeout: 149"),
            ("Timeout: 29", "Timeout: 31"),
            ("      VisibilityTimeout: 180\n", ""),
        ],
    ),
    (
        "dead letters are kept for longer than messages, or for as long as SQS keeps anything",
        dead_letter_retention,
        &[(DEAD_LETTERS_KEPT, DEAD_LETTERS_DROPPED)],
    ),
    (
        "an upload's record and its old versions outlive every event that can be on its way",
        event_lifetimes,
        &[
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
    ),
    (
        "a queue that a function reads gives a message up after five receives or more",
        dead_letters,
        &[
            ("maxReceiveCount: 5", "maxReceiveCount: 4"),
            (
                "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt PurgeDeadLetters.Arn\n        maxReceiveCount: 5\n",
                "",
            ),
        ],
    ),
    (
        "one failed message is not the whole batch's failure",
        partial_batches,
        &[
            (
                "            FunctionResponseTypes: [ReportBatchItemFailures]\n",
                "",
            ),
            ("[ReportBatchItemFailures]", "[]"),
        ],
    ),
    (
        "functions end before the gateway gives up, and after WeChat had its time",
        timeouts,
        &[
            ("Timeout: 8", "Timeout: 5"),
            ("Timeout: 29", "Timeout: 30"),
            ("      Timeout: 25\n", ""),
        ],
    ),
    (
        "it works in every partition",
        partitions,
        &[
            ("arn:${AWS::Partition}:s3", "arn:aws:s3"),
            ("arn:${AWS::Partition}:s3", "arn:aws-cn:s3"),
            ("${AWS::URLSuffix}", "amazonaws.com"),
        ],
    ),
    (
        "roles name their actions and resources",
        wildcards,
        &[
            ("Action: dynamodb:BatchGetItem", "Action: dynamodb:*"),
            ("[dynamodb:GetItem, dynamodb:UpdateItem]", "[\"*\"]"),
            ("[!GetAtt WechatSecret.Id, ", "[\"*\", "),
            ("Resource: !Sub ${Bucket.Arn}/u/*", "Resource: [\"*\"]"),
            (
                "Resource: !Sub ${Table.Arn}/index/gsi1",
                "Resource: !Sub arn:${AWS::Partition}:dynamodb:*:*:*",
            ),
            (
                "Action: secretsmanager:GetSecretValue",
                "NotAction: secretsmanager:DeleteSecret",
            ),
            ("xray:PutTraceSegments", "xray:GetTraceSummaries"),
            (
                "Action: cloudwatch:DescribeAlarms",
                "Action: cloudwatch:DeleteAlarms",
            ),
            ("Resource: !Ref KmsKeyArn", "Resource: \"*\""),
        ],
    ),
    (
        "every function has a role of its own",
        roles,
        &[
            ("!GetAtt UsersRole.Arn", "!GetAtt LoginRole.Arn"),
            ("      Role: !GetAtt PurgeRole.Arn\n", ""),
        ],
    ),
    (
        "the table's keys are narrowed to what a function works on",
        leading_keys,
        &[
            (
                "                Condition: {\"ForAllValues:StringLike\": {\"dynamodb:LeadingKeys\": [\"US#*\"]}}\n",
                "",
            ),
            (
                "Action: dynamodb:BatchGetItem",
                "Action: [dynamodb:BatchGetItem, dynamodb:Scan]",
            ),
        ],
    ),
    (
        "logs do not stay for ever",
        log_retention,
        &[
            ("      RetentionInDays: !Ref LogRetentionDays\n", ""),
            ("        LogGroup: !Ref PurgeLogs\n", ""),
            ("LogGroup: !Ref PurgeLogs", "LogGroup: !Ref PurgeQueue"),
        ],
    ),
    (
        "the routes are those of openapi.yaml",
        routes_as_described,
        &[
            ("Path: /v1/logout", "Path: /v1/log-out"),
            (
                "Method: PATCH, Path: /v1/users/me",
                "Method: PUT, Path: /v1/users/me",
            ),
            (
                "        Profiles: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /v1/profiles}}\n",
                "",
            ),
        ],
    ),
    (
        "the paths of a function are those of its router",
        routes_as_routed,
        &[
            ("Path: /v1/uploads/batch", "Path: /v1/uploads/many"),
            (
                "        Phone: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /v1/users/me/phone}}\n",
                "",
            ),
        ],
    ),
    (
        "routes that cost more than others have throttles of their own, in numbers, and logins room for a flood",
        route_settings,
        &[
            ("        POST /v1/login: {", "        POST /v1/log-in: {"),
            (
                "        POST /v1/login/refresh: {",
                "        post /v1/login/refresh: {",
            ),
            (
                "        POST /v1/uploads/batch: {",
                "        POST /v1/uploads/{id}: {",
            ),
            (
                "{ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100}",
                "{ThrottlingRateLimit: 50, ThrottlingBurst: 100}",
            ),
            (
                "{ThrottlingRateLimit: 500, ",
                "{ThrottlingRateLimit: !Ref ApiRateLimit, ",
            ),
            (
                "{ThrottlingRateLimit: 500, ",
                "{ThrottlingRateLimit: \"500\", ",
            ),
            // One client's flood would lock everybody out.
            (
                "POST /v1/login: {ThrottlingRateLimit: 500, ",
                "POST /v1/login: {ThrottlingRateLimit: 50, ",
            ),
        ],
    ),
    (
        "gateway and bucket are given their browser origins as lists",
        origins,
        &[
            (
                "AllowOrigins: !Ref CorsOrigins",
                "AllowOrigins: !Split [\",\", !Ref CorsOrigins]",
            ),
            (
                "AllowedOrigins: !Ref CorsOrigins",
                "AllowedOrigins: [!Ref CorsOrigins]",
            ),
            (
                "    Type: CommaDelimitedList\n    Default: https://servicewechat.com",
                "    Type: String\n    Default: https://servicewechat.com",
            ),
        ],
    ),
    (
        "the binaries are the crates under functions/",
        binaries,
        &[
            ("Binary: s3-event", "Binary: s3_event"),
            ("Binary: purge", "Binary: users"),
            ("BuildMethod: rust-cargolambda", "BuildMethod: makefile"),
        ],
    ),
    (
        "functions are given what they read, and nothing else",
        variables,
        &[
            ("          WECHAT_APP_ID:", "          WX_APP_ID:"),
            ("          PURGE_QUEUE_URL: !Ref PurgeQueue\n", ""),
            ("        TABLE_NAME: !Ref Table\n", ""),
            (
                "          BUCKET_NAME: !Ref Bucket\n          UPLOAD_TYPES",
                "          BUCKET_NAME: !Ref Bucket\n          JWT_ISSUER: x\n          UPLOAD_TYPES",
            ),
        ],
    ),
    (
        "the index holds what a list of users shows",
        projection,
        &[
            ("              - avatar_version\n", ""),
            ("ProjectionType: INCLUDE", "ProjectionType: KEYS_ONLY"),
        ],
    ),
    (
        "what cannot be made again is kept",
        kept,
        &[
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
    ),
];

fn rules() -> impl Iterator<Item = Rule> {
    let all = [&RULES[..], &watching::RULES, &options::RULES];
    all.into_iter().flatten().copied()
}

/// What the Makefile replaces by the release and the commit when it deploys.
#[test]
fn every_version_of_a_function_will_say_what_it_was_built_from() {
    let template = Template(yaml(&read("template.yaml")));
    for function in template.functions() {
        let description = &function.properties()["VersionDescription"];
        assert_eq!(description, "unstamped", "{}", function.name);
    }
    assert!(
        read("Makefile")
            .contains("s/VersionDescription: unstamped/VersionDescription: $(VERSION)/")
    );
}

#[test]
fn the_template_breaks_no_rule() {
    let template = Template::parse(&source());
    for (rule, check, _) in rules() {
        assert_eq!(check(&template), Vec::<String>::new(), "{rule}");
    }
}

#[test]
fn each_rule_finds_mistakes() {
    let source = source();
    for (rule, check, mistakes) in rules() {
        for (right, wrong) in mistakes {
            assert!(source.contains(right), "{rule}: there is no {right:?}");
            let template = Template::parse(&source.replacen(right, wrong, 1));
            assert!(
                !check(&template).is_empty(),
                "{rule}: missed {wrong:?} for {right:?}"
            );
        }
    }
}

/// Otherwise a deployment of changed parameters, or one that is repeated, would leave the aliases where they are.
#[test]
fn whatever_is_deployed_is_new_code() {
    let makefile = read("Makefile");
    let deployments: Vec<_> = makefile
        .split("\n\n")
        .filter(|rule| rule.contains("$(SAM) deploy"))
        .collect();
    assert_eq!(deployments.len(), 2, "deploy and deploy-package");
    for rule in deployments {
        let stamped = rule.find("$(STAMP)").expect("the code is stamped");
        let built = rule.find("$(SAM) build").or(rule.find("tar -xzf"));
        assert!(built.expect("there is code") < stamped, "{rule}");
        assert!(
            stamped < rule.find("$(SAM) deploy").expect("deployed"),
            "{rule}"
        );
    }
}

// ---- reading

struct Template(Value);

/// A function of the template.
struct Function<'a> {
    name: &'a str,
    resource: &'a Value,
}

impl Template {
    fn parse(text: &str) -> Self {
        Self(yaml(text))
    }

    /// Resources of one type.
    fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        entries(&self.0["Resources"]).filter(move |(_, resource)| resource["Type"] == kind)
    }

    fn functions(&self) -> Vec<Function<'_>> {
        let functions = self.resources("AWS::Serverless::Function");
        let functions: Vec<_> = functions
            .map(|(name, resource)| Function { name, resource })
            .collect();
        assert!(!functions.is_empty(), "the template has functions");
        functions
    }

    /// The properties of what `!GetAtt Name.Arn` names.
    fn by_arn(&self, arn: &Value) -> &Value {
        let name = target(arn).unwrap_or_default();
        &self.0["Resources"][name]["Properties"]
    }

    /// The queues that functions read: the function, the mapping, the queue.
    fn mappings(&self) -> Vec<(Function<'_>, &Value, &Value)> {
        let mut mappings = Vec::new();
        for function in self.functions() {
            for (_, event) in entries(&function.resource["Properties"]["Events"]) {
                if event["Type"] == "SQS" {
                    let properties = &event["Properties"];
                    let queue = self.by_arn(&properties["Queue"]);
                    let Function { name, resource } = function;
                    mappings.push((Function { name, resource }, properties, queue));
                }
            }
        }
        assert!(!mappings.is_empty(), "functions read queues");
        mappings
    }

    /// Every statement of the roles and of what is attached to them, with its owner; conditions count as fulfilled.
    fn statements(&self) -> Vec<(&str, &Value)> {
        let roles = self.resources("AWS::IAM::Role");
        let own = roles.flat_map(|(name, role)| {
            let policies = list(&role["Properties"]["Policies"]);
            policies.map(move |policy| (name, as_if(policy)))
        });
        let attached = self.resources("AWS::IAM::Policy");
        let attached = attached.map(|(name, policy)| (name, &policy["Properties"]));
        let statements = own.chain(attached).flat_map(|(name, policy)| {
            let statements = list(&policy["PolicyDocument"]["Statement"]);
            statements.map(move |statement| (name, statement))
        });
        statements.collect()
    }
}

impl Function<'_> {
    fn properties(&self) -> &Value {
        &self.resource["Properties"]
    }

    fn binary(&self) -> String {
        text(&self.resource["Metadata"]["BuildProperties"]["Binary"])
    }

    fn timeout(&self) -> u64 {
        self.properties()["Timeout"].as_u64().unwrap_or(3)
    }

    /// The routes that lead to it, as `GET /ping`.
    fn routes(&self) -> BTreeSet<String> {
        let events = entries(&self.properties()["Events"]).map(|(_, event)| event);
        let routes = events
            .filter(|event| event["Type"] == "HttpApi")
            .map(|event| {
                let Value::Object(route) = &event["Properties"] else {
                    return String::new();
                };
                format!("{} {}", text(&route["Method"]), text(&route["Path"]))
            });
        routes.collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file, or those of a directory and of what is below it.
fn read_sources(path: &str) -> Vec<String> {
    if path.ends_with(".rs") {
        return vec![read(path)];
    }
    let directory = fs::read_dir(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let names = directory.map(|entry| {
        let name = entry.expect("readable").file_name();
        format!("{path}/{}", name.to_string_lossy())
    });
    names.flat_map(|path| read_sources(&path)).collect()
}

fn source() -> String {
    read("template.yaml")
}

fn yaml(text: &str) -> Value {
    plain(serde_yaml_ng::from_str(text).expect("YAML"))
}

/// The same as JSON, CloudFormation's short tags written out: `!Ref X` is `{"Ref": "X"}`.
fn plain(value: Yaml) -> Value {
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => bool.into(),
        Yaml::Number(number) => serde_json::to_value(number).expect("a number"),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(mapping) => {
            let entry = |(key, value): (Yaml, Yaml)| (key_text(&key), plain(value));
            Value::Object(mapping.into_iter().map(entry).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: plain(tagged.value) })
        }
    }
}

fn key_text(key: &Yaml) -> String {
    match key {
        Yaml::String(text) => text.clone(),
        other => serde_yaml_ng::to_string(other)
            .expect("a scalar")
            .trim()
            .to_owned(),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str(), value))
}

/// The items of a list; anything else is a list of itself.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        Value::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What `!If` gives when its condition is fulfilled; anything else as it is.
fn as_if(value: &Value) -> &Value {
    let fulfilled = &value["Fn::If"][1];
    if fulfilled.is_null() {
        value
    } else {
        fulfilled
    }
}

/// The logical name that `!Ref` or `!GetAtt` gives.
fn target(value: &Value) -> Option<&str> {
    let get_att = value["Fn::GetAtt"].as_str();
    let get_att = get_att.and_then(|text| text.split('.').next());
    get_att.or_else(|| value["Ref"].as_str())
}

/// Every text below a value, with the keys that lead to it.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, path, found)),
        Value::Object(_) => {
            for (key, value) in entries(value) {
                texts(value, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn faults(faults: impl Iterator<Item = Option<String>>) -> Vec<String> {
    faults.flatten().collect()
}

/// What is in one set alone.
fn difference(ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Vec<String> {
    ours.symmetric_difference(theirs).cloned().collect()
}

// ---- the rules

fn visibility(template: &Template) -> Vec<String> {
    let mappings = template.mappings();
    faults(mappings.iter().map(|(function, _, queue)| {
        let visibility = queue["VisibilityTimeout"].as_u64().unwrap_or(30);
        let enough = visibility >= 6 * function.timeout();
        (!enough).then(|| format!("{}: {visibility} s", function.name))
    }))
}

/// What SQS keeps a message for at most, in seconds.
const LONGEST_RETENTION: u64 = 14 * 24 * 60 * 60;

fn retention(queue: &Value) -> u64 {
    queue["MessageRetentionPeriod"].as_u64().unwrap_or(345_600)
}

/// Messages wait in the queue, then as dead letters; a record waits for as long as both together, and S3 keeps what it is
/// about for longer.
fn event_lifetimes(template: &Template) -> Vec<String> {
    const DAY: u64 = 24 * 60 * 60;
    let record = shared::store::upload::EVENT_LIFETIME.as_secs();
    let mut found = Vec::new();
    let queues = template.resources("AWS::SQS::Queue");
    for (name, queue) in queues.filter(|(name, _)| *name == "UploadEventsQueue") {
        let queue = &queue["Properties"];
        let dead = template.by_arn(&queue["RedrivePolicy"]["deadLetterTargetArn"]);
        let longest = [retention(queue), retention(dead)] == [LONGEST_RETENTION; 2];
        if !longest || retention(queue) + retention(dead) > record {
            found.push(name.to_owned());
        }
    }
    for (name, bucket) in template.resources("AWS::S3::Bucket") {
        let bucket = &bucket["Properties"];
        let rules = list(&bucket["LifecycleConfiguration"]["Rules"]);
        let days =
            rules.filter_map(|rule| rule["NoncurrentVersionExpiration"]["NoncurrentDays"].as_u64());
        if days.min().is_none_or(|days| days * DAY <= record) {
            found.push(format!("{name}: old versions"));
        }
        let told = list(&bucket["NotificationConfiguration"]["QueueConfigurations"]);
        let told: BTreeSet<_> = told.map(|each| text(&each["Event"])).collect();
        let wanted = [
            "s3:ObjectCreated:*",
            "s3:ObjectRemoved:*",
            "s3:LifecycleExpiration:*",
        ];
        if told != wanted.map(str::to_owned).into() {
            found.push(format!("{name}: {told:?}"));
        }
    }
    found
}

fn dead_letter_retention(template: &Template) -> Vec<String> {
    let queues = template.resources("AWS::SQS::Queue");
    let sources = queues.filter(|(_, queue)| !queue["Properties"]["RedrivePolicy"].is_null());
    faults(sources.map(|(name, queue)| {
        let queue = &queue["Properties"];
        let dead = template.by_arn(&queue["RedrivePolicy"]["deadLetterTargetArn"]);
        let is_kept = retention(dead) > retention(queue) || retention(dead) == LONGEST_RETENTION;
        (!is_kept).then(|| name.to_owned())
    }))
}

fn dead_letters(template: &Template) -> Vec<String> {
    let mappings = template.mappings();
    faults(mappings.iter().map(|(function, _, queue)| {
        let policy = &queue["RedrivePolicy"];
        let receives = policy["maxReceiveCount"].as_u64().unwrap_or_default();
        let dead = template.by_arn(&policy["deadLetterTargetArn"]);
        (receives < 5 || dead.is_null()).then(|| format!("{}: {policy}", function.name))
    }))
}

fn partial_batches(template: &Template) -> Vec<String> {
    let mappings = template.mappings();
    faults(mappings.iter().map(|(function, mapping, _)| {
        let reported =
            list(&mapping["FunctionResponseTypes"]).any(|t| t == "ReportBatchItemFailures");
        (!reported).then(|| function.name.to_owned())
    }))
}

fn timeouts(template: &Template) -> Vec<String> {
    let longest_wait = TOTAL_TIMEOUT + Duration::from_secs(2);
    let functions = template.functions();
    faults(functions.iter().map(|function| {
        let timeout = function.timeout();
        let right = Duration::from_secs(timeout) > longest_wait && timeout < 30;
        (!right).then(|| format!("{}: {timeout} s", function.name))
    }))
}

fn partitions(template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    texts(&template.0, "", &mut found);
    faults(found.into_iter().map(|(path, text)| {
        let partition = text.contains("arn:aws");
        // The names of AWS's own services are the same everywhere.
        let suffix = text.contains("amazonaws.com") && !path.ends_with("/Principal/Service");
        (partition || suffix).then(|| format!("{path}: {text}"))
    }))
}

/// Actions that AWS checks against no single resource, and what there is to name instead.
const NO_RESOURCE: [(&str, &str); 3] = [
    ("xray:PutTraceSegments", "*"),
    ("xray:PutTelemetryRecords", "*"),
    (
        "cloudwatch:DescribeAlarms",
        "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*",
    ),
];

fn wildcards(template: &Template) -> Vec<String> {
    let statements = template.statements();
    assert!(!statements.is_empty(), "roles have statements");
    let allowed = statements
        .into_iter()
        .filter(|(_, s)| s["Effect"] != "Deny");
    faults(allowed.map(|(role, statement)| {
        let named = !statement["Action"].is_null() && !statement["Resource"].is_null();
        let action = list(&statement["Action"]).any(|action| text(action).contains('*'));
        let mut resources = Vec::new();
        texts(&statement["Resource"], "", &mut resources);
        // The end of a path may be open, as in `${Bucket.Arn}/u/*`.
        let resource = resources.iter().any(|(_, resource)| {
            resource
                .strip_suffix("/*")
                .unwrap_or(resource)
                .contains('*')
        });
        let widest = list(&statement["Action"]).all(|action| {
            let known = NO_RESOURCE.iter().find(|(name, _)| action == name);
            known.is_some_and(|(_, widest)| resources.iter().all(|(_, r)| r == widest))
        });
        let resource = resource && !widest;
        (!named || action || resource).then(|| format!("{role}: {statement}"))
    }))
}

fn roles(template: &Template) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let functions = template.functions();
    faults(functions.iter().map(|function| {
        let role = target(&function.properties()["Role"]);
        let own = role.is_some_and(|role| {
            template.0["Resources"][role]["Type"] == "AWS::IAM::Role" && seen.insert(role)
        });
        (!own).then(|| function.name.to_owned())
    }))
}

/// The service's actions that tell IAM the partition keys they are about; `Scan` and the export have none.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
const WITH_LEADING_KEYS: [&str; 8] = [
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
];

fn leading_keys(template: &Template) -> Vec<String> {
    let statements = template.statements().into_iter();
    let of_table = statements.filter(|(_, statement)| {
        list(&statement["Action"]).any(|action| text(action).starts_with("dynamodb:"))
    });
    faults(of_table.map(|(role, statement)| {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let narrow = list(keys).all(|key| text(key).contains('#')) && list(keys).count() > 0;
        // A request without leading keys passes `ForAllValues` whatever it asks for.
        let keyed = list(&statement["Action"]).all(|action| {
            let action = text(action);
            let action = action.strip_prefix("dynamodb:");
            action.is_none_or(|action| WITH_LEADING_KEYS.contains(&action))
        });
        (!narrow || !keyed).then(|| format!("{role}: {statement}"))
    }))
}

fn log_retention(template: &Template) -> Vec<String> {
    let groups = template.resources("AWS::Logs::LogGroup");
    let endless = groups.map(|(name, group)| {
        let endless = group["Properties"]["RetentionInDays"].is_null();
        endless.then(|| name.to_owned())
    });
    let functions = template.functions();
    let elsewhere = functions.iter().map(|function| {
        let group = target(&function.properties()["LoggingConfig"]["LogGroup"]);
        let group = &template.0["Resources"][group.unwrap_or_default()];
        (group["Type"] != "AWS::Logs::LogGroup").then(|| function.name.to_owned())
    });
    faults(endless.chain(elsewhere))
}

fn all_routes(template: &Template) -> BTreeSet<String> {
    template
        .functions()
        .iter()
        .flat_map(Function::routes)
        .collect()
}

fn routes_as_described(template: &Template) -> Vec<String> {
    let methods = ["get", "put", "post", "patch", "delete"];
    let description = yaml(&read("openapi.yaml"));
    let described = entries(&description["paths"]).flat_map(|(path, operations)| {
        let operations = entries(operations).filter(|(method, _)| methods.contains(method));
        operations.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    difference(&all_routes(template), &described.collect())
}

fn routes_as_routed(template: &Template) -> Vec<String> {
    let functions = template.functions();
    let differences = functions.iter().flat_map(|function| {
        let source = read(&format!("functions/{}/src/lib.rs", function.binary()));
        let routed = source.split(".route(\"").skip(1);
        let routed = routed.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
        let routes = function.routes().into_iter();
        let paths = routes.filter_map(|route| Some(route.split_once(' ')?.1.to_owned()));
        difference(&paths.collect(), &routed.collect())
    });
    differences.collect()
}

fn route_settings(template: &Template) -> Vec<String> {
    let routes = all_routes(template);
    let apis = template.resources("AWS::Serverless::HttpApi");
    let settings = apis.flat_map(|(_, api)| entries(&api["Properties"]["RouteSettings"]));
    let settings: Vec<_> = settings.collect();
    let costly = [
        "POST /v1/login",
        "POST /v1/login/refresh",
        "POST /v1/uploads",
        "POST /v1/uploads/batch",
    ];
    let unset = costly.into_iter().filter(|route| {
        let mut set = settings.iter();
        !set.any(|(name, _)| name == route)
    });
    let wrong = settings.iter().filter(|(route, limits)| {
        let [rate, burst] = ["ThrottlingRateLimit", "ThrottlingBurstLimit"]
            .map(|limit| limits[limit].as_u64().unwrap_or(0));
        let least = if route.starts_with("POST /v1/login") {
            500
        } else {
            1
        };
        !routes.contains(*route) || rate < least || burst < rate
    });
    let wrong = wrong.map(|(route, _)| *route);
    wrong.chain(unset).map(str::to_owned).collect()
}

fn origins(template: &Template) -> Vec<String> {
    let apis = template.resources("AWS::Serverless::HttpApi");
    let apis = apis.map(|(_, api)| &api["Properties"]["CorsConfiguration"]["AllowOrigins"]);
    let buckets = template.resources("AWS::S3::Bucket");
    let buckets = buckets.flat_map(|(_, bucket)| {
        let rules = list(&bucket["Properties"]["CorsConfiguration"]["CorsRules"]);
        rules.map(|rule| &rule["AllowedOrigins"])
    });
    let given = apis.chain(buckets).map(|origins| {
        let parameter = text(&origins["Ref"]);
        let listed = template.0["Parameters"][parameter]["Type"] == "CommaDelimitedList";
        (!listed).then(|| origins.to_string())
    });
    faults(given)
}

fn binaries(template: &Template) -> Vec<String> {
    let crates = fs::read_dir(root().join("functions")).expect("there are functions");
    let crates = crates.map(|entry| {
        let name = entry.expect("readable").file_name();
        name.into_string().expect("UTF-8")
    });
    let functions = template.functions();
    let otherwise = functions.iter().map(|function| {
        let method = &function.resource["Metadata"]["BuildMethod"];
        (method != "rust-cargolambda").then(|| format!("{}: {method}", function.name))
    });
    let names = functions.iter().map(Function::binary).collect();
    let mut found = difference(&names, &crates.collect());
    found.extend(faults(otherwise));
    found
}

/// What Lambda sets, what a person may set by hand, and what takes the place of the secrets in local runs.
const NOT_GIVEN: [&str; 13] = [
    "AWS_CA_BUNDLE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "WARM_UP",
    "WECHAT_APP_SECRET",
    "JWT_PRIVATE_JWK",
];

fn variables(template: &Template) -> Vec<String> {
    let common = &template.0["Globals"]["Function"]["Environment"]["Variables"];
    let functions = template.functions();
    let differences = functions.iter().flat_map(|function| {
        let own = &function.properties()["Environment"]["Variables"];
        let given = entries(common)
            .chain(entries(own))
            .map(|(name, _)| name.to_owned());
        let given: BTreeSet<_> = given.collect();
        let mut read = read_by(&function.binary(), &given);
        // Logging reads it before anything else is.
        read.insert("RUST_LOG".to_owned());
        read.retain(|name| !NOT_GIVEN.contains(&name.as_str()));
        let names = difference(&given, &read).into_iter();
        names.map(|name| format!("{}: {name}", function.name))
    });
    differences.collect()
}

/// The variables that a function asks for when it is given these.
fn read_by(binary: &str, given: &BTreeSet<String>) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let get = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        match name {
            "WARM_UP" => Some("off".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9".to_owned()),
            _ if name.starts_with("AWS_") => Some("test".to_owned()),
            _ => given.contains(name).then(|| "1".to_owned()),
        }
    };
    // Whether these values are good ones does not matter: everything is read before anything is refused.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        match binary {
            "login" => drop(login::App::from_environment(&get).await),
            "users" => drop(users::App::from_environment(&get).await),
            "presign" => drop(presign::App::from_environment(&get).await),
            "s3-event" => drop(s3_event::App::from_environment(&get).await),
            "purge" => drop(purge::App::from_environment(&get).await),
            other => panic!("add {other} to this test"),
        }
    });
    asked.into_inner()
}

fn projection(template: &Template) -> Vec<String> {
    // What the reader of a user's item asks it for; only the openid of its own is never shown.
    let source = read("shared/src/store/account.rs");
    let reader = source.split("#[cfg(test)]").next().unwrap_or_default();
    let wanted = reader.split("(item, \"").skip(1);
    let wanted = wanted
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name);
    let wanted: Vec<_> = wanted
        .filter(|name| !["pk", "openid"].contains(name))
        .collect();
    assert!(wanted.contains(&"nickname"), "{wanted:?}");
    let tables = template.resources("AWS::DynamoDB::Table");
    let indexes =
        tables.flat_map(|(_, table)| list(&table["Properties"]["GlobalSecondaryIndexes"]));
    let missing = indexes.flat_map(|index| {
        let projection = &index["Projection"];
        let include = projection["ProjectionType"] == "INCLUDE";
        let held: Vec<_> = list(&projection["NonKeyAttributes"]).map(text).collect();
        let wanted = wanted.iter().map(|name| (*name).to_owned());
        wanted
            .filter(move |name| !include || !held.contains(name))
            .collect::<Vec<_>>()
    });
    missing.collect()
}

fn kept(template: &Template) -> Vec<String> {
    let resources = entries(&template.0["Resources"]);
    let lasting = resources.filter(|(_, resource)| {
        let kinds = [
            "AWS::DynamoDB::Table",
            "AWS::S3::Bucket",
            "AWS::SecretsManager::Secret",
        ];
        kinds.iter().any(|kind| resource["Type"] == *kind)
    });
    let dropped = lasting.map(|(name, resource)| {
        // CloudFormation cannot delete a protected table, not even one that it has just made.
        let policy = match resource["Type"] == "AWS::DynamoDB::Table" {
            true => "Retain",
            false => "RetainExceptOnCreate",
        };
        let kept =
            resource["DeletionPolicy"] == policy && resource["UpdateReplacePolicy"] == "Retain";
        (!kept).then(|| name.to_owned())
    });
    let tables = template.resources("AWS::DynamoDB::Table");
    let unprotected = tables.map(|(name, table)| {
        let table = &table["Properties"];
        let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        let protected = table["DeletionProtectionEnabled"] == true && recovery == true;
        (!protected).then(|| format!("{name} is not protected"))
    });
    faults(dropped.chain(unprotected))
}
