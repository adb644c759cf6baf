//! The jobs of functions that `make new-function` has made: each says itself what it is to be measured with.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Job, is_done};

/// What a function that `make new-function` has made says of its job, in its folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnJob {
    name: &'static str,
    /// A file, from the root.
    event: &'static str,
    calls: Vec<&'static str>,
}

/// The jobs of functions that have a `bench.json`.
pub(super) fn jobs(root: &Path) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for entry in std::fs::read_dir(root.join("functions"))? {
        let file = entry?.path().join("bench.json");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let about = || file.display().to_string();
        // They live as long as the table.
        let job: OwnJob = serde_json::from_str(text.leak()).with_context(about)?;
        let event = std::fs::read_to_string(root.join(job.event)).with_context(about)?;
        let event: Value = serde_json::from_str(&event).with_context(about)?;
        let folder = file.parent().and_then(Path::file_name);
        let function = folder.and_then(OsStr::to_str).with_context(about)?;
        jobs.push(Job {
            function: function.to_owned().leak(),
            name: job.name,
            calls: job.calls,
            delay: Duration::ZERO,
            check: [succeeds, is_done][usize::from(event["Records"].is_array())],
            event,
        });
    }
    jobs.sort_by_key(|job| job.function);
    Ok(jobs)
}

fn succeeds(answer: &Value) -> Result<()> {
    let status = answer["statusCode"].as_u64().unwrap_or_default();
    ensure!((200..300).contains(&status), "not a success");
    Ok(())
}
