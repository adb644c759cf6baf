//! The table's index, against the attributes that the reader of a user's item asks for, read from its source.

use support::Template;
use support::template::{list, read, text};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "the index holds what a list of users shows",
    check: projection,
    mistakes: &[
        ("              - avatar_version\n", ""),
        ("ProjectionType: INCLUDE", "ProjectionType: KEYS_ONLY"),
    ],
}];

/// What the reader asks an item for, but for what a list does not read from the index.
fn listed_attributes() -> Vec<String> {
    // An index cannot be changed, and lists read pending nicknames from the items themselves.
    const ELSEWHERE: [&str; 4] = ["pk", "openid", "nickname_pending", "nickname_status"];
    let sources = ["account", "nickname"].map(|name| read(&format!("shared/src/store/{name}.rs")));
    let readers = sources.iter().map(|source| source.split("#[cfg(test)]"));
    let readers = readers.filter_map(|mut parts| parts.next());
    let names = readers.flat_map(|reader| reader.split("(item, \"").skip(1));
    let names = names.filter_map(|rest| Some(rest.split_once('"')?.0));
    let shown = names.filter(|name| !ELSEWHERE.contains(name));
    let shown: Vec<_> = shown.map(str::to_owned).collect();
    assert!(shown.iter().any(|name| name == "nickname"), "{shown:?}");
    shown
}

fn projection(template: &Template) -> Vec<Finding> {
    let wanted = listed_attributes();
    let mut found = Vec::new();
    for (name, table) in template.resources("AWS::DynamoDB::Table") {
        for index in list(&table["Properties"]["GlobalSecondaryIndexes"]) {
            let projection = &index["Projection"];
            if projection["ProjectionType"] != "INCLUDE" {
                found.push(finding(name, "its index does not INCLUDE attributes"));
            }
            let held: Vec<_> = list(&projection["NonKeyAttributes"]).map(text).collect();
            let missing = wanted.iter().filter(|name| !held.contains(name));
            found
                .extend(missing.map(|missing| finding(name, format!("its index lacks {missing}"))));
        }
    }
    found
}
