//! `bench/budget.toml`: what a function may cost.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use crate::callgrind::Instructions;

/// What was measured, by what the budget calls it: `size users`, `cold users GET /v1/users/me`, `warm …`.
pub(crate) type Measured = BTreeMap<String, u64>;

/// The file.
#[derive(Debug)]
pub(crate) struct Budget(DocumentMut);

/// A comparison.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What is over the budget or not in it, and by how much; empty if nothing is.
    pub(crate) over: Vec<String>,
    /// What is so far below that the budget should follow.
    pub(crate) under: Vec<String>,
    /// Everything, as a table.
    pub(crate) table: String,
}

impl Budget {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(Self(text.parse().context("budget.toml")?))
    }

    /// Compares what was measured with what is allowed.
    pub(crate) fn judge(&self, measured: &Measured) -> Verdict {
        let tolerance = self
            .0
            .get("tolerance")
            .and_then(Item::as_float)
            .unwrap_or(0.0);
        let mut verdict = Verdict {
            over: Vec::new(),
            under: Vec::new(),
            table: String::new(),
        };
        let mut line = |name: &str, allowed: &str, found: &str, difference: &str| {
            let _ = writeln!(
                verdict.table,
                "{name:<48} {allowed:>13} {found:>13} {difference:>9}"
            );
        };
        line("", "budget", "measured", "");
        for (name, found) in measured {
            let Some(allowed) = self.allowed(name) else {
                line(name, "-", &grouped(*found), "");
                verdict.over.push(format!("{name} is not in the budget"));
                continue;
            };
            let change = *found as f64 / allowed as f64 - 1.0;
            let difference = format!("{:+.1} %", change * 100.0);
            line(name, &grouped(allowed), &grouped(*found), &difference);
            let text = || {
                format!(
                    "{name}: {} instead of {} ({difference})",
                    grouped(*found),
                    grouped(allowed)
                )
            };
            if change > tolerance + f64::EPSILON {
                verdict.over.push(text());
            } else if change < -tolerance - f64::EPSILON {
                verdict.under.push(text());
            }
        }
        verdict
    }

    /// Takes over what was measured; everything else, comments too, stays.
    pub(crate) fn update(&mut self, measured: &Measured) {
        for (name, found) in measured {
            let found = i64::try_from(*found).unwrap_or(i64::MAX);
            let (kind, subject) = name.split_once(' ').unwrap_or((name, ""));
            let section = if kind == "size" {
                "size"
            } else {
                "instructions"
            };
            let Some(section) = self.section(section) else {
                continue;
            };
            if kind == "size" {
                set(section, subject, found);
                continue;
            }
            let job = section
                .entry(subject)
                .or_insert_with(|| value(InlineTable::new()));
            if let Some(job) = job.as_inline_table_mut() {
                job.insert(kind, found.into());
                job.fmt();
            }
        }
    }

    fn allowed(&self, name: &str) -> Option<u64> {
        let (kind, subject) = name.split_once(' ')?;
        let found = match kind {
            "size" => self.0.get("size")?.get(subject)?,
            _ => self.0.get("instructions")?.get(subject)?.get(kind)?,
        };
        u64::try_from(found.as_integer()?).ok()
    }

    fn section(&mut self, name: &str) -> Option<&mut Table> {
        let section = self
            .0
            .entry(name)
            .or_insert_with(|| Item::Table(Table::new()));
        section.as_table_mut()
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Adds a job's instructions.
pub(crate) fn add_instructions(measured: &mut Measured, title: &str, count: Instructions) {
    measured.insert(format!("cold {title}"), count.cold);
    measured.insert(format!("warm {title}"), count.warm);
}

/// Replaces a number and keeps the comment behind it.
fn set(table: &mut Table, key: &str, number: i64) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decoration = old.decor().clone();
            *old = number.into();
            *old.decor_mut() = decoration;
        }
        None => {
            table.insert(key, value(number));
        }
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# why\ntolerance = 0.03\n\n[size]\n# because\nusers = 1000 # so\n\n\
                        [instructions]\n\"users GET /x\" = { cold = 100, warm = 10 }\n";

    fn measured(pairs: &[(&str, u64)]) -> Measured {
        pairs
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number))
            .collect()
    }

    #[test]
    fn what_is_over_is_named_with_its_difference() {
        let budget = Budget::parse(FILE).unwrap();
        let verdict = budget.judge(&measured(&[
            ("size users", 1029),
            ("cold users GET /x", 104),
            ("warm users GET /x", 9),
        ]));
        assert_eq!(
            verdict.over,
            ["cold users GET /x: 104 instead of 100 (+4.0 %)"]
        );
        assert_eq!(
            verdict.under,
            ["warm users GET /x: 9 instead of 10 (-10.0 %)"]
        );
        assert_eq!(verdict.table.lines().count(), 4);
    }

    #[test]
    fn what_is_not_in_the_budget_is_over_it() {
        let budget = Budget::parse(FILE).unwrap();
        let verdict = budget.judge(&measured(&[("size login", 1), ("cold login POST /y", 1)]));
        assert_eq!(verdict.over.len(), 2);
    }

    #[test]
    fn an_update_keeps_comments() {
        let mut budget = Budget::parse(FILE).unwrap();
        let new = measured(&[
            ("size users", 2000),
            ("size login", 7),
            ("cold users GET /x", 200),
            ("warm login POST /y", 3),
        ]);
        budget.update(&new);
        let text = budget.to_string();
        for kept in [
            "# why",
            "# because",
            "users = 2000 # so",
            "cold = 200, warm = 10",
            "login = 7",
            "warm = 3",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert!(Budget::parse(&text).unwrap().judge(&new).over.is_empty());
        assert!(Budget::parse("").is_ok_and(|mut empty| {
            empty.update(&new);
            !empty.to_string().is_empty()
        }));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123_456), "123,456");
    }
}
