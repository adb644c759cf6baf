//! What a stand-in remembers between calls.

use crate::{
    content::{self, MediaCheck, ScriptedVerdict},
    fault::Fault,
    push::PushSettings,
    token::Tokens,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::sync::watch;

/// Calls kept; a stack that runs for days must not grow without end.
const CALLS_KEPT: usize = 10_000;

/// An endpoint of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// `GET /sns/jscode2session`, in JSON `jscode2session`.
    #[serde(rename = "jscode2session")]
    Code2Session,
    /// `POST /cgi-bin/stable_token`, in JSON `stable_token`.
    #[serde(rename = "stable_token")]
    StableToken,
    /// `POST /wxa/business/getuserphonenumber`, in JSON `getuserphonenumber`.
    #[serde(rename = "getuserphonenumber")]
    PhoneNumber,
    /// `POST /wxa/media_check_async`, in JSON `media_check_async`.
    #[serde(rename = "media_check_async")]
    MediaCheck,
    /// `POST /wxa/msg_sec_check`, in JSON `msg_sec_check`.
    #[serde(rename = "msg_sec_check")]
    TextCheck,
    /// `POST /cgi-bin/callback/check`, in JSON `callback_check`.
    #[serde(rename = "callback_check")]
    CallbackCheck,
    /// Any path that does not exist.
    Other,
}

impl Endpoint {
    /// The endpoint at a path; WeChat's paths are case-sensitive.
    pub(crate) fn at(path: &str) -> Self {
        match path {
            "/sns/jscode2session" => Self::Code2Session,
            "/cgi-bin/stable_token" => Self::StableToken,
            "/wxa/business/getuserphonenumber" => Self::PhoneNumber,
            "/wxa/media_check_async" => Self::MediaCheck,
            "/wxa/msg_sec_check" => Self::TextCheck,
            "/cgi-bin/callback/check" => Self::CallbackCheck,
            _ => Self::Other,
        }
    }
}

/// A call as it came in.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// Where it went.
    pub endpoint: Endpoint,
    /// The HTTP method.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query's pairs in their order, decoded; a name may come twice.
    pub query: Vec<(String, String)>,
    /// The content type of the body, if it named one.
    pub content_type: Option<String>,
    /// The body: parsed if it is JSON, as text if it is not, null if there is none.
    pub body: Value,
    /// When it came; milliseconds since 1970 in JSON.
    #[serde(rename = "at_ms", serialize_with = "as_milliseconds")]
    pub at: SystemTime,
}

impl Call {
    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A field of the JSON body.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }
}

fn as_milliseconds<S: serde::Serializer>(
    at: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The state and the means to tell open connections that they are to end.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    recycle: watch::Sender<()>,
}

impl Shared {
    /// The state of a stand-in nobody has called yet.
    pub(crate) fn new(app_id: &str, app_secret: &str) -> Self {
        Self {
            state: Mutex::new(State::new(app_id, app_secret)),
            recycle: watch::Sender::new(()),
        }
    }

    /// The state, locked. Nothing may be awaited while it is held.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes once connections that are open are to end after their current request.
    pub(crate) fn recycled(&self) -> watch::Receiver<()> {
        self.recycle.subscribe()
    }

    /// Scripts a fault. A connection kept alive would slip past a rejection, so those end first.
    pub(crate) fn script(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        if fault == Fault::RejectConnection {
            self.state().rejections += times;
            self.recycle.send_replace(());
        } else if times > 0 {
            self.state()
                .faults
                .entry(endpoint)
                .or_default()
                .push_back((fault, times));
        }
    }
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) app_id: String,
    pub(crate) app_secret: String,
    pub(crate) calls: VecDeque<Call>,
    pub(crate) phone_owners: HashMap<String, String>,
    pub(crate) tokens: Tokens,
    pub(crate) push: Option<PushSettings>,
    pub(crate) media_checks: Vec<MediaCheck>,
    /// How many checks of media were accepted, also before a reset: no two may be called alike.
    pub(crate) accepted: u64,
    started: SystemTime,
    pub(crate) verdicts: HashMap<String, ScriptedVerdict>,
    first_secret: String,
    counts: HashMap<Endpoint, usize>,
    faults: HashMap<Endpoint, VecDeque<(Fault, u32)>>,
    rejections: u32,
    unionids: HashMap<String, String>,
    used: HashSet<String>,
}

