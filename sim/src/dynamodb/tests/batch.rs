use serde_json::{Value, json};

use super::support::{NOW, at, call, call_in, key, ok, put, refused, table};
use crate::dynamodb::{Context, DynamoDb};

fn filled(count: usize) -> DynamoDb {
    let mut db = table();
    for i in 0..count {
        put(
            &mut db,
            "a",
            &format!("{i:03}"),
            json!({"i": {"N": i.to_string()}, "j": {"N": "0"}}),
        );
    }
    db
}

fn keys(count: usize) -> Vec<Value> {
    (0..count).map(|i| key("a", &format!("{i:03}"))).collect()
}

fn reading(keys: Vec<Value>) -> Value {
    json!({"RequestItems": {"table": {"Keys": keys, "ConsistentRead": true}}})
}

fn removing(keys: &[Value]) -> Value {
    let writes = keys
        .iter()
        .map(|key| json!({"DeleteRequest": {"Key": key}}));
    json!({"RequestItems": {"table": writes.collect::<Vec<_>>()}})
}

fn leaving(unprocessed: usize) -> Context {
    Context {
        unprocessed,
        ..at(NOW)
    }
}

#[test]
fn a_batch_of_reads_leaves_out_what_is_not_there() {
    let mut db = filled(2);
    let answer = ok(&call(&mut db, "BatchGetItem", reading(keys(3))));
    assert_eq!(answer["Responses"]["table"].as_array().unwrap().len(), 2);
    assert_eq!(answer["UnprocessedKeys"], json!({}));
}

#[test]
fn unprocessed_keys_can_be_sent_again() {
    let mut db = filled(3);
    let mut request = reading(keys(3));
    request["RequestItems"]["table"]["ProjectionExpression"] = "i".into();
    let answer = ok(&call_in(&mut db, "BatchGetItem", request, &leaving(2)));
    assert_eq!(answer["Responses"]["table"], json!([{"i": {"N": "0"}}]));
    let again = json!({"RequestItems": answer["UnprocessedKeys"]});
    let answer = ok(&call(&mut db, "BatchGetItem", again));
    let mut found = answer["Responses"]["table"].as_array().unwrap().clone();
    found.sort_by_key(Value::to_string);
    assert_eq!(found, [json!({"i": {"N": "1"}}), json!({"i": {"N": "2"}})]);
}

#[test]
fn unprocessed_writes_are_not_done() {
    let mut db = filled(3);
    let answer = call_in(&mut db, "BatchWriteItem", removing(&keys(3)), &leaving(1));
    let left = ok(&answer)["UnprocessedItems"].clone();
    assert_eq!(left, removing(&keys(3)[2..])["RequestItems"]);
    assert_eq!((answer.changes.len(), db.items().count()), (2, 1));
    let none = call_in(&mut db, "BatchWriteItem", removing(&keys(1)), &leaving(1));
    assert_eq!(refused(&none).0, "ProvisionedThroughputExceededException");
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let answer = call(&mut table(), "BatchWriteItem", removing(&keys(1)));
    assert_eq!(ok(&answer), json!({"UnprocessedItems": {}}));
    assert!(answer.changes.is_empty());
}

#[test]
fn what_is_no_batch_is_refused() {
    let twice = || vec![key("a", "1"), key("a", "1")];
    for (operation, request) in [
        ("BatchGetItem", reading(keys(101))),
        ("BatchGetItem", reading(twice())),
        ("BatchGetItem", reading(Vec::new())),
        ("BatchWriteItem", removing(&keys(26))),
        ("BatchWriteItem", removing(&twice())),
        ("BatchWriteItem", json!({"RequestItems": {"table": [{}]}})),
    ] {
        let answer = call(&mut table(), operation, request.clone());
        assert_eq!(refused(&answer).0, "ValidationException", "{request}");
    }
    let other = json!({"RequestItems": {"other": [{"DeleteRequest": {"Key": key("a", "1")}}]}});
    let answer = call(&mut table(), "BatchWriteItem", other);
    assert_eq!(refused(&answer).0, "ResourceNotFoundException");
}
