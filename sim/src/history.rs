//! One history: who does what under which conditions, run to its end and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::actors::{Device, Person, Step, act, look_around};
use crate::cloud::Cloud;
use crate::environment::limits;
use crate::invariants::{Finding, Kind};
use crate::network::fate::{Fate, Rates};
use crate::network::fault::Fault;
use crate::network::{Network, START};
use crate::place::{self, Origin, Place, Queue, stream};
use crate::planted::Planted;
use crate::queues;
use crate::reference::{Checks, Strictness};
use crate::trace::Trace;
use crate::world::{Conditions, World};

/// What an operator does while people use the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Makes a new app secret.
    AppSecret,
    /// Makes new keys for tokens.
    Keys,
}

/// A history before it is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What chance depends on.
    pub seed: u64,
    /// What Lambda is like.
    pub conditions: Conditions,
    /// What operators do, and how many milliseconds after the beginning.
    pub rotations: Vec<(u32, Rotation)>,
    /// What people do.
    pub steps: Vec<Step>,
    /// What requests lose on their way to the table.
    pub planted: Planted,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    /// What must not have happened.
    pub findings: Vec<Finding>,
    /// The same for the same history.
    pub digest: u64,
    /// How many calls the functions and phones made.
    pub calls: u64,
    /// What went wrong, and where.
    pub injected: Vec<(Place, Fault)>,
    /// How often each invocation was polled that came to its end.
    pub polls: BTreeMap<Place, u32>,
    /// Who decided, for the next run.
    pub fate: Fate,
    /// What was planted, or seen that could be.
    pub planted: Planted,
    /// What happened, if it was kept.
    pub lines: Vec<String>,
}

/// Above this, clocks are so far apart that only safety is demanded, in milliseconds.
const SMALL_SKEW: i64 = 2_000;
const LARGE_SKEW: i64 = 30_000;

impl Plan {
    /// The random history of that seed.
    pub fn random(seed: u64) -> (Self, Fate) {
        let mut random = stream(seed, "plan", &[]);
        let skew = [0, 0, SMALL_SKEW, SMALL_SKEW, LARGE_SKEW][random.usize(..5)];
        let conditions = Conditions {
            skew,
            environments: random.u8(1..=3),
            cold_starts: if random.bool() { random.u16(..150) } else { 0 },
        };
        let mut rotations = Vec::new();
        for rotation in [Rotation::AppSecret, Rotation::Keys] {
            if random.u8(..8) == 0 {
                rotations.push((random.u32(1..60_000), rotation));
            }
        }
        let fate = Fate::Chance(Rates::draw(&mut random));
        let steps = crate::actors::plan(seed);
        let plan = Self {
            seed,
            conditions,
            rotations,
            steps,
            planted: Planted::default(),
        };
        (plan, fate)
    }

    /// Runs the history. Nothing of an earlier one, and no other one, has any influence on it.
    ///
    /// # Errors
    /// If the runtime cannot be made.
    pub fn run(&self, fate: Fate, trace: Trace) -> std::io::Result<Outcome> {
        self.run_with(fate, trace, |world| self.happen(world))
    }

    /// Runs the history and returns what the table was asked and answered, for `sim/judge`.
    ///
    /// # Errors
    /// If the runtime cannot be made.
    pub fn record(&self, fate: Fate) -> std::io::Result<Vec<u8>> {
        let mut recording = Vec::new();
        self.run_with(fate, Trace::default(), |world| {
            let recording = &mut recording;
            async move {
                let network = world.network.clone();
                network.lock().cloud.dynamodb.start_recording(self.seed);
                self.happen(world).await;
                *recording = network.lock().cloud.dynamodb.take_recording();
            }
        })?;
        Ok(recording)
    }

