//! A token bucket for each client address: cheap, in memory, for one environment. The gateway's throttle is what holds
//! against a flood; this keeps one address from using up what is meant for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::error::{Code, Error};
use shared::seams::{Clock, Timestamp};

/// How many addresses are remembered.
const CAPACITY: usize = 4096;
const MINUTE: Duration = Duration::from_secs(60);

/// Limits requests by client address.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u64,
    clock: Clock,
    /// When each address's bucket will be full again: all that a token bucket needs to know.
    full_at: Mutex<HashMap<Arc<str>, Timestamp>>,
}

impl RateLimit {
    /// Allows so many requests a minute and address, all of them at once if need be; 0 means no limit.
    pub fn per_minute(per_minute: u64, clock: Clock) -> Self {
        Self {
            per_minute,
            clock,
            full_at: Mutex::default(),
        }
    }

    /// Takes one request of `address` into account.
    ///
    /// # Errors
    /// 429 `rate_limited` if the address has used up its share.
    pub fn check(&self, address: &Arc<str>) -> Result<(), Error> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let interval = MINUTE / u32::try_from(self.per_minute).unwrap_or(u32::MAX);
        let now = self.clock.now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at
            .get(address)
            .copied()
            .unwrap_or(now)
            .max(now)
            .after(interval);
        let excess = next.since(now.after(MINUTE));
        if !excess.is_zero() {
            return Err(Error::new(Code::RateLimited).retry_after(excess));
        }
        if full_at.len() >= CAPACITY && !full_at.contains_key(address) {
            make_room(&mut full_at, now);
        }
        full_at.insert(address.clone(), next);
        Ok(())
    }
}

/// Forgets the addresses whose buckets are full; if none is, all of them. Too much is allowed then, for a minute.
fn make_room(full_at: &mut HashMap<Arc<str>, Timestamp>, now: Timestamp) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() >= CAPACITY {
        full_at.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn limit(per_minute: u64) -> (RateLimit, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let hand = now.clone();
        let clock = Clock::new(move || Timestamp::from_millis(hand.load(Ordering::Relaxed)));
        (RateLimit::per_minute(per_minute, clock), now)
    }

    #[test]
    fn an_address_gets_its_share_and_others_theirs() {
        let (limit, now) = limit(3);
        let (a, b): (Arc<str>, Arc<str>) = ("192.0.2.1".into(), "192.0.2.2".into());
        for _ in 0..3 {
            assert!(limit.check(&a).is_ok());
        }
        let refused = limit.check(&a).unwrap_err();
        assert_eq!(
            (refused.code(), refused.retry_after_secs()),
            (Code::RateLimited, Some(20))
        );
        assert!(limit.check(&b).is_ok());
        now.fetch_add(20_000, Ordering::Relaxed);
        assert!(limit.check(&a).is_ok() && limit.check(&a).is_err());
    }

    #[test]
    fn zero_means_no_limit() {
        let (limit, _) = limit(0);
        assert!((0..1000).all(|_| limit.check(&"192.0.2.1".into()).is_ok()));
    }

    #[test]
    fn memory_is_bounded() {
        let (limit, _) = limit(1);
        for i in 0..3 * CAPACITY {
            let _ = limit.check(&Arc::from(format!("address {i}")));
        }
        assert!(limit.full_at.lock().unwrap().len() <= CAPACITY);
    }
}
