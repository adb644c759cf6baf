#!/usr/bin/env bash
# Builds the Rust peer with crates' defaults; run from the repository root.
set -euo pipefail
peer=rust-defaults
if ! cargo fetch --quiet --locked --manifest-path "bench/peers/$peer/Cargo.toml"; then
    echo "$peer: cargo could not fetch the crates of bench/peers/$peer/Cargo.lock" >&2
    exit 3
fi
# aws-lc's defaults are jitter entropy and the large build; .cargo/config.toml, which says otherwise, yields to the
# environment.
AWS_LC_SYS_NO_JITTER_ENTROPY=0 AWS_LC_SYS_SMALL=0 cargo build --quiet --release --locked \
    --manifest-path "bench/peers/$peer/Cargo.toml" --target-dir "target/peers/$peer"
# The static library's symbols tell; without binutils there is nobody to ask.
library=$(find "target/peers/$peer/release/build" -name 'libaws_lc_*_crypto.a' -print -quit)
symbols=$(mktemp)
trap 'rm -f "$symbols"' EXIT
if command -v nm >/dev/null && nm "$library" >"$symbols" 2>/dev/null && ! grep -q jent_ "$symbols"; then
    echo "$peer: built without jitter entropy, which is not the crate's default" >&2
    exit 1
fi
