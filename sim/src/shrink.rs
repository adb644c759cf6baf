//! Makes a script shorter for as long as it still shows what was found.

use std::time::Duration;

use crate::history::Outcome;
use crate::invariants::Kind;
use crate::network::fate::Fate;
use crate::script::Script;
use crate::trace::Trace;
use crate::world::Conditions;

/// How many histories a reduction may run.
const RUNS: u32 = 3_000;

impl Script {
    /// Runs the script.
    ///
    /// # Errors
    /// If the runtime cannot be made.
    pub fn run(&self, trace: Trace) -> std::io::Result<Outcome> {
        self.plan.run(Fate::Listed(self.faults.clone()), trace)
    }

    fn shows(&self, kind: Kind) -> bool {
        let outcome = self.run(Trace::default());
        outcome.is_ok_and(|outcome| outcome.findings.iter().any(|found| found.kind == kind))
    }

    /// A shorter script that shows a finding of that kind, which this one does.
    #[must_use]
    pub fn shrink(&self, kind: Kind) -> Self {
        let mut left = RUNS;
        let mut shortest = self.clone();
        loop {
            let before = left;
            let found = shortest.shorter(kind, &mut left);
            match found {
                Some(shorter) => shortest = shorter,
                None => return shortest,
            }
            if left == 0 || before == left {
                return shortest;
            }
        }
    }

    /// The first script among the shorter ones that still shows it.
    fn shorter(&self, kind: Kind, left: &mut u32) -> Option<Self> {
        self.candidates().find(|candidate| {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            candidate.shows(kind)
        })
    }

    /// Scripts with less in them, those with much less first: steps, then faults, then circumstances.
    fn candidates(&self) -> impl Iterator<Item = Self> {
        let steps = without(self.plan.steps.len()).map(|out| {
            let mut script = self.clone();
            script.plan.steps.drain(out);
            script
        });
        let faults = without(self.faults.len()).map(|out| {
            let mut script = self.clone();
            let faults = self.faults.iter().enumerate();
            let kept = faults.filter(|(at, _)| !out.contains(at));
            script.faults = kept.map(|(_, (place, fault))| (*place, *fault)).collect();
            script
        });
        let rotations = without(self.plan.rotations.len()).map(|out| {
            let mut script = self.clone();
            script.plan.rotations.drain(out);
            script
        });
        let all = steps.chain(faults).chain(rotations);
        all.chain(self.calmer()).chain(self.quicker())
    }

    fn calmer(&self) -> impl Iterator<Item = Self> {
        let now = self.plan.conditions;
        let calmer = [
            Conditions::default(),
            Conditions { skew: 0, ..now },
            Conditions {
                environments: 0,
                ..now
            },
            Conditions {
                cold_starts: 0,
                ..now
            },
        ];
        calmer
            .into_iter()
            .filter(move |calmer| *calmer != now)
            .map(|conditions| {
                let mut script = self.clone();
                script.plan.conditions = conditions;
                script
            })
    }

    fn quicker(&self) -> impl Iterator<Item = Self> {
        (0..self.plan.steps.len()).flat_map(move |at| {
            let pause = self.plan.steps[at].pause;
            let shorter = [Duration::ZERO, Duration::from_secs(pause.as_secs())];
            let shorter = shorter.into_iter().filter(move |shorter| *shorter < pause);
            shorter.map(move |pause| {
                let mut script = self.clone();
                script.plan.steps[at].pause = pause;
                script
            })
        })
    }
}

/// Which of so many to leave out: halves, quarters, and so on down to single ones.
fn without(count: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let sizes = std::iter::successors(Some(count.div_ceil(2)), |size| {
        (*size > 1).then(|| size.div_ceil(2))
    });
    sizes.filter(move |_| count > 0).flat_map(move |size| {
        (0..count)
            .step_by(size)
            .map(move |start| start..(start + size).min(count))
    })
}
