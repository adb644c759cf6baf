//! Conditions, updates and projections.

use fastrand::Rng;

use super::draw::{self, Placeholders, pick};

/// A condition of at most that many operators one in another.
pub(super) fn condition(rng: &mut Rng, placeholders: &mut Placeholders, depth: u8) -> String {
    if depth > 0 && rng.u8(..3) == 0 {
        let left = condition(rng, placeholders, depth - 1);
        if rng.u8(..5) == 0 {
            return format!("NOT {left}");
        }
        let right = condition(rng, placeholders, depth - 1);
        return match rng.u8(..4) {
            0 | 1 => format!("{left} AND {right}"),
            2 => format!("({left} OR {right})"),
            _ => format!("{left} OR {right}"),
        };
    }
    simple(rng, placeholders)
}

/// dynoxide lets mistakes through that DynamoDB refuses: an operand that is the other one, and values of types that an
/// operator does not take. They are left out.
fn simple(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    let path = placeholders.path(rng);
    match rng.u8(..12) {
        0 | 1 => format!("attribute_exists({path})"),
        2 | 3 => format!("attribute_not_exists({path})"),
        4 => format!(
            "begins_with({path}, {})",
            placeholders.value(draw::text(rng))
        ),
        5 => {
            let part = draw::value(rng);
            format!("contains({path}, {})", placeholders.value(part))
        }
        6 => {
            let size = placeholders.value(draw::number(rng));
            format!("size({path}) {} {size}", ordering(rng))
        }
        7 => {
            let [low, high] = draw::bounds(rng);
            let (low, high) = (placeholders.value(low), placeholders.value(high));
            format!("{path} BETWEEN {low} AND {high}")
        }
        8 => {
            let count = rng.usize(1..4);
            let alternatives: Vec<_> = (0..count).map(|_| operand(rng, placeholders)).collect();
            format!("{path} IN ({})", alternatives.join(", "))
        }
        9 => {
            let bound = draw::ordered(rng);
            format!("{path} {} {}", ordering(rng), placeholders.value(bound))
        }
        _ => {
            let comparator = pick(rng, &["=", "=", "<>"]);
            format!("{path} {comparator} {}", other(rng, placeholders, &path))
        }
    }
}

/// An operand that is not the path.
fn other(rng: &mut Rng, placeholders: &mut Placeholders, path: &str) -> String {
    let operand = operand(rng, placeholders);
    if operand == path {
        return placeholders.value(draw::value(rng));
    }
    operand
}

fn ordering(rng: &mut Rng) -> &'static str {
    pick(rng, &["<", "<=", ">", ">="])
}

fn operand(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    match rng.u8(..6) {
        0 => placeholders.path(rng),
        1 => placeholders.value(draw::value(rng)),
        2 | 3 => placeholders.value(draw::number(rng)),
        _ => placeholders.value(draw::text(rng)),
    }
}

/// An update with one to four clauses.
pub(super) fn update(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    let mut clauses = Vec::new();
    if rng.u8(..5) > 0 {
        let count = rng.usize(1..4);
        let actions: Vec<_> = (0..count).map(|_| assignment(rng, placeholders)).collect();
        clauses.push(format!("SET {}", actions.join(", ")));
    }
    if rng.u8(..3) == 0 {
        let count = rng.usize(1..3);
        let paths: Vec<_> = (0..count).map(|_| placeholders.target(rng)).collect();
        clauses.push(format!("REMOVE {}", paths.join(", ")));
    }
    for keyword in ["ADD", "DELETE"] {
        let action = set_action(rng, placeholders, keyword);
        clauses.extend(action.map(|action| format!("{keyword} {action}")));
    }
    if clauses.is_empty() {
        clauses.push(format!("REMOVE {}", placeholders.target(rng)));
    }
    clauses.join(" ")
}

/// What ADD or DELETE does, or nothing.
fn set_action(rng: &mut Rng, placeholders: &mut Placeholders, keyword: &str) -> Option<String> {
    let set = pick(rng, &["tags", "nums"]);
    let number = pick(rng, &["num", "doc.x", "txt"]);
    let is_sum = keyword == "ADD" && rng.bool();
    let target = if is_sum { number } else { set };
    if rng.u8(..3) > 0 || !placeholders.is_new(target) {
        return None;
    }
    // Now and then a set of the other type.
    let of = if rng.u8(..8) == 0 { "tags" } else { set };
    let value = if is_sum {
        draw::number(rng)
    } else {
        draw::set_of(rng, of)
    };
    Some(format!("{target} {}", placeholders.value(value)))
}

fn assignment(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    let path = placeholders.target(rng);
    let value = draw::value_of(rng, &path);
    match rng.u8(..9) {
        0 | 1 => format!("{path} = {}", term(rng, placeholders)),
        2 => {
            let (step, zero) = (draw::number(rng), draw::number(rng));
            let (step, zero) = (placeholders.value(step), placeholders.value(zero));
            let sign = pick(rng, &["+", "-"]);
            format!("{path} = if_not_exists(num, {zero}) {sign} {step}")
        }
        3 => format!(
            "{path} = if_not_exists({path}, {})",
            placeholders.value(value)
        ),
        _ => format!("{path} = {}", placeholders.value(value)),
    }
}

fn term(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    match rng.u8(..5) {
        0 => format!(
            "if_not_exists({}, {})",
            placeholders.path(rng),
            placeholders.path(rng)
        ),
        1 => format!("num + {}", placeholders.value(draw::number(rng))),
        2 => placeholders.value(draw::value(rng)),
        _ => placeholders.path(rng),
    }
}

/// Attributes to read.
pub(super) fn projection(rng: &mut Rng, placeholders: &mut Placeholders) -> String {
    let count = rng.usize(1..4);
    let paths: Vec<_> = (0..count).map(|_| placeholders.path(rng)).collect();
    format!("pk, {}", paths.join(", "))
}
