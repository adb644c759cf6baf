//! Small sets of actions with every single fault and every order.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::actors::{Action, Device, Person, act};
use crate::history::{Outcome, Plan, settle};
use crate::invariants::Finding;
use crate::network::fate::{Fate, Odometer, Ways};
use crate::place::{self, Origin, Queue, stream};
use crate::planted::Planted;
use crate::queues;
use crate::random::{lock, on_threads};
use crate::report::{Report, unknown};
use crate::trace::Trace;
use crate::world::{Conditions, World};

/// The actions whose sets are gone through: one of each kind of write, and the reads that a write can disturb.
const ACTIONS: [Action; 23] = [
    Action::Login,
    Action::Refresh,
    Action::RefreshOld,
    Action::Nickname,
    Action::RenameA,
    Action::ClearName,
    Action::EmailA,
    Action::EditMatching,
    Action::Logout,
    Action::LogoutAll,
    Action::DeleteAccount,
    Action::TicketKeyed,
    Action::TicketAgain,
    Action::Send,
    Action::ChooseAvatar,
    Action::HideObject,
    Action::DeleteUpload,
    Action::DeleteUploadOf,
    Action::CreateUser,
    Action::RenameUser,
    Action::Disable,
    Action::Enable,
    Action::DeleteUser,
];

/// What chance depends on, where it is left.
const SEED: u64 = 1;

/// Some actions, and how they are done.
#[derive(Clone, Debug)]
struct Set {
    actions: Vec<Action>,
    ways: Ways,
    is_together: bool,
    faults: u8,
}

/// A run that must not be.
#[derive(Debug)]
pub struct Counterexample {
    set: Set,
    /// What it shows.
    pub finding: Finding,
    lines: Vec<String>,
}

