//! A rule of the template, and what is found where it is broken.

use std::fmt::{self, Display, Write};

use support::Template;

/// What holds for the template, how it is found out, and mistakes that have to be found.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&Template) -> Vec<Finding>,
    /// A piece of the template, and what a mistake would make of it.
    pub(crate) mistakes: &'static [(&'static str, &'static str)],
}

/// What is wrong, and where.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// A logical id, the name of a section, a resource type or a route; what follows a space says more.
    pub(crate) at: String,
    pub(crate) problem: String,
}

pub(crate) fn finding(at: impl Display, problem: impl Display) -> Finding {
    let (at, problem) = (at.to_string(), problem.to_string());
    Finding { at, problem }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.problem)
    }
}

/// Every rule that the template breaks, each with everything that was found; empty if it breaks none.
pub(crate) fn report(template: &Template, rules: &[Rule]) -> String {
    let mut report = String::new();
    for rule in rules {
        let findings = (rule.check)(template);
        if !findings.is_empty() {
            writeln!(report, "\n{}", rule.name).expect("a line");
        }
        for finding in findings {
            writeln!(report, "    {finding}").expect("a line");
        }
    }
    report
}
