//! What the roles of the functions allow, by `template.yaml`.

use std::collections::BTreeMap;

use serde_json::Value;
use support::recorder::Use;
use support::template::{list, sub_form, text};
use support::{Template, functions};

/// What a statement of a role allows: one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) function: String,
    pub(crate) action: String,
    /// By its name in the template and what follows it; an asterisk at the end stands for anything.
    pub(crate) resource: String,
    /// What the keys of a request have to look like, each like one of these; empty where keys play no part.
    pub(crate) keys: Vec<String>,
}

impl Permission {
    fn is_for(&self, used: &Use) -> bool {
        self.function == used.function
            && self.action == used.action
            && matches(&self.resource, &used.resource)
    }

    pub(crate) fn allows(&self, used: &Use) -> bool {
        let any = |key: &String| self.keys.iter().any(|pattern| matches(pattern, key));
        // A request that names no key asks for all of them.
        let narrow = !used.keys.is_empty() && used.keys.iter().all(any);
        self.is_for(used) && (self.keys.is_empty() || narrow)
    }
}

pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    }
}

/// What the roles of the functions allow.
pub(crate) fn permissions(template: &Template) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for function in template.functions() {
        let role = template.resource(function.role().expect("a role"));
        // What such a policy allows is not told here.
        assert!(
            role["Properties"]["ManagedPolicyArns"].is_null(),
            "{}: a policy of somebody else's",
            function.name
        );
        for statement in template.statements_of(&function) {
            permissions.extend(allowed_by(&function.binary(), statement));
        }
    }
    permissions
}

/// The functions' names and the names of their roles.
pub(crate) fn roles(template: &Template) -> BTreeMap<String, String> {
    let functions = template.functions().into_iter();
    let roles: BTreeMap<_, _> = functions
        .map(|function| {
            (
                function.binary(),
                function.role().expect("a role").to_owned(),
            )
        })
        .collect();
    let known = functions::all().iter().map(|known| known.name.to_owned());
    assert!(roles.keys().cloned().eq(known), "{roles:?}");
    roles
}

fn allowed_by(function: &str, statement: &Value) -> Vec<Permission> {
    assert_eq!(statement["Effect"], "Allow", "{function}: {statement}");
    let condition = &statement["Condition"];
    let keys = [
        &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"],
        &condition["StringLike"]["s3:prefix"],
    ];
    let keys: Vec<_> = keys.into_iter().flat_map(list).map(text).collect();
    let permissions = list(&statement["Action"]).flat_map(|action| {
        let keys = &keys;
        list(&statement["Resource"]).map(move |resource| Permission {
            function: function.to_owned(),
            action: text(action),
            resource: name(resource),
            keys: keys.clone(),
        })
    });
    permissions.collect()
}

/// `Table` of `!GetAtt Table.Arn`, `Bucket/u/*` of `!Sub ${Bucket.Arn}/u/*`.
fn name(value: &Value) -> String {
    ["${", "}", ".Arn", ".Id"]
        .iter()
        .fold(sub_form(value), |text, part| text.replace(part, ""))
}
