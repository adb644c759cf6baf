//! Expressions: what an update changes, and under which condition.
//!
//! Attributes are written by their names; those that DynamoDB reserves ([`RESERVED_WORDS`]) with a `#` before them, which
//! is resolved here. A value is called `:` and something; [`UpdateExpression::set`] calls it by its attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::invariant;
use crate::store::item::{Item, n};
use crate::store::schema::RESERVED_WORDS;

/// What stands in expressions for names.
pub(super) type Names = HashMap<String, String>;

/// A condition with its values.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    text: String,
    names: Names,
    values: Item,
}

impl Condition {
    /// A condition; alternatives that are to be joined with others stand in parentheses.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// The attribute is one of these values; `placeholder` is what they are called, each with its number.
    pub(super) fn one_of(
        attribute: &str,
        placeholder: &str,
        values: impl IntoIterator<Item = AttributeValue>,
    ) -> Self {
        let values = values.into_iter().enumerate();
        let values: Item = values
            .map(|(i, value)| (format!("{placeholder}{i}"), value))
            .collect();
        let mut placeholders: Vec<_> = values.keys().map(String::as_str).collect();
        placeholders.sort_unstable();
        let text = format!("{} IN ({})", path(attribute), placeholders.join(", "));
        Self {
            text,
            values,
            ..Self::default()
        }
    }

    /// The attribute is as in `item`, where it may be absent.
    pub(super) fn as_read(attribute: &str, item: &Item) -> Self {
        let path = path(attribute);
        match item.get(attribute) {
            Some(value) => {
                let read = format!("{}_read", placeholder(attribute));
                Self::new(format!("{path} = {read}")).value(&read, value.clone())
            }
            None => Self::new(format!("attribute_not_exists({path})")),
        }
    }

    /// Gives a placeholder its value.
    pub(super) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        give(&mut self.values, placeholder.to_owned(), value);
        self
    }

    /// Both have to hold.
    pub(super) fn and(mut self, other: Self) -> Self {
        if !self.text.is_empty() && !other.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(&other.text);
        self.names.extend(other.names);
        for (placeholder, value) in other.values {
            give(&mut self.values, placeholder, value);
        }
        self
    }

    /// The text, the names, and the values, as the SDK wants them.
    pub(super) fn into_parts(self) -> (String, Option<Names>, Option<Item>) {
        let names = resolved(self.names, &[&self.text]);
        (self.text, names, some(self.values))
    }
}

/// What an update changes, and under which condition.
#[derive(Clone, Debug, Default)]
pub(super) struct UpdateExpression {
    set: String,
    remove: String,
    add: String,
    delete: String,
    condition: Condition,
}

impl UpdateExpression {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// `attribute = value`.
    pub(super) fn set(&mut self, attribute: &str, value: AttributeValue) {
        let placeholder = placeholder(attribute);
        self.set_to(attribute, &placeholder);
        self.value(&placeholder, value);
    }

    /// Sets an attribute that is not there yet.
    pub(super) fn set_if_absent(&mut self, attribute: &str, value: AttributeValue) {
        let placeholder = placeholder(attribute);
        self.set_to(
            attribute,
            &format!("if_not_exists({}, {placeholder})", path(attribute)),
        );
        self.value(&placeholder, value);
    }

    /// Raises a number, which begins at zero.
    pub(super) fn increase(&mut self, attribute: &str, by: u64) {
        let placeholder = format!("{}_step", placeholder(attribute));
        self.set_to(
            attribute,
            &format!("if_not_exists({}, :zero) + {placeholder}", path(attribute)),
        );
        self.value(":zero", n(0));
        self.value(&placeholder, n(by));
    }

    /// `attribute = operand`, which is written out.
    pub(super) fn set_to(&mut self, attribute: &str, operand: &str) {
        list(&mut self.set, &[&path(attribute), " = ", operand]);
    }

    pub(super) fn remove(&mut self, attribute: &str) {
        list(&mut self.remove, &[&path(attribute)]);
    }

    /// Adds to a set.
    pub(super) fn add(&mut self, attribute: &str, elements: Vec<String>) {
        let placeholder = placeholder(attribute);
        list(&mut self.add, &[&path(attribute), " ", &placeholder]);
        self.value(&placeholder, AttributeValue::Ss(elements));
    }

    /// Takes from a set.
    pub(super) fn delete(&mut self, attribute: &str, elements: Vec<String>) {
        let placeholder = placeholder(attribute);
        list(&mut self.delete, &[&path(attribute), " ", &placeholder]);
        self.value(&placeholder, AttributeValue::Ss(elements));
    }

    /// One more condition.
    pub(super) fn require(&mut self, condition: Condition) {
        self.condition = std::mem::take(&mut self.condition).and(condition);
    }

