//! Random sequences of changes keep every reserved name with its owner.

use std::time::Duration;

use futures_util::future::join;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use support::{Session, World};

use super::assert_reservations_are_whole;

const NAMES: [[&str; 3]; 4] = [
    ["ΝΙΚΟΣ", "νικος", "νικοσ"],
    ["Bob", "bob", "Ｂｏｂ"],
    ["EVE", "eve", "ｅＶｅ"],
    ["Éa1", "e\u{301}A1", "ＥＡ１"],
];

#[derive(Clone, Debug)]
enum Operation {
    LogIn(usize),
    Register(usize, &'static str),
    Rename(usize, &'static str),
    NewEmail(usize, &'static str),
    Both(usize, &'static str, &'static str),
    AtOnce(usize, &'static str, usize, &'static str),
    Clear(usize),
    Delete(usize),
    Purge,
}

/// An operation, and after how many milliseconds the process dies in it, if it does.
type Step = (Operation, Option<u64>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 0..3_usize;
    let name = || (0..4_usize, 0..3_usize).prop_map(|(name, form)| NAMES[name][form]);
    let operation = prop_oneof![
        2 => user().prop_map(Operation::LogIn),
        2 => (user(), name()).prop_map(|(user, name)| Operation::Register(user, name)),
        4 => (user(), name()).prop_map(|(user, name)| Operation::Rename(user, name)),
        2 => (user(), name()).prop_map(|(user, name)| Operation::NewEmail(user, name)),
        1 => (user(), name(), name()).prop_map(|(user, name, email)| Operation::Both(user, name, email)),
        3 => (user(), name(), user(), name()).prop_map(|(a, x, b, y)| Operation::AtOnce(a, x, b, y)),
        1 => user().prop_map(Operation::Clear),
        2 => user().prop_map(Operation::Delete),
        1 => Just(Operation::Purge),
    ];
    let cut = prop_oneof![4 => Just(None), 1 => (0..12_u64).prop_map(Some)];
    proptest::collection::vec((operation, cut), 8..16)
}

struct Actors {
    world: World,
    admin: Session,
    sessions: Vec<Option<Session>>,
}

impl Actors {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = world.log_in("admin").await;
        let mut sessions = Vec::new();
        for user in 0..3 {
            sessions.push(Some(world.log_in(&format!("p{user}")).await));
        }
        Self {
            world,
            admin,
            sessions,
        }
    }

    async fn step(&mut self, (operation, cut): &Step) {
        let (world, admin, sessions) = (&self.world, &self.admin, &self.sessions);
        let email = |name: &str| format!("{name}@x.cn");
        let change = async |user: usize, body: Value| match &sessions[user] {
            Some(session) => vec![session.edit(body).await],
            None => Vec::new(),
        };
        let work = async {
            match operation {
                Operation::LogIn(user) => vec![world.try_log_in(&format!("p{user}")).await],
                Operation::Register(user, name) => {
                    vec![
                        admin
                            .create_user(json!({"openid": format!("p{user}"), "username": name}))
                            .await,
                    ]
                }
                Operation::Rename(user, name) => change(*user, json!({"username": name})).await,
                Operation::NewEmail(user, name) => {
                    change(*user, json!({"email": email(name)})).await
                }
                Operation::Both(user, name, other) => {
                    change(*user, json!({"username": name, "email": email(other)})).await
                }
                Operation::AtOnce(one, name, two, other) => {
                    let (one, two) = join(
                        change(*one, json!({"username": name})),
                        change(*two, json!({"username": other})),
                    )
                    .await;
                    one.into_iter().chain(two).collect()
                }
                Operation::Clear(user) => {
                    change(*user, json!({"username": null, "email": null})).await
                }
                Operation::Delete(user) => match &sessions[*user] {
                    Some(session) => vec![session.delete_account().await],
                    None => Vec::new(),
                },
                Operation::Purge => {
                    world.purge_announced().await;
                    Vec::new()
                }
            }
        };
        let answers = match cut {
            Some(ms) => tokio::time::timeout(Duration::from_millis(*ms), work)
                .await
                .unwrap_or_default(),
            None => work.await,
        };
        for answer in &answers {
            assert!(
                [200, 201, 204, 401, 409].contains(&answer.status.as_u16()),
                "{operation:?}: {}",
                answer.json
            );
        }
        if let (Operation::LogIn(user), Some(answer)) = (operation, answers.into_iter().next()) {
            self.sessions[*user] = Some(self.world.session(answer));
        }
    }
}

#[test]
fn no_sequence_of_changes_breaks_a_claim() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut actors = Actors::new().await;
            for step in &steps {
                actors.step(step).await;
            }
            // What was cut off may still be on its way.
            tokio::time::sleep(Duration::from_millis(30)).await;
            assert_reservations_are_whole(&actors.world).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
