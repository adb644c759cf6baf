//! Runs the simulation.

use sim::history::Plan;
use sim::trace::Trace;

fn main() {
    let seed = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let (plan, fate) = Plan::random(seed);
    let outcome = plan.run(fate, Trace::with_text()).unwrap();
    for line in &outcome.lines {
        println!("{line}");
    }
    println!(
        "{:x} calls {} faults {} findings {:#?}",
        outcome.digest,
        outcome.calls,
        outcome.injected.len(),
        outcome.findings
    );
}
