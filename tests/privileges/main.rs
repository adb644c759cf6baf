//! The functions' roles against what the functions did. The tests that run all functions in one process note what
//! each asks AWS for; when all have run, one test here compares that with `template.yaml`, where nothing may be missing
//! and nothing may be left over. What the deployed functions ask for is not noted: there the emulator enforces
//! their roles itself, by action and resource, which another test makes sure of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use serde_json::{Value, json};
use shared::config::WARM_UP_LIMIT;
use support::recorder::{self, Use};
use support::template::{list, sub_form, text};
use support::{Emulator, Template, World, functions, samples};

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

/// What a statement of a role allows: one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Permission {
    function: String,
    action: String,
    /// By its name in the template and what follows it; an asterisk at the end stands for anything.
    resource: String,
    /// What the keys of a request have to look like, each like one of these; empty where keys play no part.
    keys: Vec<String>,
}

impl Permission {
    fn is_for(&self, used: &Use) -> bool {
        self.function == used.function
            && self.action == used.action
            && matches(&self.resource, &used.resource)
    }

    fn allows(&self, used: &Use) -> bool {
        let any = |key: &String| self.keys.iter().any(|pattern| matches(pattern, key));
        // A request that names no key asks for all of them.
        let narrow = !used.keys.is_empty() && used.keys.iter().all(any);
        self.is_for(used) && (self.keys.is_empty() || narrow)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

// ---- reading the template

/// What the roles of the functions allow.
fn permissions(template: &Template) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for function in template.functions() {
        let role = template.resource(function.role().expect("a role"));
        // What such a policy allows is not told here.
        assert!(
            role["Properties"]["ManagedPolicyArns"].is_null(),
            "{}: a policy of somebody else's",
            function.name
        );
        for statement in template.statements_of(&function) {
            permissions.extend(allowed_by(&function.binary(), statement));
        }
    }
    permissions
}

/// The functions' names and the names of their roles.
fn roles(template: &Template) -> BTreeMap<String, String> {
    let functions = template.functions().into_iter();
    let roles: BTreeMap<_, _> = functions
        .map(|function| {
            (
                function.binary(),
                function.role().expect("a role").to_owned(),
            )
        })
        .collect();
    let known = functions::all().iter().map(|known| known.name.to_owned());
    assert!(roles.keys().cloned().eq(known), "{roles:?}");
    roles
}

fn allowed_by(function: &str, statement: &Value) -> Vec<Permission> {
    assert_eq!(statement["Effect"], "Allow", "{function}: {statement}");
    let condition = &statement["Condition"];
    let keys = [
        &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"],
        &condition["StringLike"]["s3:prefix"],
    ];
    let keys: Vec<_> = keys.into_iter().flat_map(list).map(text).collect();
    let permissions = list(&statement["Action"]).flat_map(|action| {
        let keys = &keys;
        list(&statement["Resource"]).map(move |resource| Permission {
            function: function.to_owned(),
            action: text(action),
            resource: name(resource),
            keys: keys.clone(),
        })
    });
    permissions.collect()
}

/// `Table` of `!GetAtt Table.Arn`, `Bucket/u/*` of `!Sub ${Bucket.Arn}/u/*`.
fn name(value: &Value) -> String {
    ["${", "}", ".Arn", ".Id"]
        .iter()
        .fold(sub_form(value), |text, part| text.replace(part, ""))
}

// ---- comparing

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
    let directory = std::env::var(recorder::DIRECTORY)
        .expect("the other tests have to run first: use `make test`");
    let uses = recorder::read(Path::new(&directory)).expect("records");
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

// ---- what no other test does

/// A new environment asks for something before its first request does.
#[tokio::test]
async fn functions_open_their_connections_with_what_their_roles_allow() {
    let world = World::new().await;
    for function in functions::all() {
        let mut variables = world.variables(function.name);
        variables.remove("WARM_UP");
        variables.remove("WECHAT_APP_SECRET");
        variables.remove("JWT_PRIVATE_JWK");
        let secrets = [
            ("WECHAT_SECRETS_ID", "wechat-secret"),
            ("JWT_SECRETS_ID", "jwt-secret"),
            ("SECRETS_ID", "app-secret"),
        ];
        variables.extend(secrets.map(|(name, id)| (name.to_owned(), id.to_owned())));
        let get = |name: &str| variables.get(name).cloned();
        // A start does not wait for these calls for ever: one that took less time has made them.
        for _ in 0..10 {
            let before = Instant::now();
            let started = function.start(&get).await;
            started.expect("the environment is complete");
            if before.elapsed() < WARM_UP_LIMIT {
                break;
            }
        }
    }
}

/// Where a link leads is decided by the role of the function that signed it, so the links of each are followed.
#[tokio::test]
async fn whoever_hands_out_a_link_to_a_picture_may_read_it() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let body = json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": "avatar", "method": "PUT"});
    let ticket = world
        .presign
        .post("/v1/uploads", &body)
        .bearer(&alice.token);
    let issued = ticket.send().await.expect(201).json;
    let phone = phone();
    let url = issued["ticket"]["url"].as_str().expect("an address");
    let put = phone.put(url).header("content-type", "image/jpeg");
    let put = put.body(bytes.clone()).send().await.expect("S3 answers");
    assert_eq!(put.status(), 200);
    let version = put.headers()["x-amz-version-id"].to_str().expect("text");
    let id = issued["upload"]["id"].as_str().expect("an id");
    let object =
        json!({"key": format!("u/{}/{id}.jpg", alice.id), "versionId": version, "sequencer": "01"});
    let record = json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": world.bucket}, "object": object}});
    let body = json!({"Records": [record]}).to_string();
    let failed = world.deliver(json!({"Records": [{"messageId": "m", "body": body}]}));
    assert_eq!(failed.await, [""; 0]);