    /// The same, but for what happens.
    ///
    /// # Errors
    /// If the runtime cannot be made.
    pub fn run_with<F: Future<Output = ()>>(
        &self,
        fate: Fate,
        trace: Trace,
        happen: impl FnOnce(Arc<World>) -> F,
    ) -> std::io::Result<Outcome> {
        fastrand::seed(self.seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        Ok(runtime.block_on(async {
            let world = Arc::new(self.world(fate, trace));
            happen(world.clone()).await;
            finish(&world)
        }))
    }

    async fn happen(&self, world: Arc<World>) {
        for queue in Queue::ALL {
            tokio::spawn(queues::read(world.clone(), queue));
        }
        for (at, rotation) in self.rotations.iter().copied() {
            let network = world.network.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(at.into())).await;
                let mut state = network.lock();
                let now = state.now();
                match rotation {
                    Rotation::AppSecret => state.cloud.rotate_app_secret(now),
                    Rotation::Keys => state.cloud.rotate_keys(now),
                }
            });
        }
        let mut devices = Vec::new();
        for ((person, device), steps) in self.by_device() {
            let work = use_device(world.clone(), self.seed, person, device, steps);
            devices.push(tokio::spawn(work));
        }
        for device in devices {
            if let Err(error) = device.await {
                world.found(Kind::ServerError, format!("an actor failed: {error}"));
            }
        }
        settle(&world).await;
        let persons: BTreeSet<_> = self.steps.iter().map(|step| step.person).collect();
        let persons: Vec<_> = persons.into_iter().collect();
        place::step(Origin::Setup, look_around(&*world, self.seed, &persons)).await;
    }

    fn world(&self, fate: Fate, trace: Trace) -> World {
        let strictness = if self.conditions.skew > SMALL_SKEW {
            Strictness::SafetyOnly
        } else {
            Strictness::Full
        };
        let checks = Checks::new(limits(2 * self.conditions.skew), strictness);
        let mut cloud = Cloud::new(checks, START);
        cloud.planted = self.planted.clone();
        let network = Network::new(self.seed, fate, cloud, trace);
        World::new(self.seed, network, self.conditions)
    }

    fn by_device(&self) -> BTreeMap<(Person, u8), Vec<Step>> {
        let mut devices = BTreeMap::<_, Vec<_>>::new();
        for step in &self.steps {
            let steps = devices.entry((step.person, step.device)).or_default();
            steps.push(step.clone());
        }
        devices
    }
}

async fn use_device(world: Arc<World>, seed: u64, person: Person, index: u8, steps: Vec<Step>) {
    let mut device = Device::new(seed, person, index);
    for step in steps {
        tokio::time::sleep(step.pause).await;
        device.begin(step.number);
        let origin = Origin::Step {
            person: person.0,
            device: index,
            step: step.number,
        };
        place::step(origin, act(&*world, step.action, &mut device)).await;
    }
}

/// Lets everything that is under way come to its end, with nothing going wrong any more.
pub(crate) async fn settle(world: &World) {
    /// Longer than five deliveries of a message take.
    const LONGEST: i64 = 2 * 60 * 60 * 1_000;
    /// Longer than any request can be late.
    const CALM: Duration = Duration::from_secs(10);
    let end = {
        let mut state = world.network.lock();
        state.become_quiet();
        state.now() + LONGEST
    };
    tokio::time::sleep(CALM).await;
    loop {
        let wait = {
            let state = world.network.lock();
            let now = state.now();
            if now >= end || (state.cloud.is_idle() && state.in_flight == 0 && state.running == 0) {
                break;
            }
            let due = Queue::ALL
                .into_iter()
                .filter_map(|queue| state.cloud.sqs.next_visible_at(queue.url()))
                .min();
            due.map_or(0, |due| due - now).clamp(1_000, 60_000)
        };
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    }
    tokio::time::sleep(CALM).await;
}

fn finish(world: &World) -> Outcome {
    let mut state = world.network.lock();
    let state = &mut *state;
    let met = std::mem::take(&mut state.met);
    let left = state
        .cloud
        .leftovers(|message| met.get(message).copied().unwrap_or(0));
    state.cloud.checks.at_the_end(&left);
    Outcome {
        findings: state.cloud.checks.watch.findings().to_vec(),
        digest: state.trace.digest(),
        calls: state.calls,
        injected: std::mem::take(&mut state.injected),
        planted: std::mem::take(&mut state.cloud.planted),
        polls: std::mem::take(&mut state.polls),
        fate: state.take_fate(),
        lines: std::mem::take(&mut state.trace).into_lines(),
    }
}
