//! Every target for a bounded number of inputs. `FUZZ_SEED` is any text, and the same text gives the same inputs: `make`
//! takes the tree's id, so that each change is tried with others. `FUZZ_ROUNDS` multiplies the number of inputs.

use std::cell::Cell;
use std::env;

use fuzz::{TARGETS, Target, mutation};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use shared::digest::sha256;

fn run(target: &Target) -> Result<(), String> {
    let seed = env::var("FUZZ_SEED").unwrap_or_default();
    let rounds: u32 = env::var("FUZZ_ROUNDS")
        .map_or(1, |rounds| rounds.parse().expect("FUZZ_ROUNDS is a number"));
    let corpus = target.corpus();
    let accepted_seeds = corpus.iter().filter(|bytes| (target.check)(bytes)).count();
    let config = Config {
        cases: target.cases * rounds,
        failure_persistence: None,
        ..Config::default()
    };
    let seed_bytes = sha256(format!("{} {seed}", target.name).as_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes);
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let inputs = mutation::inputs(corpus, target.tokens);
    let outcome = TestRunner::new_with_rng(config, rng).run(&inputs, |bytes| {
        let counter = if (target.check)(&bytes) {
            &accepted
        } else {
            &refused
        };
        counter.set(counter.get() + 1);
        Ok::<_, TestCaseError>(())
    });
    let (name, accepted, refused) = (target.name, accepted.get(), refused.get());
    if let Err(TestError::Fail(why, bytes)) = outcome {
        let input = bytes.escape_ascii();
        return Err(format!(
            "{name} with FUZZ_SEED={seed}: {why}\n  input, for fuzz/regressions/{name}/: {input}"
        ));
    }
    outcome.map_err(|error| error.to_string())?;
    // One that takes everything, or nothing, checks nothing.
    let enough = target.cases * rounds / 50;
    if accepted_seeds == 0 || accepted < enough || refused < enough {
        return Err(format!(
            "{name}: {accepted} inputs were accepted and {refused} refused"
        ));
    }
    Ok(())
}

macro_rules! bounded {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            let target = TARGETS.iter().find(|target| target.name == stringify!($name)).expect("a target");
            run(target).unwrap_or_else(|fault| panic!("{fault}"));
        })+

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),+];
            assert_eq!(TARGETS.map(|target| target.name), run);
        }
    };
}

bounded! {
    access_tokens signed_claims cursors entity_tags file_heads gateway_events ids json_bodies names post_policies pushed_messages
    queue_events refresh_tokens s3_notifications wechat_answers
}
