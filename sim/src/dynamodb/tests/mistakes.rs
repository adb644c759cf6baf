//! Mistakes that could be in a request of the store's: DynamoDB refuses them whatever the table holds.

use serde_json::{Value, json};

use super::support::{call, key, refused, table};

fn refuses(operation: &str, request: Value) {
    let answer = call(&mut table(), operation, request.clone());
    let (name, body) = refused(&answer);
    assert_eq!(name, "ValidationException", "{request}");
    let message = body["message"].as_str().unwrap();
    assert!(!message.contains("does not know"), "{message}: {request}");
}

#[test]
fn conditions() {
    let deep = "NOT ".repeat(300) + "attribute_exists(a)";
    for condition in [
        "",
        "a",
        "a = ",
        "a = :v extra",
        "a == :v",
        "status = :v",
        "Role = :v",
        "((a = :v))",
        "(a = :v) AND ((b = :v))",
        "(a = :v",
        "a = :missing",
        "#missing = :v",
        "a = a",
        "a.1 = :v",
        "unknown(a)",
        "Attribute_exists(a)",
        "attribute_exists(:v)",
        "a IN ()",
        "a BETWEEN :v",
        "begins_with(a, a)",
        deep.as_str(),
        &"a = :v OR ".repeat(500),
    ] {
        let mut request = json!({"Key": key("p", "s"), "ConditionExpression": condition});
        if condition.contains(":v") {
            request["ExpressionAttributeValues"] = json!({":v": {"S": "x"}});
        }
        refuses("DeleteItem", request);
    }
}

#[test]
fn types_that_an_operator_does_not_take() {
    for (condition, value) in [
        ("a < :v", json!({"BOOL": true})),
        ("a >= :v", json!({"NULL": true})),
        ("a > :v", json!({"SS": ["x"]})),
        ("begins_with(a, :v)", json!({"N": "1"})),
        ("a BETWEEN :v AND :v", json!({"M": {}})),
    ] {
        refuses(
            "DeleteItem",
            json!({
                "Key": key("p", "s"),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {":v": value},
            }),
        );
    }
    refuses(
        "DeleteItem",
        json!({
            "Key": key("p", "s"),
            "ConditionExpression": "a BETWEEN :v AND :w",
            "ExpressionAttributeValues": {":v": {"N": "10"}, ":w": {"N": "9"}},
        }),
    );
}

#[test]
fn updates() {
    for (update, values) in [
        ("SET pk = :v", json!({":v": {"S": "x"}})),
        ("SET a = :v, a = :v", json!({":v": {"S": "x"}})),
        ("SET a = :v REMOVE a", json!({":v": {"S": "x"}})),
        ("SET a = :v REMOVE a.b", json!({":v": {"S": "x"}})),
        ("SET a = :v SET b = :v", json!({":v": {"S": "x"}})),
        ("SET a = :v,", json!({":v": {"S": "x"}})),
        ("SET a :v", json!({":v": {"S": "x"}})),
        ("SET open = :v", json!({":v": {"S": "x"}})),
        ("a = :v", json!({":v": {"S": "x"}})),
        ("ADD a :v", json!({":v": {"S": "x"}})),
        ("DELETE a :v", json!({":v": {"N": "1"}})),
        ("SET a = a + :v", json!({":v": {"S": "1"}})),
        (
            "SET a = :v",
            json!({":v": {"S": "x"}, ":unused": {"S": "x"}}),
        ),
        ("SET a = :v", json!({})),
        ("REMOVE a", json!({})),
    ] {
        refuses(
            "UpdateItem",
            json!({"Key": key("p", "s"), "UpdateExpression": update, "ExpressionAttributeValues": values}),
        );
    }
    refuses(
        "UpdateItem",
        json!({
            "Key": key("p", "s"),
            "UpdateExpression": "REMOVE a",
            "ExpressionAttributeNames": {"#unused": "b"},
        }),
    );
}

#[test]
fn keys_and_values() {
    for wrong in [
        json!({"pk": {"S": "p"}}),
        json!({"pk": {"S": "p"}, "sk": {"N": "1"}}),
        json!({"pk": {"S": "p"}, "sk": {"S": ""}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "a": {"S": "x"}}),
        json!({"pk": {"S": "p".repeat(2049)}, "sk": {"S": "s"}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "s".repeat(1025)}}),
    ] {
        refuses("GetItem", json!({"Key": wrong}));
    }
    for wrong in [
        json!({"X": "x"}),
        json!({"S": "x", "N": "1"}),
        json!({}),
        json!({"N": "one"}),
        json!({"N": 1}),
        json!({"SS": []}),
        json!({"SS": ["x", "x"]}),
        json!({"NS": ["1", "1.0"]}),
        json!({"B": "?"}),
        json!({"NULL": false}),
        json!({"L": [{"S": 1}]}),
    ] {
        let item = json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "a": wrong});
        refuses("PutItem", json!({"Item": item}));
    }
}

#[test]
fn projections() {
    for projection in ["", "a,", "a, a", "a, a.b", "status", "#missing"] {
        let request = json!({"Key": key("p", "s"), "ProjectionExpression": projection});
        refuses("GetItem", request);
    }
}

#[test]
fn other_tables_and_operations() {
    let mut db = table();
    let request = json!({"TableName": "other", "Key": key("p", "s")});
    let context = super::support::at(0);
    let answer = db.call("GetItem", &request, &context);
    assert_eq!(refused(&answer).0, "ResourceNotFoundException");
    let answer = call(&mut db, "Scan", json!({}));
    assert_eq!(refused(&answer).0, "UnknownOperationException");
}
