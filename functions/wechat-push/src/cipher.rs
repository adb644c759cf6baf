//! The encryption of secure mode: AES-256-CBC under the EncodingAESKey, its first half being the initialization vector.
//!
//! <https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html>

use std::str::FromStr;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use data_encoding::{Encoding, Specification};
use shared::redacted::Redacted;

const KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;
/// The plaintext: random bytes, the message's length in four bytes, the message, the app id, the padding.
const RANDOM_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
/// The padding is PKCS #7's with blocks of 32 bytes, twice the cipher's.
const PADDING_BLOCK: usize = 32;

/// The EncodingAESKey, as WeChat's console shows it: 43 characters of base64.
#[derive(Clone, Debug)]
pub(crate) struct EncodingAesKey(Redacted<[u8; KEY_BYTES]>);

/// The text cannot be decrypted with this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be decrypted with the EncodingAESKey")]
pub(crate) struct DecryptError;

/// What was encrypted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plaintext {
    pub(crate) message: Vec<u8>,
    /// Whose message it is: a signature and a key alone do not tell one mini-program of an owner from another.
    pub(crate) app_id: Vec<u8>,
}

impl FromStr for EncodingAesKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const REASON: &str = "the EncodingAESKey must be 43 letters and digits";
        // The console's random text may end with bits that base64 would have zero.
        let encoding = lenient_base64().map_err(|_| REASON)?;
        let bytes = encoding.decode(text.as_bytes()).map_err(|_| REASON)?;
        let bytes = bytes.try_into().map_err(|_| REASON)?;
        Ok(Self(Redacted::new(bytes)))
    }
}

fn lenient_base64() -> Result<Encoding, data_encoding::SpecificationError> {
    let mut specification: Specification = data_encoding::BASE64_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.encoding()
}

impl EncodingAesKey {
    /// Decrypts `Encrypt`, or an encrypted `echostr`.
    pub(crate) fn decrypt(&self, encrypted: &str) -> Result<Plaintext, DecryptError> {
        let mut bytes = data_encoding::BASE64
            .decode(encrypted.as_bytes())
            .map_err(|_| DecryptError)?;
        let key = self.0.expose_secret();
        let mut iv = [0; IV_BYTES];
        iv.copy_from_slice(&key[..IV_BYTES]);
        let key = UnboundCipherKey::new(&AES_256, key).map_err(|_| DecryptError)?;
        let key = DecryptingKey::cbc(key).map_err(|_| DecryptError)?;
        let iv = DecryptionContext::Iv128(FixedLength::from(iv));
        let padded = key.decrypt(&mut bytes, iv).map_err(|_| DecryptError)?;
        plaintext(padded).ok_or(DecryptError)
    }
}

fn plaintext(padded: &[u8]) -> Option<Plaintext> {
    let padding = usize::from(*padded.last()?);
    if !(1..=PADDING_BLOCK).contains(&padding) {
        return None;
    }
    let content = padded.get(RANDOM_BYTES..padded.len().checked_sub(padding)?)?;
    let (length, content) = content.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (message, app_id) = content.split_at_checked(length)?;
    Some(Plaintext {
        message: message.to_vec(),
        app_id: app_id.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_key_that_is_not_one_is_refused() {
        for text in [
            "",
            "A",
            &KEY[1..],
            &format!("{KEY}="),
            &format!("{KEY}A"),
            &KEY.replace('A', "-"),
        ] {
            assert!(text.parse::<EncodingAesKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_decrypted_is_refused() {
        let key: EncodingAesKey = KEY.parse().unwrap();
        // No base64, no whole blocks, nothing, and blocks that decrypt to noise.
        for text in ["*", "AAAA", "", &"A".repeat(44), &"/".repeat(64)] {
            assert_eq!(key.decrypt(text), Err(DecryptError), "{text}");
        }
    }

    #[test]
    fn lengths_that_point_outside_are_refused() {
        let with = |length: u32, padding: u8| {
            let mut padded = vec![0; RANDOM_BYTES];
            padded.extend(length.to_be_bytes());
            padded.extend(*b"message");
            padded.extend(*b"wx");
            padded.extend(vec![padding; 3]);
            plaintext(&padded)
        };
        let whole = with(7, 3).unwrap();
        assert_eq!(
            (&*whole.message, &*whole.app_id),
            (&b"message"[..], &b"wx"[..])
        );
        for (length, padding) in [(10, 3), (u32::MAX, 3), (7, 0), (7, 33), (7, 30)] {
            assert_eq!(with(length, padding), None, "{length} {padding}");
        }
    }
}
