//! Refresh tokens: one text for each, with a successor of the same session, and a secret that no log shows.

use std::sync::LazyLock;

use regex_lite::Regex;
use shared::ids::UserId;
use shared::jwk::PrivateKey;
use shared::random::Random;
use shared::refresh::{RefreshKeys, RefreshToken};

use crate::Target;
use crate::access_tokens::PRIVATE_JWK;

pub(crate) const TARGET: Target = Target {
    name: "refresh_tokens",
    seeds,
    tokens: &[".", "..", "=", "+", "/", "-", "_", "A", " ", "\u{e9}"],
    check,
    cases: 3000,
};

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    // 43 symbols of six bits hold 32 bytes: the last two bits must be zero.
    let secret = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]";
    Regex::new(&format!(
        "\\Au[a-z2-7]{{26}}\\.[0-9a-f]{{16}}\\.{secret}\\z"
    ))
    .expect("a pattern")
});

static KEYS: LazyLock<RefreshKeys> = LazyLock::new(|| {
    let key = PrivateKey::parse(PRIVATE_JWK).expect("a key");
    RefreshKeys::from_signing_key(&key)
});

fn seeds() -> Vec<Vec<u8>> {
    let user: UserId = "u5esjy36duo2g3uwfwiew2hluhz".parse().expect("an id");
    let session = "0123456789abcdef".parse().expect("an id");
    let first = RefreshToken::first(user, session, &Random::new(|bytes| bytes.fill(9)));
    let next = KEYS.successor(&first);
    [first, next]
        .map(|token| token.expose_secret().into_bytes())
        .into()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let parsed = text.parse::<RefreshToken>();
    assert_eq!(parsed.is_ok(), PATTERN.is_match(text), "{text:?}");
    let Ok(token) = parsed else {
        return false;
    };
    assert_eq!(token.expose_secret(), text);
    let secret = text.rsplit('.').next().expect("three parts");
    assert!(!format!("{token:?}").contains(secret));
    let next = KEYS.successor(&token);
    assert_eq!((&next.user, &next.session), (&token.user, &token.session));
    assert_ne!(next.hash(), token.hash());
    assert_eq!(
        KEYS.descendant(&token, &next.hash()),
        Some((1, next.clone()))
    );
    assert_eq!(KEYS.descendant(&next, &token.hash()), None);
    true
}
