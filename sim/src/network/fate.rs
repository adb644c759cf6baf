//! Who decides what goes wrong: chance, a list, or every possibility in turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::network::fault::{Fault, NAMES};
use crate::place::{Origin, Place};

/// How often each kind of fault is, in a thousand. Each history has rates of its own, most of them zero: what goes wrong
/// seldom together is found where little else goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates([u16; NAMES.len()]);

impl Rates {
    /// The most that a history can have of each kind, in the order of [`NAMES`].
    const MOST: [u16; NAMES.len()] = [
        60, 50, 50, 50, 50, 60, 80, 80, 300, 200, 60, 60, 60, 60, 100, 300, 300, 200,
    ];

    /// Rates by chance: every kind in two of five histories.
    pub fn draw(random: &mut fastrand::Rng) -> Self {
        Self(Self::MOST.map(|most| match random.u8(..5) {
            0 | 1 => random.u16(1..=most),
            _ => 0,
        }))
    }
}

/// What is there to choose from at a place.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Which kinds of faults can happen there.
    pub kinds: &'static [usize],
    /// How often the future of a request of this kind was polled, for where to end it.
    pub polls: u32,
}

/// Who decides.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Chance, at these rates.
    Chance(Rates),
    /// What is listed happens, and nothing else.
    Listed(BTreeMap<Place, Fault>),
    /// Everything, one after the other.
    Odometer(Odometer),
}

/// Choices in the order in which they come up. Run after run goes through all of them, as an odometer does.
#[derive(Clone, Debug, Default)]
pub struct Odometer {
    choices: Vec<(u8, u8)>,
    at: usize,
    faults_left: u8,
    ways: Ways,
    /// How often each invocation was polled when nothing went wrong.
    polls: Arc<BTreeMap<Place, u32>>,
}

/// How long calls take when every possibility is gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ways {
    /// All the same.
    #[default]
    Equal,
    /// Those of one device longer than the others'.
    Slow(u8),
    /// Each long or short: they overtake one another in every way.
    Each,
}

impl Odometer {
    /// The first run: nothing goes wrong.
    pub fn new(faults: u8, ways: Ways) -> Self {
        Self {
            faults_left: faults,
            ways,
            ..Self::default()
        }
    }

    /// The same, where a process can die at every await that its work really had.
    #[must_use]
    pub fn with_polls(self, polls: BTreeMap<Place, u32>) -> Self {
        Self {
            polls: Arc::new(polls),
            ..self
        }
    }

    /// One of `options`, which depends on the choices before alone.
    fn choose(&mut self, options: u8) -> u8 {
        if self.at == self.choices.len() {
            self.choices.push((0, options));
        }
        self.at += 1;
        self.choices.get(self.at - 1).map_or(0, |choice| choice.0)
    }

    /// The next run's choices, with so many faults; `None` after the last run.
    #[must_use]
    pub fn next(mut self, faults: u8) -> Option<Self> {
        self.choices.truncate(self.at);
        while let Some((choice, options)) = self.choices.pop() {
            if choice + 1 < options {
                self.choices.push((choice + 1, options));
                return Some(Self {
                    at: 0,
                    faults_left: faults,
                    ..self
                });
            }
        }
        None
    }

    fn way(&mut self, place: Place) -> u64 {
        const SHORT: u64 = 1;
        const LONG: u64 = 60;
        /// Of so many calls each order is tried; what the queues do afterwards has its own time anyway.
        const ORDERED: usize = 7;
        let is_long = match (self.ways, place.origin) {
            (Ways::Each, Origin::Step { .. }) if self.at < ORDERED => self.choose(2) == 1,
            (Ways::Slow(slow), Origin::Step { device, .. }) => device == slow,
            _ => false,
        };
        if is_long { LONG } else { SHORT }
    }

    fn fault(&mut self, place: Place, choice: &Choice) -> Option<Fault> {
        /// Longer than a caller waits, so that it has repeated the call by then.
        const LATE: u32 = 3_000;
        if self.faults_left == 0 {
            return None;
        }
        let polls = self.polls.get(&place).copied().unwrap_or(choice.polls);
        let options = choice.kinds.iter().map(|kind| match NAMES[*kind] {
            "crash" => polls.saturating_sub(1),
            _ => 1,
        });
        let options: u32 = options.sum();
        let mut chosen = u32::from(self.choose(u8::try_from(options + 1).unwrap_or(u8::MAX)));
        if chosen == 0 {
            return None;
        }
        self.faults_left -= 1;
        for kind in choice.kinds {
            if NAMES[*kind] != "crash" {
                if chosen == 1 {
                    let number = match NAMES[*kind] {
                        "unprocessed" => 1,
                        _ => LATE,
                    };
                    return Fault::from_parts(*kind, number);
                }
                chosen -= 1;
            } else if chosen < polls {
                return Some(Fault::Crash(chosen + 1));
            } else {
                chosen -= polls.saturating_sub(1);
            }
        }
        None
    }
}

impl Fate {
    /// What goes wrong at that place.
    pub fn fault(&mut self, seed: u64, place: Place, choice: &Choice) -> Option<Fault> {
        match self {
            Self::Chance(rates) => {
                let mut random = place.chance(seed, "fault");
                let hit = |kind: &&usize| random.u16(..1000) < rates.0[**kind];
                let kind = choice.kinds.iter().find(hit)?;
                let number = match NAMES[*kind] {
                    "late" => random.u32(700..4_000),
                    "stale-index" => random.u32(10..3_000),
                    "unprocessed" => random.u32(1..4),
                    "crash" => random.u32(1..=choice.polls.max(1)),
                    "again" | "event-again" => random.u32(1..30_000),
                    "event-late" => random.u32(1_000..60_000),
                    _ => 0,
                };
                Fault::from_parts(*kind, number)
            }
            Self::Listed(faults) => faults.get(&place).copied(),
            Self::Odometer(odometer) => odometer.fault(place, choice),
        }
    }

    /// How long the way takes there and back, in milliseconds.
    pub fn way(&mut self, seed: u64, place: Place) -> (u64, u64) {
        match self {
            Self::Odometer(odometer) => (odometer.way(place), 1),
            Self::Chance(_) | Self::Listed(_) => {
                let mut random = place.chance(seed, "way");
                (random.u64(1..15), random.u64(1..10))
            }
        }
    }
}
