//! From a request to the message in it: whose it is, and how old.
//!
//! The query signs the message: in plain mode with `signature`, which does not cover the body, in secure mode with
//! `msg_signature`, which covers what is encrypted.

use std::time::Duration;

use axum::extract::Query;
use http::Uri;
use shared::redacted::Redacted;
use shared::time::Timestamp;

use crate::cipher::{EncodingAesKey, Plaintext};
use crate::message::{Document, UnreadableError};
use crate::signature;

/// WeChat gives up on a message after seconds; what is older, or that far ahead, was recorded and is sent again.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// What WeChat's console and the function's configuration have in common.
#[derive(Clone, Debug)]
pub struct PushKeys {
    token: Redacted<String>,
    aes_key: EncodingAesKey,
    /// Whose messages are taken.
    app_id: String,
}

/// The query of WeChat's requests. It can have other parameters, which are not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct PushQuery {
    signature: String,
    msg_signature: Option<String>,
    timestamp: String,
    nonce: String,
    encrypt_type: Option<String>,
    echostr: String,
}

impl PushQuery {
    /// The query of `uri`; what is missing is empty, which no signature is.
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let mut query = Self::default();
        for (name, value) in pairs.map(|Query(pairs)| pairs).unwrap_or_default() {
            match name.as_str() {
                "signature" => query.signature = value,
                "msg_signature" => query.msg_signature = Some(value),
                "timestamp" => query.timestamp = value,
                "nonce" => query.nonce = value,
                "encrypt_type" => query.encrypt_type = Some(value),
                "echostr" => query.echostr = value,
                _ => {}
            }
        }
        query
    }
}

/// Why a request is not WeChat's, or not for this mini-program. The sender is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefusedError {
    #[error("the signature is wrong")]
    Signature,
    #[error("the timestamp is too far from now")]
    Stale,
    #[error("the message is not encrypted under this key")]
    NotDecrypted,
    #[error("the message is another mini-program's")]
    Foreign,
    #[error("the message cannot be read")]
    Unreadable,
}

impl From<UnreadableError> for RefusedError {
    fn from(_: UnreadableError) -> Self {
        Self::Unreadable
    }
}

impl RefusedError {
    /// Whether other keys than those at hand could make something of the request.
    pub(crate) const fn may_be_rotation(self) -> bool {
        matches!(self, Self::Signature | Self::NotDecrypted)
    }

    /// Whether only who knows the Token could send the request, so that key or app id must be wrong here.
    pub(crate) const fn is_mismatch(self) -> bool {
        matches!(self, Self::NotDecrypted | Self::Foreign)
    }
}

