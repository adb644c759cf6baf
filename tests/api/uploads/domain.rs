//! Tickets and links under a domain of the operator's: a proxy in front of the bucket plays the CDN.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::header::HOST;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use support::{Emulator, Session, World, http_client, recorder, samples, world};
use tokio::net::TcpListener;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What the proxy does with `Host`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    /// Sends the bucket's own, as a CDN does that is not told to forward the viewer's.
    Origins,
    /// Forwards the viewer's.
    Viewers,
}

#[derive(Clone)]
struct Cdn {
    origin: String,
    host: Host,
    http: reqwest::Client,
}

/// Starts a proxy in front of `origin`, and tells where it listens.
async fn cdn(origin: String, host: Host) -> String {
    let http = http_client(TIMEOUT);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let state = Cdn { origin, host, http };
    let router = Router::new().fallback(forward).with_state(state);
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn forward(State(cdn): State<Cdn>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    if cdn.host == Host::Origins {
        parts.headers.remove(HOST);
    }
    let url = format!("{}{}", cdn.origin, parts.uri);
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    let call = cdn.http.request(parts.method, url).headers(parts.headers);
    let answer = call.body(body).send().await.expect("S3 answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("a whole body");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A world whose uploads go through such a proxy, and where that listens.
async fn behind_a_cdn(host: Host) -> (World, String) {
    let origin = recorder::on_the_way("presign", &Emulator::new().endpoint);
    let url = cdn(origin, host).await;
    let world = World::with(world::Settings {
        uploads_base_url: Some(url.clone()),
        ..world::Settings::default()
    });
    (world.await, url)
}

/// Asks for a ticket, which must lead to `base_url`.
async fn issued(world: &World, owner: &Session, method: &str, base_url: &str) -> Value {
    let request = json!({"content_type": "image/jpeg", "size": samples::jpeg().len(), "purpose": "file", "method": method});
    let call = world.presign.post("/v1/uploads", &request);
    let issued = call.bearer(&owner.token).send().await.expect(201).json;
    assert!(text(&issued["ticket"]["url"]).starts_with(&format!("{base_url}/")));
    issued
}

/// Sends the sample as the ticket wants it.
async fn send(ticket: &Value) -> reqwest::Response {
    let http = http_client(TIMEOUT);
    let url = text(&ticket["url"]);
    let call = if ticket["method"] == "PUT" {
        let put = http.put(url).body(samples::jpeg());
        put.header("content-type", text(&ticket["headers"]["content-type"]))
    } else {
        let fields = ticket["fields"].as_object().expect("fields").iter();
        let form = fields.fold(reqwest::multipart::Form::new(), |form, (name, value)| {
            form.text(name.clone(), text(value).to_owned())
        });
        let file = reqwest::multipart::Part::bytes(samples::jpeg()).file_name("tmp.jpg");
        http.post(url).multipart(form.part("file", file))
    };
    call.send().await.expect("the proxy answers")
}

/// Tells `s3-event` of the object, and reads the upload.
async fn verified(world: &World, owner: &Session, id: &str) -> Value {
    let key = format!("u/{}/{id}.jpg", owner.id);
    let head = world.emulator.s3().head_object();
    let head = head.bucket(&world.bucket).key(&key).send().await;
    let version = head.expect("the object is there").version_id;
    let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": world.bucket}, "object": {"key": key, "versionId": version, "sequencer": "01"}}});
    let body = json!({"Records": [record]}).to_string();
    let batch = json!({"Records": [{"messageId": "m", "body": body}]});
    assert_eq!(world.deliver(batch).await, [""; 0]);
    let call = world.presign.get(&format!("/v1/uploads/{id}"));
    call.bearer(&owner.token).send().await.expect(200).json
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

#[tokio::test]
async fn tickets_and_links_work_through_a_proxy_that_sends_the_buckets_host() {
    let (world, cdn) = behind_a_cdn(Host::Origins).await;
    let alice = world.log_in("alice").await;
    for (method, status) in [("POST", StatusCode::CREATED), ("PUT", StatusCode::OK)] {
        let issued = issued(&world, &alice, method, &cdn).await;
        let sent = send(&issued["ticket"]).await;
        assert_eq!(sent.status(), status, "{method}: {:?}", sent.text().await);
        let upload = verified(&world, &alice, text(&issued["upload"]["id"])).await;
        assert_eq!(upload["status"], "ready", "{upload}");
        let link = text(&upload["download_url"]);
        assert!(link.starts_with(&format!("{cdn}/")), "{link}");
        let http = http_client(TIMEOUT);
        let answer = http.get(link).send().await.expect("the proxy answers");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.bytes().await.expect("a body"), samples::jpeg());
    }
}

#[tokio::test]
async fn a_proxy_that_forwards_its_own_host_is_refused_what_is_signed_in_the_url() {
    let (world, cdn) = behind_a_cdn(Host::Viewers).await;
    let alice = world.log_in("alice").await;
    let issued = issued(&world, &alice, "PUT", &cdn).await;
    assert_eq!(
        send(&issued["ticket"]).await.status(),
        StatusCode::FORBIDDEN
    );
}
