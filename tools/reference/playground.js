"use strict";

/* Logs in at the local stack and uploads one file. Elsewhere than on the local stack the page is a reference only. */

const spec = JSON.parse(document.getElementById("spec").textContent);
const isLocal = location.protocol === "http:" && ["127.0.0.1", "localhost"].includes(location.hostname);
const explorer = document.querySelector("openapi-explorer");
const find = (id) => document.getElementById(id);
/* Uploads are inspected within a second or two; this is when the page stops asking. */
const VERDICT_SECONDS = 30;

let accessToken = null;

if (isLocal) {
  // The stack may be on another port than the one that the description names.
  spec.servers[0].url = location.origin;
  find("playground").hidden = false;
}
explorer.loadSpec(spec);

async function call(method, path, body) {
  const headers = { "content-type": "application/json" };
  if (accessToken) {
    headers.authorization = `Bearer ${accessToken}`;
  }
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  const json = text ? JSON.parse(text) : null;
  if (!response.ok) {
    throw new Error(`${response.status} ${json.code || json.message}`);
  }
  return json;
}

function tell(id, text, failed = false) {
  find(id).textContent = text;
  find(id).classList.toggle("failed", failed);
}

async function useToken(token) {
  accessToken = token;
  await explorer.setAuthenticationConfiguration("accessToken", { token: token || "" });
  find("log-out").disabled = !token;
  find("file").disabled = !token;
  find("link").hidden = true;
  tell("upload", token ? "" : "Log in first.");
}

async function logIn(person) {
  tell("who", `Logging in as ${person} …`);
  try {
    // A code works once, so each login takes another one.
    const session = await call("POST", "/v1/login", { code: `${person}-${Date.now()}` });
    await useToken(session.access_token);
    tell("who", `Logged in as ${person} (${session.user.id}).`);
  } catch (error) {
    tell("who", `Not logged in: ${error.message}`, true);
  }
}

async function logOut() {
  try {
    await call("POST", "/v1/logout");
    await useToken(null);
    tell("who", "Nobody is logged in.");
  } catch (error) {
    tell("who", `Not logged out: ${error.message}`, true);
  }
}

async function send(file, ticket) {
  const form = new FormData();
  Object.entries(ticket.fields).forEach(([name, value]) => form.append(name, value));
  // What follows the file is ignored, so it comes last.
  form.append(ticket.file_field, file);
  const response = await fetch(ticket.url, { method: "POST", body: form });
  if (!response.ok) {
    const [, code] = /<Code>(\w+)/.exec(await response.text()) || [];
    throw new Error(`S3 answers ${response.status} ${code || ""}`);
  }
}

async function verdict(id) {
  for (let second = 0; second < VERDICT_SECONDS; second += 1) {
    const upload = await call("GET", `/v1/uploads/${id}`);
    if (upload.status !== "pending") {
      return upload;
    }
    tell("upload", `Sent; waiting for the inspection (${second} s) …`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`still pending after ${VERDICT_SECONDS} s`);
}

async function upload(file) {
  find("link").hidden = true;
  tell("upload", "Asking for a ticket …");
  try {
    const request = { purpose: "file", content_type: file.type, size: file.size };
    const { upload: created, ticket } = await call("POST", "/v1/uploads", request);
    tell("upload", `Sending ${file.size} bytes …`);
    await send(file, ticket);
    const settled = await verdict(created.id);
    tell("upload", `The upload is ${settled.status}${settled.reason ? `: ${settled.reason}` : "."}`);
    find("link").hidden = !settled.download_url;
    find("link").querySelector("a").href = settled.download_url || "";
  } catch (error) {
    tell("upload", `Not uploaded: ${error.message}`, true);
  }
}

for (const button of document.querySelectorAll("[data-login]")) {
  button.addEventListener("click", () => logIn(button.dataset.login));
}
find("log-out").addEventListener("click", logOut);
find("file").addEventListener("change", ({ target }) => target.files[0] && upload(target.files[0]));
