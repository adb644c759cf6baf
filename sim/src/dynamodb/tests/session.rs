//! The calls of a login, a refresh and an edit, as the store makes them.

use serde_json::{Value, json};

use super::support::{call, key, ok, refused, stored, table};
use crate::dynamodb::DynamoDb;

fn login(now: &str, session: &str) -> Value {
    json!({
        "Key": key("U#alice", "A"),
        "UpdateExpression": format!(
            "SET s_{session} = :session, fence = :fence, last_login = :last_login, \
             first_login = if_not_exists(first_login, :last_login), \
             version = if_not_exists(version, :one), #status = :active, gsi1pk = :gsi1pk"
        ),
        "ConditionExpression": "attribute_not_exists(pk) OR (#status = :active AND \
             (attribute_not_exists(fence) OR fence < :fence) \
             AND (attribute_not_exists(sessions_ended_at) OR sessions_ended_at < :fence))",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":session": {"M": {"h": {"B": "aGFzaA=="}, "p1": {"B": "AA=="}, "t1": {"N": "0"}, "x": {"N": "2000"}}},
            ":fence": {"N": now}, ":last_login": {"S": session}, ":one": {"N": "1"},
            ":active": {"S": "active"}, ":gsi1pk": {"S": "US#0"},
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

fn refresh(old: &str, new: &str) -> Value {
    json!({
        "Key": key("U#alice", "A"),
        "UpdateExpression": "SET #s.p2 = #s.p1, #s.p1 = :old, #s.h = :new, #s.x = :expires, \
             #s.t3 = if_not_exists(#s.t2, :unknown)",
        "ConditionExpression": "#s.h = :old AND #s.x > :now AND #status = :active \
             AND (attribute_not_exists(#s.k) OR #s.k = :key0)",
        "ExpressionAttributeNames": {"#status": "status", "#s": "s_1"},
        "ExpressionAttributeValues": {
            ":old": {"B": old}, ":new": {"B": new}, ":now": {"N": "1000"}, ":expires": {"N": "3000"},
            ":unknown": {"N": "0"}, ":active": {"S": "active"}, ":key0": {"S": "key"},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

fn logged_in() -> DynamoDb {
    let mut db = table();
    ok(&call(&mut db, "UpdateItem", login("1000", "1")));
    db
}

#[test]
fn a_login_makes_an_account_and_later_only_a_session() {
    let mut db = table();
    let first = call(&mut db, "UpdateItem", login("1000", "1"));
    let item = &ok(&first)["Attributes"];
    assert_eq!(item["first_login"], json!({"S": "1"}));
    assert_eq!(item["pk"], json!({"S": "U#alice"}));
    assert_eq!(*item, stored(&db, "U#alice", "A"));
    let [change] = &first.changes[..] else {
        panic!("{:?}", first.changes)
    };
    assert!(change.before.is_none() && change.after.is_some());

    let second = call(&mut db, "UpdateItem", login("1001", "2"));
    assert_eq!(ok(&second)["Attributes"]["first_login"], json!({"S": "1"}));
    assert!(second.changes[0].before.is_some());
}

#[test]
fn a_login_that_comes_late_is_refused_with_the_item() {
    let mut db = logged_in();
    let late = call(&mut db, "UpdateItem", login("1000", "2"));
    let (name, body) = refused(&late);
    assert_eq!(name, "ConditionalCheckFailedException");
    assert_eq!(body["Item"], stored(&db, "U#alice", "A"));
}

#[test]
fn a_refresh_moves_the_hashes_of_its_session() {
    let mut db = logged_in();
    assert_eq!(
        ok(&call(&mut db, "UpdateItem", refresh("aGFzaA==", "bmV3"))),
        json!({})
    );
    let session = stored(&db, "U#alice", "A")["s_1"]["M"].clone();
    assert_eq!(session["h"], json!({"B": "bmV3"}));
    assert_eq!(session["p1"], json!({"B": "aGFzaA=="}));
    assert_eq!(session["p2"], json!({"B": "AA=="}));
    assert_eq!(session["t3"], json!({"N": "0"}));
    let again = call(&mut db, "UpdateItem", refresh("aGFzaA==", "bmV3"));
    assert_eq!(refused(&again).0, "ConditionalCheckFailedException");
}

#[test]
fn what_a_nested_path_begins_with_has_to_be_there() {
    let mut db = table();
    let request = json!({
        "Key": key("U#alice", "A"),
        "UpdateExpression": "SET s.h = :h",
        "ExpressionAttributeValues": {":h": {"S": "x"}},
    });
    assert_eq!(
        refused(&call(&mut db, "UpdateItem", request)).0,
        "ValidationException"
    );
}