    let session = world.log_in("alice").await.json;
    let profile = world.users.get("/v1/users/me").bearer(&alice.token);
    let profile = profile.send().await.expect(200).json;
    let upload = world
        .presign
        .get(&format!("/v1/uploads/{id}"))
        .bearer(&alice.token);
    let upload = upload.send().await.expect(200).json;
    let links = [
        &session["user"]["avatar_url"],
        &profile["avatar_url"],
        &upload["download_url"],
    ];
    for link in links.map(|link| link.as_str().expect("a link")) {
        let answer = phone.get(link).send().await.expect("S3 answers");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.expect("a body"), bytes);
    }
}

fn phone() -> reqwest::Client {
    support::http_client(Duration::from_secs(20))
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

// ---- the local stack

/// Takes on the role of a function of the deployed stack, which only Lambda may do otherwise.
async fn as_deployed(emulator: &Emulator, function: &str, role: &str) -> Emulator {
    let trust = |principal| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
    };
    let account = "000000000000";
    let trust = trust(json!({"Service": "lambda.amazonaws.com", "AWS": account})).to_string();
    let roles = ask(
        emulator,
        "iam",
        &[("Action", "ListRoles"), ("Version", "2010-05-08")],
    )
    .await;
    let mut names = roles
        .split("<RoleName>")
        .skip(1)
        .map(|rest| between(rest, "", "</RoleName>"));
    let name = names
        .find(|name| name.contains(role))
        .expect("the role is deployed");
    let change = [
        ("Action", "UpdateAssumeRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", name),
        ("PolicyDocument", &trust),
    ];
    ask(emulator, "iam", &change).await;
    let arn = format!("arn:aws:iam::{account}:role/{name}");
    let assume = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", arn.as_str()),
        ("RoleSessionName", function),
    ];
    let answer = ask(emulator, "sts", &assume).await;
    let part =
        |name: &str| between(&answer, &format!("<{name}>"), &format!("</{name}>")).to_owned();
    emulator.signed_in_as(
        part("AccessKeyId"),
        part("SecretAccessKey"),
        part("SessionToken"),
    )
}

/// Asks a service for which there is no client here. The emulator takes its administrator's signature on trust.
async fn ask(emulator: &Emulator, service: &str, parameters: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params(&emulator.endpoint, parameters).expect("an address");
    let request = phone().post(&emulator.endpoint);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    );
    let request = request.header("authorization", authorization);
    let answer = request
        .body(url.query().unwrap_or_default().to_owned())
        .send()
        .await;
    let answer = answer.expect("the emulator answers");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{text}");
    text
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or(after, |(before, _)| before)
}

fn is_refused<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> bool {
    let error = result.err();
    let code = error.as_ref().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("AccessDenied" | "AccessDeniedException"))
}

