//! The access token of `stable_token`: the same one for everybody until its last five minutes, in which the next one is
//! already good.

/// Two hours.
const LIFETIME: i64 = 7200 * 1000;
const OVERLAP: i64 = 5 * 60 * 1000;

/// Tokens are numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    issued: u64,
    /// The last two that are alive or have expired, the newest last.
    alive: Vec<Token>,
}

#[derive(Clone, Debug)]
struct Token {
    number: u64,
    expires_at: i64,
}

impl Tokens {
    /// The token, and for how many seconds it is good.
    pub(super) fn current(&mut self, now: i64) -> (String, i64) {
        let newest = self.alive.last();
        if newest.is_none_or(|token| token.expires_at - now <= OVERLAP) {
            self.issued += 1;
            self.alive.push(Token {
                number: self.issued,
                expires_at: now + LIFETIME,
            });
        }
        let newest = self.alive.last();
        let expires_at = newest.map_or(now, |token| token.expires_at);
        (name(self.issued), (expires_at - now) / 1000)
    }

    pub(super) fn check(&self, text: &str, now: i64) -> Result<(), i64> {
        let token = self.alive.iter().find(|token| name(token.number) == text);
        match token {
            None => Err(40001),
            Some(token) if token.expires_at <= now => Err(42001),
            Some(_) => Ok(()),
        }
    }

    /// None that is alive.
    pub(super) fn ended(&self) -> Self {
        Self {
            issued: self.issued,
            alive: Vec::new(),
        }
    }
}

fn name(number: u64) -> String {
    format!("access-token-{number}")
}
