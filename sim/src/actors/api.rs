//! Calls of the API: sent, checked against what is documented, and told to the reference model.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;

use super::{Device, Wire, response};
use crate::reference::{Answer, Ask};

/// The functions behind the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Sessions.
    Login,
    /// Users.
    Users,
    /// Uploads.
    Presign,
}

/// A call of the API.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) ask: Ask,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) body: Value,
}

impl Call {
    pub(super) fn new(
        function: Function,
        method: Method,
        path: impl Into<String>,
        ask: Ask,
    ) -> Self {
        Self {
            function,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
            ask,
        }
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn request(&self, token: Option<&str>) -> Option<Request<Bytes>> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let Some(body) = &self.body else {
            return request.body(Bytes::new()).ok();
        };
        let request = request.header("content-type", "application/json");
        request.body(body.to_string().into()).ok()
    }
}

/// Calls with a token or without. `None` if no answer was heard.
pub(super) async fn call<W: Wire>(world: &W, call: &Call, token: Option<&str>) -> Option<Reply> {
    let request = call.request(token)?;
    let now = world.now();
    let pending = world.checks(|checks| checks.begin(call.ask.clone(), token, now));
    let response = world.http(call.function, request).await?;
    let reply = Reply::read(&response);
    let now = world.now();
    world.checks(|checks| {
        for (kind, detail) in response::faults(call, &response, &reply.body) {
            if reply.body["code"] == "wechat_config" && checks.is_rotating(now) {
                continue;
            }
            checks
                .watch
                .add(kind, format!("{} {}: {detail}", call.method, call.path));
        }
        let answer = Answer {
            status: reply.status,
            body: reply.body.clone(),
        };
        checks.end(pending, answer, now);
    });
    Some(reply)
}

/// Calls with the device's token. A device that is refused has nobody logged in any more.
pub(super) async fn call_as<W: Wire>(
    world: &W,
    request: &Call,
    device: &mut Device,
) -> Option<Reply> {
    let token = device.access.clone();
    let reply = call(world, request, token.as_deref()).await?;
    if reply.status == 401 && device.access == token {
        device.signed_out();
    }
    Some(reply)
}

impl Reply {
    fn read(response: &Response<Bytes>) -> Self {
        let etag = response
            .headers()
            .get("etag")
            .and_then(|tag| tag.to_str().ok());
        Self {
            status: response.status().as_u16(),
            etag: etag.map(str::to_owned),
            body: serde_json::from_slice(response.body()).unwrap_or_default(),
        }
    }

    /// The version of the user that it shows.
    pub(super) fn version(&self) -> Option<i64> {
        self.body["version"].as_i64()
    }
}
