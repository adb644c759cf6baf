//! The function `users` as it is deployed, on a table that has one user and keeps the last request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use lambda_runtime::Context;
use serde_json::{Value, json};
use shared::aws::Timeouts;
use shared::config::Vars;
use shared::function::Setup;
use shared::http::event::invoke;
use shared::ids::UserId;
use shared::net::Network;
use shared::random::Random;
use shared::telemetry::Telemetry;
use shared::user::Role;
use tokio::runtime::Runtime;

use crate::access_tokens::{AUDIENCE, ISSUER, JWKS, NOW, clock, token};

/// The user in the table, who has this version.
pub(crate) const USER: &str = "u5esjy36duo2g3uwfwiew2hluhz";
pub(crate) const VERSION: u64 = 7;

/// The function and what it asked its table last.
pub(crate) struct Users {
    runtime: Runtime,
    router: Router,
    /// The user's access token.
    pub(crate) token: String,
    asked: Arc<Mutex<Option<Value>>>,
    /// One invocation at a time, as in an environment of Lambda.
    busy: Mutex<()>,
}

/// What the function answered.
pub(crate) struct Answered {
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) body: String,
    /// What it asked its table, if it did.
    pub(crate) asked: Option<Value>,
}

pub(crate) static USERS: LazyLock<Users> = LazyLock::new(Users::start);

impl Users {
    fn start() -> Self {
        let asked = Arc::default();
        let endpoint = table(Arc::clone(&asked));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let app = runtime.block_on(app(&endpoint));
        let user: UserId = USER.parse().expect("an id");
        Self {
            runtime,
            router: users::router(app),
            token: token(&user, Role::User),
            asked,
            busy: Mutex::default(),
        }
    }

    pub(crate) fn invoke(&self, event: &str) -> Answered {
        let mut context = Context::default();
        context.deadline = NOW.after(Duration::from_secs(60)).millis().unsigned_abs();
        // A rule that was broken elsewhere is no reason to fail here.
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        self.asked.lock().expect("no panic").take();
        let answer = self
            .runtime
            .block_on(invoke(self.router.clone(), event, context));
        let answer = serde_json::to_value(answer).expect("an answer is JSON");
        Answered {
            status: answer["statusCode"].as_u64().expect("a status"),
            headers: answer["headers"].clone(),
            body: answer["body"].as_str().expect("a body").to_owned(),
            asked: self.asked.lock().expect("no panic").take(),
        }
    }
}

async fn app(endpoint: &str) -> users::App {
    let get = |name: &str| {
        let value = match name {
            "AWS_REGION" => "us-east-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "fuzz",
            "AWS_ENDPOINT_URL" => endpoint,
            "TABLE_NAME" => "table",
            "BUCKET_NAME" => "bucket",
            "PURGE_QUEUE_URL" => "https://sqs.us-east-1.amazonaws.com/123456789012/purge",
            "MODERATION_QUEUE_URL" => "https://sqs.us-east-1.amazonaws.com/123456789012/moderation",
            "JWT_JWKS" => JWKS,
            "JWT_ISSUER" => ISSUER,
            "JWT_AUDIENCE" => AUDIENCE,
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
        telemetry: Telemetry::writing_to("users", clock(), |_| {}),
        timeouts: Timeouts {
            attempt: Duration::from_secs(10),
            operation: Duration::from_secs(20),
        },
    };
    users::App::build(setup).await.expect("the function starts")
}

/// A server that gives the one user to whatever is asked in DynamoDB's protocol; its address.
fn table(asked: Arc<Mutex<Option<Value>>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let asked = Arc::clone(&asked);
            thread::spawn(move || answer_all(&stream, &asked));
        }
    });
    format!("http://{address}")
}

/// Answers the requests of one connection, until it ends.
fn answer_all(mut stream: &TcpStream, asked: &Mutex<Option<Value>>) -> Option<()> {
    let user = json!({"pk": {"S": format!("U#{USER}")}, "sk": {"S": "A"}, "openid": {"S": "alice"}, "epoch": {"N": "1"},
        "version": {"N": VERSION.to_string()}, "role": {"S": "user"}, "status": {"S": "active"}, "nickname": {"S": "Alice"},
        "created_at": {"N": "1767323045000"}, "updated_at": {"N": "1767360868000"}});
    let answer =
        json!({"Item": user, "Attributes": user, "Items": [], "Responses": {"table": [user]}})
            .to_string();
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
        *asked.lock().ok()? = serde_json::from_slice(&body).ok();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream
            .write_all(format!("{head}{answer}").as_bytes())
            .ok()?;
    }
}
