//! The fence of an account: a number that only grows. Every login, logout of all sessions, registration, deletion and
//! change of status takes a greater one.
//!
//! The SDK gives a call up after 800 ms and repeats it, and the one that was given up on can still be applied seconds
//! later. A write that carries a number is refused once another one with the same or a greater number has been applied,
//! so it can neither undo what came after it nor be applied twice. The numbers are Lamport's: the time in milliseconds,
//! but at least one more than the number last seen, so that clocks which differ cost one more write and nothing else.
//!
//! Items that the previous release wrote have no `fence`. What orders its writes is `sessions_ended_at`, which goes on
//! being written and compared.

use std::time::Duration;

use crate::store::expression::Condition;
use crate::store::item::{self, Item, n};
use crate::time::Timestamp;

/// Holds for an account whose fence is lower than `:fence`.
pub(super) const LOWER: &str = "(attribute_not_exists(fence) OR fence < :fence) \
     AND (attribute_not_exists(sessions_ended_at) OR sessions_ended_at < :fence)";

/// How far ahead of the time a number is that is not to be overtaken between a read and the write: others raise the fence
/// to the time, or by one.
pub(super) const LEAD: Duration = Duration::from_millis(500);

/// An account's fence as it was read; the default is that of an account of which nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fence {
    number: Option<Timestamp>,
    sessions_ended_at: Option<Timestamp>,
}

impl Fence {
    pub(super) fn from_item(item: &Item) -> Self {
        let number = |name| item::opt_num(item, name).map(Timestamp::from_millis);
        Self {
            number: number("fence"),
            sessions_ended_at: number("sessions_ended_at"),
        }
    }

    /// The number of a write that comes after all that is known.
    pub(super) fn next(self, now: Timestamp) -> Timestamp {
        let known = [self.number, self.sessions_ended_at];
        known.into_iter().flatten().fold(now, Timestamp::following)
    }

    /// Holds as long as nobody has raised the fence.
    pub(super) fn unchanged(self) -> Condition {
        let seen = [
            ("fence", self.number),
            ("sessions_ended_at", self.sessions_ended_at),
        ];
        let conditions = seen.map(|(name, seen)| match seen {
            Some(number) => Condition::new(format!("{name} = :{name}_seen"))
                .value(&format!(":{name}_seen"), n(number.millis())),
            None => Condition::new(format!("attribute_not_exists({name})")),
        });
        conditions
            .into_iter()
            .fold(Condition::default(), Condition::and)
    }

    /// Whether a write of that number cannot be applied any more.
    pub(super) fn refuses(self, number: Timestamp) -> bool {
        let known = [self.number, self.sessions_ended_at];
        known.into_iter().flatten().any(|known| known >= number)
    }
}
