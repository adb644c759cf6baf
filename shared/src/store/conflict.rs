//! Writes that meet somebody else's transaction on their item.
//!
//! DynamoDB refuses the later of two overlapping writes at once instead of making it wait: with
//! `TransactionConflictException` if it is a single write, as a cancellation reason if it is a transaction. The SDK
//! repeats neither. Nothing is wrong with the write, and the transaction in its way is over in milliseconds: a login need
//! not fail, and its code be lost, because a picture was verified at the same moment.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>

use std::time::Duration;

use crate::random::Random;

/// The longest first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// How much time the pauses of one write may take together. An invocation with less time than that is ended by its own
/// deadline.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses between the repetitions of one write: growing, and drawn at random, so that writers who met do not meet again.
#[derive(Debug)]
pub(super) struct Backoff<'a> {
    random: &'a Random,
    longest: Duration,
    spent: Duration,
}

impl<'a> Backoff<'a> {
    pub(super) const fn new(random: &'a Random) -> Self {
        Self {
            random,
            longest: FIRST_PAUSE,
            spent: Duration::ZERO,
        }
    }

    /// Waits before the next repetition; `false`, without waiting, when there should be none.
    pub(super) async fn pause(&mut self) -> bool {
        let Some(pause) = self.next() else {
            return false;
        };
        tokio::time::sleep(pause).await;
        true
    }

    fn next(&mut self) -> Option<Duration> {
        if self.spent >= PATIENCE {
            return None;
        }
        // From half of the longest pause up to all of it.
        let share = u32::from(self.random.bytes::<1>()[0]) + 256;
        let pause = self.longest * share / 512;
        self.spent += pause;
        self.longest = (self.longest * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for byte in [0, 255] {
            let random = Random::new(move |bytes| bytes.fill(byte));
            let mut backoff = Backoff::new(&random);
            let pauses: Vec<_> = std::iter::from_fn(|| backoff.next()).collect();
            assert!(pauses.is_sorted() && pauses[0] <= FIRST_PAUSE, "{pauses:?}");
            assert!((12..60).contains(&pauses.len()), "{pauses:?}");
            let waited: Duration = pauses.iter().sum();
            assert!(
                waited >= PATIENCE && waited <= PATIENCE + LONGEST_PAUSE,
                "{waited:?}"
            );
        }
    }
}
