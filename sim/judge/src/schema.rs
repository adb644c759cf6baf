//! The table of `template.yaml`.

use serde_json::{Value, json};

use crate::dynamodb::INDEX_ATTRIBUTES;

/// The request that creates it.
pub(crate) fn create_table(name: &str) -> Value {
    let names = ["pk", "sk", "gsi1pk", "gsi1sk"];
    let attributes = names.map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
    let index = json!({
        "IndexName": "gsi1",
        "KeySchema": keys("gsi1pk", "gsi1sk"),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": INDEX_ATTRIBUTES},
    });
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": keys("pk", "sk"),
        "GlobalSecondaryIndexes": [index],
    })
}

fn keys(partition: &str, sort: &str) -> Value {
    json!([
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ])
}

/// The table that a request names.
pub(crate) fn table_of(request: &Value) -> Option<&str> {
    let batch = request["RequestItems"].as_object();
    let in_batch = batch
        .and_then(|tables| tables.keys().next())
        .map(String::as_str);
    let writes = request["TransactItems"].as_array().into_iter().flatten();
    let mut writes = writes.filter_map(|write| write.as_object()?.values().next());
    let in_transaction = writes.find_map(|write| write["TableName"].as_str());
    request["TableName"]
        .as_str()
        .or(in_batch)
        .or(in_transaction)
}
