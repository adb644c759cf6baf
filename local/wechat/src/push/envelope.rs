//! The signatures and the encryption of the message push.
//!
//! <https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>

use super::{Delivery, PushFormat, PushMode, PushRequest, PushSettings, unix_seconds};
use crate::noise::noise;
use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
    iv::FixedLength,
};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use serde_json::json;
use std::time::SystemTime;

/// PKCS #7 with blocks of twice the cipher's.
const PADDING_BLOCK: usize = 32;

/// Signs a message, and encrypts it in secure mode.
pub(super) fn seal(
    text: String,
    settings: &PushSettings,
    delivery: &Delivery,
    app_id: &str,
) -> Result<PushRequest, String> {
    let token = delivery.token.as_ref().unwrap_or(&settings.token);
    let time = unix_seconds(delivery.age_seconds);
    if delivery.mode.unwrap_or(settings.mode) == PushMode::Plain {
        let query = signed_query(token, time, None);
        return Ok(PushRequest { query, body: text });
    }
    let app_id = delivery.app_id.as_deref().unwrap_or(app_id);
    let encrypted = encrypt(&text, &settings.aes_key, app_id)?;
    let query = signed_query(token, time, Some(&encrypted));
    let body = match delivery.format.unwrap_or(settings.format) {
        PushFormat::Json => json!({"ToUserName": "gh_standin", "Encrypt": encrypted}).to_string(),
        PushFormat::Xml => format!(
            "<xml><ToUserName><![CDATA[gh_standin]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        ),
    };
    Ok(PushRequest { query, body })
}

/// The query of a request: with what is encrypted it has both signatures, as WeChat's has.
pub(super) fn signed_query(token: &str, time: i64, encrypted: Option<&str>) -> String {
    let (time, nonce) = (time.to_string(), nonce());
    let plain = signature(&[token, &time, &nonce]);
    let query = format!("signature={plain}&timestamp={time}&nonce={nonce}");
    let Some(encrypted) = encrypted else {
        return query;
    };
    let covering = signature(&[token, &time, &nonce, encrypted]);
    format!("{query}&openid=standin&encrypt_type=aes&msg_signature={covering}")
}

/// A number of ten digits or fewer.
pub(super) fn nonce() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u32::from_le_bytes(noise::<4>(now.as_nanos())).to_string()
}

fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
    HEXLOWER.encode(digest.as_ref())
}

fn encrypt(text: &str, aes_key: &str, app_id: &str) -> Result<String, String> {
    let key = key(aes_key).ok_or("the EncodingAESKey is not 43 characters of base64")?;
    let length = u32::try_from(text.len()).map_err(|error| error.to_string())?;
    let mut bytes = noise::<16>(text).to_vec();
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.bytes());
    bytes.extend(app_id.bytes());
    let padding = PADDING_BLOCK - bytes.len() % PADDING_BLOCK;
    bytes.extend(std::iter::repeat_n(padding as u8, padding));
    let mut iv = [0; 16];
    iv.copy_from_slice(&key[..16]);
    let failed = |_| "the cipher failed".to_owned();
    let key = UnboundCipherKey::new(&AES_256, &key).and_then(EncryptingKey::cbc);
    let iv = EncryptionContext::Iv128(FixedLength::from(iv));
    let key = key.map_err(failed)?;
    key.less_safe_encrypt(&mut bytes, iv).map_err(failed)?;
    Ok(BASE64.encode(&bytes))
}

/// The key's bytes, whatever its last two bits are.
fn key(aes_key: &str) -> Option<[u8; 32]> {
    let mut specification = BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    let bytes = specification.encoding().ok()?.decode(aes_key.as_bytes());
    bytes.ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From WeChat's page on the message push.
    #[test]
    fn a_signature_is_that_of_the_parts_in_order() {
        let parts = ["AAAAA", "1714036504", "1514711492"];
        let signed = "f464b24fc39322e44b38aa78f5edd27bd1441696";
        assert_eq!(signature(&parts), signed);
    }

    #[test]
    fn what_is_encrypted_is_whole_blocks_of_thirty_two() {
        let key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";
        for length in 0..70 {
            let encrypted = encrypt(&"x".repeat(length), key, "wx").unwrap();
            let bytes = BASE64.decode(encrypted.as_bytes()).unwrap();
            assert_eq!(bytes.len() % PADDING_BLOCK, 0, "{length}");
        }
        assert!(encrypt("", "short", "wx").is_err());
    }
}
