//! The function `wechat-push` as it is deployed, with a queue that keeps the last message.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use data_encoding::BASE64;
use lambda_runtime::Context;
use serde_json::{Value, json};
use shared::aws::Timeouts;
use shared::config::Vars;
use shared::function::Setup;
use shared::http::event::invoke;
use shared::net::Network;
use shared::random::Random;
use shared::telemetry::Telemetry;
use tokio::runtime::Runtime;

use crate::access_tokens::{NOW, clock};

pub(crate) const APP_ID: &str = "wx0123456789abcdef";
pub(crate) const TOKEN: &str = "token";

/// The function, and what it put on its queue last.
pub(crate) struct Push {
    runtime: Runtime,
    router: Router,
    queued: Arc<Mutex<Option<String>>>,
    /// One invocation at a time, as in an environment of Lambda.
    busy: Mutex<()>,
}

/// What the function answered; a problem is its code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u64,
    pub(crate) body: String,
    /// What it put on the queue, if it did.
    pub(crate) queued: Option<String>,
}

pub(crate) static PUSH: LazyLock<Push> = LazyLock::new(Push::start);

impl Push {
    fn start() -> Self {
        let queued = Arc::default();
        let endpoint = queue(Arc::clone(&queued));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let app = runtime.block_on(app(&endpoint));
        Self {
            runtime,
            router: wechat_push::router(app),
            queued,
            busy: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, query: &str) -> Answered {
        self.invoke("GET", query, &[])
    }

    pub(crate) fn post(&self, query: &str, body: &[u8]) -> Answered {
        self.invoke("POST", query, body)
    }

    fn invoke(&self, method: &str, query: &str, body: &[u8]) -> Answered {
        let event = json!({"version": "2.0", "rawPath": "/v1/wechat/push", "rawQueryString": query,
            "headers": {"content-type": "text/xml"}, "requestContext": {"http": {"method": method}},
            "body": BASE64.encode(body), "isBase64Encoded": true});
        let mut context = Context::default();
        context.deadline = NOW.after(Duration::from_secs(60)).millis().unsigned_abs();
        // A rule that was broken elsewhere is no reason to fail here.
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        self.queued.lock().expect("no panic").take();
        let event = event.to_string();
        let answer = self
            .runtime
            .block_on(invoke(self.router.clone(), &event, context));
        let answer = serde_json::to_value(answer).expect("an answer is JSON");
        let body = answer["body"].as_str().expect("a body");
        let problem: Value = serde_json::from_str(body).unwrap_or_default();
        Answered {
            status: answer["statusCode"].as_u64().expect("a status"),
            body: problem["code"].as_str().unwrap_or(body).to_owned(),
            queued: self.queued.lock().expect("no panic").take(),
        }
    }
}

async fn app(endpoint: &str) -> wechat_push::App {
    let aes_key = "A".repeat(43);
    let get = |name: &str| {
        let value = match name {
            "AWS_REGION" => "us-east-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "fuzz",
            "AWS_ENDPOINT_URL" => endpoint,
            "MODERATION_QUEUE_URL" => "https://sqs.us-east-1.amazonaws.com/123456789012/moderation",
            "WECHAT_APP_ID" => APP_ID,
            "PUSH_TOKEN" => TOKEN,
            "PUSH_AES_KEY" => &aes_key,
            "WARM_UP" => "off",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let setup = Setup {
        vars: Vars::new(&get),
        clock: clock(),
        random: Random::system(),
        network: Network::mozilla(),
        telemetry: Telemetry::writing_to("wechat-push", clock(), |_| {}),
        timeouts: Timeouts {
            attempt: Duration::from_secs(10),
            operation: Duration::from_secs(20),
        },
    };
    wechat_push::App::build(setup)
        .await
        .expect("the function starts")
}

/// A server that takes whatever is sent in SQS's protocol; its address.
fn queue(queued: Arc<Mutex<Option<String>>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let queued = Arc::clone(&queued);
            thread::spawn(move || take_all(&stream, &queued));
        }
    });
    format!("http://{address}")
}

/// Answers the requests of one connection, until it ends.
fn take_all(mut stream: &TcpStream, queued: &Mutex<Option<String>>) -> Option<()> {
    let answer = r#"{"MessageId":"m"}"#;
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            match line.trim_end().to_ascii_lowercase().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().ok()?,
                None if line.trim().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        *queued.lock().ok()? = request["MessageBody"].as_str().map(str::to_owned);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream
            .write_all(format!("{head}{answer}").as_bytes())
            .ok()?;
    }
}
