//! How many calls over the network a request costs, as counted by a proxy in front of AWS. The first request of an
//! environment may cost more; the counts are those of every later one.

mod administration;
mod events;
mod login;
mod own_functions;
mod tokens;
mod uploads;
mod users;

use serde_json::{Value, json};
use support::api::Call;
use support::proxy::{Proxy, Seen, peak};
use support::world::Settings;
use support::{Answer, World};

const NOTHING: [&str; 0] = [];

/// A world whose functions reach AWS through the proxy, and have done so once.
async fn counted() -> (Proxy, World) {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    world.log_in("warm-up").await;
    proxy.take();
    (proxy, world)
}

/// Sends a request that is to succeed, and to make just these calls, one after the other.
#[track_caller]
fn costs<'a>(proxy: &'a Proxy, call: Call, calls: &'a [&str]) -> impl Future<Output = Answer> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        proxy.take();
        let answer = call.send().await;
        assert!(
            answer.status.is_success(),
            "{} at {caller}: {}",
            answer.status,
            answer.json
        );
        let seen = proxy.take();
        assert_eq!(names(&seen), calls, "at {caller}");
        assert_eq!(
            peak(&seen),
            1.min(seen.len()),
            "one after the other at {caller}"
        );
        answer
    }
}

fn names(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.operation.as_str()).collect()
}

fn upload_request(purpose: &str, bytes: &[u8]) -> Value {
    json!({"content_type": "image/jpeg", "size": bytes.len(), "purpose": purpose})
}
