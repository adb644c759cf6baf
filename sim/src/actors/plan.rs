//! Random histories: who does what, when.

use std::time::Duration;

use super::{Action, Person};

/// One thing that a device does, after a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose device.
    pub person: Person,
    /// Which of the person's devices.
    pub device: u8,
    /// Which of the device's steps: what chance decides in it depends on this number, not on the steps before.
    pub number: u8,
    /// How long the device waits before it.
    pub pause: Duration,
    /// What it does.
    pub action: Action,
}

/// Weights of a history of its own: some actions seldom, some often, some never.
struct Weights(Vec<(Action, u32)>);

impl Weights {
    fn draw(random: &mut fastrand::Rng, is_admin: bool) -> Self {
        let actions = Action::ALL
            .iter()
            .filter(|action| is_admin || !action.is_of_admin());
        let weights = actions.map(|action| {
            let factor = [0, 1, 1, 2, 4][random.usize(..5)];
            let weight = if action.is_of_admin() {
                3 * action.weight()
            } else {
                action.weight()
            };
            (*action, weight * factor)
        });
        let mut weights = Self(weights.collect());
        // Without sessions nothing happens.
        weights.0.push((Action::Login, 4));
        weights
    }

    fn pick(&self, random: &mut fastrand::Rng) -> Action {
        let all: u32 = self.0.iter().map(|(_, weight)| weight).sum();
        let mut at = random.u32(..all.max(1));
        for (action, weight) in &self.0 {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *action,
            }
        }
        Action::Login
    }
}

/// The steps of a random history: one to three persons with one or two devices each, and in half of the histories an
/// administrator.
pub fn plan(seed: u64) -> Vec<Step> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x7061_6e73);
    let mut persons: Vec<Person> = (0..random.u8(1..=3)).map(Person).collect();
    if random.bool() {
        persons.push(Person::ROOT);
    }
    let mut steps = Vec::new();
    for person in persons {
        let weights = Weights::draw(&mut random, person.is_root());
        for device in 0..random.u8(1..=2) {
            steps.extend((0..random.u8(3..=8)).map(|number| Step {
                person,
                device,
                number,
                pause: pause(&mut random),
                action: weights.pick(&mut random),
            }));
        }
    }
    steps
}

fn pause(random: &mut fastrand::Rng) -> Duration {
    let millis = match random.u8(..20) {
        0..=7 => random.u64(..5),
        8..=13 => random.u64(5..200),
        14..=15 => random.u64(900..3_000),
        16..=18 => random.u64(9_000..16_000),
        _ => random.u64(60_000..400_000),
    };
    Duration::from_millis(millis)
}
