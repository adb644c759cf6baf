//! Members of a request, each of the type that it has to have.

use serde_json::{Map, Value};

use super::error::Fault;

/// An object of a request of which every member is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    /// The object, if it has no other members than those.
    pub(super) fn of(value: &'a Value, known: &[&str]) -> Result<Self, Fault> {
        let map = value.as_object().ok_or_else(|| unreadable("request"))?;
        let mut members = map.iter().filter(|(_, value)| !value.is_null());
        match members.find(|(name, _)| !known.contains(&name.as_str())) {
            Some((unknown, _)) => Err(Fault::not_modelled(unknown)),
            None => Ok(Self(map)),
        }
    }

    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Fault> {
        self.typed(name, Value::as_str)
    }

    pub(super) fn map(self, name: &str) -> Result<Option<&'a Map<String, Value>>, Fault> {
        self.typed(name, Value::as_object)
    }

    pub(super) fn list(self, name: &str) -> Result<Option<&'a Vec<Value>>, Fault> {
        self.typed(name, Value::as_array)
    }

    pub(super) fn number(self, name: &str) -> Result<Option<i64>, Fault> {
        self.typed(name, Value::as_i64)
    }

    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Fault> {
        self.typed(name, Value::as_bool)
    }

    /// One of those words; the first if there is none.
    pub(super) fn word(self, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        let given = self.text(name)?.or(words.first().copied());
        let known = words.iter().find(|word| given == Some(word));
        known
            .copied()
            .ok_or_else(|| Fault::not_modelled(&format!("this {name}")))
    }

    fn typed<T>(
        self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let value = self.get(name);
        value
            .map(|value| read(value).ok_or_else(|| unreadable(name)))
            .transpose()
    }
}

/// A member that a request has to have.
pub(super) fn required<T>(member: Option<T>, name: &str) -> Result<T, Fault> {
    member.ok_or_else(|| {
        Fault::invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn unreadable(name: &str) -> Fault {
    Fault::invalid(format!("{name} is not of the type that it should be"))
}
