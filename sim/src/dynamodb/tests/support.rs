use serde_json::{Value, json};

use crate::dynamodb::{Answer, Context, DynamoDb, Key};

pub(super) const NOW: i64 = 1_790_000_000_000;

pub(super) fn table() -> DynamoDb {
    DynamoDb::new("table")
}

pub(super) fn at(now: i64) -> Context {
    Context {
        now,
        ..Context::default()
    }
}

/// The request with the table's name in it.
pub(super) fn call(db: &mut DynamoDb, operation: &str, request: Value) -> Answer {
    call_in(db, operation, request, &at(NOW))
}

pub(super) fn call_in(
    db: &mut DynamoDb,
    operation: &str,
    mut request: Value,
    context: &Context,
) -> Answer {
    if !operation.starts_with("Batch") && !operation.starts_with("Transact") {
        request["TableName"] = "table".into();
    }
    db.call(operation, &request, context)
}

pub(super) fn ok(answer: &Answer) -> Value {
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    serde_json::from_slice(&answer.body).unwrap()
}

/// The name of the error, and the body.
pub(super) fn refused(answer: &Answer) -> (String, Value) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, 400, "{body}");
    assert!(answer.changes.is_empty());
    let name = body["__type"].as_str().unwrap();
    (name.rsplit('#').next().unwrap().to_owned(), body)
}

pub(super) fn key(pk: &str, sk: &str) -> Value {
    json!({"pk": {"S": pk}, "sk": {"S": sk}})
}

/// Stores an item with those attributes beside its key.
pub(super) fn put(db: &mut DynamoDb, pk: &str, sk: &str, attributes: Value) {
    let mut item = key(pk, sk);
    let attributes = attributes.as_object().unwrap().clone();
    item.as_object_mut().unwrap().extend(attributes);
    ok(&call(db, "PutItem", json!({"Item": item})));
}

pub(super) fn stored(db: &DynamoDb, pk: &str, sk: &str) -> Value {
    let key = Key {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    };
    db.get(&key)
        .map_or(Value::Null, |item| Value::Object((**item).clone()))
}
