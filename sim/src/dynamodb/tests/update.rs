use serde_json::{Value, json};

use super::support::{call, key, ok, put, refused, stored, table};
use crate::dynamodb::DynamoDb;

fn before() -> DynamoDb {
    let mut db = table();
    let attributes = json!({
        "a": {"N": "5"}, "b": {"S": "text"}, "tags": {"SS": ["x", "y"]}, "m": {"M": {"k": {"N": "1"}}},
    });
    put(&mut db, "p", "s", attributes);
    db
}

/// The attribute after an update.
fn after(update: &str, values: Value, attribute: &str) -> Value {
    let mut db = before();
    ok(&call(&mut db, "UpdateItem", request(update, values)));
    stored(&db, "p", "s")[attribute].clone()
}

fn request(update: &str, values: Value) -> Value {
    let mut request = json!({"Key": key("p", "s"), "UpdateExpression": update});
    if values.is_object() {
        request["ExpressionAttributeValues"] = values;
    }
    request
}

#[test]
fn each_action_does_what_it_says() {
    let n = |number: &str| json!({":v": {"N": number}});
    let set = |members: &[&str]| json!({":v": {"SS": members}});
    for (update, values, attribute, expected) in [
        ("SET a = a + :v", n("2"), "a", json!({"N": "7"})),
        ("SET a = a - :v", n("0.5"), "a", json!({"N": "4.5"})),
        (
            "SET c = if_not_exists(a, :v)",
            n("1"),
            "c",
            json!({"N": "5"}),
        ),
        (
            "SET c = if_not_exists(c, :v)",
            n("01.0"),
            "c",
            json!({"N": "1"}),
        ),
        ("SET m.k = :v", n("3"), "m", json!({"M": {"k": {"N": "3"}}})),
        ("SET c = b REMOVE b", Value::Null, "c", json!({"S": "text"})),
        ("REMOVE b, nothing", Value::Null, "b", Value::Null),
        ("REMOVE m.k", Value::Null, "m", json!({"M": {}})),
        ("ADD a :v", n("-6"), "a", json!({"N": "-1"})),
        ("ADD c :v", n("2"), "c", json!({"N": "2"})),
        (
            "ADD tags :v",
            set(&["z", "x"]),
            "tags",
            json!({"SS": ["x", "y", "z"]}),
        ),
        (
            "DELETE tags :v",
            set(&["x", "q"]),
            "tags",
            json!({"SS": ["y"]}),
        ),
        ("DELETE tags :v", set(&["x", "y"]), "tags", Value::Null),
        ("DELETE nothing :v", set(&["x"]), "nothing", Value::Null),
    ] {
        assert_eq!(after(update, values, attribute), expected, "{update}");
    }
}

#[test]
fn actions_read_the_item_as_it_was() {
    let values = json!({":v": {"N": "9"}});
    assert_eq!(after("SET a = :v, c = a", values, "c"), json!({"N": "5"}));
}

#[test]
fn an_update_that_changes_nothing_is_no_change() {
    let mut db = before();
    let answer = call(&mut db, "UpdateItem", request("SET a = a", Value::Null));
    assert!(ok(&answer) == json!({}) && answer.changes.is_empty());
}

#[test]
fn what_does_not_fit_the_item_is_refused() {
    let one = json!({":v": {"N": "1"}});
    for (update, values) in [
        ("SET c = nothing", Value::Null),
        ("SET b = b + :v", one.clone()),
        ("SET c = nothing + :v", one.clone()),
        ("SET nothing.k = :v", one.clone()),
        ("SET b.k = :v", one.clone()),
        ("REMOVE nothing.k", Value::Null),
        ("ADD b :v", one.clone()),
        ("ADD tags :v", json!({":v": {"NS": ["1"]}})),
        ("DELETE tags :v", json!({":v": {"NS": ["1"]}})),
        ("SET gsi1pk = :v", one),
        ("SET gsi1sk = :v", json!({":v": {"S": ""}})),
        ("SET c = :v", json!({":v": {"S": "x".repeat(410_000)}})),
    ] {
        let mut db = before();
        let was = stored(&db, "p", "s");
        let answer = call(&mut db, "UpdateItem", request(update, values));
        assert_eq!(refused(&answer).0, "ValidationException", "{update}");
        assert_eq!(stored(&db, "p", "s"), was, "{update}");
    }
}

#[test]
fn conditions_hold_as_dynamodb_says() {
    for (condition, values, expected) in [
        ("a = :v", json!({":v": {"N": "5.0"}}), true),
        ("a <> :v", json!({":v": {"S": "5"}}), true),
        ("a > :v", json!({":v": {"S": "0"}}), false),
        (
            "a BETWEEN :v AND :w",
            json!({":v": {"N": "5"}, ":w": {"N": "10"}}),
            true,
        ),
        ("nothing = :v", json!({":v": {"N": "5"}}), false),
        ("nothing <> :v", json!({":v": {"N": "5"}}), true),
        ("nothing < :v", json!({":v": {"N": "5"}}), false),
        ("NOT nothing < :v", json!({":v": {"N": "5"}}), true),
        (
            "a IN (:v, :w)",
            json!({":v": {"N": "4"}, ":w": {"N": "5"}}),
            true,
        ),
        ("m = :v", json!({":v": {"M": {"k": {"N": "1.0"}}}}), true),
        ("tags = :v", json!({":v": {"SS": ["y", "x"]}}), true),
        ("contains(tags, :v)", json!({":v": {"S": "x"}}), true),
        ("contains(b, :v)", json!({":v": {"S": "ex"}}), true),
        ("begins_with(b, :v)", json!({":v": {"S": "te"}}), true),
        ("size(tags) <= :v", json!({":v": {"N": "2"}}), true),
        ("size(nothing) <= :v", json!({":v": {"N": "2"}}), false),
        ("size(a) <= :v", json!({":v": {"N": "2"}}), false),
        (
            "attribute_exists(m.k) AND attribute_not_exists(m.j)",
            Value::Null,
            true,
        ),
        // AND binds before OR.
        (
            "attribute_exists(a) OR attribute_exists(a) AND attribute_exists(c)",
            Value::Null,
            true,
        ),
        (
            "(attribute_exists(a) OR attribute_exists(a)) AND attribute_exists(c)",
            Value::Null,
            false,
        ),
        (
            "NOT attribute_exists(c) AND attribute_exists(a)",
            Value::Null,
            true,
        ),
    ] {
        let mut deletion = json!({"Key": key("p", "s"), "ConditionExpression": condition});
        if values.is_object() {
            deletion["ExpressionAttributeValues"] = values;
        }
        let answer = call(&mut before(), "DeleteItem", deletion);
        assert_eq!(answer.status == 200, expected, "{condition}");
        if !expected {
            assert_eq!(refused(&answer).0, "ConditionalCheckFailedException");
        }
    }
}
