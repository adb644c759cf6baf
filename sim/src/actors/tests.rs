use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{Action, Device, Function, Person, Wire, act, plan};
use crate::invariants::{Kind, Limits};
use crate::reference::{Checks, Strictness};

/// Answers what it was told to, in order.
struct Fake {
    checks: RefCell<Checks>,
    answers: RefCell<VecDeque<Response<Bytes>>>,
}

impl Fake {
    fn new(answers: impl IntoIterator<Item = Response<Bytes>>) -> Self {
        let limits = Limits {
            pending: 9,
            daily: 9,
            total_bytes: None,
            skew: 0,
        };
        Self {
            checks: RefCell::new(Checks::new(limits, Strictness::Full)),
            answers: RefCell::new(answers.into_iter().collect()),
        }
    }

    fn found(&self) -> BTreeSet<Kind> {
        let checks = self.checks.borrow();
        checks
            .watch
            .findings()
            .iter()
            .map(|finding| finding.kind)
            .collect()
    }
}

impl Wire for Fake {
    async fn http(&self, _: Function, _: Request<Bytes>) -> Option<Response<Bytes>> {
        self.answers.borrow_mut().pop_front()
    }

    async fn s3(&self, _: Request<Bytes>) -> Option<Response<Bytes>> {
        self.answers.borrow_mut().pop_front()
    }

    fn now(&self) -> i64 {
        0
    }

    fn checks<T>(&self, with: impl FnOnce(&mut Checks) -> T) -> T {
        with(&mut self.checks.borrow_mut())
    }
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let response = Response::builder()
        .status(status)
        .header("x-request-id", "1");
    let response = response
        .header("x-content-type-options", "nosniff")
        .header("cache-control", "no-store");
    response.body(body.to_string().into()).unwrap()
}

fn problem(status: u16, code: &str) -> Response<Bytes> {
    let body = json!({"type": "about:blank", "title": "t", "status": status, "detail": "d", "code": code, "request_id": "1"});
    let mut response = answer(status, &body);
    response
        .headers_mut()
        .insert("content-type", "application/problem+json".parse().unwrap());
    response
}

fn upload(size: u64) -> Value {
    json!({"id": "up", "purpose": "file", "status": "ready", "content_type": "image/png", "size": size, "etag": "e",
        "reason": null, "created_at": "", "ready_at": "", "download_url": "http://aws/uploads/up", "download_expires_at": ""})
}

/// A device on which Anna is logged in, and of whose upload it knows.
fn device() -> Device {
    let mut device = Device::new(1, Person(0), 0);
    device.signed_in(&json!({"access_token": "a", "refresh_token": "r", "user": {"id": "u1"}}));
    device.uploads.push(super::device::Held {
        id: "up".to_owned(),
        wish: super::objects::Wish {
            content_type: "image/png",
            size: 3,
            purpose: "file",
            method: "POST",
        },
        ticket: Value::Null,
    });
    device
}

async fn found(
    action: Action,
    answers: impl IntoIterator<Item = Response<Bytes>>,
) -> BTreeSet<Kind> {
    let fake = Fake::new(answers);
    act(&fake, action, &mut device()).await;
    fake.found()
}

#[tokio::test]
async fn a_link_leads_to_the_verified_bytes() {
    let object = || {
        let object = Response::builder().header("content-type", "image/png");
        object.body(Bytes::from_static(b"png")).unwrap()
    };
    let broken = |found: BTreeSet<Kind>| found.contains(&Kind::LinkBroken);
    assert!(!broken(
        found(Action::FollowLink, [answer(200, &upload(3)), object()]).await
    ));
    assert!(broken(
        found(Action::FollowLink, [answer(200, &upload(4)), object()]).await
    ));
    let refused = Response::builder().status(403).body(Bytes::new()).unwrap();
    assert!(broken(
        found(Action::FollowLink, [answer(200, &upload(3)), refused]).await
    ));
}

#[tokio::test]
async fn one_token_has_one_successor() {
    let session = |token: &str| answer(200, &json!({"refresh_token": token}));
    let forks = |found: BTreeSet<Kind>| found.contains(&Kind::TokenFork);
    assert!(forks(
        found(Action::RefreshTwice, [session("x"), session("y")]).await
    ));
    assert!(!forks(
        found(Action::RefreshTwice, [session("x"), session("x")]).await
    ));
}

#[tokio::test]
async fn a_response_has_the_documented_shape() {
    let faults = |found: BTreeSet<Kind>| found.contains(&Kind::ResponseShape);
    let good = || problem(404, "not_found");
    assert!(!faults(found(Action::ReadUpload, [good()]).await));
    assert!(!faults(
        found(Action::ReadUpload, [answer(200, &upload(3))]).await
    ));
    let mut more = upload(3);
    more["openid"] = json!("x");
    let without = |name: &str| {
        let mut response = good();
        response.headers_mut().remove(name).unwrap();
        response
    };
    for spoilt in [
        answer(200, &more),
        answer(200, &json!({"id": "up"})),
        answer(404, &json!({"code": "not_found"})),
        problem(404, "forbidden"),
        problem(401, "unauthorized"),
        problem(503, "temporarily_unavailable"),
        without("x-request-id"),
        without("x-content-type-options"),
        without("cache-control"),
        without("content-type"),
    ] {
        let described = format!("{spoilt:?}");
        assert!(
            faults(found(Action::ReadUpload, [spoilt]).await),
            "{described}"
        );
    }
    let failed = found(Action::ReadUpload, [problem(500, "internal")]).await;
    assert!(failed.contains(&Kind::ServerError));
}

#[test]
fn every_action_has_a_name_of_its_own() {
    for action in Action::ALL {
        assert_eq!(action.name().parse::<Action>().ok(), Some(*action));
    }
}

#[test]
fn a_seed_gives_one_plan_and_plans_have_everything() {
    let mut seen: BTreeMap<Action, usize> = BTreeMap::new();
    for seed in 0..500 {
        let steps = plan(seed);
        assert_eq!(steps, plan(seed));
        assert!(steps.len() >= 3);
        steps
            .iter()
            .for_each(|step| *seen.entry(step.action).or_default() += 1);
    }
    let missing: Vec<_> = Action::ALL
        .iter()
        .filter(|action| !seen.contains_key(*action))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What a step draws depends on its number and not on the steps before, so that those can be left out.
#[test]
fn a_step_draws_the_same_without_the_steps_before() {
    let mut whole = device();
    whole.begin(1);
    let _ = (whole.unique(), whole.random.u64(..));
    whole.begin(2);
    let mut short = device();
    short.begin(2);
    assert_eq!(
        (whole.unique(), whole.random.u64(..)),
        (short.unique(), short.random.u64(..))
    );
}
