//! Fuzz targets. Each is a function of any bytes that panics when a rule is broken, and says whether the bytes were
//! accepted: a target that accepts all or nothing proves nothing, and fails.
//!
//! `tests/bounded.rs` runs them on stable Rust with inputs that [`mutation`] makes of the seeds; any other fuzzer can call
//! [`Target::check`].

mod access_tokens;
mod cursors;
mod entity_tags;
mod file_heads;
mod gateway_events;
mod ids;
mod json_bodies;
pub mod mutation;
mod names;
mod post_policies;
mod push_function;
mod pushed_messages;
mod queue_events;
mod refresh_tokens;
mod repository;
mod s3_notifications;
mod users_function;
mod wechat_answers;

/// Something that reads what others send.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which the folder of its regressions has too.
    pub name: &'static str,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What inputs of this kind are made of.
    pub tokens: &'static [&'static str],
    /// Checks the rules for an input, and says whether it was accepted.
    pub check: fn(&[u8]) -> bool,
    /// How many inputs take about a second.
    pub cases: u32,
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    access_tokens::MUTATED,
    access_tokens::SIGNED,
    cursors::TARGET,
    entity_tags::TARGET,
    file_heads::TARGET,
    gateway_events::TARGET,
    ids::TARGET,
    json_bodies::TARGET,
    names::TARGET,
    post_policies::TARGET,
    pushed_messages::TARGET,
    queue_events::TARGET,
    refresh_tokens::TARGET,
    s3_notifications::TARGET,
    wechat_answers::TARGET,
];

impl Target {
    /// The seeds, and what was found earlier.
    pub fn corpus(&self) -> Vec<Vec<u8>> {
        let found = repository::files(&format!("fuzz/regressions/{}", self.name));
        (self.seeds)().into_iter().chain(found).collect()
    }
}
