//! The emulator enforces the roles of the deployed functions.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use serde_json::json;
use support::{Emulator, Template};

use crate::permission::{matches, permissions, roles};

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
    let client = support::http_client(Duration::from_secs(20));
    let request = client.post(&emulator.endpoint);
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
    let item = HashMap::from([("pk".to_owned(), pk.clone()), ("sk".to_owned(), sk.clone())]);
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
        "PushSecret",
        secret("STACK_PUSH_SECRET_ARN")
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