/// Actions and resources of the deployed stack, and whether the emulator refuses them to whoever has these credentials.
async fn tried(emulator: &Emulator) -> Vec<(&'static str, &'static str, bool)> {
    let variable = |name: &str| std::env::var(name).expect("the local stack: run `make test`");
    let (table, bucket) = (variable("STACK_TABLE_NAME"), variable("STACK_BUCKET_NAME"));
    let queue = variable("STACK_PURGE_QUEUE_URL");
    let key = "u/nobody/nothing.jpg";
    let (pk, sk) = (
        AttributeValue::S("U#nobody".into()),
        AttributeValue::S("A".into()),
    );
    let item = std::collections::HashMap::from([
        ("pk".to_owned(), pk.clone()),
        ("sk".to_owned(), sk.clone()),
    ]);
    let mut tried = Vec::new();
    macro_rules! try_out {
        ($action:literal, $resource:literal, $request:expr) => {
            tried.push(($action, $resource, is_refused($request.send().await)));
        };
    }
    let db = emulator.dynamodb();
    let get = db.get_item().table_name(&table).set_key(Some(item.clone()));
    try_out!("dynamodb:GetItem", "Table", get);
    let update = db
        .update_item()
        .table_name(&table)
        .set_key(Some(item.clone()));
    try_out!(
        "dynamodb:UpdateItem",
        "Table",
        update.condition_expression("attribute_exists(pk)")
    );
    let put = db
        .put_item()
        .table_name(&table)
        .set_item(Some(item.clone()));
    try_out!(
        "dynamodb:PutItem",
        "Table",
        put.condition_expression("attribute_exists(pk)")
    );
    let delete = db
        .delete_item()
        .table_name(&table)
        .set_key(Some(item.clone()));
    try_out!("dynamodb:DeleteItem", "Table", delete);
    let keys = KeysAndAttributes::builder()
        .keys(item.clone())
        .build()
        .expect("complete");
    try_out!(
        "dynamodb:BatchGetItem",
        "Table",
        db.batch_get_item().request_items(&table, keys)
    );
    let delete = DeleteRequest::builder()
        .set_key(Some(item.clone()))
        .build()
        .expect("complete");
    let writes = vec![WriteRequest::builder().delete_request(delete).build()];
    try_out!(
        "dynamodb:BatchWriteItem",
        "Table",
        db.batch_write_item().request_items(&table, writes)
    );
    let query = db
        .query()
        .table_name(&table)
        .expression_attribute_values(":pk", pk);
    let by_pk = query.clone().key_condition_expression("pk = :pk");
    try_out!("dynamodb:Query", "Table", by_pk);
    let by_index = query
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :pk");
    try_out!("dynamodb:Query", "Table/index/gsi1", by_index);
    try_out!("dynamodb:Scan", "Table", db.scan().table_name(&table));
    let s3 = emulator.s3();
    try_out!(
        "s3:GetObject",
        "Bucket/u/",
        s3.get_object().bucket(&bucket).key(key)
    );
    try_out!(
        "s3:DeleteObject",
        "Bucket/u/",
        s3.delete_object().bucket(&bucket).key(key)
    );
    try_out!(
        "s3:PutObject",
        "Bucket/u/",
        s3.put_object()
            .bucket(&bucket)
            .key(key)
            .body(Vec::new().into())
    );
    try_out!(
        "s3:PutObject",
        "Bucket/v/",
        s3.put_object()
            .bucket(&bucket)
            .key("v/1")
            .body(Vec::new().into())
    );
    let versions = s3.list_object_versions().bucket(&bucket);
    try_out!(
        "s3:ListBucketVersions",
        "Bucket",
        versions.prefix("u/nobody/")
    );
    // Nobody's account: `purge` drops it.
    let send = emulator
        .sqs()
        .send_message()
        .queue_url(&queue)
        .message_body("{}");
    try_out!("sqs:SendMessage", "PurgeQueue", send);
    let secret = |output| {
        let secrets = emulator.secrets();
        secrets.get_secret_value().secret_id(variable(output))
    };
    try_out!(
        "secretsmanager:GetSecretValue",
        "WechatSecret",
        secret("STACK_WECHAT_SECRET_ARN")
    );
    try_out!(
        "secretsmanager:GetSecretValue",
        "JwtSecret",
        secret("STACK_JWT_SECRET_ARN")
    );
    try_out!(
        "secretsmanager:GetSecretValue",
        "AppSecrets",
        secret("STACK_SECRET_ARN")
    );
    tried
}

#[tokio::test]
async fn the_local_stack_refuses_what_a_role_does_not_allow() {
    let emulator = Emulator::new();
    let permissions = permissions(Template::of_workspace());
    for (action, _, refused) in tried(&emulator).await {
        assert!(!refused, "{action} of its administrator");
    }
    for (function, role) in &roles(Template::of_workspace()) {
        let deployed = as_deployed(&emulator, function, role).await;
        for (action, resource, refused) in tried(&deployed).await {
            let allowed = permissions.iter().any(|permission| {
                permission.function == *function
                    && permission.action == action
                    && matches(&permission.resource, resource)
            });
            assert_eq!(refused, !allowed, "{action} on {resource} of {function}");
        }
    }
}
