//! Token buckets for each client: cheap, in memory, for one environment. A client that floods is refused before anything
//! is asked of WeChat or the table, and the others have buckets of their own. What holds against many clients at once is
//! the gateway's throttle.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::error::{Code, Error};
use shared::time::Clock;

use crate::client::Client;

/// How many clients are remembered, of each kind of request.
const CAPACITY: usize = 4096;
const MINUTE: Micros = 60_000_000;
/// An app that is opened refreshes, and a household, an office or a mobile carrier's gateway share an address.
const REFRESHES_PER_LOGIN: u64 = 10;

/// Microseconds, of time or since the Unix epoch: a bucket of a million a minute fills every 60.
type Micros = i64;

/// Limits logins, refreshes and phone numbers by client.
#[derive(Debug)]
pub struct RateLimit {
    logins: Buckets,
    phones: Buckets,
    refreshes: Buckets,
    clock: Clock,
}

impl RateLimit {
    /// Allows so many logins a minute and client, all of them at once if need be, as many phone numbers, and ten times as
    /// many refreshes; 0 means no limit.
    pub fn per_minute(logins: u64, clock: Clock) -> Self {
        Self {
            logins: Buckets::per_minute(logins),
            phones: Buckets::per_minute(logins),
            refreshes: Buckets::per_minute(logins.saturating_mul(REFRESHES_PER_LOGIN)),
            clock,
        }
    }

    /// Counts a login of `client`.
    ///
    /// # Errors
    /// 429 `rate_limited` if the client has used up its share.
    pub fn login(&self, client: Client) -> Result<(), Error> {
        self.logins.take(client, &self.clock)
    }

    /// Counts a phone number that `client` asks for: a wrong code costs a call of WeChat's quota, which all users share.
    ///
    /// # Errors
    /// 429 `rate_limited` if the client has used up its share.
    pub fn phone(&self, client: Client) -> Result<(), Error> {
        self.phones.take(client, &self.clock)
    }

    /// Counts a refresh of `client`.
    ///
    /// # Errors
    /// 429 `rate_limited` if the client has used up its share.
    pub fn refresh(&self, client: Client) -> Result<(), Error> {
        self.refreshes.take(client, &self.clock)
    }
}

#[derive(Debug)]
struct Buckets {
    /// Between two requests of a client that uses up its share; `None` means no limit.
    interval: Option<Micros>,
    remembered: Mutex<Remembered>,
}

impl Buckets {
    fn per_minute(requests: u64) -> Self {
        let requests = i64::try_from(requests).unwrap_or(i64::MAX);
        Self {
            interval: MINUTE.checked_div(requests).map(|micros| micros.max(1)),
            remembered: Mutex::default(),
        }
    }

    fn take(&self, client: Client, clock: &Clock) -> Result<(), Error> {
        let Some(interval) = self.interval else {
            return Ok(());
        };
        let now = clock.now().millis().saturating_mul(1000);
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let full_at = remembered.full_at(client).unwrap_or(now).max(now) + interval;
        let excess = full_at - (now + MINUTE);
        if excess > 0 {
            let wait = Duration::from_micros(excess.unsigned_abs());
            return Err(Error::new(Code::RateLimited).retry_after(wait));
        }
        remembered.set(client, full_at, now);
        Ok(())
    }
}

/// When each client's bucket will be full again: all that a token bucket needs to know.
#[derive(Debug, Default)]
struct Remembered {
    by_client: HashMap<Client, Micros>,
    by_time: BTreeSet<(Micros, Client)>,
}

impl Remembered {
    fn full_at(&self, client: Client) -> Option<Micros> {
        self.by_client.get(&client).copied()
    }

    fn set(&mut self, client: Client, full_at: Micros, now: Micros) {
        if let Some(before) = self.by_client.insert(client, full_at) {
            self.by_time.remove(&(before, client));
        }
        self.by_time.insert((full_at, client));
        self.forget(now);
    }

    /// Forgets full buckets, and while there are too many, the ones that will be full first: whoever is at the limit is
    /// remembered, however many clients come after, and what is forgotten was hardly used.
    fn forget(&mut self, now: Micros) {
        while let Some((full_at, client)) = self.by_time.first().copied() {
            if full_at > now && self.by_time.len() <= CAPACITY {
                return;
            }
            self.by_time.pop_first();
            self.by_client.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::time::Timestamp;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn limit(per_minute: u64) -> (RateLimit, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let hand = now.clone();
        let clock = Clock::new(move || Timestamp::from_millis(hand.load(Ordering::Relaxed)));
        (RateLimit::per_minute(per_minute, clock), now)
    }

    fn client(number: usize) -> Client {
        let number = u32::try_from(number).unwrap();
        Client::at(IpAddr::V4(Ipv4Addr::from(number)))
    }

    /// How many of so many requests at once get through.
    fn admitted(limit: &RateLimit, client: Client, requests: usize) -> usize {
        let ask = |_: &usize| limit.login(client).is_ok();
        (0..requests).filter(ask).count()
    }

    #[test]
    fn a_client_gets_its_share_and_others_theirs() {
        let (limit, now) = limit(3);
        assert_eq!(admitted(&limit, client(1), 100), 3);
        let refused = limit.login(client(1)).unwrap_err();
        assert_eq!(
            (refused.code(), refused.retry_after_secs()),
            (Code::RateLimited, Some(20))
        );
        assert_eq!(admitted(&limit, client(2), 100), 3);
        now.fetch_add(20_000, Ordering::Relaxed);
        assert_eq!(admitted(&limit, client(1), 100), 1);
        now.fetch_add(60_000, Ordering::Relaxed);
        assert_eq!(admitted(&limit, client(1), 100), 3);
    }

    #[test]
    fn refreshes_are_counted_apart_and_ten_times_as_many() {
        let (limit, _) = limit(3);
        assert_eq!(admitted(&limit, client(1), 100), 3);
        let refreshes = (0..100).filter(|_| limit.refresh(client(1)).is_ok());
        assert_eq!(refreshes.count(), 30);
        assert!(limit.login(client(1)).is_err());
    }

    #[test]
    fn zero_means_no_limit() {
        let (limit, _) = limit(0);
        assert_eq!(admitted(&limit, client(1), 1000), 1000);
        assert!((0..1000).all(|_| limit.refresh(client(1)).is_ok()));
    }

    #[test]
    fn many_clients_do_not_make_it_forget_the_one_that_floods() {
        let (limit, now) = limit(60);
        assert_eq!(admitted(&limit, client(0), 100), 60);
        for number in 1..=3 * CAPACITY {
            assert!(limit.login(client(number)).is_ok());
        }
        assert_eq!(admitted(&limit, client(0), 100), 0);
        now.fetch_add(5_000, Ordering::Relaxed);
        assert_eq!(admitted(&limit, client(0), 100), 5);
        let remembered = limit.logins.remembered.lock().unwrap();
        assert!(remembered.by_time.len() <= CAPACITY);
        assert_eq!(remembered.by_client.len(), remembered.by_time.len());
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let (limit, now) = limit(60);
        for number in 0..100 {
            assert!(limit.login(client(number)).is_ok());
        }
        now.fetch_add(60_000, Ordering::Relaxed);
        assert!(limit.login(client(100)).is_ok());
        assert_eq!(limit.logins.remembered.lock().unwrap().by_client.len(), 1);
    }
}
