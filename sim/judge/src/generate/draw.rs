//! Values and names.

use fastrand::Rng;
use serde_json::{Value, json};

/// Attributes, each with the type that it mostly has.
const ATTRIBUTES: [&str; 10] = [
    "num", "txt", "bin", "yes", "tags", "nums", "doc", "seq", "#status", "#name",
];

/// What the placeholders among them stand for.
pub(super) const NAMES: [(&str, &str); 2] = [("#status", "status"), ("#name", "odd name")];

/// The placeholders of an expression, and what they stand for.
#[derive(Default)]
pub(super) struct Placeholders {
    pub(super) names: serde_json::Map<String, Value>,
    pub(super) values: serde_json::Map<String, Value>,
    /// The attributes that an update changes.
    targets: Vec<String>,
}

impl Placeholders {
    /// A new placeholder for a value.
    pub(super) fn value(&mut self, value: Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// The attribute as an expression writes it.
    pub(super) fn name(&mut self, attribute: &str) -> String {
        let known = NAMES
            .iter()
            .find(|(placeholder, _)| *placeholder == attribute);
        if let Some((placeholder, name)) = known {
            let name = Value::from(*name);
            self.names.insert((*placeholder).to_owned(), name);
        }
        attribute.to_owned()
    }

    /// A path to change, mostly one in an attribute that is not changed yet.
    pub(super) fn target(&mut self, rng: &mut Rng) -> String {
        let mut path = self.path(rng);
        for _ in 0..8 {
            if self.is_new(&path) || rng.u8(..40) == 0 {
                break;
            }
            path = self.path(rng);
        }
        self.targets.push(root(&path).to_owned());
        path
    }

    /// Whether the attribute that the path begins in is not changed yet.
    pub(super) fn is_new(&self, path: &str) -> bool {
        !self.targets.iter().any(|target| target == root(path))
    }

    /// A path, now and then one into a map.
    pub(super) fn path(&mut self, rng: &mut Rng) -> String {
        match rng.u8(..8) {
            0 => format!("doc.{}", pick(rng, &["x", "y"])),
            1 => {
                self.names.insert("#m".to_owned(), "doc".into());
                format!("#m.{}", pick(rng, &["x", "deep.z"]))
            }
            _ => self.name(attribute(rng)),
        }
    }
}

/// The attribute that a path begins in.
fn root(path: &str) -> &str {
    let root = path.split('.').next().unwrap_or(path);
    if root == "#m" { "doc" } else { root }
}

pub(super) fn pick<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    rng.choice(choices).copied().unwrap_or_default()
}

pub(super) fn attribute(rng: &mut Rng) -> &'static str {
    pick(rng, &ATTRIBUTES)
}

/// The attribute's name as items have it.
pub(super) fn stored_name(attribute: &'static str) -> &'static str {
    let known = NAMES
        .iter()
        .find(|(placeholder, _)| *placeholder == attribute);
    known.map_or(attribute, |(_, name)| name)
}

/// A value of the type that the attribute mostly has.
pub(super) fn value_of(rng: &mut Rng, attribute: &str) -> Value {
    if rng.u8(..12) == 0 {
        return value(rng);
    }
    match attribute {
        "num" => number(rng),
        "bin" => blob(rng),
        "yes" => json!({"BOOL": rng.bool()}),
        "tags" | "nums" => set_of(rng, attribute),
        "doc" => json!({"M": {"x": number(rng), "deep": {"M": {"z": text(rng)}}}}),
        "seq" => json!({"L": [number(rng), text(rng)]}),
        _ => text(rng),
    }
}

/// A value of any type.
pub(super) fn value(rng: &mut Rng) -> Value {
    match rng.u8(..9) {
        0 | 1 => number(rng),
        2 | 3 => text(rng),
        4 => blob(rng),
        5 => json!({"BOOL": rng.bool()}),
        6 => json!({"NULL": true}),
        7 => set(rng, "SS", &["a", "b", "c"]),
        _ => json!({"M": {"x": number(rng)}}),
    }
}

pub(super) fn number(rng: &mut Rng) -> Value {
    let numbers = [
        "0",
        "1",
        "2",
        "10",
        "-3",
        "1790812800000",
        "1.5",
        "1.50",
        "007",
        "1e3",
        "-0.25",
        "+4",
        "123456789012345678901234567890",
        "99999999999999999999999999999999999999",
    ];
    json!({"N": pick(rng, &numbers)})
}

pub(super) fn text(rng: &mut Rng) -> Value {
    json!({"S": pick(rng, &["", "a", "b", "ab", "active", "é𝄞", "Z", "a b"])})
}

fn blob(rng: &mut Rng) -> Value {
    json!({"B": pick(rng, &["", "AA==", "AAE=", "/w==", "aGFzaA=="])})
}

/// A set of the type that the attribute mostly has.
pub(super) fn set_of(rng: &mut Rng, attribute: &str) -> Value {
    match attribute {
        "tags" => set(rng, "SS", &["a", "b", "c"]),
        _ => set(rng, "NS", &["1", "2", "10"]),
    }
}

/// A value of a type that has an order.
pub(super) fn ordered(rng: &mut Rng) -> Value {
    match rng.u8(..3) {
        0 => text(rng),
        1 => blob(rng),
        _ => number(rng),
    }
}

/// Two values of one type, the lower one first.
pub(super) fn bounds(rng: &mut Rng) -> [Value; 2] {
    let bounds = match rng.bool() {
        true => [("N", "-3"), ("N", "10")],
        false => [("S", "a"), ("S", "b")],
    };
    bounds.map(|(code, text)| json!({code: text}))
}

/// Some of the members, in any order, at least one.
fn set(rng: &mut Rng, code: &str, members: &[&str]) -> Value {
    let mut members = members.to_vec();
    rng.shuffle(&mut members);
    members.truncate(rng.usize(1..=members.len()));
    json!({code: members})
}
