//! Random stories.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use support::moderation::enforced;
use support::world::Settings;

use super::{Stage, Story, delivery, story};

/// How many stories each property tries.
const CASES: u32 = 60;

fn search(stories: impl Strategy<Value = Story>) {
    search_with(stories, Settings::default(), false);
}

fn search_with(stories: impl Strategy<Value = Story>, settings: Settings, is_checked: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stage = runtime.block_on(Stage::with(settings, is_checked));
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&(stories, delivery()), |(story, delivery)| {
        let outcome = runtime.block_on(stage.perform(&story, &delivery));
        outcome.map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn each_stored_version_of_a_file_is_named_or_gone() {
    search(story(&["file"], 1));
}

#[test]
fn each_stored_version_of_a_persons_pictures_is_named_or_gone() {
    search(story(&["avatar", "avatar", "file"], 3));
}

#[test]
fn each_checked_version_is_decided_on_and_named_or_gone() {
    search_with(story(&["file"], 1), enforced(), true);
}

#[test]
fn each_checked_version_of_a_persons_pictures_is_decided_on_and_named_or_gone() {
    let pictures = story(&["avatar", "avatar", "file"], 3);
    search_with(pictures, enforced(), true);
}
