//! Ed25519 keys as JSON Web Keys (RFC 8037): public ones to check tokens with, one private one to sign them.

use std::fmt;

use crate::redacted::Redacted;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Deserialize;

/// A JWKS document, or the private key, cannot be used. The text holds no key material.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not JSON of the expected shape.
    #[error("must be a JSON document with kty, crv, kid and x")]
    Shape,
    /// Another kind of key.
    #[error("must hold Ed25519 keys only (kty OKP, crv Ed25519)")]
    Kind,
    /// Not 32 bytes of base64url.
    #[error("holds a key whose x or d is not 32 bytes of base64url")]
    Length,
    /// No key, or two under one name.
    #[error("must hold at least one key, and each kid once")]
    Kids,
    /// A private key among the public ones: whoever can read the function's settings could sign tokens with it.
    #[error(
        "holds a private key (d): list the public half alone, and replace the key, which others may have read"
    )]
    Private,
    /// The halves do not belong together.
    #[error("holds a d that does not belong to its x")]
    Pair,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    d: Option<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// The public keys that tokens may be signed with: the current one and, after a rotation, the previous one.
#[derive(Clone)]
pub struct PublicKeys(Vec<(String, DecodingKey)>);

impl PublicKeys {
    /// Reads a JWKS document.
    ///
    /// # Errors
    /// If it is not one, or holds anything but the public halves of distinct Ed25519 keys.
    pub fn parse(json: &str) -> Result<Self, JwkError> {
        let jwks: Jwks = serde_json::from_str(json).map_err(|_| JwkError::Shape)?;
        let mut keys = Vec::with_capacity(jwks.keys.len());
        for jwk in jwks.keys {
            let public = bytes_of(&jwk, &jwk.x)?;
            if jwk.d.is_some() {
                return Err(JwkError::Private);
            }
            if keys.iter().any(|(kid, _)| *kid == jwk.kid) {
                return Err(JwkError::Kids);
            }
            keys.push((jwk.kid, DecodingKey::from_ed_der(&public)));
        }
        if keys.is_empty() {
            Err(JwkError::Kids)
        } else {
            Ok(Self(keys))
        }
    }

    /// The key of that name.
    pub fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0
            .iter()
            .find(|(name, _)| name == kid)
            .map(|(_, key)| key)
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(kid, _)| kid))
            .finish()
    }
}

/// The key that signs tokens, and the secret that refresh tokens are derived with.
#[derive(Clone)]
pub struct PrivateKey {
    pub(super) kid: String,
    pub(super) signing: EncodingKey,
    pub(super) seed: Redacted<[u8; 32]>,
}

impl PrivateKey {
    /// Reads a private JWK.
    ///
    /// # Errors
    /// If it is not an Ed25519 key, or its halves do not belong together.
    pub fn parse(json: &str) -> Result<Self, JwkError> {
        let jwk: Jwk = serde_json::from_str(json).map_err(|_| JwkError::Shape)?;
        let public = bytes_of(&jwk, &jwk.x)?;
        let seed = bytes_of(&jwk, jwk.d.as_deref().ok_or(JwkError::Shape)?)?;
        let pair =
            Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map_err(|_| JwkError::Pair)?;
        if pair.public_key().as_ref() != public {
            return Err(JwkError::Pair);
        }
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| JwkError::Pair)?;
        Ok(Self {
            kid: jwk.kid,
            signing: EncodingKey::from_ed_der(pkcs8.as_ref()),
            seed: Redacted::new(seed),
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn bytes_of(jwk: &Jwk, text: &str) -> Result<[u8; 32], JwkError> {
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
        return Err(JwkError::Kind);
    }
    let bytes = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| JwkError::Length)?;
    bytes.try_into().map_err(|_| JwkError::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1.
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn jwk(x: &str, d: Option<&str>) -> String {
        let d = d.map(|d| format!(r#","d":"{d}""#)).unwrap_or_default();
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{x}"{d}}}"#)
    }

    #[test]
    fn the_rfc_8037_key_is_read() {
        assert_eq!(PrivateKey::parse(&jwk(X, Some(D))).unwrap().kid, "a");
        assert!(
            PublicKeys::parse(&format!(r#"{{"keys":[{}]}}"#, jwk(X, None)))
                .unwrap()
                .get("a")
                .is_some()
        );
    }

    #[test]
    fn bad_keys_say_what_is_wrong() {
        assert_eq!(
            PrivateKey::parse(&jwk(X, None)).unwrap_err(),
            JwkError::Shape
        );
        assert_eq!(
            PrivateKey::parse(&jwk(D, Some(D))).unwrap_err(),
            JwkError::Pair
        );
        assert_eq!(
            PrivateKey::parse(&jwk("AA", Some(D))).unwrap_err(),
            JwkError::Length
        );
        assert_eq!(PrivateKey::parse("{}").unwrap_err(), JwkError::Shape);
        assert_eq!(
            PublicKeys::parse(r#"{"keys":[]}"#).unwrap_err(),
            JwkError::Kids
        );
        let private = format!(
            r#"{{"keys":[{},{}]}}"#,
            jwk(X, None),
            jwk(X, Some(D)).replace("\"a\"", "\"b\"")
        );
        assert_eq!(PublicKeys::parse(&private).unwrap_err(), JwkError::Private);
        let twice = format!(r#"{{"keys":[{0},{0}]}}"#, jwk(X, None));
        assert_eq!(PublicKeys::parse(&twice).unwrap_err(), JwkError::Kids);
        let rsa = jwk(X, None).replace("OKP", "RSA");
        assert_eq!(
            PublicKeys::parse(&format!(r#"{{"keys":[{rsa}]}}"#)).unwrap_err(),
            JwkError::Kind
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", PrivateKey::parse(&jwk(X, Some(D))).unwrap()).contains("157"));
    }
}
