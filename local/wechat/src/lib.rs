//! A stand-in for WeChat's server API: it answers as `api.weixin.qq.com` does, on 127.0.0.1, and can be told to fail.
//!
//! # What it answers
//!
//! | call | answer |
//! |---|---|
//! | `GET /sns/jscode2session` | `openid`, `session_key`, and `unionid` once [`Wechat::set_unionid`] has set one |
//! | `POST /cgi-bin/stable_token` | `access_token`, `expires_in`: the same token until its last five minutes |
//! | `POST /wxa/business/getuserphonenumber` | `phone_info` with its watermark |
//! | `POST /wxa/msg_sec_check` | `result` and `detail` |
//! | `POST /wxa/media_check_async` | `trace_id`; the verdict is pushed once there is an address to push to |
//! | `POST /cgi-bin/callback/check` | `dns` and `ping`, once there is an address to push to |
//! | anything else, another spelling of these included | errcode 40066 |
//!
//! Like the real one it answers HTTP 200 and `text/plain` whatever happened, leaves `errcode` out on success, and ends
//! every `errmsg` with a `rid`.
//!
//! The codes explain themselves, so nothing has to be registered beforehand:
//!
//! - login code `alice-1`: logs in openid `alice`, the part before the last `-`. It works once, then answers 40163.
//! - phone code `phone-13800138000-1`: gives that number. It works once, then answers 40029.
//! - `errcode-<n>`, as either code: answers errcode `n`, every time.
//! - any other text: 40029.
//!
//! So does what is checked: a text, or the bytes of a picture, with `risky` in it is risky, with `review` it is for a
//! person to look at, and anything else passes. A text with `errcode-<n>` in it answers that errcode, and an openid with
//! `away-` in it 61010.
//!
//! # In a test
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use wechat_standin::{Endpoint, Fault, Wechat};
//!
//! let wechat = Wechat::start().await?;
//! wechat.script(Endpoint::Code2Session, Fault::Errcode(-1), 2);
//! // ... point the program under test at wechat.base_url(), let it log somebody in ...
//! assert_eq!(wechat.count(Endpoint::Code2Session), 0);
//! # Ok(())
//! # }
//! ```
//!
//! Dropping the [`Wechat`] stops the server and closes its connections.
//!
//! # From the command line
//!
//! The binary of the same name serves the same API and adds a control API under `/_standin/`, which exists in the
//! library too:
//!
//! ```text
//! curl 127.0.0.1:9010/_standin/health
//! curl 127.0.0.1:9010/_standin/calls
//! curl 127.0.0.1:9010/_standin/faults  -d '{"endpoint":"jscode2session","fault":"hang","times":3}'
//! curl 127.0.0.1:9010/_standin/faults  -d '{"endpoint":"stable_token","fault":{"errcode":45009}}'
//! curl 127.0.0.1:9010/_standin/faults  -d '{"endpoint":"getuserphonenumber","fault":{"errcode_as":"40029"}}'
//! curl 127.0.0.1:9010/_standin/unionid -d '{"openid":"alice","unionid":"o6_alice"}'
//! curl 127.0.0.1:9010/_standin/secret  -d '{"secret":"rotated"}'
//! curl 127.0.0.1:9010/_standin/checks
//! curl 127.0.0.1:9010/_standin/verdict -d '{"openid":"alice","verdict":"not_fetched"}'
//! curl 127.0.0.1:9010/_standin/reset   -X POST
//! ```
//!
//! It pushes messages, too, once it knows where to; how a message differs from the usual is in [`Delivery`]:
//!
//! ```text
//! curl 127.0.0.1:9010/_standin/console -d '{"url":"http://127.0.0.1:9000/v1/wechat/push","token":"…","aes_key":"…"}'
//! curl 127.0.0.1:9010/_standin/push    -d '{"message":{"Event":"user_info_modified","OpenID":"alice"}}'
//! curl 127.0.0.1:9010/_standin/push    -d '{"verdict":{"trace_id":"…","suggest":"risky","version":1},
//!     "delivery":{"mode":"plain","format":"xml","numbers_as_text":true,"repeats":1}}'
//! ```
//!
//! See [`Fault`] for how each fault is written.

mod api;
mod content;
mod control;
mod fault;
mod noise;
mod push;
mod response;
mod server;
mod state;
mod token;

pub use content::{MediaCheck, ScriptedVerdict};
pub use fault::Fault;
pub use push::{
    Delivery, MediaVerdict, PushAnswer, PushFormat, PushMode, PushRequest, PushSettings, Suggestion,
};
pub use state::{Call, Endpoint};

use serde_json::Value;
use server::Server;
use state::Shared;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};

