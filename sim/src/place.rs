//! Where something happens in a history: which step of which phone, which of its requests, which call of that.
//!
//! What chance decides is drawn from the seed and the place alone, so that a step or a fault can be taken out of a history
//! without changing the rest of it.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

/// Who began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// What is done before and after the history.
    Setup,
    /// A step of a person's device.
    Step {
        /// Whose device.
        person: u8,
        /// Which of the person's devices.
        device: u8,
        /// Which of its steps.
        step: u8,
    },
    /// A batch of a queue's messages.
    Delivery {
        /// Which queue.
        queue: Queue,
        /// Which batch, counted from the beginning.
        number: u16,
    },
}

/// The queues that functions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// S3's notifications, read by `s3-event`.
    Uploads,
    /// Deleted accounts, read by `purge`.
    Purge,
}

/// What part of an origin's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The invocation of a function itself, or the phone's request to it.
    Invocation,
    /// One call that the invocation makes.
    Call(u16),
    /// What S3 tells about that call.
    Event(u16),
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Who began it.
    pub origin: Origin,
    /// Which request of the origin; a queue's batch is one.
    pub request: u8,
    /// Which part of that.
    pub part: Part,
}

struct Step {
    origin: Origin,
    requests: Cell<u8>,
}

struct Request {
    origin: Origin,
    request: u8,
    calls: Cell<u16>,
}

tokio::task_local! {
    static STEP: Step;
    static REQUEST: Request;
}

/// Does `work`, whose requests are then numbered.
pub async fn step<F: Future>(origin: Origin, work: F) -> F::Output {
    let requests = Cell::new(0);
    STEP.scope(Step { origin, requests }, work).await
}

/// Does `work` as the step's next request; its calls are then numbered. It gets its own place.
pub async fn request<F: Future>(work: impl FnOnce(Place) -> F) -> F::Output {
    let (origin, request) = STEP
        .try_with(|step| {
            (
                step.origin,
                next(&step.requests, |n: u8| n.saturating_add(1)),
            )
        })
        .unwrap_or((Origin::Setup, 0));
    let place = Place {
        origin,
        request,
        part: Part::Invocation,
    };
    let calls = Cell::new(0);
    let scope = Request {
        origin,
        request,
        calls,
    };
    REQUEST.scope(scope, work(place)).await
}

/// The place of the next call of the request at hand.
pub fn call() -> Place {
    REQUEST
        .try_with(|request| Place {
            origin: request.origin,
            request: request.request,
            part: Part::Call(next(&request.calls, |n: u16| n.saturating_add(1))),
        })
        .unwrap_or(Place {
            origin: Origin::Setup,
            request: u8::MAX,
            part: Part::Call(u16::MAX),
        })
}

fn next<T: Copy>(cell: &Cell<T>, after: impl Fn(T) -> T) -> T {
    cell.replace(after(cell.get()))
}

impl Place {
    /// What S3 tells about this call.
    #[must_use]
    pub fn event(self) -> Self {
        let part = match self.part {
            Part::Call(call) => Part::Event(call),
            other => other,
        };
        Self { part, ..self }
    }

    /// Random numbers that depend on the seed, the place and what they are for, and on nothing else.
    pub fn chance(self, seed: u64, purpose: &str) -> fastrand::Rng {
        let [origin, number] = match self.origin {
            Origin::Setup => [0, 0],
            Origin::Step {
                person,
                device,
                step,
            } => [
                1,
                u64::from(person) << 16 | u64::from(device) << 8 | u64::from(step),
            ],
            Origin::Delivery { queue, number } => [2 + queue as u64, u64::from(number)],
        };
        let part = match self.part {
            Part::Invocation => 0,
            Part::Call(call) => u64::from(call) << 2 | 1,
            Part::Event(call) => u64::from(call) << 2 | 2,
        };
        stream(
            seed,
            purpose,
            &[origin, number, u64::from(self.request), part],
        )
    }
}

/// Random numbers that depend on these and on nothing else.
pub fn stream(seed: u64, purpose: &str, numbers: &[u64]) -> fastrand::Rng {
    let purpose = purpose.bytes().map(u64::from);
    let all = purpose.chain(numbers.iter().copied());
    fastrand::Rng::with_seed(all.fold(mixed(seed), |state, number| mixed(state ^ number)))
}

/// SplitMix64's output function.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Queue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Uploads, Self::Purge];

    /// What it is called in scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploads => "uploads",
            Self::Purge => "purge",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup => f.write_str("setup"),
            Self::Step {
                person,
                device,
                step,
            } => write!(f, "{person}.{device}.{step}"),
            Self::Delivery { queue, number } => write!(f, "{}.{number}", queue.as_str()),
        }
    }
}

/// The text is none of a place.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no place such as 0.1.2/0/3")]
pub struct ParsePlaceError(String);

impl FromStr for Origin {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('.').collect();
        let small = |text: &str| text.parse::<u8>().ok();
        let queue = |text: &str| Queue::ALL.into_iter().find(|queue| queue.as_str() == text);
        let origin =
            match parts[..] {
                ["setup"] => Some(Self::Setup),
                [person, device, step] => small(person).zip(small(device)).zip(small(step)).map(
                    |((person, device), step)| Self::Step {
                        person,
                        device,
                        step,
                    },
                ),
                [name, number] => queue(name)
                    .zip(number.parse().ok())
                    .map(|(queue, number)| Self::Delivery { queue, number }),
                _ => None,
            };
        origin.ok_or_else(|| ParsePlaceError(text.to_owned()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.origin, self.request)?;
        match self.part {
            Part::Invocation => Ok(()),
            Part::Call(call) => write!(f, "/{call}"),
            Part::Event(call) => write!(f, "/{call}e"),
        }
    }
}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParsePlaceError(text.to_owned());
        let mut parts = text.split('/');
        let origin = parts.next().unwrap_or_default().parse()?;
        let request = parts.next().and_then(|request| request.parse().ok());
        let part = match parts.next() {
            None => Part::Invocation,
            Some(call) => match call.strip_suffix('e') {
                Some(call) => Part::Event(call.parse().map_err(|_| wrong())?),
                None => Part::Call(call.parse().map_err(|_| wrong())?),
            },
        };
        Ok(Self {
            origin,
            request: request.ok_or_else(wrong)?,
            part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in [
            "0.1.2/0",
            "0.1.2/1/13",
            "0.1.2/1/13e",
            "purge.7/0/2",
            "uploads.300/0",
            "setup/1/2",
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "0.1/0", "0.1.2", "0.1.2/0/x", "0.1.999/0", "other.1/0"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_place_and_purpose_has_chances_of_its_own() {
        let place: Place = "0.1.2/0/3".parse().unwrap();
        let draw = |seed, place: Place, purpose| place.chance(seed, purpose).u64(..);
        assert_eq!(draw(1, place, "fault"), draw(1, place, "fault"));
        let others = [
            draw(2, place, "fault"),
            draw(1, place.event(), "fault"),
            draw(1, place, "way"),
        ];
        assert!(!others.contains(&draw(1, place, "fault")));
    }
}
