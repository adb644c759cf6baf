use serde_json::{Value, json};

use super::support::{NOW, at, call, call_in, key, ok, put, refused, stored, table};
use crate::dynamodb::{Context, DynamoDb};

fn put_if_free(pk: &str, owner: &str) -> Value {
    json!({"Put": {
        "TableName": "table",
        "Item": {"pk": {"S": pk}, "sk": {"S": "A"}, "uid": {"S": owner}},
        "ConditionExpression": "attribute_not_exists(pk) OR uid = :uid",
        "ExpressionAttributeValues": {":uid": {"S": owner}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }})
}

fn raise(pk: &str) -> Value {
    json!({"Update": {
        "TableName": "table",
        "Key": key(pk, "A"),
        "UpdateExpression": "SET version = if_not_exists(version, :zero) + :step",
        "ExpressionAttributeValues": {":zero": {"N": "0"}, ":step": {"N": "1"}},
    }})
}

fn transaction(writes: &[Value]) -> Value {
    json!({"TransactItems": writes})
}

fn reasons(body: &Value) -> Vec<&str> {
    let reasons = body["CancellationReasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["Code"].as_str().unwrap())
        .collect()
}

fn version(db: &DynamoDb) -> Value {
    stored(db, "U#a", "A")["version"]["N"].clone()
}

#[test]
fn all_is_written_or_nothing() {
    let mut db = table();
    let both = transaction(&[raise("U#a"), put_if_free("UN#alice", "a")]);
    let answer = call(&mut db, "TransactWriteItems", both);
    assert_eq!(ok(&answer), json!({}));
    assert_eq!(answer.changes.len(), 2);

    let taken = transaction(&[raise("U#a"), put_if_free("UN#alice", "b")]);
    let (name, body) = refused(&call(&mut db, "TransactWriteItems", taken));
    assert_eq!(name, "TransactionCanceledException");
    assert_eq!(reasons(&body), ["None", "ConditionalCheckFailed"]);
    assert_eq!(
        body["CancellationReasons"][1]["Item"]["uid"],
        json!({"S": "a"})
    );
    assert_eq!(version(&db), "1");
}

#[test]
fn a_check_changes_nothing() {
    let mut db = table();
    put(&mut db, "U#a", "A", json!({"role": {"S": "admin"}}));
    let check = |role: &str| {
        json!({"ConditionCheck": {
            "TableName": "table",
            "Key": key("U#a", "A"),
            "ConditionExpression": "#role = :role",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":role": {"S": role}},
        }})
    };
    let right = transaction(&[check("admin"), raise("U#b")]);
    let answer = call(&mut db, "TransactWriteItems", right);
    assert_eq!(answer.changes.len(), 1);
    let wrong = transaction(&[check("user"), raise("U#b")]);
    let (_, body) = refused(&call(&mut db, "TransactWriteItems", wrong));
    assert_eq!(reasons(&body), ["ConditionalCheckFailed", "None"]);
    assert!(
        body["CancellationReasons"][0]["Item"].is_null(),
        "nobody asked for it"
    );
}

#[test]
fn a_token_makes_a_repetition_harmless_for_ten_minutes() {
    let mut db = table();
    let mut request = transaction(&[raise("U#a")]);
    request["ClientRequestToken"] = "token".into();
    let mut send =
        |request: &Value, now| call_in(&mut db, "TransactWriteItems", request.clone(), &at(now));
    assert_eq!(send(&request, NOW).changes.len(), 1);
    let repeated = send(&request, NOW + 599_999);
    assert!(ok(&repeated) == json!({}) && repeated.changes.is_empty());

    let mut other = transaction(&[raise("U#b")]);
    other["ClientRequestToken"] = "token".into();
    let (name, _) = refused(&send(&other, NOW + 599_999));
    assert_eq!(name, "IdempotentParameterMismatchException");
    assert_eq!(send(&request, NOW + 600_000).changes.len(), 1);
    assert_eq!(version(&db), "2");
}

#[test]
fn the_token_of_a_transaction_that_was_cancelled_is_free() {
    let mut db = table();
    put(&mut db, "UN#alice", "A", json!({"uid": {"S": "b"}}));
    let mut request = transaction(&[put_if_free("UN#alice", "a")]);
    request["ClientRequestToken"] = "token".into();
    refused(&call(&mut db, "TransactWriteItems", request.clone()));
    ok(&call(
        &mut db,
        "DeleteItem",
        json!({"Key": key("UN#alice", "A")}),
    ));
    assert_eq!(
        call(&mut db, "TransactWriteItems", request).changes.len(),
        1
    );
}

#[test]
fn a_conflict_is_answered_when_it_is_asked_for() {
    let mut db = table();
    let conflict = Context {
        conflict: true,
        ..at(NOW)
    };
    let both = transaction(&[raise("U#a"), raise("U#b")]);
    let (_, body) = refused(&call_in(&mut db, "TransactWriteItems", both, &conflict));
    assert_eq!(reasons(&body), ["TransactionConflict", "None"]);
    let single = json!({"Key": key("U#a", "A")});
    let answer = call_in(&mut db, "UpdateItem", single.clone(), &conflict);
    assert_eq!(refused(&answer).0, "TransactionConflictException");
    ok(&call_in(&mut db, "GetItem", single, &conflict));
    assert_eq!(db.items().count(), 0);
}

#[test]
fn an_update_that_does_not_fit_cancels() {
    let mut db = table();
    put(&mut db, "U#a", "A", json!({"version": {"S": "one"}}));
    let writes = transaction(&[raise("U#b"), raise("U#a")]);
    let (_, body) = refused(&call(&mut db, "TransactWriteItems", writes));
    assert_eq!(reasons(&body), ["None", "ValidationError"]);
}

#[test]
fn what_is_no_transaction_is_refused() {
    let many: Vec<_> = (0..101).map(|i| raise(&format!("U#{i}"))).collect();
    let twice = [raise("U#a"), put_if_free("U#a", "a")];
    let two_in_one =
        json!({"Put": put_if_free("U#a", "a")["Put"], "Update": raise("U#b")["Update"]});
    let mut long_token = transaction(&[raise("U#a")]);
    long_token["ClientRequestToken"] = "t".repeat(37).into();
    for request in [
        transaction(&[]),
        transaction(&many),
        transaction(&twice),
        transaction(&[two_in_one]),
        long_token,
    ] {
        let answer = call(&mut table(), "TransactWriteItems", request.clone());
        assert_eq!(refused(&answer).0, "ValidationException", "{request}");
    }
}
