//! Random interleavings of writes.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{Environment, Session};

use super::{Stage, TRANSACTION, UPDATE};

#[derive(Clone, Copy, Debug)]
enum Step {
    LogIn,
    Refresh,
    LogOut,
    LogOutAll,
    Edit,
    Rename,
    Disable,
    Enable,
    Delete,
    /// What is late arrives.
    Arrive,
}

/// A step, whether its write is late, a number that picks a session, and whether the other environment takes it.
type Move = (Step, bool, usize, bool);

fn moves() -> impl Strategy<Value = (i64, Vec<Move>)> {
    let step = prop_oneof![
        4 => Just(Step::LogIn),
        4 => Just(Step::Refresh),
        2 => Just(Step::LogOut),
        2 => Just(Step::LogOutAll),
        2 => Just(Step::Edit),
        1 => Just(Step::Rename),
        1 => Just(Step::Disable),
        1 => Just(Step::Enable),
        2 => Just(Step::Delete),
        4 => Just(Step::Arrive),
    ];
    let skew = prop_oneof![
        Just(0_i64),
        Just(2_000),
        Just(-2_000),
        Just(30_000),
        Just(-30_000)
    ];
    let one = (step, any::<bool>(), any::<usize>(), any::<bool>());
    (skew, proptest::collection::vec(one, 4..24))
}

/// A session of the current generation, as its phone knows it.
struct Device {
    session: Session,
    refresh_token: String,
    elsewhere: bool,
    ended: bool,
}

/// What must be true of the account.
#[derive(Default)]
struct Model {
    devices: Vec<Device>,
    /// Tokens that must never be good again.
    past: Vec<String>,
    nickname: Option<String>,
    /// Nicknames of edits that were answered with 503: nobody knows whether they are made.
    uncertain: Vec<String>,
    disabled: bool,
}

impl Model {
    fn end_all(&mut self) {
        self.devices
            .iter_mut()
            .for_each(|device| device.ended = true);
    }

    fn begin(&mut self, session: Session, elsewhere: bool) {
        let refresh_token = session.refresh_token.clone();
        self.devices.push(Device {
            session,
            refresh_token,
            elsewhere,
            ended: false,
        });
        let live: Vec<_> = self
            .devices
            .iter_mut()
            .filter(|device| !device.ended)
            .collect();
        if live.len() > 5 {
            live.into_iter().next().unwrap().ended = true;
        }
    }
}

async fn run(skew: i64, moves: &[Move]) {
    let stage = Stage::new().await;
    let there = Environment::of(&stage.world, skew, &stage.proxy.url()).await;
    let admin = stage.world.log_in("admin").await;
    let at = |elsewhere| if elsewhere { &there } else { &stage.here };
    let mut model = Model::default();
    for (i, (step, late, pick, elsewhere)) in moves.iter().enumerate() {
        if let Step::Arrive = step {
            if stage.proxy.late() > 0 {
                stage.arrive("a write").await;
            }
            continue;
        }
        if *late {
            let transaction = matches!(
                step,
                Step::Rename | Step::Disable | Step::Enable | Step::Delete
            );
            stage.delay(if transaction { TRANSACTION } else { UPDATE });
        }
        take(
            &stage,
            &at,
            &admin,
            &mut model,
            *step,
            (i, *pick, *late, *elsewhere),
        )
        .await;
        stage.proxy.heal();
    }
    if stage.proxy.late() > 0 {
        stage.arrive("a write").await;
    }
    check(&stage, &admin, &model).await;
}

async fn take<'a>(
    stage: &Stage,
    at: &impl Fn(bool) -> &'a Environment,
    admin: &Session,
    model: &mut Model,
    step: Step,
    (i, pick, late, elsewhere): (usize, usize, bool, bool),
) {
    let served = if model.disabled { 403 } else { 200 };
    if let Step::LogIn = step {
        let answer = at(elsewhere).log_in(stage.world.code("alice")).await;
        if late && model.disabled && answer.status == 503 {
            // It would be made if the account were enabled again.
            return;
        }
        let answer = answer.expect(served);
        if !model.disabled {
            model.begin(stage.world.session(answer), elsewhere);
        }
        return;
    }
    let count = model.devices.len();
    if count == 0 {
        return;
    }
    let device = &mut model.devices[pick % count];
    let session = device.session.clone();
    let own = at(device.elsewhere);
    match step {
        Step::Refresh => {
            let answer = at(elsewhere).refresh(&device.refresh_token).await;
            let answer = answer.expect(if device.ended { 401 } else { served });
            if answer.status == 200 {
                device.refresh_token = answer.text("refresh_token");
            }
        }
        Step::LogOut => {
            own.log_out(&session, false).await.expect(204);
            device.ended = true;
        }
        Step::LogOutAll => {
            own.log_out(&session, true).await.expect(204);
            model.end_all();
        }
        Step::Edit | Step::Rename => {
            let nickname = format!("name {i}");
            let mut body = json!({"nickname": nickname});
            if let Step::Rename = step {
                body["username"] = format!("alice_{i}").into();
            }
            let answer = own.edit(&session, &body).await;
            match answer.status.as_u16() {
                // The attempt that is late would be made if the account were enabled again.
                503 if late && model.disabled => model.uncertain.push(nickname),
                200 if !model.disabled => model.nickname = Some(nickname),
                _ => {
                    answer.expect(served);
                }
            }
        }
        Step::Disable | Step::Enable => {
            model.disabled = matches!(step, Step::Disable);
            let status = if model.disabled { "disabled" } else { "active" };
            stage
                .set_status(admin, &session.id, status)
                .await
                .expect(200);
        }
        Step::Delete => {
            own.delete(&session)
                .await
                .expect(if model.disabled { 403 } else { 204 });
            if !model.disabled {
                let gone = std::mem::take(model).devices.into_iter();
                model.past.extend(gone.map(|device| device.refresh_token));
            }
        }
        Step::LogIn | Step::Arrive => {}
    }
}

/// In the end, all that was acknowledged is there, and nothing of what has ended lives again.
async fn check(stage: &Stage, admin: &Session, model: &Model) {
    if let Some(device) = model.devices.first() {
        let call = stage
            .world
            .users
            .get(&format!("/v1/users/{}", device.session.id));
        let user = call.bearer(&admin.token).send().await.expect(200).json;
        let is_uncertain = |name: &String| user["nickname"] == **name;
        if !model.uncertain.iter().any(is_uncertain) {
            assert_eq!(user["nickname"], json!(model.nickname));
        }
        let status = if model.disabled { "disabled" } else { "active" };
        assert_eq!(user["status"], status);
    }
    for device in &model.devices {
        let answer = stage.world.refresh(&device.refresh_token).await;
        let expected = match (device.ended, model.disabled) {
            (true, _) => 401,
            (false, true) => 403,
            (false, false) => 200,
        };
        assert_eq!(answer.status.as_u16(), expected, "{}", answer.json);
    }
    for token in &model.past {
        let answer = stage.world.refresh(token).await;
        answer.expect_problem(401, "refresh_invalid");
    }
}

#[test]
fn no_interleaving_lets_a_late_write_change_anything() {
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runner.run(&moves(), |(skew, moves)| {
        runtime.block_on(run(skew, &moves));
        Ok(())
    });
    outcome.unwrap();
}
