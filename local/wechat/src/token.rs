//! Access tokens as `stable_token` hands them out.

use crate::noise::noise;
use data_encoding::BASE64URL;
use std::time::{Duration, Instant, SystemTime};

/// How long a token lives.
const LIFETIME: Duration = Duration::from_secs(7200);

/// In its last minutes a token is still good, but a new one is handed out.
const OVERLAP: Duration = Duration::from_secs(300);

/// How often a day a refresh may be forced.
const FORCED_REFRESHES: u32 = 20;

/// Every token issued, the current one last.
#[derive(Debug)]
pub(crate) struct Tokens {
    issued: Vec<Token>,
    forced: u32,
    advanced: Duration,
    seed: u128,
}

#[derive(Debug)]
struct Token {
    value: String,
    ends: Instant,
    revoked: bool,
}

impl Tokens {
    /// No token yet; the seed keeps those of two runs apart.
    pub(crate) fn new() -> Self {
        let seed = SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_nanos();
        Self {
            issued: Vec::new(),
            forced: 0,
            advanced: Duration::ZERO,
            seed,
        }
    }

    /// The token to use and how many seconds it has left, or an errcode.
    pub(crate) fn current(&mut self, force: bool) -> Result<(&str, u64), i64> {
        if force {
            self.revoke_current()?;
        }
        let now = self.now();
        if !self
            .issued
            .last()
            .is_some_and(|token| !token.revoked && token.ends > now + OVERLAP)
        {
            self.issue(now);
        }
        let token = self.issued.last().ok_or(-1)?;
        Ok((&token.value, token.ends.duration_since(now).as_secs()))
    }

    /// Whether a token may be used; otherwise the errcode that says why not.
    pub(crate) fn check(&self, value: &str) -> Result<(), i64> {
        match self.issued.iter().find(|token| token.value == value) {
            Some(token) if token.revoked => Err(40001),
            Some(token) if token.ends <= self.now() => Err(42001),
            Some(_) => Ok(()),
            None => Err(40001),
        }
    }

    /// Ends every token now.
    pub(crate) fn expire_all(&mut self) {
        let now = self.now();
        for token in &mut self.issued {
            token.ends = token.ends.min(now);
        }
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    fn now(&self) -> Instant {
        Instant::now() + self.advanced
    }

    fn revoke_current(&mut self) -> Result<(), i64> {
        if self.forced == FORCED_REFRESHES {
            return Err(45009);
        }
        self.forced += 1;
        if let Some(token) = self.issued.last_mut() {
            token.revoked = true;
        }
        Ok(())
    }

    fn issue(&mut self, now: Instant) {
        let value = format!(
            "80_{}",
            BASE64URL.encode(&noise::<99>((self.seed, self.issued.len())))
        );
        self.issued.push(Token {
            value,
            ends: now + LIFETIME,
            revoked: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(tokens: &mut Tokens, force: bool) -> (String, u64) {
        tokens
            .current(force)
            .map(|(value, seconds)| (value.to_owned(), seconds))
            .unwrap()
    }

    #[test]
    fn a_token_stays_the_same_until_its_last_five_minutes_and_overlaps_with_the_next() {
        let mut tokens = Tokens::new();
        let (first, seconds) = token(&mut tokens, false);
        assert!((7198..=7200).contains(&seconds));

        tokens.advance(LIFETIME - OVERLAP - Duration::from_secs(5));
        let (same, seconds) = token(&mut tokens, false);
        assert_eq!(same, first);
        assert!((303..=305).contains(&seconds));

        tokens.advance(Duration::from_secs(10));
        let (second, _) = token(&mut tokens, false);
        assert_ne!(second, first);
        assert_eq!(
            (tokens.check(&first), tokens.check(&second)),
            (Ok(()), Ok(()))
        );

        tokens.advance(OVERLAP);
        assert_eq!(
            (tokens.check(&first), tokens.check(&second)),
            (Err(42001), Ok(()))
        );
    }

    #[test]
    fn a_forced_refresh_ends_the_current_token_and_is_counted() {
        let mut tokens = Tokens::new();
        let (first, _) = token(&mut tokens, false);
        for _ in 0..FORCED_REFRESHES {
            token(&mut tokens, true);
        }
        assert_eq!(tokens.check(&first), Err(40001));
        assert_eq!(tokens.current(true), Err(45009));
        assert!(tokens.current(false).is_ok());
    }

    #[test]
    fn an_expired_token_is_told_from_an_unknown_one() {
        let mut tokens = Tokens::new();
        let (first, _) = token(&mut tokens, false);
        tokens.expire_all();
        assert_eq!(
            (tokens.check(&first), tokens.check("80_never-issued")),
            (Err(42001), Err(40001))
        );
        assert_ne!(token(&mut tokens, false).0, first);
    }

    #[test]
    fn two_runs_never_hand_out_the_same_token() {
        let (mut one, mut other) = (
            Tokens::new(),
            Tokens {
                seed: 1,
                ..Tokens::new()
            },
        );
        assert_ne!(token(&mut one, false).0, token(&mut other, false).0);
    }
}
