//! JSON lines on standard output, where Lambda collects them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crate whose lines, beside the function's own, are let through at every level.
const SHARED: &str = "shared";

/// Starts logging for the function `name` at the level of `RUST_LOG`, else of Lambda's own `AWS_LAMBDA_LOG_LEVEL`, else
/// `INFO`.
///
/// A second call changes nothing.
pub fn init(name: &str, get: impl Fn(&str) -> Option<String>) {
    let configured = get("RUST_LOG")
        .or_else(|| get("AWS_LAMBDA_LOG_LEVEL"))
        .unwrap_or_default();
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    std::panic::set_hook(Box::new(|panic| {
        // Where, and not what: a panic's text may hold a value.
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(target: "shared", place, "panic");
    }));
    // Fails only if a subscriber is there already, and that one then goes on.
    let _ = tracing_subscriber::registry()
        .with(filter(name, &configured))
        .with(lines)
        .try_init();
}

/// Logs why a function cannot start. The text holds names of variables, never their values.
pub fn failed_init(error: &lambda_runtime::Error) {
    tracing::error!(target: "shared", cause = %error, "the function cannot start");
}

/// `configured` is a level (`debug`), or directives for single crates (`login=trace,info`). Other crates than the
/// function's and `shared` never log below `WARN`: at `TRACE` the AWS SDK and the HTTP stack write bodies and headers, which
/// carry tokens and personal data.
fn filter(name: &str, configured: &str) -> Targets {
    let wanted: Targets = configured.to_ascii_lowercase().parse().unwrap_or_default();
    let default = wanted
        .default_level()
        .filter(|_| !configured.trim().is_empty())
        .unwrap_or(LevelFilter::INFO);
    // As the compiler names the crate of the package `name`.
    let own = name.replace('-', "_");
    let ours = [own.as_str(), SHARED].map(|ours| {
        let named = wanted
            .iter()
            .find(|(target, _)| *target == ours)
            .map(|(_, level)| level);
        (ours.to_owned(), named.unwrap_or(default))
    });
    Targets::new()
        .with_targets(ours)
        .with_default(default.min(LevelFilter::WARN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_level_is_honoured_for_our_crates_and_capped_for_others() {
        let verbose = filter("s3-event", "TRACE");
        assert!(verbose.would_enable("s3_event::verify", &Level::TRACE));
        assert!(verbose.would_enable("shared::store", &Level::TRACE));
        assert!(!verbose.would_enable("aws_smithy_runtime", &Level::INFO));
        assert!(verbose.would_enable("aws_smithy_runtime", &Level::WARN));
        let quiet = filter("login", "error");
        assert!(
            !quiet.would_enable("shared", &Level::WARN)
                && !quiet.would_enable("hyper", &Level::WARN)
        );
        let single = filter("login", "shared=debug,warn");
        assert!(
            single.would_enable("shared", &Level::DEBUG)
                && !single.would_enable("login", &Level::INFO)
        );
    }

    #[test]
    fn nonsense_means_info() {
        for text in ["", "loud", "=,="] {
            let filter = filter("login", text);
            assert!(filter.would_enable("login", &Level::INFO), "{text:?}");
            assert!(!filter.would_enable("login", &Level::DEBUG), "{text:?}");
        }
    }
}
