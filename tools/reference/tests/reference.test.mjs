// The reference page in a real browser, against the local stack at STACK_API_URL.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const API = process.env.STACK_API_URL;
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
const skip = executablePath ? false : "no Chromium: set CHROMIUM to its path";
// One black pixel.
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);
const PICTURE = { name: "pixel.png", mimeType: "image/png", buffer: PIXEL };

let browser;

before(async () => {
  assert.ok(API, "STACK_API_URL names no API");
  if (!skip) {
    const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, args });
  }
});
after(() => browser?.close());

/** The page, and what it does that it must not: requests to other hosts, and errors. */
async function open() {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.hostname !== "127.0.0.1" && url.protocol !== "data:") {
      faults.push(`request to ${url.origin}`);
    }
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(`${API}/docs`);
  return { page, faults };
}

const logIn = async (page, person) => {
  await page.getByRole("button", { name: `Log in as ${person}` }).click();
  await page.getByText(`Logged in as ${person}`).waitFor();
};

test("a click logs in, an upload passes, and nothing leaves this machine", { skip }, async () => {
  const { page, faults } = await open();
  await logIn(page, "alice");
  await page.locator("#file").setInputFiles(PICTURE);
  await page.getByText("The upload is ready.").waitFor({ timeout: 30_000 });
  const link = await page.getByRole("link", { name: "Open what was stored" }).getAttribute("href");
  assert.deepEqual(Buffer.from(await (await fetch(link)).arrayBuffer()), PIXEL);
  assert.deepEqual(faults, []);
});

test("an operation is executed with the person's token", { skip }, async () => {
  const { page, faults } = await open();
  await logIn(page, "bob");
  await page.getByText("Returns the caller", { exact: true }).first().click();
  const answer = page.waitForResponse((response) => response.url() === `${API}/v1/users/me`);
  await page.getByRole("button", { name: "Execute" }).click();
  assert.equal((await answer).status(), 200);
  assert.deepEqual(faults, []);
});

test("logging out ends the session", { skip }, async () => {
  const { page, faults } = await open();
  await logIn(page, "alice");
  const answer = page.waitForResponse((response) => response.url() === `${API}/v1/logout`);
  await page.getByRole("button", { name: "Log out" }).click();
  assert.equal((await answer).status(), 204);
  await page.getByText("Nobody is logged in.").waitFor();
  assert.deepEqual(faults, []);
});

test("a file that the API does not take says why", { skip }, async () => {
  const { page } = await open();
  await logIn(page, "alice");
  await page.locator("#file").setInputFiles({ ...PICTURE, name: "a.txt", mimeType: "text/plain" });
  await page.getByText("Not uploaded: 400 invalid_request").waitFor();
});
