//! Access tokens as `login` signs them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

/// `JWT_ISSUER`
pub(crate) const ISSUER: &str = "https://issuer.test";
/// `JWT_AUDIENCE`
pub(crate) const AUDIENCE: &str = "mini-program";
/// `JWT_JWKS`: the key of RFC 8037, appendix A, which protects nothing.
pub(crate) const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"test","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const SEED: &[u8] = b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

/// Signs tokens.
#[derive(Debug)]
pub(crate) struct Tokens(Ed25519KeyPair);

impl Tokens {
    pub(crate) fn new() -> Result<Self> {
        let seed = BASE64URL_NOPAD.decode(SEED)?;
        let key = Ed25519KeyPair::from_seed_unchecked(&seed);
        key.map(Self)
            .map_err(|_| anyhow!("the signing key is none"))
    }

    /// The key that `login` signs with.
    pub(crate) fn private_jwk() -> serde_json::Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "test", "d": String::from_utf8_lossy(SEED),
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    /// A token for `user`, good from now on for a quarter of an hour. Each `number` has another signature: what it costs
    /// to verify one differs a little from the next.
    pub(crate) fn mint(&self, user: &str, number: usize) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let header = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "test"});
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now, "nbf": now, "exp": now + 900,
            "jti": format!("{number:022}"), "epoch": 1, "role": "user", "sid": "0123456789abcdef"});
        let part = |json: serde_json::Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}
