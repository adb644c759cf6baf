use serde_json::{Value, json};

use super::support::{NOW, at, call, call_in, key, ok, put, refused, table};
use crate::dynamodb::{Context, DynamoDb};

/// Users of three ages, and one who is in no index.
fn users() -> DynamoDb {
    let mut db = table();
    for (user, age) in [("c", "1"), ("a", "2"), ("b", "3")] {
        let attributes = json!({
            "gsi1pk": {"S": "US#0"}, "gsi1sk": {"S": age}, "email": {"S": user}, "openid": {"S": user},
        });
        put(&mut db, &format!("U#{user}"), "A", attributes);
    }
    put(&mut db, "U#d", "A", json!({"gsi1pk": {"S": "US#0"}}));
    db
}

fn newest(limit: usize) -> Value {
    json!({
        "IndexName": "gsi1",
        "KeyConditionExpression": "gsi1pk = :shard AND gsi1sk < :before",
        "ExpressionAttributeValues": {":shard": {"S": "US#0"}, ":before": {"S": "9"}},
        "ScanIndexForward": false,
        "Limit": limit,
    })
}

fn emails(answer: &Value) -> Vec<&str> {
    let items = answer["Items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["email"]["S"].as_str().unwrap())
        .collect()
}

#[test]
fn pages_of_the_index_follow_one_another() {
    let mut db = users();
    let first = ok(&call(&mut db, "Query", newest(2)));
    assert_eq!(emails(&first), ["b", "a"]);
    let end = &first["LastEvaluatedKey"];
    assert_eq!(end["gsi1sk"], json!({"S": "2"}));
    let mut request = newest(2);
    request["ExclusiveStartKey"] = end.clone();
    let second = ok(&call(&mut db, "Query", request));
    assert_eq!(emails(&second), ["c"]);
    assert!(second["LastEvaluatedKey"].is_null());
}

#[test]
fn a_page_that_its_limit_ended_does_not_know_that_nothing_follows() {
    let all = ok(&call(&mut users(), "Query", newest(3)));
    assert_eq!(all["Count"], 3);
    assert!(all["LastEvaluatedKey"].is_object());
}

#[test]
fn the_index_holds_what_is_projected() {
    let mut db = users();
    let item = ok(&call(&mut db, "Query", newest(1)))["Items"][0].clone();
    assert!(item["openid"].is_null() && !item["email"].is_null());
    let mut request = newest(1);
    request["ProjectionExpression"] = "openid".into();
    assert_eq!(
        refused(&call(&mut db, "Query", request)).0,
        "ValidationException"
    );
}

#[test]
fn the_index_may_lag_behind() {
    let mut db = users();
    let later = at(NOW + 1000);
    let removed = json!({"Key": key("U#b", "A")});
    ok(&call_in(&mut db, "DeleteItem", removed, &later));
    let seen = |db: &mut DynamoDb, index_lag| {
        let context = Context { index_lag, ..later };
        let answer = ok(&call_in(db, "Query", newest(9), &context));
        emails(&answer).join("")
    };
    assert_eq!(seen(&mut db, 0), "ac");
    assert_eq!(seen(&mut db, 1), "bac");
    assert_eq!(seen(&mut db, 1000), "bac");
    assert_eq!(seen(&mut db, 1001), "");
    let base = json!({
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "U#b"}},
    });
    let context = Context {
        index_lag: 1001,
        ..later
    };
    assert_eq!(ok(&call_in(&mut db, "Query", base, &context))["Count"], 0);
}

#[test]
fn ranges_of_sort_keys() {
    let mut db = table();
    for sk in ["1", "10", "2", "~"] {
        put(&mut db, "a", sk, json!({}));
    }
    let mut found = |range: &str, values: Value| {
        let mut values = values;
        values[":pk"] = json!({"S": "a"});
        let request = json!({
            "KeyConditionExpression": format!("pk = :pk AND {range}"),
            "ExpressionAttributeValues": values,
        });
        let answer = ok(&call(&mut db, "Query", request));
        let items = answer["Items"].as_array().unwrap().iter();
        items
            .map(|item| item["sk"]["S"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let two = json!({":a": {"S": "2"}});
    assert_eq!(found("sk < :a", two.clone()), ["1", "10"]);
    assert_eq!(found("sk >= :a", two.clone()), ["2", "~"]);
    assert_eq!(found("sk = :a", two), ["2"]);
    assert_eq!(
        found("begins_with(sk, :a)", json!({":a": {"S": "1"}})),
        ["1", "10"]
    );
    let ends = json!({":a": {"S": "10"}, ":b": {"S": "2"}});
    assert_eq!(found("sk BETWEEN :a AND :b", ends), ["10", "2"]);
}

#[test]
fn a_page_ends_after_a_megabyte() {
    let mut db = table();
    let text = "x".repeat(300_000);
    for sk in ["1", "2", "3", "4", "5"] {
        put(&mut db, "a", sk, json!({"text": {"S": text}}));
    }
    let request = json!({
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    });
    let answer = ok(&call(&mut db, "Query", request));
    assert_eq!(answer["Count"], 4);
    assert_eq!(answer["LastEvaluatedKey"], key("a", "4"));
}

#[test]
fn what_is_no_query_is_refused() {
    let mut db = users();
    for (member, mistake) in [
        (
            "KeyConditionExpression",
            json!("gsi1sk = :shard AND gsi1sk < :before"),
        ),
        (
            "KeyConditionExpression",
            json!("gsi1pk = :shard OR gsi1sk < :before"),
        ),
        (
            "KeyConditionExpression",
            json!("gsi1pk = :shard AND gsi1sk <> :before"),
        ),
        (
            "KeyConditionExpression",
            json!("gsi1pk = :shard AND email < :before"),
        ),
        (
            "ExpressionAttributeValues",
            json!({":shard": {"S": "US#0"}, ":before": {"S": ""}}),
        ),
        (
            "ExpressionAttributeValues",
            json!({":shard": {"S": "US#0"}, ":before": {"N": "1"}}),
        ),
        ("ConsistentRead", json!(true)),
        ("IndexName", json!("gsi2")),
        ("Limit", json!(0)),
        ("ExclusiveStartKey", key("U#a", "A")),
        ("FilterExpression", json!("gsi1sk < :before")),
    ] {
        let mut request = newest(2);
        request[member] = mistake.clone();
        let answer = call(&mut db, "Query", request);
        assert_eq!(
            refused(&answer).0,
            "ValidationException",
            "{member} {mistake}"
        );
    }
}
