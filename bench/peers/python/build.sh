#!/usr/bin/env bash
# Installs the Python peer beside its packages, as a deployment package has them; run from the repository root.
set -euo pipefail
source=bench/peers/python
target=target/peers/python
if ! cmp -s "$source/requirements.txt" "$target/installed.txt"; then
    rm -rf "$target"
    mkdir -p target/peers
    # venv/ is the interpreter, package/ what a deployment would upload.
    if ! python3 -m venv "$target/venv"; then
        echo "python: python3 cannot make a virtual environment (python3-venv is missing)" >&2
        exit 3
    fi
    if ! "$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --target "$target/package" --requirement "$source/requirements.txt"; then
        echo "python: pip could not install $source/requirements.txt" >&2
        exit 3
    fi
    cp "$source/requirements.txt" "$target/installed.txt"
fi
cp "$source/handler.py" "$target/package/"
"$target/venv/bin/python" -m compileall -q "$target/package/handler.py"
