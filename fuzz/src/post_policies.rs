//! POST policies: as S3 evaluates one, it lets through the form that was issued, with a file of that size, in its time, and
//! no other.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use shared::aws::Aws;
use shared::config::Vars;
use shared::net::Network;
use shared::time::Timestamp;
use shared::upload::key::ObjectKey;
use shared::upload::post_policy::PostPolicy;
use shared::upload::signer::S3Signer;

use crate::Target;

/// An input is a key, size and time of issue, a line each, and fields that somebody changes, a line each.
pub(crate) const TARGET: Target = Target {
    name: "post_policies",
    seeds,
    tokens: &[
        "\n",
        "=",
        "key=",
        "Content-Type=text/html",
        "acl=public-read",
        "success_action_redirect=https://example.com",
        "tagging=x",
        "x-amz-meta-a=b",
        "x-amz-storage-class=GLACIER",
        "policy=",
        "x-amz-date=",
        "x-ignore-a=b",
        "0",
        "18446744073709551615",
    ],
    check,
    cases: 2000,
};

const BUCKET: &str = "uploads";
const REGION: &str = "eu-central-1";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const LIFETIME: Duration = Duration::from_secs(300);
/// In the year 9999, beyond which there are no dates.
const LAST_MILLIS: i64 = 253_402_000_000_000;

type Form = BTreeMap<String, String>;

static SIGNER: LazyLock<S3Signer> = LazyLock::new(|| {
    let get = |name: &str| match name {
        "AWS_REGION" => Some(REGION.to_owned()),
        "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.to_owned()),
        "AWS_SESSION_TOKEN" => Some("token/+=".to_owned()),
        _ => None,
    };
    let aws = Aws::read(&mut Vars::new(&get), Network::mozilla());
    S3Signer::new(&aws, BUCKET.to_owned())
});

fn seeds() -> Vec<Vec<u8>> {
    let key = "u/u5esjy36duo2g3uwfwiew2hluhz/06dqxtn6t20037sw59rx81dyd0";
    let inputs = [
        format!("{key}.jpg\n204800\n1767360869000"),
        format!("{key}.pdf\n1\n1767360869999\nContent-Type=text/html"),
        format!("{key}.mp4\n5368709120\n951782400000\nacl=public-read\nkey=u/other"),
        format!("{key}.png\n70\n1767360869000\nx-ignore-a=b"),
    ];
    inputs.map(String::into_bytes).into()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (Ok(key), Ok(size), Ok(millis)) = (
        line().parse::<ObjectKey>(),
        line().parse::<u64>(),
        line().parse(),
    ) else {
        return false;
    };
    let from = Timestamp::from_millis(i64::clamp(millis, 0, LAST_MILLIS));
    let until = from.after(LIFETIME);
    let issued = SIGNER.post_fields(&PostPolicy {
        key: &key,
        size,
        from,
        until,
    });
    let issued: Form = issued
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    assert!(
        is_let_through(&issued, size, from)
            && is_let_through(&issued, size, until.to_whole_second().before(LIFETIME))
    );
    assert!(!is_let_through(&issued, size, until));
    for other in [size.wrapping_add(1), size.wrapping_sub(1)] {
        assert!(!is_let_through(&issued, other, from));
    }
    let mut form = issued.clone();
    for (name, value) in lines.filter_map(|line| line.split_once('=')) {
        form.insert(name.to_owned(), value.to_owned());
    }
    let changed = form
        .iter()
        .any(|(name, value)| !name.starts_with("x-ignore-") && issued.get(name) != Some(value));
    assert_eq!(is_let_through(&form, size, from), !changed, "{form:?}");
    !changed
}

/// What S3's documentation says of the check of a form, for the kinds of conditions that we issue.
fn is_let_through(form: &Form, size: u64, now: Timestamp) -> bool {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let date = field("x-amz-date").get(..8).unwrap_or_default();
    let scope = format!("AKIAIOSFODNN7EXAMPLE/{date}/{REGION}/s3/aws4_request");
    if field("x-amz-credential") != scope
        || field("x-amz-signature") != signature(date, field("policy"))
    {
        return false;
    }
    let policy = BASE64
        .decode(field("policy").as_bytes())
        .expect("what we signed is base64");
    let policy: Value = serde_json::from_slice(&policy).expect("what we signed is JSON");
    // Both are UTC in the form that sorts by time, to the second.
    let expires = policy["expiration"].as_str().expect("an expiration");
    if now.to_whole_second().to_rfc3339().as_str() >= expires {
        return false;
    }
    let conditions = policy["conditions"].as_array().expect("conditions");
    let mut named = Vec::new();
    let hold = conditions.iter().all(|condition| match condition {
        Value::Array(range) => {
            range[0] == "content-length-range"
                && range[1].as_u64() <= Some(size)
                && Some(size) <= range[2].as_u64()
        }
        Value::Object(exact) => exact.iter().all(|(name, value)| {
            named.push(name.clone());
            name == "bucket" && value == BUCKET
                || form.get(name).is_some_and(|given| value == given)
        }),
        _ => false,
    });
    let is_exempt = |name: &str| {
        matches!(name, "policy" | "x-amz-signature" | "file") || name.starts_with("x-ignore-")
    };
    hold && form
        .keys()
        .all(|name| is_exempt(name) || named.contains(name))
}

/// Signature Version 4, by its documentation.
fn signature(date: &str, policy: &str) -> String {
    let hmac = |key: &[u8], text: &str| {
        sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
            .as_ref()
            .to_vec()
    };
    let scoped = [REGION, "s3", "aws4_request"];
    let key = scoped.iter().fold(
        hmac(format!("AWS4{SECRET}").as_bytes(), date),
        |key, part| hmac(&key, part),
    );
    HEXLOWER.encode(&hmac(&key, policy))
}
