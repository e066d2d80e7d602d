// A server of its own on a free port with data of its own, a real Chromium, and the questions that
// the tests ask of pages. Everything ends with the test file.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";

const target = process.env.DOORKEY_TARGET ?? join(process.cwd(), "target");
const { chromium } = createRequire(join(target, "browser/"))("playwright-core");

/** A password that every policy takes. */
export const PASSWORD = "correct horse battery staple";

const FLAGS = [
  "--no-sandbox", // as root there is none; the pages are ours
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts `doorkey serve --dev` with these variables; stopped at the end of the file.
 * Nothing is throttled unless `env` says so. */
export async function startServer(env = {}) {
  const home = mkdtempSync(join(tmpdir(), "doorkey-browser-"));
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("DOORKEY_"));
  const { DOORKEY_ARGS: args = ["--dev", "--listen", "127.0.0.1:0"], ...rest } = env;
  const child = spawn(join(target, "debug/doorkey"), ["serve", ...args], {
    cwd: home,
    env: {
      ...Object.fromEntries(clean),
      TMPDIR: home,
      DOORKEY_LIMITS__REGISTRATIONS_PER_NETWORK: "0",
      DOORKEY_LIMITS__LOGIN_FAILURES: "0",
      ...rest,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (data) => (log += data));
  const server = { passwords: {}, log: () => log, process: child };
  server.stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  };
  after(server.stop);
  await new Promise((ready, fail) => {
    child.once("error", fail);
    child.once("exit", (code) => fail(new Error(`the server ended with ${code}: ${log}`)));
    createInterface(child.stdout).on("line", (line) => {
      const [, url] = /^doorkey is listening on (\S+)$/.exec(line) ?? [];
      const [, name, password] = /^account (\S+), password (\S+)$/.exec(line) ?? [];
      if (url) server.url = url;
      if (name) server.passwords[name] = password;
      // The accounts come before the lines to paste; without --dev there are none.
      if (/by pasting:$/.test(line) || (url && !args.includes("--dev"))) ready();
    });
  });
  return server;
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

let browser;
after(() => browser?.close());

/** A browser profile that has never been anywhere. Its pages note what they log and throw. */
export async function newContext(options = {}) {
  if (!browser) {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
  }
  // Pages that no server gave count as public, and Chromium asks before such a page reaches the
  // own machine.
  const permissions = ["local-network-access"];
  const context = await browser.newContext({ permissions, ...options });
  context.setDefaultTimeout(10_000);
  context.noise = [];
  context.on("weberror", (error) => context.noise.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error") context.noise.push(message.text());
  });
  return context;
}

/** What the pages complained of: exceptions and refusals by the content policy. A refused
 * request is no complaint, the browser logs each. */
export function complaints(context) {
  return context.noise.filter((text) => !text.startsWith("Failed to load resource"));
}

/** Makes an account; its name. */
export async function register(server, name) {
  const answer = await fetch(`${server.url}/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: name, password: PASSWORD }),
  });
  if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return name;
}

/** A page of `origin` with nothing on it and no content policy, whether or not anybody serves that
 * origin: what it sends goes over the network as it is. */
export async function blankPage(context, origin) {
  const page = await context.newPage();
  await page.route(`${origin}/blank`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>blank</title>" }),
  );
  await page.goto(`${origin}/blank`);
  return page;
}

/** Counts the requests to a path from all pages of a context, those that are answered by a route
 * of the test as well. */
export function counting(context, path) {
  const seen = { count: 0 };
  context.on("request", (request) => {
    if (new URL(request.url()).pathname === path && request.method() !== "OPTIONS") seen.count++;
  });
  return seen;
}

/** Waits until `condition` gives something; fails with what it gave last. */
export async function until(condition, what, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** Where a script of the page could find one of `secrets` at rest: names of places. */
export function placesOf(page, secrets) {
  return page.evaluate(async (secrets) => {
    const texts = {};
    texts.localStorage = JSON.stringify({ ...localStorage });
    texts.sessionStorage = JSON.stringify({ ...sessionStorage });
    texts.cookie = document.cookie;
    texts.url = location.href + JSON.stringify(history.state) + window.name;
    const fields = [...document.querySelectorAll("input, textarea, select")];
    texts.page = document.documentElement.outerHTML + fields.map((field) => field.value).join(" ");
    const globals = Object.keys(window).filter((key) => typeof window[key] === "string");
    texts.globals = globals.map((key) => window[key]).join(" ");
    texts.caches = "";
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        texts.caches += request.url + (await (await cache.match(request)).text());
      }
    }
    texts.indexedDB = "";
    for (const { name } of await indexedDB.databases()) {
      const wait = (request) =>
        new Promise((done, fail) => {
          request.onsuccess = () => done(request.result);
          request.onerror = () => fail(request.error);
        });
      const database = await wait(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const all = await wait(database.transaction(store).objectStore(store).getAll());
        texts.indexedDB += JSON.stringify(all);
      }
      database.close();
    }
    const holds = ([, text]) => secrets.some((secret) => text.includes(secret));
    return Object.entries(texts).filter(holds).map(([place]) => place);
  }, secrets);
}

/** Saves what the page looks like as target/screenshots/NAME.png, the whole length of it. */
export async function screenshot(page, name) {
  const folder = join(target, "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
