//! The metrics that functions write, read from their source.

use std::collections::BTreeSet;
use std::fs;

use support::Template;
use support::template::{Function, read, workspace};

/// The metrics that a function writes: those of its own code, and of the shared code that it runs.
pub(crate) fn written_by(function: &Function<'_>) -> BTreeSet<String> {
    let binary = function.binary();
    let mut sources = vec![
        format!("functions/{binary}/src"),
        "shared/src/telemetry".into(),
    ];
    if function.routes().is_empty() {
        sources.push("shared/src/queue.rs".into());
    } else {
        sources.push("shared/src/http".into());
    }
    if binary == "login" {
        sources.push("shared/src/wechat".into());
    }
    let sources = sources.iter().flat_map(|path| read_sources(path));
    sources.flat_map(|source| metrics_in(&source)).collect()
}

/// A file, or those of a directory and of what is below it.
fn read_sources(path: &str) -> Vec<String> {
    if path.ends_with(".rs") {
        return vec![read(path)];
    }
    let directory = fs::read_dir(workspace().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let names = directory.map(|entry| {
        let name = entry.expect("readable").file_name();
        format!("{path}/{}", name.to_string_lossy())
    });
    names.flat_map(|path| read_sources(&path)).collect()
}

fn metrics_in(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let first_text = |rest: &str| {
        let rest = rest.trim_start().strip_prefix('"')?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let calls = ["count(", "measure("].into_iter();
    let calls = calls.flat_map(|call| source.split(call).skip(1).filter_map(first_text));
    // WeChat's error codes are counted by what they mean.
    let meanings = source.split("fn metric(").nth(1).unwrap_or_default();
    let meanings = meanings.split("\n    }\n").next().unwrap_or_default();
    let meanings = meanings.split("=> ").skip(1).filter_map(first_text);
    calls.chain(meanings).collect()
}

/// Some of each function's, and one that it does not write.
#[test]
fn metrics_are_read_from_the_code() {
    let functions = Template::of_workspace().functions();
    let of = |binary: &str| {
        let function = functions.iter().find(|f| f.binary() == binary);
        written_by(function.expect("there is such a function"))
    };
    for (binary, metric) in [
        ("login", "wechat_config_errors"),
        ("login", "wechat_breaker_opened"),
        ("users", "panics"),
        ("purge", "panics"),
        ("purge", "purged_objects"),
        ("s3-event", "duration_ms"),
    ] {
        assert!(of(binary).contains(metric), "{binary} writes {metric}");
    }
    assert!(!of("users").contains("wechat_config_errors"));
}
