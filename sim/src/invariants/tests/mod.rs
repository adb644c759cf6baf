//! Each kind of finding is found: a scene in which everything is in order is changed in one way that is not.

mod account;
mod scene;
mod session;
mod upload;

use std::collections::BTreeSet;

use super::Kind;
use scene::Scene;

/// A violation, and what it has to be found as.
type Case = (Kind, fn(&mut Scene));

/// Kinds that the actors and the reference model find; their own tests show it.
fn is_of_responses(kind: Kind) -> bool {
    kind >= Kind::ServerError
}

#[test]
fn a_scene_in_order_has_no_findings() {
    let mut scene = Scene::new();
    scene.end();
    assert_eq!(scene.watch.findings(), []);
}

#[test]
fn every_violation_is_found() {
    for (i, (kind, violate)) in cases().enumerate() {
        let mut scene = Scene::new();
        violate(&mut scene);
        let found: Vec<_> = scene
            .watch
            .findings()
            .iter()
            .map(|finding| finding.kind)
            .collect();
        assert!(
            found.contains(&kind),
            "case {i}, {kind}: {:?}",
            scene.watch.findings()
        );
    }
}

#[test]
fn every_kind_has_a_violation() {
    let shown: BTreeSet<_> = cases().map(|(kind, _)| kind).collect();
    let all = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| !is_of_responses(*kind));
    let missing: Vec<_> = all.filter(|kind| !shown.contains(kind)).collect();
    assert_eq!(missing, []);
}

fn cases() -> impl Iterator<Item = Case> {
    [account::CASES, session::CASES, upload::CASES]
        .into_iter()
        .flatten()
        .copied()
}
