//! Recordings of requests drawn at random: combinations of expressions, types and mistakes that no history of the store
//! holds, on few items and attributes, so that they meet.

mod draw;
mod expression;
mod request;

use std::io::Write;

use anyhow::Result;
use fastrand::Rng;
use serde_json::Value;

use crate::dynamodb::recording::Recorder;
use crate::dynamodb::{Answer, Context, DynamoDb};
use request::Requests;

/// The table's name.
const TABLE: &str = "table";
/// How many calls a history has.
const CALLS: u64 = 40;
/// 2026-10-01, in milliseconds since the Unix epoch.
const START: i64 = 1_790_812_800_000;

/// Writes histories `0..histories` of a seed.
///
/// # Errors
/// If the output cannot be written.
pub fn generate(seed: u64, histories: u64, output: impl Write) -> Result<()> {
    let mut recorder = Recorder::new(output);
    for history in 0..histories {
        let mut requests = Requests::new(Rng::with_seed(seed.wrapping_add(history)), history);
        let mut model = DynamoDb::new(TABLE);
        for call in 0..CALLS {
            let context = Context {
                now: START + i64::try_from(call)? * 1000,
                ..Context::default()
            };
            let (operation, request) = requests.next();
            let answer = model.call(operation, &request, &context);
            if is_undecided(&request, &answer) {
                continue;
            }
            recorder.record(history, operation, &request, &context, &answer)?;
        }
    }
    Ok(recorder.into_output().flush()?)
}

/// A wrong transaction whose token was used for another: which of the two is answered first, AWS does not say.
fn is_undecided(request: &Value, answer: &Answer) -> bool {
    let is_wrong = || String::from_utf8_lossy(&answer.body).contains("#ValidationException");
    !request["ClientRequestToken"].is_null() && answer.status != 200 && is_wrong()
}
