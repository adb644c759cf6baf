//! WeChat's answers: a login is for the openid that stands in the answer, and only if nothing in it says that it failed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use serde_json::Value;
use shared::ids::OpenId;
use shared::net::Network;
use shared::random::Random;
use shared::time::{Clock, Timestamp};
use shared::wechat::client::{AppSecret, Wechat};
use tokio::runtime::Runtime;

use crate::Target;
use crate::access_tokens::NOW;

pub(crate) const TARGET: Target = Target {
    name: "wechat_answers",
    seeds,
    tokens: &[
        "{",
        "}",
        "\"errcode\":0,",
        "\"errcode\":40029,",
        "\"errcode\":\"0\",",
        "\"errcode\":",
        "\"openid\":",
        "\"openid\":\"b\",",
        "null",
        "0.0",
        "1e400",
        "\"unionid\":\"\",",
        "\u{feff}",
        "<html>",
        ",",
        "\"",
        " ",
        "\\u0000",
    ],
    check,
    cases: 1000,
};

/// What is larger is none of WeChat's.
const MAX_BYTES: usize = 16 * 1024;

fn seeds() -> Vec<Vec<u8>> {
    let answers = [
        r#"{"session_key":"HyVFkGl5F5OQWJZZaNzBBg==","openid":"oAbC123_-x","unionid":"u1"}"#,
        r#"{"openid":"alice","errcode":0,"errmsg":"ok"}"#,
        r#"{"openid":"alice","errcode":"0","unionid":null}"#,
        r#"{"errcode":40029,"errmsg":"invalid code, rid: 64229bc2-48d0e8b1-2008ed9b"}"#,
        r#"{"errcode":40163,"errmsg":"code been used"}"#,
        "\u{feff}{\"openid\":\"alice\"}",
    ];
    answers.map(|answer| answer.as_bytes().to_vec()).into()
}

/// A client of a server that answers with the bytes that it is given.
struct Phone {
    runtime: Runtime,
    wechat: Wechat,
    answer: Arc<Mutex<Vec<u8>>>,
}

static PHONE: LazyLock<Phone> = LazyLock::new(|| {
    let answer = Arc::default();
    let url = server(Arc::clone(&answer));
    // A minute later each time, so that no failure stops the next call.
    let millis = AtomicI64::new(NOW.millis());
    let clock =
        Clock::new(move || Timestamp::from_millis(millis.fetch_add(60_000, Ordering::Relaxed)));
    let wechat = Wechat::new(
        url,
        "wx0123456789abcdef".to_owned(),
        &Network::mozilla(),
        clock,
        Random::system(),
    );
    Phone {
        runtime: tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime"),
        wechat: wechat.expect("a client"),
        answer,
    }
});

fn check(bytes: &[u8]) -> bool {
    // "System busy" is asked again after a pause, and read like any other number.
    if bytes.windows(2).any(|pair| pair == b"-1") {
        return false;
    }
    *PHONE.answer.lock().expect("no panic") = bytes.to_vec();
    let code = "0a1B2c3D4e".parse().expect("a code");
    let secret = AppSecret::new("secret".to_owned());
    let outcome = PHONE
        .runtime
        .block_on(PHONE.wechat.exchange(&code, &secret));
    let expected = openid(bytes);
    match outcome {
        Ok(identity) => {
            assert_eq!(Some(identity.openid.as_str()), expected.as_deref());
            true
        }
        Err(error) => {
            assert_eq!(expected, None, "{error}");
            false
        }
    }
}

/// Who logged in, by an answer that is read anew.
fn openid(bytes: &[u8]) -> Option<String> {
    let json = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let answer: Value = serde_json::from_slice(json)
        .ok()
        .filter(|_| bytes.len() <= MAX_BYTES)?;
    let succeeded = match answer.get("errcode") {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => is_zero(text.trim()),
        Some(Value::Number(number)) => is_zero(&number.to_string()),
        Some(_) => false,
    };
    let unionid = answer
        .get("unionid")
        .is_none_or(|id| id.is_string() || id.is_null());
    let openid = answer["openid"].as_str()?;
    let is_openid = openid.parse::<OpenId>().is_ok();
    (answer.is_object() && succeeded && unionid && is_openid).then(|| openid.to_owned())
}

fn is_zero(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    !digits.is_empty()
        && digits
            .bytes()
            .chain(fraction.bytes())
            .all(|digit| digit == b'0')
}

fn server(answer: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer_all(&stream, &answer));
        }
    });
    format!("http://{address}")
}

/// Answers each GET of a connection, until it ends.
fn answer_all(mut stream: &TcpStream, answer: &Mutex<Vec<u8>>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        }
        let body = answer.lock().ok()?.clone();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
}
