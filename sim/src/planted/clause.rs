//! One clause of a condition: what it is known by, and how a request loses it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::spans;

const CONDITION: &str = "ConditionExpression";
/// A check has to have a condition; every item meets this one.
const TRUE: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

/// The kind of a write with a condition, alone or in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteKind {
    /// It changes an item.
    Update,
    /// It writes an item anew.
    Put,
    /// It removes an item.
    Delete,
    /// It writes nothing.
    Check,
}

/// A clause of a condition, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    kind: WriteKind,
    /// The condition without what differs from request to request.
    condition: String,
    /// Which clause it is; `None` for all of them.
    number: Option<usize>,
    text: String,
}

impl Clause {
    pub(super) fn all_of(kind: WriteKind, write: &Map<String, Value>) -> Vec<Self> {
        let Some(text) = write.get(CONDITION).and_then(Value::as_str) else {
            return Vec::new();
        };
        let clause = |number, part: &str| Self {
            kind,
            condition: generalised(text),
            number,
            text: generalised(part),
        };
        let parts = spans::clauses(text);
        let parts = parts.into_iter().enumerate();
        let parts = parts.map(|(i, span)| clause(Some(i), trimmed(&text[span])));
        std::iter::once(clause(None, text)).chain(parts).collect()
    }

    /// Takes the clause from the write, and whatever only the clause refers to; `false` if it is another one's.
    pub(super) fn remove_from(&self, kind: WriteKind, write: &mut Map<String, Value>) -> bool {
        let text = write.get(CONDITION).and_then(Value::as_str);
        let Some(text) =
            text.filter(|text| kind == self.kind && generalised(text) == self.condition)
        else {
            return false;
        };
        let mut text = text.to_owned();
        match self.number {
            None if kind == WriteKind::Check => TRUE.clone_into(&mut text),
            None => text.clear(),
            Some(number) => match spans::clauses(&text).get(number) {
                Some(span) => text.replace_range(span.clone(), ""),
                None => return false,
            },
        }
        if text.is_empty() {
            write.remove(CONDITION);
            write.remove("ReturnValuesOnConditionCheckFailure");
        } else {
            write.insert(CONDITION.to_owned(), text.into());
        }
        remove_unused(write);
        true
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            None => write!(f, "{:?} without its condition `{}`", self.kind, self.text),
            Some(_) => write!(
                f,
                "{:?} if `{}` without `{}`",
                self.kind, self.condition, self.text
            ),
        }
    }
}

/// The clause without the AND that goes with it.
fn trimmed(span: &str) -> &str {
    let span = span.trim();
    let span = span.strip_prefix("AND ").unwrap_or(span);
    span.strip_suffix(" AND").unwrap_or(span)
}

/// The text with what is somebody's own replaced by `…`: digits, and the names of sessions (`s_…`).
fn generalised(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_inclusive([' ', '(', ')', ',', '.']) {
        let name = word.trim_end_matches([' ', '(', ')', ',', '.']);
        let general = if name.starts_with("s_") {
            "s_…".to_owned()
        } else {
            name.trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
        };
        words.push_str(&general);
        words.push_str(&word[name.len()..]);
    }
    words
}

/// DynamoDB refuses names and values that no expression uses.
fn remove_unused(write: &mut Map<String, Value>) {
    let mut used = BTreeSet::new();
    for expression in [CONDITION, "UpdateExpression"] {
        let text = write
            .get(expression)
            .and_then(Value::as_str)
            .unwrap_or_default();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"_:#".contains(c));
        used.extend(
            words
                .filter(|word| word.starts_with([':', '#']))
                .map(str::to_owned),
        );
    }
    for placeholders in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(Value::Object(map)) = write.get_mut(placeholders) else {
            continue;
        };
        map.retain(|name, _| used.contains(name));
        if map.is_empty() {
            write.remove(placeholders);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::planted::{Catalogue, forget};

    #[test]
    fn a_request_loses_one_clause_and_what_only_that_refers_to() {
        let request = |condition: &str, names: serde_json::Value, values: serde_json::Value| {
            json!({"TransactItems": [{"Update": {
                "UpdateExpression": "SET version = :version",
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }}]})
        };
        let complete = request(
            "#status = :active AND s_06h2.h = :old12",
            json!({"#status": "status"}),
            json!({":version": {"N": "2"}, ":active": {"S": "a"}, ":old12": {"B": ""}}),
        );
        let mut catalogue = Catalogue::default();
        catalogue.observe("TransactWriteItems", &complete);
        let clauses: Vec<_> = catalogue.clauses().collect();
        let texts: Vec<_> = clauses.iter().map(ToString::to_string).collect();
        let all = "#status = :active AND s_….h = :old";
        assert_eq!(
            texts,
            [
                format!("Update without its condition `{all}`"),
                format!("Update if `{all}` without `#status = :active`"),
                format!("Update if `{all}` without `s_….h = :old`"),
            ]
        );

        let mut other = request("s_06h3.h = :old", json!({}), json!({":old": {"B": ""}}));
        assert!(!forget(clauses[1], "TransactWriteItems", &mut other));
        let mut weaker = complete;
        assert!(forget(clauses[1], "TransactWriteItems", &mut weaker));
        let update = &weaker["TransactItems"][0]["Update"];
        assert_eq!(update["ConditionExpression"], "s_06h2.h = :old12");
        assert!(update.get("ExpressionAttributeNames").is_none());
        assert!(update["ExpressionAttributeValues"].get(":active").is_none());
    }
}
