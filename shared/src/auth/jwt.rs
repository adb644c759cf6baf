//! Access tokens: EdDSA-signed JWTs of type `at+jwt` (RFC 9068), good for 15 minutes, checked without a network call.
//!
//! jsonwebtoken does the cryptography; what it leaves to its caller is done here: the header is read strictly, one
//! algorithm is pinned, and every claim that we issue is required (RFC 8725).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::config::Vars;
use crate::ids::{Epoch, SessionId, UserId};
use crate::jwk::{PrivateKey, PublicKeys};
use crate::random::Random;
use crate::time::Clock;
use crate::user::Role;

/// How long an access token is good for.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// By how much the clocks of two environments may differ.
const LEEWAY_SECS: i64 = 30;
/// Longer tokens are not looked at.
const MAX_BYTES: usize = 4096;
/// The token type of RFC 9068.
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer, which has to be `JWT_ISSUER`.
    pub iss: String,
    /// Whom it is meant for.
    pub aud: String,
    /// The user that the token is about.
    pub sub: UserId,
    /// When it was issued, in seconds since the Unix epoch.
    pub iat: i64,
    /// From when it is good.
    pub nbf: i64,
    /// Until when it is good.
    pub exp: i64,
    /// A name of its own, for logs; nothing is looked up by it.
    pub jti: String,
    /// The account generation that it belongs to.
    pub epoch: Epoch,
    /// What the user may do.
    pub role: Role,
    /// The session that it was issued in.
    pub sid: SessionId,
}

/// Issuer and audience, pinned on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIssuer {
    /// `iss`
    pub issuer: String,
    /// `aud`
    pub audience: String,
}

impl TokenIssuer {
    /// Reads `JWT_ISSUER` and `JWT_AUDIENCE`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self {
            issuer: vars.required("JWT_ISSUER"),
            audience: vars.required("JWT_AUDIENCE"),
        }
    }
}

/// The token is not one of ours, or not good now. It does not say why: nobody may learn from the answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid access token")]
pub struct VerifyTokenError;

/// Checks access tokens without a network call, against the keys in `JWT_JWKS`.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: PublicKeys,
    validation: Validation,
    clock: Clock,
}

/// The header as we issue it. Members that others add are ignored, but for `crit`, which asks not to be.
#[derive(Deserialize)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
    crit: Option<serde_json::Value>,
}

impl Verifier {
    /// A verifier for tokens signed with one of `keys`.
    pub fn new(keys: PublicKeys, token_issuer: &TokenIssuer, clock: Clock) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[&token_issuer.issuer]);
        validation.set_audience(&[&token_issuer.audience]);
        // Times are checked below, against the clock that we were given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            keys,
            validation,
            clock,
        }
    }

    /// Reads `JWT_JWKS`, `JWT_ISSUER` and `JWT_AUDIENCE`.
    pub fn read(vars: &mut Vars<'_>, clock: Clock) -> Option<Self> {
        let keys = vars.required_as("JWT_JWKS", PublicKeys::parse);
        let token_issuer = TokenIssuer::read(vars);
        keys.map(|keys| Self::new(keys, &token_issuer, clock))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// If it is not signed by us, not of the access-token type, not for us, or not good now.
    pub fn verify(&self, token: &str) -> Result<Claims, VerifyTokenError> {
        if token.len() > MAX_BYTES {
            return Err(VerifyTokenError);
        }
        let header = strict_header(token)?;
        if header.alg != "EdDSA" || header.typ != TYPE || header.crit.is_some() {
            return Err(VerifyTokenError);
        }
        let key = self.keys.get(&header.kid).ok_or(VerifyTokenError)?;
        let claims: Claims = jsonwebtoken::decode(token, key, &self.validation)
            .map_err(|_| VerifyTokenError)?
            .claims;
        let now = self.clock.now().secs();
        // The lifetime is bounded too, so that a token signed by mistake for years is not good for years.
        let in_time = now < claims.exp.saturating_add(LEEWAY_SECS)
            && claims.nbf.max(claims.iat) <= now.saturating_add(LEEWAY_SECS)
            && claims.exp.saturating_sub(claims.iat) <= LIFETIME.as_secs().cast_signed();
        if in_time {
            Ok(claims)
        } else {
            Err(VerifyTokenError)
        }
    }
}

/// Three parts of canonical base64url, of which the first is a header.
fn strict_header(token: &str) -> Result<StrictHeader, VerifyTokenError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(VerifyTokenError);
    };
    let decode = |part: &str| {
        BASE64URL_NOPAD
            .decode(part.as_bytes())
            .map_err(|_| VerifyTokenError)
    };
    decode(claims)?;
    decode(signature)?;
    serde_json::from_slice(&decode(header)?).map_err(|_| VerifyTokenError)
}

/// Issues access tokens; only `login` has the key for it.
#[derive(Clone, Debug)]
pub struct Signer {
    key: PrivateKey,
    token_issuer: TokenIssuer,
}

/// Signing failed, which a checked key does not do.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be signed")]
pub struct SignTokenError(#[from] jsonwebtoken::errors::Error);

impl Signer {
    /// A signer with that key.
    pub fn new(key: PrivateKey, token_issuer: TokenIssuer) -> Self {
        Self { key, token_issuer }
    }

    /// The key, for what is derived from it.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// A token for the user's session, good from now on for [`LIFETIME`].
    ///
    /// # Errors
    /// If the key cannot sign.
    pub fn sign(
        &self,
        grant: &Grant<'_>,
        clock: &Clock,
        random: &Random,
    ) -> Result<String, SignTokenError> {
        let now = clock.now().secs();
        let claims = Claims {
            iss: self.token_issuer.issuer.clone(),
            aud: self.token_issuer.audience.clone(),
            sub: grant.user.clone(),
            iat: now,
            nbf: now,
            exp: now + LIFETIME.as_secs().cast_signed(),
            jti: BASE64URL_NOPAD.encode(&random.bytes::<16>()),
            epoch: grant.epoch,
            role: grant.role,
            sid: grant.session.clone(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key.kid.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.key.signing)?)
    }
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The user that the token is about.
    pub user: &'a UserId,
    /// The account generation that the token is good for.
    pub epoch: Epoch,
    /// What the user may do.
    pub role: Role,
    /// The session that a logout with the token ends.
    pub session: &'a SessionId,
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
