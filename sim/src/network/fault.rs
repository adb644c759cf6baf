//! What can go wrong, and how it is written in a script.

use std::fmt;
use std::str::FromStr;

/// Something that goes wrong at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The service asks for patience and does nothing.
    Throttled,
    /// The service answers 500 and has done nothing.
    FailedBefore,
    /// The service answers 500 and has done it.
    FailedAfter,
    /// The connection breaks before the request arrives.
    ResetBefore,
    /// The connection breaks after it has been done.
    ResetAfter,
    /// It is done, and no answer comes.
    AnswerLost,
    /// The request arrives that many milliseconds later, whether or not somebody still waits for it.
    Late(u32),
    /// Another transaction is in the way.
    Conflict,
    /// The index is that many milliseconds behind.
    StaleIndex(u32),
    /// So many items of a batch are left unprocessed.
    Unprocessed(u32),
    /// No connection is made.
    NotConnected,
    /// WeChat says that it is busy.
    Busy,
    /// Nothing is done, and no answer comes.
    Silent,
    /// The function's process dies before it is polled for that time.
    Crash(u32),
    /// The phone never hears the answer.
    Unheard,
    /// A batch is delivered a second time, that many milliseconds later.
    Again(u32),
    /// S3 sends the event that many milliseconds later.
    EventLate(u32),
    /// S3 sends the event again, that many milliseconds later.
    EventAgain(u32),
}

/// A kind of fault, without its number.
pub type Name = &'static str;

/// Names of all kinds, in the order in which chance is asked for them.
pub const NAMES: [Name; 18] = [
    "throttled",
    "failed-before",
    "failed-after",
    "reset-before",
    "reset-after",
    "answer-lost",
    "late",
    "conflict",
    "stale-index",
    "unprocessed",
    "not-connected",
    "busy",
    "silent",
    "crash",
    "unheard",
    "again",
    "event-late",
    "event-again",
];

impl Fault {
    /// The kind's place in [`NAMES`], and the number if the kind has one.
    const fn parts(self) -> (usize, Option<u32>) {
        match self {
            Self::Throttled => (0, None),
            Self::FailedBefore => (1, None),
            Self::FailedAfter => (2, None),
            Self::ResetBefore => (3, None),
            Self::ResetAfter => (4, None),
            Self::AnswerLost => (5, None),
            Self::Late(by) => (6, Some(by)),
            Self::Conflict => (7, None),
            Self::StaleIndex(by) => (8, Some(by)),
            Self::Unprocessed(items) => (9, Some(items)),
            Self::NotConnected => (10, None),
            Self::Busy => (11, None),
            Self::Silent => (12, None),
            Self::Crash(poll) => (13, Some(poll)),
            Self::Unheard => (14, None),
            Self::Again(after) => (15, Some(after)),
            Self::EventLate(by) => (16, Some(by)),
            Self::EventAgain(after) => (17, Some(after)),
        }
    }

    /// The fault of that kind, with that number if the kind has one.
    pub const fn from_parts(kind: usize, number: u32) -> Option<Self> {
        Some(match kind {
            0 => Self::Throttled,
            1 => Self::FailedBefore,
            2 => Self::FailedAfter,
            3 => Self::ResetBefore,
            4 => Self::ResetAfter,
            5 => Self::AnswerLost,
            6 => Self::Late(number),
            7 => Self::Conflict,
            8 => Self::StaleIndex(number),
            9 => Self::Unprocessed(number),
            10 => Self::NotConnected,
            11 => Self::Busy,
            12 => Self::Silent,
            13 => Self::Crash(number),
            14 => Self::Unheard,
            15 => Self::Again(number),
            16 => Self::EventLate(number),
            17 => Self::EventAgain(number),
            _ => return None,
        })
    }

    /// The kind's place in [`NAMES`].
    pub const fn kind(self) -> usize {
        self.parts().0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, number) = self.parts();
        f.write_str(NAMES[kind])?;
        number.map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

/// The text is none of a fault.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no fault such as `late 1500`")]
pub struct ParseFaultError(String);

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseFaultError(text.to_owned());
        let mut words = text.split_whitespace();
        let (name, number) = (words.next().unwrap_or_default(), words.next());
        let kind = NAMES.iter().position(|known| *known == name);
        let fault = Self::from_parts(kind.ok_or_else(wrong)?, 0).ok_or_else(wrong)?;
        let fault = match (fault.parts(), number) {
            ((_, None), None) => Some(fault),
            ((kind, Some(_)), Some(number)) => number
                .parse()
                .ok()
                .and_then(|number| Self::from_parts(kind, number)),
            _ => None,
        };
        fault.filter(|_| words.next().is_none()).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for kind in 0..NAMES.len() {
            let fault = Fault::from_parts(kind, 7).unwrap();
            assert_eq!(fault.kind(), kind);
            assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }
        assert!(Fault::from_parts(NAMES.len(), 0).is_none());
        for text in ["", "late", "late x", "throttled 1", "late 1 2", "unknown"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
