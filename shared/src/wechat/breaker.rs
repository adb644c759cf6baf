//! A circuit breaker: when WeChat is down, phones get their answer at once instead of after a time-out, and WeChat is
//! left in peace. One per environment; nothing is shared between environments.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// Failures in a row that open it.
const THRESHOLD: u32 = 5;
/// How long it stays open before one call may probe.
const OPEN_FOR: Duration = Duration::from_secs(10);

/// Lets calls through, or not.
#[derive(Debug)]
pub struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Timestamp,
    },
    /// One call is on its way; if it is never reported (its future was dropped), another may go when `until` is over.
    Probing {
        until: Timestamp,
    },
}

/// No call may be made for this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open(pub Duration);

impl Breaker {
    /// A closed breaker: calls are let through.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Asks whether a call may be made. Each permission is to be followed by [`Breaker::report`].
    ///
    /// # Errors
    /// If the breaker is open.
    pub fn permit(&self) -> Result<(), Open> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until } | State::Probing { until } if now < until => {
                Err(Open(until.since(now)))
            }
            State::Open { .. } | State::Probing { .. } => {
                *state = State::Probing {
                    until: now.after(OPEN_FOR),
                };
                Ok(())
            }
        }
    }

    /// Tells how a call went: whether WeChat answered at all, whatever the answer. Returns whether this opened it.
    pub fn report(&self, answered: bool) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match *state {
            _ if answered => State::Closed { failures: 0 },
            State::Closed { failures } if failures + 1 < THRESHOLD => State::Closed {
                failures: failures + 1,
            },
            // A call from before it opened does not make it stay open for longer.
            open @ State::Open { .. } => open,
            _ => State::Open {
                until: self.clock.now().after(OPEN_FOR),
            },
        };
        let opened = matches!(next, State::Open { .. }) && *state != next;
        *state = next;
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn breaker() -> (Breaker, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(0));
        let hand = now.clone();
        (
            Breaker::new(Clock::new(move || {
                Timestamp::from_millis(hand.load(Ordering::Relaxed))
            })),
            now,
        )
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_probe_closes_it() {
        let (breaker, now) = breaker();
        let opened: Vec<_> = (0..5).map(|_| breaker.report(false)).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        assert_eq!(breaker.permit(), Err(Open(OPEN_FOR)));
        now.store(9_999, Ordering::Relaxed);
        assert_eq!(breaker.permit(), Err(Open(Duration::from_millis(1))));
        now.store(10_000, Ordering::Relaxed);
        assert_eq!(breaker.permit(), Ok(()), "one probe");
        assert!(breaker.permit().is_err(), "and only one");
        breaker.report(true);
        assert_eq!(breaker.permit(), Ok(()));
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let (breaker, now) = breaker();
        (0..5).for_each(|_| _ = breaker.report(false));
        now.store(10_000, Ordering::Relaxed);
        assert!(breaker.permit().is_ok() && breaker.report(false));
        assert_eq!(breaker.permit(), Err(Open(OPEN_FOR)));
    }

    #[test]
    fn an_answer_starts_the_count_anew() {
        let (breaker, _) = breaker();
        for _ in 0..10 {
            (0..4).for_each(|_| _ = breaker.report(false));
            breaker.report(true);
        }
        assert_eq!(breaker.permit(), Ok(()));
    }

    #[test]
    fn a_probe_that_is_never_reported_blocks_for_a_while_only() {
        let (breaker, now) = breaker();
        (0..5).for_each(|_| _ = breaker.report(false));
        now.store(10_000, Ordering::Relaxed);
        assert!(breaker.permit().is_ok());
        now.store(20_000, Ordering::Relaxed);
        assert!(breaker.permit().is_ok());
    }
}
