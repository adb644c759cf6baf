#!/usr/bin/env bash
# Builds the Gin peer from what Debian ships; run from the repository root.
set -euo pipefail
sources=/usr/share/gocode
for package in aws/aws-sdk-go-v2/service/dynamodb golang-jwt/jwt gin-gonic/gin; do
    if [ ! -d "$sources/src/github.com/$package" ]; then
        echo "gin: $sources lacks github.com/$package (bench/peers/README.md lists the Debian packages)" >&2
        exit 3
    fi
done
mkdir -p target/peers/gin
GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOPATH="$PWD/bench/peers/gin:$PWD/bench/peers/go:$sources" \
    GOCACHE="$PWD/target/peers/go-cache" go build -trimpath -ldflags '-s -w' -o target/peers/gin/server server
