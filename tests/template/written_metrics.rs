//! The metrics that functions write.

use std::collections::BTreeSet;

use shared::telemetry::Metric;
use support::template::Function;

/// The names of the metrics that a function writes. That it writes no others, every test that runs it makes sure of.
pub(crate) fn written_by(function: &Function<'_>) -> BTreeSet<String> {
    let (binary, is_http) = (function.binary(), !function.routes().is_empty());
    let metrics = Metric::ALL.iter();
    metrics
        .filter(|metric| metric.writers().include(&binary, is_http))
        .map(|metric| metric.name().to_owned())
        .collect()
}
