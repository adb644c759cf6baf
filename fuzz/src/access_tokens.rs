//! Access tokens: only what was issued is accepted, unchanged, and of what our own key has signed only what RFC 9068 and
//! our claims allow.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use shared::auth::jwt::{Grant, Signer, TokenIssuer, Verifier};
use shared::ids::{Epoch, SessionId, UserId};
use shared::jwk::{PrivateKey, PublicKeys};
use shared::random::Random;
use shared::time::{Clock, Timestamp};
use shared::user::Role;

use crate::Target;

/// Texts that are changed somewhere.
pub(crate) const MUTATED: Target = Target {
    name: "access_tokens",
    seeds: || {
        ISSUED
            .iter()
            .map(|token| token.clone().into_bytes())
            .collect()
    },
    tokens: &[
        ".",
        "..",
        "=",
        "-",
        "_",
        "A",
        " ",
        "eyJhbGciOiJub25lIn0",
        "eyJhbGciOiJIUzI1NiJ9",
    ],
    check: mutated,
    cases: 3000,
};

/// Header and claims, a line each, that the key signs whatever they are.
pub(crate) const SIGNED: Target = Target {
    name: "signed_claims",
    seeds: signed_seeds,
    tokens: &[
        "\n",
        "null",
        "0",
        "-1",
        "1e3",
        "1.0",
        "9223372036854775807",
        "[]",
        "{}",
        "\"\"",
        "\"admin\"",
        "\"crit\":[\"exp\"],",
        "\"alg\":\"none\",",
        "\"typ\":\"JWT\",",
        "\"epoch\":0,",
        "\"exp\":1767361770,",
        "\"aud\":[\"mini-program\"],",
        ",",
        "\"b64\":false,",
    ],
    check: signed,
    cases: 3000,
};

/// The key of RFC 8037, appendix A, which protects nothing.
pub(crate) const PRIVATE_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"test",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub(crate) const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"test",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "mini-program";
const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
/// The time in all targets.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_360_869_000);

pub(crate) fn clock() -> Clock {
    Clock::new(|| NOW)
}

fn issuer() -> TokenIssuer {
    TokenIssuer {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
    }
}

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let keys = PublicKeys::parse(JWKS).expect("keys");
    Verifier::new(keys, &issuer(), clock())
});

/// A token of the user with that role.
pub(crate) fn token(user: &UserId, role: Role) -> String {
    let session: SessionId = "0123456789abcdef".parse().expect("an id");
    let grant = Grant {
        user,
        epoch: Epoch::FIRST,
        role,
        session: &session,
    };
    let signer = Signer::new(PrivateKey::parse(PRIVATE_JWK).expect("a key"), issuer());
    let token = signer.sign(&grant, &clock(), &Random::new(|bytes| bytes.fill(7)));
    token.expect("a token")
}

/// All that was ever issued.
static ISSUED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let users = ["u5esjy36duo2g3uwfwiew2hluhz", "um5pzijy4hmaetgeee2ii7xc623"];
    let users = users.map(|id| id.parse::<UserId>().expect("an id"));
    users
        .iter()
        .flat_map(|user| [Role::User, Role::Admin].map(|role| token(user, role)))
        .collect()
});

fn mutated(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let accepted = VERIFIER.verify(text).is_ok();
    assert_eq!(
        accepted,
        ISSUED.iter().any(|token| token == text),
        "{text:?}"
    );
    accepted
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "u5esjy36duo2g3uwfwiew2hluhz", "iat": NOW.secs(), "nbf": NOW.secs(),
        "exp": NOW.secs() + 900, "jti": "x", "epoch": 1, "role": "user", "sid": "0123456789abcdef"})
}

fn signed_seeds() -> Vec<Vec<u8>> {
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "test"});
    let mut late = claims();
    late["exp"] = (NOW.secs() - 29).into();
    late["iat"] = (NOW.secs() - 900).into();
    late["nbf"] = late["iat"].clone();
    let mut early = claims();
    early["nbf"] = (NOW.secs() + 30).into();
    [claims(), late, early]
        .map(|claims| format!("{header}\n{claims}").into_bytes())
        .into()
}

fn signed(bytes: &[u8]) -> bool {
    static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
        let seed = BASE64URL_NOPAD.decode(SEED.as_bytes()).expect("base64");
        Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key")
    });
    let at = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (header, claims) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header),
        BASE64URL_NOPAD.encode(claims)
    );
    let signature = KEY.sign(signed.as_bytes());
    let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()));
    let Ok(accepted) = VERIFIER.verify(&token) else {
        return false;
    };
    assert!(token.len() <= 4096);
    let read = |json| serde_json::from_slice::<Value>(json).expect("JSON");
    let (header, claims) = (read(header), read(claims));
    assert!(is_strict(&header, &claims), "{header} {claims}");
    assert_eq!(claims["sub"], accepted.sub.as_str());
    assert_eq!(claims["epoch"], accepted.epoch.get());
    assert_eq!(claims["role"], accepted.role.as_str());
    assert_eq!(claims["sid"], accepted.sid.as_str());
    true
}

/// RFC 8725 and RFC 9068, and the claims of `docs/`, read anew.
fn is_strict(header: &Value, claims: &Value) -> bool {
    let now = NOW.secs();
    let time = |name: &str| claims[name].as_i64();
    let (Some(iat), Some(nbf), Some(exp)) = (time("iat"), time("nbf"), time("exp")) else {
        return false;
    };
    let well_formed = |name: &str, length: usize| {
        claims[name]
            .as_str()
            .is_some_and(|text| text.len() == length)
    };
    header["alg"] == "EdDSA"
        && header["typ"] == "at+jwt"
        && header["kid"] == "test"
        && header.get("crit").is_none()
        && claims["iss"] == ISSUER
        && claims["aud"] == AUDIENCE
        && now < exp + 30
        && iat <= now + 30
        && nbf <= now + 30
        && exp - iat <= 900
        && claims["epoch"]
            .as_u64()
            .is_some_and(|epoch| (1..=0x7fff).contains(&epoch))
        && claims["role"].as_str().is_some_and(is_role)
        && claims["jti"].is_string()
        && well_formed("sub", 27)
        && well_formed("sid", 16)
}

/// `user`, `admin`, and the names of own roles.
fn is_role(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 24
        && name.chars().all(is_allowed)
}