    /// Gives a placeholder its value.
    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        give(&mut self.condition.values, placeholder.to_owned(), value);
    }

    /// Lets `placeholder`, which begins with `#`, stand for an attribute whose name is computed.
    pub(super) fn name(&mut self, placeholder: &str, attribute: impl Into<String>) {
        let names = &mut self.condition.names;
        names.insert(placeholder.to_owned(), attribute.into());
    }

    /// The expression, the condition, the names and the values, as the SDK wants them.
    pub(super) fn into_parts(self) -> (String, Option<String>, Option<Names>, Option<Item>) {
        let clauses = [
            ("SET ", self.set),
            ("REMOVE ", self.remove),
            ("ADD ", self.add),
            ("DELETE ", self.delete),
        ];
        let mut update = String::new();
        for (keyword, clause) in clauses {
            if !clause.is_empty() {
                let space = if update.is_empty() { "" } else { " " };
                update.extend([space, keyword, &clause]);
            }
        }
        let Condition {
            text,
            names,
            values,
        } = self.condition;
        let names = resolved(names, &[&update, &text]);
        let condition = Some(text).filter(|text| !text.is_empty());
        (update, condition, names, some(values))
    }
}

/// The names of what is projected.
pub(super) fn names_in(text: &str) -> Option<Names> {
    resolved(Names::new(), &[text])
}

fn resolved(mut names: Names, texts: &[&str]) -> Option<Names> {
    for word in RESERVED_WORDS {
        let placeholder = path(word);
        if texts.iter().any(|text| text.contains(&*placeholder)) {
            names.insert(placeholder.into_owned(), word.to_owned());
        }
    }
    Some(names).filter(|names| !names.is_empty())
}

/// What the attribute is called in an expression.
fn path(attribute: &str) -> std::borrow::Cow<'_, str> {
    if RESERVED_WORDS.contains(&attribute) {
        format!("#{attribute}").into()
    } else {
        attribute.into()
    }
}

/// Two values under one placeholder would write the wrong one.
fn give(values: &mut Item, placeholder: String, value: AttributeValue) {
    match values.get(&placeholder) {
        Some(given) if *given != value => {
            invariant::broken("a placeholder of an expression has two values");
        }
        Some(_) => {}
        None => {
            values.insert(placeholder, value);
        }
    }
}

fn placeholder(attribute: &str) -> String {
    format!(":{}", attribute.trim_start_matches('#'))
}

fn list(clause: &mut String, parts: &[&str]) {
    if !clause.is_empty() {
        clause.push_str(", ");
    }
    clause.extend(parts.iter().copied());
}

fn some(values: Item) -> Option<Item> {
    Some(values).filter(|values| !values.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::s;

    #[test]
    fn an_update_is_written_as_dynamodb_reads_it() {
        let mut update = UpdateExpression::new();
        update.set("status", s("ready"));
        update.increase("version", 1);
        update.set_if_absent("epoch", n(1));
        update.name("#day", "d20260131");
        update.set_to("#day", ":status");
        update.remove("ttl");
        update.remove("reason");
        update.add("open", vec!["a".to_owned()]);
        update.require(Condition::new("attribute_exists(pk)"));
        update.require(Condition::one_of("status", ":was", [s("a"), s("b")]));
        let (text, condition, names, values) = update.into_parts();
        assert_eq!(
            text,
            "SET #status = :status, version = if_not_exists(version, :zero) + :version_step, \
             epoch = if_not_exists(epoch, :epoch), #day = :status REMOVE #ttl, reason ADD #open :open"
        );
        assert_eq!(
            condition.as_deref(),
            Some("attribute_exists(pk) AND #status IN (:was0, :was1)")
        );
        let mut names: Vec<_> = names.unwrap().into_iter().collect();
        names.sort();
        let names: Vec<_> = names
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("#day", "d20260131"),
                ("#open", "open"),
                ("#status", "status"),
                ("#ttl", "ttl")
            ]
        );
        assert_eq!(values.unwrap().len(), 7);
    }

    #[test]
    fn attributes_are_compared_as_they_were_read() {
        let item = Item::from([("status".to_owned(), s("active"))]);
        let [found, absent] = ["status", "role"].map(|name| Condition::as_read(name, &item));
        let (text, names, values) = found.and(absent).into_parts();
        assert_eq!(
            text,
            "#status = :status_read AND attribute_not_exists(#role)"
        );
        assert_eq!(names.unwrap().len(), 2);
        assert_eq!(values.unwrap()[":status_read"], s("active"));
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let mut update = UpdateExpression::new();
        update.remove("counted_at");
        let (text, condition, names, values) = update.into_parts();
        assert_eq!(text, "REMOVE counted_at");
        assert!(condition.is_none() && names.is_none() && values.is_none());
        let (text, names, values) = Condition::new("attribute_not_exists(pk)").into_parts();
        assert_eq!(text, "attribute_not_exists(pk)");
        assert!(names.is_none() && values.is_none());
    }
}
