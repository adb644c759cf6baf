// Builds the reference page: one file with everything in it, which asks nobody but the local stack for anything.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const output = join(root, "target/reference.html");

const read = (...path) => readFileSync(join(here, ...path), "utf8");
const sha256 = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const description = parse(readFileSync(join(root, "openapi.yaml"), "utf8"));
const scripts = {
  // Nothing in a script may end its element.
  explorer: read("node_modules/openapi-explorer/dist/browser/openapi-explorer.min.js").replaceAll("</script", "<\\/script"),
  playground: read("playground.js"),
};
const policy = [
  "default-src 'none'",
  `script-src ${Object.values(scripts).map(sha256).join(" ")}`,
  // The components set styles of their own.
  "style-src 'unsafe-inline'",
  "img-src 'self' data:",
  // The API, and the stack's S3 on another port.
  "connect-src 'self' http://127.0.0.1:* http://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const parts = {
  ...scripts,
  policy,
  title: description.info.title,
  style: read("page.css"),
  spec: JSON.stringify(description).replaceAll("<", "\\u003c"),
};
const page = read("page.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);

mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, page);
console.log(`target/reference.html: ${Math.round(Buffer.byteLength(page) / 1024)} KB`);
