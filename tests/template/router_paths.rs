//! The paths that a function's router knows, read from its source.

use std::collections::BTreeSet;

use support::Template;
use support::template::{Function, read};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "the paths of a function are those of its router",
    check: routed_paths,
    mistakes: &[
        ("Path: /v1/uploads/batch", "Path: /v1/uploads/many"),
        (
            "        Phone: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /v1/users/me/phone}}\n",
            "",
        ),
    ],
}];

fn router_paths(function: &Function<'_>) -> BTreeSet<String> {
    let source = read(&format!("functions/{}/src/lib.rs", function.binary()));
    let routed = source.split(".route(\"").skip(1);
    let paths = routed.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
    paths.collect()
}

fn routed_paths(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for function in template.functions() {
        let routes = function.routes().into_iter();
        let paths = routes.filter_map(|route| Some(route.split_once(' ')?.1.to_owned()));
        let (paths, routed) = (paths.collect::<BTreeSet<_>>(), router_paths(&function));
        for path in paths.difference(&routed) {
            let problem = format!("is given {path}, which its router does not know");
            found.push(finding(function.name, problem));
        }
        for path in routed.difference(&paths) {
            let problem = format!("has {path} in its router, and no event leads there");
            found.push(finding(function.name, problem));
        }
    }
    found
}
