//! The same seed gives the same history, wherever and beside whatever it runs.

#![allow(clippy::unwrap_used, reason = "the helper is part of the tests")]

use std::collections::BTreeMap;
use std::process::Command;

/// `make sim` compares 200.
const HISTORIES: u64 = 30;

/// The digests of so many histories, in a process of their own.
fn digests(from: u64, histories: u64, threads: u64) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["digests", "--keep-going"])
        .args(["--from", &from.to_string()])
        .args(["--histories", &histories.to_string()])
        .args(["--threads", &threads.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().map(|line| line.split_once(' ').unwrap());
    let pairs = pairs.map(|(seed, digest)| (seed.to_owned(), digest.to_owned()));
    pairs.collect()
}

#[test]
fn a_seed_gives_the_same_history_on_any_number_of_threads_and_in_any_company() {
    let company = digests(1, HISTORIES, 2);
    assert_eq!(company.len() as u64, HISTORIES);
    assert_eq!(digests(1, HISTORIES, 1), company);
    for seed in [1, HISTORIES / 2, HISTORIES] {
        let alone = digests(seed, 1, 1);
        assert_eq!(alone.get(&seed.to_string()), company.get(&seed.to_string()));
    }
}