impl PushKeys {
    /// The keys of a mini-program.
    ///
    /// # Errors
    /// If they are not what WeChat's console takes; with a reason that can be shown.
    pub fn new(token: &str, aes_key: &str, app_id: &str) -> Result<Self, &'static str> {
        let is_token = (3..=32).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_token {
            return Err("the Token must be 3 to 32 letters and digits");
        }
        Ok(Self {
            token: Redacted::new(token.to_owned()),
            aes_key: aes_key.parse()?,
            app_id: app_id.to_owned(),
        })
    }

    /// Whose messages are taken.
    pub(crate) fn app_id(&self) -> &str {
        &self.app_id
    }

    /// What WeChat wants back when the address is entered in its console.
    pub(crate) fn echo(&self, query: &PushQuery, now: Timestamp) -> Result<Vec<u8>, RefusedError> {
        match &query.msg_signature {
            None => {
                self.check(&query.signature, query, now, None)?;
                Ok(query.echostr.clone().into_bytes())
            }
            Some(signature) => {
                self.check(signature, query, now, Some(&query.echostr))?;
                self.decrypt(&query.echostr)
            }
        }
    }

    /// The message in the body.
    pub(crate) fn open(
        &self,
        query: &PushQuery,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Document, RefusedError> {
        if query.encrypt_type.as_deref() != Some("aes") {
            self.check(&query.signature, query, now, None)?;
            return Ok(Document::parse(body)?);
        }
        let outer = Document::parse(body)?;
        let encrypted = outer.text("Encrypt").ok_or(RefusedError::Unreadable)?;
        let signature = query.msg_signature.as_deref().unwrap_or_default();
        self.check(signature, query, now, Some(&encrypted))?;
        Ok(Document::parse(&self.decrypt(&encrypted)?)?)
    }

    fn check(
        &self,
        signature: &str,
        query: &PushQuery,
        now: Timestamp,
        encrypted: Option<&str>,
    ) -> Result<(), RefusedError> {
        let mut parts = vec![
            self.token.expose_secret().as_str(),
            &query.timestamp,
            &query.nonce,
        ];
        parts.extend(encrypted);
        if !signature::is_valid(signature, parts) {
            return Err(RefusedError::Signature);
        }
        let seconds: Option<i64> = query.timestamp.parse().ok();
        let sent = seconds
            .and_then(|seconds| seconds.checked_mul(1000))
            .map(Timestamp::from_millis)
            .ok_or(RefusedError::Stale)?;
        if now.since(sent) > MAX_AGE || sent.since(now) > MAX_AGE {
            return Err(RefusedError::Stale);
        }
        Ok(())
    }

    fn decrypt(&self, encrypted: &str) -> Result<Vec<u8>, RefusedError> {
        let plaintext = self.aes_key.decrypt(encrypted);
        let Plaintext { message, app_id } = plaintext.map_err(|_| RefusedError::NotDecrypted)?;
        if app_id != self.app_id.as_bytes() {
            return Err(RefusedError::Foreign);
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP_ID: &str = "wxba5fad812f8e6fb9";
    const AES_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    /// From WeChat's page on the message push, as are the signatures.
    const ENCRYPTED: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";

    fn keys(token: &str, aes_key: &str, app_id: &str) -> PushKeys {
        PushKeys::new(token, aes_key, app_id).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn query(timestamp: i64, nonce: &str) -> PushQuery {
        PushQuery {
            timestamp: timestamp.to_string(),
            nonce: nonce.to_owned(),
            ..PushQuery::default()
        }
    }

    fn secure() -> PushQuery {
        PushQuery {
            signature: "6c5c811b55cc85e0e1b54100749188c20beb3f5d".to_owned(),
            msg_signature: Some("046e02f8204d34f8ba5fa3b1db94908f3df2e9b3".to_owned()),
            encrypt_type: Some("aes".to_owned()),
            ..query(1_714_112_445, "415670741")
        }
    }

    #[test]
    fn what_the_console_does_not_take_is_no_key() {
        let long = "a".repeat(33);
        for token in ["", "ab", "a b c", "token\u{e9}", long.as_str()] {
            assert!(PushKeys::new(token, AES_KEY, APP_ID).is_err(), "{token}");
        }
        assert!(PushKeys::new("AAAAA", "short", APP_ID).is_err());
    }

    #[test]
    fn the_address_is_verified() {
        let query = PushQuery {
            signature: "f464b24fc39322e44b38aa78f5edd27bd1441696".to_owned(),
            echostr: "4375120948345356249".to_owned(),
            ..query(1_714_036_504, "1514711492")
        };
        let echo = |keys: PushKeys, query: &PushQuery, now| keys.echo(query, at(now));
        let ours = || keys("AAAAA", AES_KEY, APP_ID);
        let now = 1_714_036_504;
        assert_eq!(
            echo(ours(), &query, now + 600).unwrap(),
            b"4375120948345356249"
        );
        let others = keys("AAAAB", AES_KEY, APP_ID);
        assert_eq!(echo(others, &query, now), Err(RefusedError::Signature));
        for then in [now + 601, now - 601] {
            assert_eq!(echo(ours(), &query, then), Err(RefusedError::Stale));
        }
    }

    /// From wechatpy's tests: the key ends with bits that base64 would have zero.
    #[test]
    fn an_encrypted_address_is_verified_under_a_key_that_is_no_canonical_base64() {
        let keys = keys(
            "123456",
            "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
            "wx49f0ab532d5d035a",
        );
        let query = PushQuery {
            msg_signature: Some("dd6b9c95b495b3f7e2901bfbc76c664930ffdb96".to_owned()),
            echostr: "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==".to_owned(),
            ..query(1_411_443_780, "437374425")
        };
        let echo = keys.echo(&query, at(1_411_443_780));
        assert_eq!(echo.unwrap(), b"5927782489442352469");
    }

    #[test]
    fn a_plain_message_is_signed_by_its_query() {
        let query = PushQuery {
            signature: "899cf89e464efb63f54ddac96b0a0a235f53aa78".to_owned(),
            ..query(1_714_037_059, "486452656")
        };
        let ours = keys("AAAAA", AES_KEY, APP_ID);
        let body = br#"{"Event":"debug_demo"}"#;
        let open = |query: &PushQuery, body: &[u8]| ours.open(query, body, at(1_714_037_059));
        assert_eq!(
            open(&query, body).unwrap().text("Event").as_deref(),
            Some("debug_demo")
        );
        assert_eq!(open(&query, b"?"), Err(RefusedError::Unreadable));
        let mut forged = query;
        forged.nonce.push('1');
        assert_eq!(open(&forged, body), Err(RefusedError::Signature));
    }

    #[test]
    fn a_secure_message_is_decrypted_in_both_forms() {
        let ours = keys("AAAAA", AES_KEY, APP_ID);
        let json = serde_json::json!({"ToUserName": "gh_1", "Encrypt": ENCRYPTED}).to_string();
        let xml = format!("<xml><Encrypt><![CDATA[{ENCRYPTED}]]></Encrypt></xml>");
        for body in [json, xml] {
            let message = ours
                .open(&secure(), body.as_bytes(), at(1_714_112_445))
                .unwrap();
            assert_eq!(message.text("debug_str").as_deref(), Some("hello world"));
            assert_eq!(message.number("CreateTime"), Some(1_714_112_445));
        }
    }

    #[test]
    fn a_secure_message_that_is_not_ours_is_refused() {
        let body = serde_json::json!({"Encrypt": ENCRYPTED}).to_string();
        let open = |keys: PushKeys, query: &PushQuery, body: &str| {
            keys.open(query, body.as_bytes(), at(1_714_112_445))
                .unwrap_err()
        };
        let ours = || keys("AAAAA", AES_KEY, APP_ID);
        let foreign = keys("AAAAA", AES_KEY, "wx1");
        assert_eq!(open(foreign, &secure(), &body), RefusedError::Foreign);
        let other_key = keys("AAAAA", &AES_KEY.replace('A', "B"), APP_ID);
        assert_eq!(
            open(other_key, &secure(), &body),
            RefusedError::NotDecrypted
        );
        // The signature that does not cover what is encrypted.
        let mut uncovered = secure();
        uncovered.msg_signature = Some(uncovered.signature.clone());
        assert_eq!(open(ours(), &uncovered, &body), RefusedError::Signature);
        let changed = body.replace("+qdx1", "+qdx2");
        assert_eq!(open(ours(), &secure(), &changed), RefusedError::Signature);
        assert_eq!(open(ours(), &secure(), "{}"), RefusedError::Unreadable);
    }
}
