//! The routes that a function's router knows.

use std::collections::BTreeSet;

use shared::http::Route;
use support::{Template, functions};

use crate::rule::{Finding, Rule, finding};

pub(crate) const RULES: &[Rule] = &[Rule {
    name: "the routes of a function are those of its router",
    check: routed_paths,
    mistakes: &[
        ("Path: /v1/uploads/batch", "Path: /v1/uploads/many"),
        (
            "Method: POST, Path: /v1/uploads/batch",
            "Method: PUT, Path: /v1/uploads/batch",
        ),
        (
            "        Phone: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /v1/users/me/phone}}\n",
            "",
        ),
    ],
}];

fn routed_paths(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for function in template.functions() {
        let known = functions::named(&function.binary()).routes.iter();
        let routed: BTreeSet<_> = known.map(Route::to_string).collect();
        let given = function.routes();
        for route in given.difference(&routed) {
            let problem = format!("is given {route}, which its router does not know");
            found.push(finding(function.name, problem));
        }
        for route in routed.difference(&given) {
            let problem = format!("has {route} in its router, and no event leads there");
            found.push(finding(function.name, problem));
        }
    }
    found
}
