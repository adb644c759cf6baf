//! Writes that meet other writers of the same items.
//!
//! DynamoDB refuses the later of two overlapping writes at once instead of making it wait: with
//! `TransactionConflictException` if it is a single write, as a cancellation reason if it is a transaction. The SDK
//! repeats neither. Nothing is wrong with the write, and the transaction in its way is over in milliseconds: a login need
//! not fail, and its code be lost, because a picture was verified at the same moment.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>
//!
//! An operation whose condition no longer holds starts over, and whoever keeps losing is told so
//! ([`StoreError::Contended`]): the other writers are nearly always the caller's own requests.

use std::time::Duration;

use tokio::time::Instant;

use crate::random::Random;
use crate::store::error::StoreError;

/// The longest first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// After how much time no other repetition begins.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Pauses between the repetitions of one write: growing, and drawn at random, so that writers who met do not meet again.
#[derive(Debug)]
pub(super) struct Backoff<'a> {
    random: &'a Random,
    longest: Duration,
    since: Instant,
}

impl<'a> Backoff<'a> {
    pub(super) fn new(random: &'a Random) -> Self {
        Self {
            random,
            longest: FIRST_PAUSE,
            since: Instant::now(),
        }
    }

    /// Waits before the next repetition.
    ///
    /// # Errors
    /// [`StoreError::Contended`], without waiting, when there should be none.
    pub(super) async fn pause(&mut self) -> Result<(), StoreError> {
        let pause = self.next(self.since.elapsed());
        tokio::time::sleep(pause.ok_or(StoreError::Contended)?).await;
        Ok(())
    }

    fn next(&mut self, spent: Duration) -> Option<Duration> {
        if spent >= PATIENCE {
            return None;
        }
        // From half of the longest pause up to all of it.
        let share = u32::from(self.random.bytes::<1>()[0]) + 256;
        let pause = self.longest * share / 512;
        self.longest = (self.longest * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// The attempts of an operation that starts over whenever the items are not as it took them to be.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    backoff: Backoff<'a>,
    is_first: bool,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(random: &'a Random) -> Self {
        Self {
            backoff: Backoff::new(random),
            is_first: true,
        }
    }

    /// Whether the operation has not started over yet.
    pub(super) const fn is_first(&self) -> bool {
        self.is_first
    }

    /// Waits before the operation starts over. The first time it does so at once: the refusal has shown how things are,
    /// and perhaps nobody is in the way.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if it has been at it for too long.
    pub(crate) async fn start_over(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.is_first) {
            return Ok(());
        }
        self.backoff.pause().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_grow_and_end() {
        for byte in [0, 255] {
            let random = Random::new(move |bytes| bytes.fill(byte));
            let mut backoff = Backoff::new(&random);
            let (mut spent, mut pauses) = (Duration::ZERO, Vec::new());
            while let Some(pause) = backoff.next(spent) {
                spent += pause;
                pauses.push(pause);
            }
            assert!(pauses.is_sorted() && pauses[0] <= FIRST_PAUSE, "{pauses:?}");
            assert!((12..60).contains(&pauses.len()), "{pauses:?}");
            assert!(
                spent >= PATIENCE && spent <= PATIENCE + LONGEST_PAUSE,
                "{spent:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_operation_starts_over_at_once_and_then_after_pauses() {
        let random = Random::new(|bytes| bytes.fill(255));
        let mut attempts = Attempts::new(&random);
        assert!(attempts.is_first());
        attempts.start_over().await.unwrap();
        assert!(!attempts.is_first());
        assert_eq!(attempts.backoff.longest, FIRST_PAUSE);
        attempts.start_over().await.unwrap();
        assert!(attempts.backoff.longest > FIRST_PAUSE);
    }
}
