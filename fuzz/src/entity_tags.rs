//! `If-Match` and `If-None-Match`: a write is unconditional only if nothing was meant as a condition, and "not modified" is
//! said of the tag that was named alone. The grammar is RFC 9110's, as a regular expression.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::Target;
use crate::users_function::{USERS, VERSION};

pub(crate) const TARGET: Target = Target {
    name: "entity_tags",
    seeds,
    tokens: &[
        "\"", "\"\"", "W/", "w/", ",", ", ", " ", "\t", "*", "7", "07", "+7", "-", "\u{e9}", "\0",
        "\"x\",",
    ],
    check,
    cases: 700,
};

/// The tag of the user in the table.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let answer = USERS.invoke(&event("GET", &json!({})));
    answer.headers["etag"].as_str().expect("a tag").to_owned()
});
static TAGS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(W/)?("[^"]*")"#).expect("a pattern"));
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    let tag = "(?:W/)?\"[\\x21\\x23-\\x7e\u{80}-\u{10ffff}]*\"";
    // What white space stands before, between and behind the elements; elements may be empty.
    let space = "[ \\t]*";
    let pattern = format!("\\A{space}(?:,{space})*{tag}{space}(?:,{space}(?:{tag}{space})?)*\\z");
    Regex::new(&pattern).expect("a pattern")
});

fn seeds() -> Vec<Vec<u8>> {
    let tag = TAG.as_str();
    let eight = tag.replacen(&VERSION.to_string(), "8", 1);
    let lists = [
        tag.to_owned(),
        format!("W/{tag}"),
        format!("\"x\", {tag} ,, {eight}"),
        "*".to_owned(),
        "\"7\"".to_owned(),
        vec![tag; 100].join(","),
    ];
    lists.map(String::into_bytes).into()
}

fn event(method: &str, headers: &Value) -> String {
    let mut headers = headers.clone();
    headers["authorization"] = format!("Bearer {}", USERS.token).into();
    let mut event = json!({"version": "2.0", "rawPath": "/v1/users/me", "rawQueryString": "",
        "requestContext": {"http": {"method": method}, "requestId": "r"}, "isBase64Encoded": false});
    if method == "PATCH" {
        headers["content-type"] = "application/json".into();
        event["body"] = r#"{"nickname":"Alice"}"#.into();
    }
    event["headers"] = headers;
    event.to_string()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(list) = std::str::from_utf8(bytes) else {
        return false;
    };
    // As the event's reader sees it.
    let seen: String = list
        .chars()
        .map(|c| {
            if c.is_ascii_control() && c != '\t' {
                ' '
            } else {
                c
            }
        })
        .collect();
    let seen = seen.trim_matches([' ', '\t']);
    let is_any = seen == "*";
    let is_list = LIST.is_match(seen);
    let tags: Vec<(bool, &str)> = TAGS
        .captures_iter(seen)
        .filter(|_| is_list)
        .map(|found| {
            (
                found.get(1).is_some(),
                found.get(2).map_or("", |tag| tag.as_str()),
            )
        })
        .collect();

    let known = USERS.invoke(&event("GET", &json!({"if-none-match": list})));
    let names_tag = tags.iter().any(|(_, tag)| *tag == TAG.as_str());
    assert_eq!(
        known.status,
        if is_any || names_tag { 304 } else { 200 },
        "{list:?}"
    );

    let written = USERS.invoke(&event("PATCH", &json!({"if-match": list})));
    if !is_any && (!is_list || tags.len() > 100) {
        assert_eq!((written.status, written.asked), (400, None), "{list:?}");
        return false;
    }
    assert_eq!(written.status, 200);
    let asked = written.asked.expect("a write");
    let condition = asked["ConditionExpression"].as_str().expect("a condition");
    assert_eq!(
        condition.contains("version"),
        !is_any,
        "{list:?}: {condition}"
    );
    let strong = tags.iter().filter(|(is_weak, _)| !is_weak);
    let mut versions: Vec<u64> = strong.filter_map(|(_, tag)| version(tag)).collect();
    if versions.is_empty() {
        versions.push(0);
    }
    if !is_any {
        assert_eq!(
            in_condition(&asked, condition),
            versions,
            "{list:?}: {asked}"
        );
    }
    true
}

/// The version in a tag of the user that is seen by themselves.
fn version(tag: &str) -> Option<u64> {
    let (version, rest) = tag.trim_matches('"').split_once('-')?;
    let whose = TAG.split('-').nth(1)?;
    let number: u64 = version.parse().ok()?;
    (rest.split_once('-')?.0 == whose && number.to_string() == version).then_some(number)
}

/// The versions that a condition compares with, in its order.
fn in_condition(asked: &Value, condition: &str) -> Vec<u64> {
    let list = condition.split("version IN (").nth(1).unwrap_or_default();
    let list = list.split_once(')').map_or(list, |(list, _)| list);
    let placeholders = list
        .split([' ', ',', '(', ')'])
        .filter(|word| word.starts_with(':'));
    let value = |name: &str| {
        asked["ExpressionAttributeValues"][name]["N"]
            .as_str()?
            .parse()
            .ok()
    };
    placeholders.filter_map(value).collect()
}
