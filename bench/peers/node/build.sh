#!/usr/bin/env bash
# Bundles the Node peer with esbuild; run from the repository root.
set -euo pipefail
source=bench/peers/node
modules=target/peers/node-modules
bundle=target/peers/node
mkdir -p "$modules" "$bundle"
cp "$source"/{package.json,package-lock.json,.npmrc,index.mjs,bootstrap.mjs} "$modules/"
if ! cmp -s "$modules/package-lock.json" "$modules/installed-lock.json"; then
    if ! (cd "$modules" && npm ci --silent --no-progress); then
        echo "node: npm could not install the packages of $source/package-lock.json" >&2
        exit 3
    fi
    cp "$modules/package-lock.json" "$modules/installed-lock.json"
fi
# mainFields: the SDK's ES modules, of which esbuild keeps only what is used.
"$modules/node_modules/.bin/esbuild" "$modules/bootstrap.mjs" --bundle --minify --platform=node --target=node20 \
    --format=esm --main-fields=module,main --log-level=warning --outfile="$bundle/index.mjs" \
    --banner:js='import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
