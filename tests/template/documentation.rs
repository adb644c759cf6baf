//! docs/configuration.md: the parameters, outputs and variables of the template.

use std::collections::BTreeSet;

use support::Template;
use support::template::{entries, read};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "docs/configuration.md has every parameter, output and variable",
    check: documented,
    mistakes: &[
        ("  QueueAgeSeconds:\n", "  QueueAge:\n"),
        ("  PurgeQueueUrl:\n", "  PurgeUrl:\n"),
        ("          WECHAT_APP_ID:", "          WX_APP_ID:"),
        (
            "        TABLE_NAME: !Ref Table\n",
            "        TABLE: !Ref Table\n",
        ),
        (
            "          PURGE_QUEUE_URL: !Ref PurgeQueue\n          JWT_JWKS",
            "          ADMIN_OPENIDS: x\n          JWT_JWKS",
        ),
    ],
}];

/// A row of the table of variables.
struct Row {
    names: BTreeSet<String>,
    functions: BTreeSet<String>,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<_> = line.strip_prefix("| `")?.split(" | ").collect();
        let [names, functions, ..] = cells[..] else {
            return None;
        };
        Some(Self {
            names: format!("`{names}").split('`').map(str::to_owned).collect(),
            functions: functions.split(", ").map(str::to_owned).collect(),
        })
    }

    fn says(&self, name: &str, function: &str) -> bool {
        let of_function = ["all", function];
        self.names.contains(name) && of_function.iter().any(|of| self.functions.contains(*of))
    }
}

fn documented(template: &Template) -> Vec<Finding> {
    let text = read("docs/configuration.md");
    let words: BTreeSet<_> = text.split('`').collect();
    let named = ["Parameters", "Outputs"].into_iter();
    let named = named.flat_map(|section| entries(template.section(section)));
    let unnamed = named.filter(|(name, _)| !words.contains(name));
    let mut found: Vec<_> = unnamed
        .map(|(name, _)| finding(name, "is not in docs/configuration.md"))
        .collect();
    let rows: Vec<_> = text.lines().filter_map(Row::parse).collect();
    let common = &template.section("Globals")["Function"]["Environment"]["Variables"];
    for function in template.functions() {
        let own = &function.properties()["Environment"]["Variables"];
        let kept_back = |name: &str| own[name]["Ref"] == "AWS::NoValue";
        let given = entries(common).chain(entries(own));
        for (name, _) in given.filter(|(name, _)| !kept_back(name)) {
            if !rows.iter().any(|row| row.says(name, &function.binary())) {
                let problem = format!("docs/configuration.md does not say that it reads {name}");
                found.push(finding(function.name, problem));
            }
        }
    }
    found
}
