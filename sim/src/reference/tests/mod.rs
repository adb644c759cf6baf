//! Each kind of finding of the reference model is found.

mod cases;
mod story;

use serde_json::{Value, json};

use super::Ask;
use crate::invariants::Kind;
use cases::CASES;
use story::{Story, edit, edit_if, read, refresh_token};

#[test]
fn every_violation_is_found() {
    for (i, (kind, violate)) in CASES.iter().enumerate() {
        let mut story = Story::new();
        violate(&mut story);
        assert!(
            story.found().contains(kind),
            "case {i}, {kind}: {:?}",
            story.checks.watch.findings()
        );
    }
}

/// Kinds that the actors find themselves.
const OF_ACTORS: [Kind; 3] = [Kind::ServerError, Kind::ResponseShape, Kind::LinkBroken];

#[test]
fn every_kind_has_a_violation() {
    let shown: Vec<_> = CASES
        .iter()
        .map(|(kind, _)| *kind)
        .chain(OF_ACTORS)
        .collect();
    let all = Kind::ALL.iter().filter(|kind| **kind >= Kind::ServerError);
    let missing: Vec<_> = all.filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_in_order_is_no_finding() {
    let mut story = Story::new();
    let pending = story.begin(edit_if("nickname", "n", Some(1)));
    story.nickname("n", 2);
    let shown = story.shown("n", 2);
    story.end(pending, 200, shown.clone());
    story.ask(read(), 200, shown);
    // Refused by a version that it does not have.
    story.ask(edit_if("nickname", "m", Some(1)), 412, json!({}));
    // Made although the client heard of a fault.
    let pending = story.begin(edit("nickname", "k"));
    story.end(pending, 503, json!({}));
    story.nickname("k", 3);
    let pending = story.begin(Ask::Logout { all: false });
    story.write(json!({"s_0123456789abcdef": null}));
    story.end(pending, 204, Value::Null);
    story.ask(
        Ask::Refresh {
            token: refresh_token(1),
        },
        401,
        json!({"code": "refresh_invalid"}),
    );
    story.finish();
    assert_eq!(story.found(), []);
}
