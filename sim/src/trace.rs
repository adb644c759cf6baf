//! What happened, in order: a digest always, the text where somebody reads it.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::Value;

/// The record of one history.
#[derive(Debug, Default)]
pub struct Trace {
    digest: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// One that keeps the text.
    pub fn with_text() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Notes what happened: `parts` go into the digest, `text` into the text.
    pub fn note(&mut self, at: i64, parts: impl Digestible, text: impl FnOnce() -> String) {
        self.digest.write_i64(at);
        parts.digest(&mut self.digest);
        if let Some(lines) = &mut self.lines {
            let (seconds, millis) = (at / 1000, at % 1000);
            lines.push(format!("{seconds:>5}.{millis:03} {}", text()));
        }
    }

    /// The same for the same history.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The text, if it is kept.
    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// What has a digest that depends on no map's order.
pub trait Digestible {
    /// Adds it.
    fn digest(&self, hasher: &mut DefaultHasher);
}

impl Digestible for str {
    fn digest(&self, hasher: &mut DefaultHasher) {
        self.hash(hasher);
    }
}

impl Digestible for [u8] {
    fn digest(&self, hasher: &mut DefaultHasher) {
        self.hash(hasher);
    }
}

impl<T: Digestible + ?Sized> Digestible for &T {
    fn digest(&self, hasher: &mut DefaultHasher) {
        T::digest(self, hasher);
    }
}

impl<A: Digestible, B: Digestible> Digestible for (A, B) {
    fn digest(&self, hasher: &mut DefaultHasher) {
        self.0.digest(hasher);
        self.1.digest(hasher);
    }
}

/// What is hashed as std does it.
#[derive(Clone, Copy, Debug)]
pub struct Hashed<T>(pub T);

impl<T: Hash> Digestible for Hashed<T> {
    fn digest(&self, hasher: &mut DefaultHasher) {
        self.0.hash(hasher);
    }
}

impl Digestible for Value {
    /// `serde_json` sorts the members of an object; a test notices if a dependency switches that off.
    fn digest(&self, hasher: &mut DefaultHasher) {
        match self {
            Self::Null => hasher.write_u8(0),
            Self::Bool(value) => value.hash(hasher),
            Self::Number(number) => number.hash(hasher),
            Self::String(text) => text.hash(hasher),
            Self::Array(values) => {
                hasher.write_usize(values.len());
                values.iter().for_each(|value| value.digest(hasher));
            }
            Self::Object(members) => {
                hasher.write_usize(members.len());
                for (name, value) in members {
                    name.hash(hasher);
                    value.digest(hasher);
                }
            }
        }
    }
}

/// Bytes as text, for a reader.
pub struct Text<'a>(pub &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) => f.write_str(text),
            Err(_) => write!(f, "{} bytes", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_members_of_an_object_are_sorted() {
        assert_eq!(json!({"b": 1, "a": 2}).to_string(), r#"{"a":2,"b":1}"#);
    }
}
