#!/usr/bin/env bash
# Builds the Rust peer without the SDK, by the functions' own recipe; run from the repository root.
set -euo pipefail
peer=rust-without-sdk
if ! cargo fetch --quiet --locked --manifest-path "bench/peers/$peer/Cargo.toml"; then
    echo "$peer: cargo could not fetch the crates of bench/peers/$peer/Cargo.lock" >&2
    exit 3
fi
# How aws-lc is built is said by .cargo/config.toml, as for the functions.
env -u AWS_LC_SYS_NO_JITTER_ENTROPY -u AWS_LC_SYS_SMALL cargo build --quiet --release --locked \
    --manifest-path "bench/peers/$peer/Cargo.toml" --target-dir "target/peers/$peer"
