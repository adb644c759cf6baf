//! Signature Version 4, derived anew: only the derivation of the key and the HMAC are a library's.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use data_encoding::HEXLOWER;
use percent_encoding::utf8_percent_encode;
use shared::digest::sha256;

use super::call::Call;
use super::text::{RESERVED, RESERVED_IN_PATH, parse_amz_date};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What `X-Amz-Credential` holds: `<id>/<date>/<region>/s3/aws4_request`.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    /// The whole without the id.
    text: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn parse(credential: &'a str) -> Option<Self> {
        let (access_key_id, text) = credential.split_once('/')?;
        let mut parts = text.split('/');
        let scope = Self {
            access_key_id,
            date: parts.next()?,
            region: parts.next()?,
            text,
        };
        let rest = (parts.next()?, parts.next()?, parts.next());
        (rest == ("s3", "aws4_request", None)).then_some(scope)
    }

    pub(super) fn sign(&self, secret: &str, to_sign: &[u8]) -> Option<String> {
        let midnight = parse_amz_date(&format!("{}T000000Z", self.date))?;
        let midnight = UNIX_EPOCH + Duration::from_millis(u64::try_from(midnight).ok()?);
        let key = generate_signing_key(secret, midnight, self.region, "s3");
        Some(calculate_signature(key, to_sign))
    }

    /// What a presigned request signs; `None` if it lacks a header that it names as signed.
    pub(super) fn to_sign(
        &self,
        call: &Call<'_>,
        date: &str,
        signed_headers: &str,
    ) -> Option<String> {
        let canonical = canonical_request(call, signed_headers)?;
        let digest = HEXLOWER.encode(&sha256(canonical.as_bytes()));
        Some(format!("{ALGORITHM}\n{date}\n{}\n{digest}", self.text))
    }
}

fn canonical_request(call: &Call<'_>, signed_headers: &str) -> Option<String> {
    let mut text = format!(
        "{}\n{}\n",
        call.method,
        utf8_percent_encode(&call.path, RESERVED_IN_PATH)
    );
    push_query(&mut text, call);
    text.push('\n');
    for name in signed_headers.split(';') {
        text.extend([name, ":"]);
        push_header(&mut text, call, name)?;
        text.push('\n');
    }
    let payload = call.header("x-amz-content-sha256");
    text.extend([
        "\n",
        signed_headers,
        "\n",
        payload.unwrap_or("UNSIGNED-PAYLOAD"),
    ]);
    Some(text)
}

fn push_query(text: &mut String, call: &Call<'_>) {
    let signed = call
        .query
        .iter()
        .filter(|(name, _)| name != "X-Amz-Signature");
    let escape = |text| utf8_percent_encode(text, RESERVED).to_string();
    let mut pairs: Vec<_> = signed
        .map(|(name, value)| (escape(name), escape(value)))
        .collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        let separator = if at == 0 { "" } else { "&" };
        text.extend([separator, name, "=", value]);
    }
}

fn push_header(text: &mut String, call: &Call<'_>, name: &str) -> Option<()> {
    match name {
        "host" => text.push_str(call.host),
        // An HTTP client sets it on the way.
        "content-length" if call.header(name).is_none() => {
            text.push_str(&call.body.len().to_string())
        }
        _ => {
            let mut values = call.headers.get_all(name).iter().peekable();
            values.peek()?;
            for (at, value) in values.enumerate() {
                let words = value.to_str().ok()?.split_ascii_whitespace();
                text.push_str(if at == 0 { "" } else { "," });
                words
                    .enumerate()
                    .for_each(|(at, word)| text.extend([if at == 0 { "" } else { " " }, word]));
            }
        }
    }
    Some(())
}