/// The app id a stand-in knows unless it is given another.
pub const APP_ID: &str = "wx0123456789abcdef";

/// The app secret that goes with [`APP_ID`].
pub const APP_SECRET: &str = "standin-secret";

/// A running stand-in. Dropping it stops the server.
#[derive(Debug)]
pub struct Wechat {
    shared: Arc<Shared>,
    server: Server,
}

impl Wechat {
    /// Starts on a free port of 127.0.0.1 with [`APP_ID`] and [`APP_SECRET`].
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), APP_ID, APP_SECRET).await
    }

    /// Starts on `address`, knowing one app id and its secret.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn listen(address: SocketAddr, app_id: &str, app_secret: &str) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(app_id, app_secret));
        let server = Server::bind(address, Arc::clone(&shared)).await?;
        Ok(Self { shared, server })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What takes the place of `https://api.weixin.qq.com`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The one app id it knows.
    pub fn app_id(&self) -> String {
        self.shared.state().app_id.clone()
    }

    /// The secret it accepts now.
    pub fn app_secret(&self) -> String {
        self.shared.state().app_secret.clone()
    }

    /// The calls since the start or the last [`reset`](Self::reset), oldest first, at most the latest 10,000.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.iter().cloned().collect()
    }

    /// How many calls an endpoint has had since the start or the last [`reset`](Self::reset).
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.shared.state().count(endpoint)
    }

    /// Makes the next `times` calls of an endpoint meet a fault, after those scripted before.
    ///
    /// [`Fault::RejectConnection`] concerns the next connections, whatever is called on them.
    pub fn script(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.shared.script(endpoint, fault, times);
    }

    /// Gives an openid a unionid, as binding the account to an Open Platform account does; `None` takes it away.
    pub fn set_unionid(&self, openid: &str, unionid: Option<&str>) {
        self.shared.state().set_unionid(openid, unionid);
    }

    /// The checks of media that were accepted since the start or the last [`reset`](Self::reset), oldest first.
    pub fn media_checks(&self) -> Vec<MediaCheck> {
        self.shared.state().media_checks.clone()
    }

    /// What the next check of media will be called.
    pub fn next_trace_id(&self) -> String {
        self.shared.state().next_trace_id()
    }

    /// Forgets the faults that were scripted and not met.
    pub fn clear_faults(&self) {
        self.shared.state().clear_faults();
    }

    /// Gives the checks of a person's media one outcome, whatever is in them; `None` has them look at it again.
    pub fn set_verdict(&self, openid: &str, verdict: Option<ScriptedVerdict>) {
        self.shared.state().set_verdict(openid, verdict);
    }

    /// Ties a phone code to the user who pressed the button: sent with another openid it answers 40029.
    pub fn bind_phone_code(&self, code: &str, openid: &str) {
        self.shared
            .state()
            .phone_owners
            .insert(code.to_owned(), openid.to_owned());
    }

    /// Replaces the app secret; the one before answers 40125 from now on.
    pub fn rotate_secret(&self, new: &str) {
        self.shared.state().app_secret = new.to_owned();
    }

    /// Ends every access token before its time: using one answers 42001, and the next token call issues a new one.
    pub fn expire_tokens(&self) {
        self.shared.state().tokens.expire_all();
    }

    /// Moves the clock of the access tokens forward.
    pub fn advance_clock(&self, by: Duration) {
        self.shared.state().tokens.advance(by);
    }

    /// Takes where messages are pushed from now on, unasked; `None` ends the push.
    pub fn set_push(&self, settings: Option<PushSettings>) {
        self.shared.state().push = settings;
    }

    /// Pushes a message of these fields; gives the answer to each attempt, of which there are three to a message that is
    /// not acknowledged. What every message has is filled in.
    ///
    /// # Errors
    ///
    /// When the message cannot be written: it is no object, or the EncodingAESKey is none.
    pub async fn push(
        &self,
        message: Value,
        delivery: &Delivery,
    ) -> Result<Vec<PushAnswer>, String> {
        push::push(&self.shared, message, delivery).await
    }

    /// Forgets codes used, tokens, faults, calls and unionids, and takes the first secret again.
    pub fn reset(&self) {
        self.shared.state().reset();
    }

    /// Stops listening and closes every connection, so that a client is refused; the port stays known.
    pub async fn refuse_connections(&self) {
        self.server.stop().await;
    }

    /// Listens again on the same port after [`refuse_connections`](Self::refuse_connections).
    ///
    /// # Errors
    ///
    /// When another program has taken the port meanwhile.
    pub async fn accept_connections(&self) -> io::Result<()> {
        self.server.restart(Arc::clone(&self.shared)).await
    }
}
