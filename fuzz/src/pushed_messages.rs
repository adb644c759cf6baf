//! Messages of WeChat's push: what a message asks for does not depend on the mode in which it comes, what reaches the
//! queue is a task, and what is not signed reaches nothing.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use shared::ids::OpenId;
use shared::moderation::Task;

use crate::Target;
use crate::access_tokens::NOW;
use crate::push_function::{APP_ID, Answered, PUSH, TOKEN};

pub(crate) const TARGET: Target = Target {
    name: "pushed_messages",
    seeds,
    tokens: &[
        "{",
        "}",
        "<xml>",
        "</xml>",
        "<![CDATA[",
        "]]>",
        "<Event>",
        "</Event>",
        "\"Event\":\"user_info_modified\",",
        "\"Event\":",
        "\"MsgType\":\"event\",",
        "\"OpenID\":\"alice\",",
        "\"OpenID\":1,",
        "\"FromUserName\":\"bob\",",
        "\"trace_id\":\"t\",",
        "\"result\":{\"suggest\":\"risky\"},",
        "\"errcode\":-1008,",
        "&amp;",
        "&#0;",
        "<!-- -->",
        "\u{feff}",
        ",",
        "\"",
    ],
    check,
    cases: 150,
};

fn seeds() -> Vec<Vec<u8>> {
    let messages = [
        r#"{"MsgType":"event","Event":"user_info_modified","OpenID":"alice"}"#,
        r#"{"MsgType":"event","Event":"user_authorization_cancellation","FromUserName":"alice"}"#,
        r#"{"MsgType":"event","Event":"wxa_media_check","trace_id":"t","version":2,"errcode":0,"result":{"suggest":"pass","label":100}}"#,
        r#"{"MsgType":"event","Event":"debug_demo","CreateTime":"1620973045"}"#,
        "<xml><MsgType><![CDATA[event]]></MsgType><Event>user_authorization_revoke</Event><OpenID>alice</OpenID><RevokeInfo>6,8</RevokeInfo></xml>",
        "<xml><MsgType>text</MsgType><List><T>1</T></List><List><T>2</T></List></xml>",
    ];
    messages.map(|message| message.as_bytes().to_vec()).into()
}

/// What is larger is nobody's message, and in a query no URL.
const MAX_BYTES: usize = 16 * 1024;

fn check(bytes: &[u8]) -> bool {
    if bytes.len() > MAX_BYTES {
        return false;
    }
    let plain = PUSH.post(&query(TOKEN, None), bytes);
    let encrypted = encrypt(bytes);
    let body = json!({"Encrypt": encrypted}).to_string();
    let secure = PUSH.post(&query(TOKEN, Some(&encrypted)), body.as_bytes());
    assert_eq!(plain, secure, "the modes differ");
    for unsigned in [
        PUSH.post(&query("other", None), bytes),
        PUSH.post(&query(TOKEN, Some("other")), bytes),
        PUSH.get(&String::from_utf8_lossy(bytes)),
    ] {
        assert_eq!((unsigned.status, &unsigned.queued), (403, &None));
    }
    let Answered {
        status,
        body,
        queued,
    } = plain;
    if status != 200 {
        assert_eq!((status, &queued), (403, &None), "{body}");
        return false;
    }
    assert_eq!(body, "success");
    let task = queued.map(|text| serde_json::from_str::<Task>(&text).expect("a task"));
    if let Some(openid) = modified(bytes) {
        assert_eq!(task, Some(Task::ProfileModified { openid }));
    }
    true
}

/// Whose profile a message in JSON says was modified, read anew.
fn modified(bytes: &[u8]) -> Option<OpenId> {
    let message: Value = serde_json::from_slice(bytes).ok()?;
    let is_ours = message["MsgType"] == "event" && message["Event"] == "user_info_modified";
    message["OpenID"].as_str().filter(|_| is_ours)?.parse().ok()
}

fn query(token: &str, encrypted: Option<&str>) -> String {
    let time = (NOW.millis() / 1000).to_string();
    let sign = |parts: &[&str]| {
        let mut parts = parts.to_vec();
        parts.sort_unstable();
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
        HEXLOWER.encode(digest.as_ref())
    };
    let plain = format!(
        "timestamp={time}&nonce=1&signature={}",
        sign(&[token, &time, "1"])
    );
    match encrypted {
        None => plain,
        Some(text) => {
            let covering = sign(&[token, &time, "1", text]);
            format!("{plain}&encrypt_type=aes&msg_signature={covering}")
        }
    }
}

/// As WeChat does it, under a key of zeros.
fn encrypt(message: &[u8]) -> String {
    let length = u32::try_from(message.len()).expect("a short message");
    let mut bytes = [
        &[b'r'; 16],
        &length.to_be_bytes()[..],
        message,
        APP_ID.as_bytes(),
    ]
    .concat();
    let padding = 32 - bytes.len() % 32;
    bytes.extend(vec![u8::try_from(padding).expect("a block"); padding]);
    let key = UnboundCipherKey::new(&AES_256, &[0; 32]).and_then(EncryptingKey::cbc);
    let iv = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    let encrypted = key.and_then(|key| key.less_safe_encrypt(&mut bytes, iv));
    encrypted.expect("the cipher works");
    BASE64.encode(&bytes)
}
