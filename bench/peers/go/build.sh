#!/usr/bin/env bash
# Builds the Go peer from what Debian ships; run from the repository root.
set -euo pipefail
sources=/usr/share/gocode
for package in aws/aws-sdk-go-v2/service/dynamodb golang-jwt/jwt; do
    if [ ! -d "$sources/src/github.com/$package" ]; then
        echo "go: $sources lacks github.com/$package (bench/peers/README.md lists the Debian packages)" >&2
        exit 3
    fi
done
mkdir -p target/peers/go
GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOPATH="$PWD/bench/peers/go:$sources" GOCACHE="$PWD/target/peers/go-cache" \
    go build -trimpath -tags lambda.norpc -ldflags '-s -w' -o target/peers/go/bootstrap lambda
