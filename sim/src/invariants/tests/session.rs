use serde_json::{Value, json};

use super::Case;
use super::scene::{ANNA, NOW, SESSION, Scene, item, n, s, session};
use crate::invariants::Kind;
use crate::invariants::item::user_key;

pub(super) const CASES: &[Case] = &[
    (Kind::LoginTwice, |scene| {
        log_in(scene, "00000000000000aa", NOW + 1);
        log_in(scene, "00000000000000bb", NOW + 2);
        log_in(scene, "00000000000000aa", NOW + 3);
    }),
    (Kind::LoginWithoutSession, |scene| {
        scene.set([("last_login", s("00000000000000aa")), ("fence", n(NOW + 1))]);
    }),
    (Kind::SessionReturned, |scene| {
        scene.edit(user_key(ANNA), |account| _ = account.remove(SESSION));
        scene.set([(SESSION, session("h1", NOW))]);
    }),
    (Kind::TokenReturned, |scene| {
        refresh(scene, "h2", "h1", "AA==");
        refresh(scene, "h1", "h2", "h1");
    }),
    (Kind::SessionForked, |scene| {
        refresh(scene, "h2", "h0", "AA==")
    }),
    (Kind::SessionNumberChanged, |scene| {
        scene.set([(SESSION, session("h1", NOW + 1))]);
    }),
    (Kind::SessionNumberChanged, |scene| {
        scene.set([
            ("s_00000000000000aa", session("h7", NOW)),
            ("last_login", s("00000000000000aa")),
            ("fence", n(NOW + 1)),
        ]);
    }),
    (Kind::EndedSessionRefreshed, |scene| {
        scene.set([("sessions_ended_at", n(NOW + 1)), ("fence", n(NOW + 1))]);
        refresh(scene, "h2", "h1", "AA==");
    }),
];

fn log_in(scene: &mut Scene, id: &str, number: i64) {
    let name = format!("s_{id}");
    scene.set([
        (name.as_str(), session(id, number)),
        ("last_login", s(id)),
        ("fence", n(number)),
    ]);
}

fn refreshed(hash: &str, previous: &str, before: &str) -> Value {
    let mut map = item(session(hash, NOW)["M"].clone());
    map.insert("p1".to_owned(), json!({"B": previous}));
    map.insert("p2".to_owned(), json!({"B": before}));
    json!({ "M": map })
}

fn refresh(scene: &mut Scene, hash: &str, previous: &str, before: &str) {
    scene.set([(SESSION, refreshed(hash, previous, before))]);
}

#[test]
fn logins_and_refreshes_are_in_order() {
    let mut scene = Scene::new();
    log_in(&mut scene, "00000000000000aa", NOW + 1);
    refresh(&mut scene, "h2", "h1", "AA==");
    refresh(&mut scene, "h3", "h2", "h1");
    assert_eq!(scene.watch.findings(), []);
    let user = ANNA;
    for (hash, known) in [("h1", true), ("h3", true), ("h4", false)] {
        assert_eq!(
            scene.watch.has_been_token(user, "0123456789abcdef", hash),
            known
        );
    }
}