/// Goes through all sets. Returns the sums, and the first run that shows something new.
///
/// # Errors
/// If a runtime cannot be made.
pub fn run(
    from: u64,
    triples: usize,
    threads: usize,
    planted: &Planted,
) -> std::io::Result<(Report, Option<Counterexample>)> {
    let sets = sets(from, triples);
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let report = Mutex::new(Report::new("runs"));
    let found = Mutex::new(BTreeMap::new());
    let work = || -> std::io::Result<()> {
        while !is_over.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(set) = sets.get(at) else { break };
            if let Some(counterexample) = set.run_all(planted, &report)? {
                lock(&found).insert(at, counterexample);
                is_over.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    on_threads(threads, &work)?;
    let found = std::mem::take(&mut *lock(&found)).into_values().next();
    let report = std::mem::replace(&mut *lock(&report), Report::new("runs"));
    Ok((report, found))
}

/// All pairs together and in a row, and the triples that the seed chooses.
fn sets(from: u64, triples: usize) -> Vec<Set> {
    let mut sets = Vec::new();
    for (at, a) in ACTIONS.into_iter().enumerate() {
        for b in &ACTIONS[at..] {
            let ways = [(Ways::Each, 0), (Ways::Slow(0), 1), (Ways::Slow(1), 1)];
            sets.extend(ways.map(|(ways, faults)| Set {
                actions: vec![a, *b],
                ways,
                is_together: true,
                faults,
            }));
        }
    }
    let in_a_row = |actions| Set {
        actions,
        ways: Ways::Equal,
        is_together: false,
        faults: 1,
    };
    for a in ACTIONS {
        sets.extend(ACTIONS.map(|b| in_a_row(vec![a, b])));
    }
    let mut random = stream(from, "triples", &[]);
    let mut any = || ACTIONS[random.usize(..ACTIONS.len())];
    sets.extend((0..triples).map(|_| in_a_row(vec![any(), any(), any()])));
    sets
}

impl Set {
    /// Every run of the set, until one shows something new.
    fn run_all(
        &self,
        planted: &Planted,
        report: &Mutex<Report>,
    ) -> std::io::Result<Option<Counterexample>> {
        let dry = self.run(Odometer::new(0, self.ways), planted, Trace::default())?;
        let first = Odometer::new(self.faults, self.ways).with_polls(dry.polls);
        let mut odometer = Some(first);
        while let Some(now) = odometer.take() {
            let outcome = self.run(now.clone(), planted, Trace::default())?;
            let mut sums = lock(report);
            sums.add(SEED, &outcome);
            if sums.is_due() {
                let _ = write!(std::io::stderr(), "\r{} runs ", sums.histories());
            }
            drop(sums);
            if let Some(finding) = unknown(&outcome.findings) {
                let lines = self.run(now, planted, Trace::with_text())?.lines;
                return Ok(Some(Counterexample {
                    set: self.clone(),
                    finding: finding.clone(),
                    lines,
                }));
            }
            if let Fate::Odometer(used) = outcome.fate {
                odometer = used.next(self.faults);
            }
        }
        Ok(None)
    }

    fn run(&self, odometer: Odometer, planted: &Planted, trace: Trace) -> std::io::Result<Outcome> {
        let plan = Plan {
            seed: SEED,
            conditions: Conditions::default(),
            rotations: Vec::new(),
            steps: Vec::new(),
            planted: planted.clone(),
        };
        plan.run_with(Fate::Odometer(odometer), trace, |world| self.happen(world))
    }

    async fn happen(&self, world: Arc<World>) {
        /// Until what was sent has been delivered: its faults count, too.
        const DELIVERED: Duration = Duration::from_secs(9);
        let (mut me, mut root) = self.prepare(&world).await;
        for queue in Queue::ALL {
            tokio::spawn(queues::read(world.clone(), queue));
        }
        if self.is_together {
            let (mut also, mut also_root) = (me.clone(), root.clone());
            let first = one(&world, self.actions[0], 0, &mut me, &mut root);
            let second = one(&world, self.actions[1], 1, &mut also, &mut also_root);
            futures_util::future::join(first, second).await;
        } else {
            for (number, action) in (0..).zip(&self.actions) {
                one(&world, *action, number, &mut me, &mut root).await;
            }
            tokio::time::sleep(DELIVERED).await;
        }
        settle(&world).await;
    }

    /// A person who has what the actions need, somebody else, and an administrator.
    async fn prepare(&self, world: &Arc<World>) -> (Device, Device) {
        let mut devices =
            [Person(0), Person(1), Person::ROOT].map(|person| Device::new(SEED, person, 0));
        let needs_admin = self.actions.iter().any(|action| action.is_of_admin());
        let is_about_one =
            |action: &Action| action.is_about_uploads() || matches!(action, Action::DeleteUploadOf);
        let needs_upload = self.actions.iter().any(is_about_one);
        place::step(Origin::Setup, async {
            for (device, is_needed) in devices.iter_mut().zip([true, true, needs_admin]) {
                device.begin(100);
                if is_needed {
                    act(&**world, Action::Login, device).await;
                }
            }
            let [me, other, _] = &mut devices;
            act(&**world, Action::Refresh, me).await;
            act(&**world, Action::Read, me).await;
            act(&**world, Action::RenameB, other).await;
            if needs_upload {
                act(&**world, Action::TicketAvatar, me).await;
                me.begin(101);
                act(&**world, Action::TicketKeyed, me).await;
            }
        })
        .await;
        let [me, _, root] = devices;
        (me, root)
    }
}

async fn one(world: &World, action: Action, number: u8, me: &mut Device, root: &mut Device) {
    let device = if action.is_of_admin() { root } else { me };
    device.begin(number);
    let origin = Origin::Step {
        person: 0,
        device: number,
        step: number,
    };
    place::step(origin, act(world, action, device)).await;
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            set,
            finding,
            lines,
        } = self;
        let names: Vec<_> = set.actions.iter().map(|action| action.name()).collect();
        let how = if set.is_together {
            "together"
        } else {
            "in a row"
        };
        for line in lines {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "found: {}: {}", finding.kind, finding.detail)?;
        write!(f, "by {} {how}, {:?}", names.join(", "), set.ways)
    }
}
