//! A history test of sessions: many clients race refresh, replay, logout and login, and every answer is checked against
//! one rule: a session has one live lineage of tokens, and never lives again once it has ended.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{Session, World};

/// What a client does next, with one of the tokens that it has ever seen.
#[derive(Clone, Debug)]
enum Step {
    LogIn,
    /// Several clients refresh with the same token at the same time.
    Refresh {
        token: usize,
        clients: usize,
    },
    Logout {
        token: usize,
    },
    LogoutAll {
        token: usize,
    },
    Wait {
        ms: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::LogIn),
        8 => (any::<usize>(), 1..4_usize).prop_map(|(token, clients)| Step::Refresh { token, clients }),
        1 => any::<usize>().prop_map(|token| Step::Logout { token }),
        1 => any::<usize>().prop_map(|token| Step::LogoutAll { token }),
        3 => prop_oneof![Just(100), Just(4_000), Just(10_100)].prop_map(|ms| Step::Wait { ms }),
    ];
    proptest::collection::vec(step, 1..25)
}

/// What must be true of one session.
#[derive(Default)]
struct Lineage {
    /// Its tokens, oldest first.
    tokens: Vec<String>,
    ended: bool,
}

#[derive(Default)]
struct History {
    sessions: Vec<Lineage>,
    /// Which session and generation each token is.
    place: HashMap<String, (usize, usize)>,
    access: Vec<Session>,
}

impl History {
    fn add(&mut self, session: usize, answer: &Session) {
        let lineage = &mut self.sessions[session];
        self.place.insert(
            answer.refresh_token.clone(),
            (session, lineage.tokens.len()),
        );
        lineage.tokens.push(answer.refresh_token.clone());
        self.access.push(answer.clone());
    }

    fn pick(&self, seed: usize) -> Option<&Session> {
        (!self.access.is_empty()).then(|| &self.access[seed % self.access.len()])
    }
}

async fn run(steps: &[Step]) {
    let world = World::new().await;
    let mut history = History::default();
    for step in steps {
        match step {
            Step::LogIn => {
                let session = world.log_in("alice").await;
                history.sessions.push(Lineage::default());
                let index = history.sessions.len() - 1;
                history.add(index, &session);
                give_way(&mut history);
            }
            Step::Refresh { token, clients } => {
                refresh(&world, &mut history, *token, *clients).await
            }
            Step::Logout { token } => {
                let Some(session) = history.pick(*token).cloned() else {
                    continue;
                };
                session
                    .call(http::Method::POST, "/v1/logout")
                    .await
                    .expect(204);
                let (index, _) = history.place[&session.refresh_token];
                history.sessions[index].ended = true;
            }
            Step::LogoutAll { token } => {
                let Some(session) = history.pick(*token).cloned() else {
                    continue;
                };
                session
                    .post("/v1/logout", json!({"all": true}))
                    .await
                    .expect(204);
                history
                    .sessions
                    .iter_mut()
                    .for_each(|lineage| lineage.ended = true);
            }
            Step::Wait { ms } => world.advance(Duration::from_millis(*ms)),
        }
    }
    // In the end, the newest token of each live session works, and nothing of an ended one does.
    for lineage in &history.sessions {
        let answer = world.refresh(lineage.tokens.last().unwrap()).await;
        assert_eq!(
            answer.status.as_u16(),
            if lineage.ended { 401 } else { 200 },
            "{}",
            answer.json
        );
    }
}

/// The sixth live session ends the oldest one.
fn give_way(history: &mut History) {
    let live = history
        .sessions
        .iter()
        .filter(|lineage| !lineage.ended)
        .count();
    let oldest = history.sessions.iter_mut().find(|lineage| !lineage.ended);
    if let Some(oldest) = oldest.filter(|_| live > 5) {
        oldest.ended = true;
    }
}

async fn refresh(world: &World, history: &mut History, seed: usize, clients: usize) {
    let Some(token) = history
        .pick(seed)
        .map(|session| session.refresh_token.clone())
    else {
        return;
    };
    let (index, generation) = history.place[&token];
    let answers = join_all((0..clients).map(|_| world.refresh(&token))).await;
    let (granted, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    let granted = granted.into_iter().map(|answer| world.session(answer));
    let granted: Vec<_> = granted.collect();
    let distinct: HashSet<_> = granted
        .iter()
        .map(|session| &session.refresh_token)
        .collect();
    assert!(distinct.len() <= 1, "one token has one successor");
    let lineage = &history.sessions[index];
    let is_current = generation + 1 == lineage.tokens.len();
    if lineage.ended {
        assert!(granted.is_empty(), "an ended session was continued");
    } else if is_current {
        assert_eq!(
            granted.len(),
            clients,
            "the current token, used by several at once, serves them all"
        );
        history.add(index, &granted[0]);
    } else if granted.is_empty() {
        // Taken for a replay: then the whole session has ended.
        let mut codes = refused.iter().map(|answer| answer.code());
        assert!(codes.any(|code| code == "refresh_reused"), "{}", refused[0]);
        history.sessions[index].ended = true;
    } else {
        assert_eq!(granted.len(), clients);
        assert_eq!(
            Some(&granted[0].refresh_token),
            lineage.tokens.last(),
            "a late repetition gets the current token"
        );
    }
}

#[test]
fn every_history_keeps_one_live_lineage_and_resurrects_nothing() {
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runner
        .run(&steps(), |steps| {
            runtime.block_on(run(&steps));
            Ok(())
        })
        .unwrap();
}
