//! `openapi.yaml` and the responses that the tests have seen, compared. That they look as described is up to
//! `tools/conformance`.

use std::collections::BTreeSet;

use serde_json::Value;
use support::responses::{self, Seen};
use support::template::{entries, list, read, text, yaml};
use support::{functions, records};

/// Described responses that no test brings about, by operation, status and code, and why.
const UNSEEN: &[(&str, u16, &str, &str)] = &[];

/// The responses of functions that the document describes. A response that is not JSON of ours, but a message alone, is
/// the gateway's.
fn described(document: &Value) -> BTreeSet<Seen> {
    let mut described = BTreeSet::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item).filter(|(name, _)| *name != "parameters") {
            let operation_name = format!("{} {path}", method.to_uppercase());
            for (status, response) in entries(&operation["responses"]) {
                let response = resolved(document, response);
                for code in codes(response) {
                    described.insert(Seen {
                        operation: operation_name.clone(),
                        status: status.parse().expect("a status"),
                        code,
                    });
                }
            }
        }
    }
    described
}

/// What a reference leads to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("in this document");
            document.pointer(pointer).expect("what is referred to")
        }
        None => value,
    }
}

/// The codes of the problems that a response can be: one that is empty if it is a success, none if only the gateway
/// responds so.
fn codes(response: &Value) -> Vec<String> {
    let content = &response["content"];
    let gateway = "#/components/schemas/GatewayMessage";
    match &content["application/problem+json"] {
        Value::Null if content["application/json"]["schema"]["$ref"] == gateway => Vec::new(),
        Value::Null => vec![String::new()],
        problem => {
            let parts = list(&problem["schema"]["allOf"]);
            let code = parts.map(|part| &part["properties"]["code"]);
            let code = code.filter(|code| !code.is_null());
            let codes = code.flat_map(|code| match &code["enum"] {
                Value::Null => vec![text(&code["const"])],
                several => list(several).map(text).collect(),
            });
            let codes: Vec<_> = codes.collect();
            assert!(!codes.is_empty(), "a problem without a code: {response}");
            codes
        }
    }
}

/// A line for each response that was described and not seen, or seen and not described, and for each exception that is
/// none.
fn differences(
    described: &BTreeSet<Seen>,
    seen: &BTreeSet<Seen>,
    exceptions: &[(&str, u16, &str, &str)],
) -> Vec<String> {
    let is_excepted = |response: &Seen, (operation, status, code, _): &(&str, u16, &str, &str)| {
        (*operation, *status, *code) == (&*response.operation, response.status, &*response.code)
    };
    let unseen = || described.difference(seen);
    let missing = unseen().filter(|response| {
        let mut exceptions = exceptions.iter();
        !exceptions.any(|exception| is_excepted(response, exception))
    });
    let missing = missing.map(|response| format!("described but never seen: {response}"));
    let undescribed = seen.difference(described);
    let undescribed = undescribed.map(|response| format!("seen but not described: {response}"));
    let needless = exceptions
        .iter()
        .filter(|exception| !unseen().any(|response| is_excepted(response, exception)));
    let needless = needless.map(|(operation, status, code, _)| {
        format!("no exception any more: {operation}\t{status}\t{code}")
    });
    missing.chain(undescribed).chain(needless).collect()
}

#[test]
#[ignore = "compares what all other tests have noted: `make test` runs it after them"]
fn openapi_describes_the_responses_that_were_seen_and_no_others() {
    let described = described(&yaml(&read("openapi.yaml")));
    let seen = records::read(responses::DIRECTORY);
    let differences = differences(&described, &seen, UNSEEN);
    assert!(
        differences.is_empty(),
        "openapi.yaml and the functions differ:\n{}",
        differences.join("\n")
    );
}

#[test]
fn openapi_describes_every_route_and_no_other() {
    let document = yaml(&read("openapi.yaml"));
    let described: BTreeSet<_> = described(&document)
        .into_iter()
        .map(|response| response.operation)
        .collect();
    let routes = functions::routes().map(|(_, route)| route.to_string());
    assert_eq!(described, routes.collect());
}

// ---- the comparison itself

const SMALL: &str = "
paths:
  /a/{id}:
    parameters: [{name: id, in: path}]
    get:
      responses:
        '200': {description: Fine, content: {application/json: {schema: {type: object}}}}
        '404': {$ref: '#/components/responses/Missing'}
        '429': {content: {application/json: {schema: {$ref: '#/components/schemas/GatewayMessage'}}}}
    delete:
      responses:
        '204': {description: Done}
        '409':
          content:
            application/problem+json: {schema: {allOf: [{type: object}, {properties: {code: {enum: [x, y]}}}]}}
            application/json: {schema: {$ref: '#/components/schemas/GatewayMessage'}}
components:
  responses:
    Missing:
      content:
        application/problem+json: {schema: {allOf: [{type: object}, {properties: {code: {const: gone}}}]}}
";

/// Exactly what the small document describes.
const SEEN: [&str; 5] = [
    "DELETE /a/{id}\t204\t",
    "DELETE /a/{id}\t409\tx",
    "DELETE /a/{id}\t409\ty",
    "GET /a/{id}\t200\t",
    "GET /a/{id}\t404\tgone",
];

/// The differences to the small document when these were seen.
fn small(seen: &[&str], exceptions: &[(&str, u16, &str, &str)]) -> Vec<String> {
    let seen = seen.iter().map(|line| line.parse().expect("a record"));
    differences(&described(&yaml(SMALL)), &seen.collect(), exceptions)
}

#[test]
fn a_document_that_fits_differs_in_nothing() {
    assert_eq!(small(&SEEN, &[]), [""; 0]);
}

#[test]
fn what_is_described_and_never_seen_is_told() {
    for left_out in 0..SEEN.len() {
        let mut seen = SEEN.to_vec();
        let line = seen.remove(left_out);
        let told = format!("described but never seen: {line}");
        assert_eq!(small(&seen, &[]), [told]);
    }
}

#[test]
fn what_is_seen_and_not_described_is_told() {
    for line in [
        "GET /a/{id}\t201\t",
        "GET /a/{id}\t404\tx",
        "GET /a/{id}\t429\trate_limited",
        "GET /b\t200\t",
    ] {
        let told = format!("seen but not described: {line}");
        assert_eq!(small(&[&SEEN[..], &[line]].concat(), &[]), [told]);
    }
}

#[test]
fn an_exception_that_is_none_is_told() {
    let exception = ("GET /a/{id}", 404, "gone", "a reason");
    assert_eq!(small(&SEEN[..4], &[exception]), [""; 0]);
    let told = "no exception any more: GET /a/{id}\t404\tgone";
    assert_eq!(small(&SEEN, &[exception]), [told]);
}
