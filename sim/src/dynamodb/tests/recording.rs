use serde_json::{Value, json};

use super::support::{NOW, at, key, ok, put, table};
use crate::dynamodb::recording::Recorded;
use crate::dynamodb::{Context, DynamoDb};

/// What is recorded of a call.
fn recorded(
    db: &mut DynamoDb,
    operation: &str,
    request: &Value,
    context: &Context,
) -> Vec<Recorded> {
    db.start_recording(7);
    db.call(operation, request, context);
    let text = String::from_utf8(db.take_recording()).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn reading() -> Value {
    json!({"TableName": "table", "Key": key("a\tb\n", "1")})
}

#[test]
fn a_call_is_written_and_read() {
    let mut db = table();
    put(&mut db, "a\tb\n", "1", json!({}));
    let [call] = &recorded(&mut db, "GetItem", &reading(), &at(NOW))[..] else {
        panic!("not one call")
    };
    assert_eq!(
        (call.history, call.now, call.operation.as_str()),
        (7, NOW, "GetItem")
    );
    assert_eq!((&call.request, call.status), (&reading(), 200));
    assert_eq!(call.body["Item"], key("a\tb\n", "1"));
    for line in [
        "",
        "7\t1\tGetItem",
        "7\tone\tGetItem\t{}\t200\t{}",
        "7\t1\tGetItem\t{\t200\t{}",
    ] {
        assert!(line.parse::<Recorded>().is_err(), "{line}");
    }
}

#[test]
fn what_only_the_circumstances_asked_for_is_left_out() {
    let mut db = table();
    let write = json!({"TableName": "table", "Key": key("a", "1")});
    let conflict = Context {
        conflict: true,
        ..at(NOW)
    };
    assert!(recorded(&mut db, "UpdateItem", &write, &conflict).is_empty());
    let query = json!({
        "TableName": "table", "IndexName": "gsi1", "KeyConditionExpression": "gsi1pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "US#0"}},
    });
    let stale = Context {
        index_lag: 1,
        ..at(NOW)
    };
    assert!(recorded(&mut db, "Query", &query, &stale).is_empty());
    assert_eq!(recorded(&mut db, "GetItem", &write, &stale).len(), 1);
}

#[test]
fn of_a_batch_that_was_written_in_part_that_part_is_there() {
    let mut db = table();
    let write = |sk: &str| json!({"PutRequest": {"Item": key("a", sk)}});
    let request = json!({"RequestItems": {"table": [write("1"), write("2"), write("3")]}});
    let context = Context {
        unprocessed: 2,
        ..at(NOW)
    };
    let calls = recorded(&mut db, "BatchWriteItem", &request, &context);
    assert_eq!(
        calls[0].request,
        json!({"RequestItems": {"table": [write("1")]}})
    );
    let again = table().call("BatchWriteItem", &calls[0].request, &at(NOW));
    assert_eq!(calls[0].body, ok(&again));
}