impl State {
    fn new(app_id: &str, app_secret: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            app_secret: app_secret.to_owned(),
            calls: VecDeque::new(),
            phone_owners: HashMap::new(),
            tokens: Tokens::new(),
            push: None,
            media_checks: Vec::new(),
            accepted: 0,
            started: SystemTime::now(),
            verdicts: HashMap::new(),
            first_secret: app_secret.to_owned(),
            counts: HashMap::new(),
            faults: HashMap::new(),
            rejections: 0,
            unionids: HashMap::new(),
            used: HashSet::new(),
        }
    }

    /// Goes back to the start, but for where messages are pushed.
    pub(crate) fn reset(&mut self) {
        let (push, accepted) = (self.push.take(), self.accepted);
        *self = Self::new(&self.app_id, &self.first_secret);
        (self.push, self.accepted) = (push, accepted);
    }

    /// Notes a call.
    pub(crate) fn record(&mut self, call: Call) {
        *self.counts.entry(call.endpoint).or_default() += 1;
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// How many calls an endpoint has had.
    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        self.counts.get(&endpoint).copied().unwrap_or_default()
    }

    /// The fault the next call of an endpoint meets, used up by asking.
    pub(crate) fn next_fault(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let queue = self.faults.get_mut(&endpoint)?;
        let (fault, times) = queue.front_mut()?;
        *times -= 1;
        if *times == 0 {
            queue.pop_front().map(|(fault, _)| fault)
        } else {
            Some(fault.clone())
        }
    }

    /// Whether a connection just accepted is to be closed, used up by asking.
    pub(crate) fn rejects_connection(&mut self) -> bool {
        let rejects = self.rejections > 0;
        self.rejections = self.rejections.saturating_sub(1);
        rejects
    }

    /// Gives an openid a unionid or takes it away.
    pub(crate) fn set_unionid(&mut self, openid: &str, unionid: Option<&str>) {
        match unionid {
            Some(unionid) => self.unionids.insert(openid.to_owned(), unionid.to_owned()),
            None => self.unionids.remove(openid),
        };
    }

    /// Gives the checks of a person's media one outcome or lets them look at what is there again.
    pub(crate) fn set_verdict(&mut self, openid: &str, verdict: Option<ScriptedVerdict>) {
        match verdict {
            Some(verdict) => self.verdicts.insert(openid.to_owned(), verdict),
            None => self.verdicts.remove(openid),
        };
    }

    /// What the next check of media will be called.
    pub(crate) fn next_trace_id(&self) -> String {
        content::trace_id(&(self.started, self.accepted))
    }

    /// Forgets the faults that were scripted.
    pub(crate) fn clear_faults(&mut self) {
        self.faults.clear();
        self.rejections = 0;
    }

    /// The unionid of an openid.
    pub(crate) fn unionid(&self, openid: &str) -> Option<&str> {
        self.unionids.get(openid).map(String::as_str)
    }

    /// Uses a code up; false if it was used before.
    pub(crate) fn use_code(&mut self, code: &str) -> bool {
        self.used.insert(code.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_an_endpoint_come_in_the_order_they_were_scripted() {
        let shared = Shared::new("wx", "secret");
        shared.script(Endpoint::StableToken, Fault::Hang, 2);
        shared.script(Endpoint::StableToken, Fault::Empty, 1);
        shared.script(Endpoint::StableToken, Fault::Html, 0);
        let mut state = shared.state();
        assert_eq!(state.next_fault(Endpoint::Code2Session), None);
        let faults: Vec<_> =
            std::iter::from_fn(|| state.next_fault(Endpoint::StableToken)).collect();
        assert_eq!(faults, [Fault::Hang, Fault::Hang, Fault::Empty]);
    }

    #[test]
    fn only_the_latest_calls_are_kept_but_all_are_counted() {
        let shared = Shared::new("wx", "secret");
        let mut state = shared.state();
        for _ in 0..=CALLS_KEPT {
            state.record(Call {
                endpoint: Endpoint::Other,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                query: Vec::new(),
                content_type: None,
                body: Value::Null,
                at: SystemTime::now(),
            });
        }
        assert_eq!(
            (state.calls.len(), state.count(Endpoint::Other)),
            (CALLS_KEPT, CALLS_KEPT + 1)
        );
    }
}
