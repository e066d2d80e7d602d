// The pages in a real browser: by hand and by keyboard, without a script too, in both themes, from
// narrow to wide, against the rules of accessibility that a program can check (axe-core).
// Screenshots: target/screenshots/pages-*.png.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";

import { PASSWORD, complaints, newContext, register, screenshot, startServer } from "./harness.mjs";

const target = process.env.DOORKEY_TARGET ?? join(process.cwd(), "target");
const AXE = readFileSync(join(target, "browser/node_modules/axe-core/axe.min.js"), "utf8");

const APP = "http://localhost:9/signed-in";
const server = await startServer({ DOORKEY_PAGES__RETURN_TO: APP });
// On the other one nobody is an administrator yet.
const data = mkdtempSync(join(tmpdir(), "doorkey-pages-"));
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15"
  fill="#d90"/><circle cx="16" cy="12" r="5" fill="#fff"/><path d="M13 14h6l2 11H11z" fill="#fff"/></svg>`;
writeFileSync(join(data, "logo.svg"), LOGO);
// With a name, a logo, and a colour that nobody could read on white.
const fresh = await startServer({
  DOORKEY_ARGS: ["--listen", "127.0.0.1:0"],
  DOORKEY_DATA: join(data, "data"),
  DOORKEY_PAGES__NAME: "Example & Daughters",
  DOORKEY_PAGES__LOGO: join(data, "logo.svg"),
  DOORKEY_PAGES__ACCENT: "#ffcc00",
});
after(() => rmSync(data, { recursive: true, force: true }));

/** The link of a reset for this account. */
async function resetLink(name) {
  const call = async (path, options) => {
    const answer = await fetch(server.url + path, options);
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const json = { "Content-Type": "application/json" };
  const body = JSON.stringify({ username: "admin", password: server.passwords.admin });
  const { access_token } = await call("/auth/login", { method: "POST", headers: json, body });
  const headers = { Authorization: `Bearer ${access_token}` };
  const { users } = await call(`/admin/users?q=${name}`, { headers });
  const path = `/admin/users/${users[0].id}/password-reset`;
  return (await call(path, { method: "POST", headers })).link;
}

async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name="${name}"]:not([hidden])`, value);
}

const submit = (page) => page.click("button[type=submit]");

/** Every page, and how one comes there. */
const PAGES = {
  login: (page) => page.goto(`${server.url}/login`),
  "login-wrong": async (page) => {
    await page.goto(`${server.url}/login`);
    await fill(page, { username: "ann", password: "wrong" });
    await submit(page);
  },
  "login-done": (page) => page.goto(`${server.url}/login?done=registered`),
  register: (page) => page.goto(`${server.url}/register`),
  "register-wrong": async (page) => {
    await page.goto(`${server.url}/register`);
    await fill(page, { username: "-ann", password: "short" });
    await submit(page);
  },
  "register-wrong-de": (page) => PAGES["register-wrong"](page),
  "register-strong": async (page) => {
    await page.goto(`${server.url}/register`);
    await fill(page, { username: "bob", password: PASSWORD });
  },
  setup: (page) => page.goto(`${fresh.url}/setup`),
  "login-branded": (page) => page.goto(`${fresh.url}/login`),
  "set-password": async (page) => page.goto(await resetLink("user")),
  "set-password-used": (page) => page.goto(`${server.url}/set-password?token=x`),
  "signed-in": async (page) => {
    const name = await register(server, `ann${Math.random().toString(36).slice(2, 10)}`);
    await page.goto(`${server.url}/login?rd=${encodeURIComponent("/console")}`);
    await fill(page, { username: name, password: PASSWORD });
    await submit(page);
    await page.goto(`${server.url}/login`);
  },
  account: async (page) => {
    await PAGES["signed-in"](page);
    await page.goto(`${server.url}/account`);
  },
  problem: (page) => page.goto(`${server.url}/problems/too_many_attempts`),
  nothing: (page) => page.goto(`${server.url}/nothing`),
};

const THEMES = ["light", "dark"];
const WIDTHS = [320, 768, 1280];

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: nothing that axe-core finds, light and dark, narrow and wide`, async () => {
    for (const colorScheme of THEMES) {
      const locale = name.endsWith("-de") ? "de-AT" : "en-GB";
      const context = await newContext({ colorScheme, locale });
      const page = await context.newPage();
      await open(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        await screenshot(page, `pages-${name}-${width}-${colorScheme}`);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wider <= 0, `${width}: ${wider} pixels too wide`);
        // The rules run in a world of their own: the page's policy lets no other script in.
        await page.evaluate(AXE);
        const found = await page.evaluate(() => axe.run({ resultTypes: ["violations", "incomplete"] }));
        const told = [...found.violations, ...found.incomplete].map((rule) => ({
          rule: rule.id, help: rule.help, at: rule.nodes.map((node) => node.html),
        }));
        assert.deepEqual(told, [], `${name} ${width} ${colorScheme}`);
      }
      assert.deepEqual(complaints(context), []);
      await context.close();
    }
  });
}

test("a person signs in by keyboard alone", async () => {
  const context = await newContext();
  const page = await context.newPage();
  const name = await register(server, "keyboard");
  await page.goto(`${server.url}/login?rd=/console`);
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#password-error");
  const focused = await page.evaluate(() => document.activeElement.id);
  assert.equal(focused, "password", "what has to be done has the focus");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Tab");
  const shown = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.equal(shown, "Show: Password");
  await page.keyboard.press("Enter");
  assert.equal(await page.getAttribute("#password", "type"), "text");
  await page.keyboard.press("Tab");
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.keyboard.press("Enter");
  assert.equal((await answer).status(), 303);
  assert.equal(new URL((await answer).headers().location, server.url).pathname, "/console");
});

test("without a script a person registers, signs in and signs out", async () => {
  const context = await newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/register`);
  assert.equal(await page.locator("button:visible").count(), 1, "no button that does nothing");
  await fill(page, { username: "plain", password: PASSWORD });
  await submit(page);
  assert.equal(new URL(page.url()).pathname, "/login");
  await fill(page, { username: "plain", password: PASSWORD });
  await submit(page);
  await page.goto(`${server.url}/login`);
  assert.match(await page.textContent("main"), /signed in as plain/);
  await submit(page);
  assert.equal(new URL(page.url()).pathname, "/login");
  assert.equal(await page.locator("#password").count(), 1);
});

test("a login leads to a listed address of another origin, and the policy lets it", async () => {
  const context = await newContext();
  const page = await context.newPage();
  const name = await register(server, "leads");
  await page.route(APP, (route) => route.fulfill({ contentType: "text/html", body: "<title>app</title>" }));
  await page.goto(`${server.url}/login?rd=${encodeURIComponent(APP)}`);
  await fill(page, { username: name, password: PASSWORD });
  await submit(page);
  await page.waitForURL(APP);
  assert.deepEqual(complaints(context), []);
});

test("the strength is told as it is typed, and a password can be pasted and shown", async () => {
  const context = await newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  await page.goto(`${server.url}/register`);
  const told = page.locator(".strength");
  assert.equal(await told.isVisible(), false);
  await page.fill("#username", "annabel");
  for (const [text, words] of [
    ["short", "Too short: 8 characters are needed."],
    ["abcdefghij", "Easy to guess."],
    ["aaaaaaaaaaaa", "Easy to guess."],
    ["annabel2026!", "Easy to guess."],
    ["k7dm2qxw9", "Could be longer."],
    ["k7dm2qxw9hzp3", "Good."],
    [PASSWORD, "Very good."],
  ]) {
    await page.fill("#password", text);
    assert.equal(await told.textContent(), words, text);
  }
  await page.fill("#password", "");
  assert.equal(await told.isVisible(), false);
  await page.evaluate((text) => navigator.clipboard.writeText(text), PASSWORD);
  await page.focus("#password");
  await page.keyboard.press("Control+V");
  assert.equal(await page.inputValue("#password"), PASSWORD);
  await page.click(".show");
  assert.equal(await page.getAttribute("#password", "type"), "text");
  assert.equal(await page.textContent(".show"), "Hide");
  await page.click(".show");
  assert.equal(await page.getAttribute("#password", "type"), "password");
});

test("a one-time token does not stay in the address", async () => {
  const context = await newContext();
  const page = await context.newPage();
  const link = await resetLink("user");
  await page.goto(link);
  assert.equal(page.url(), `${server.url}/set-password`);
  await page.fill("#new_password", "short");
  await submit(page);
  await page.waitForSelector("#new_password-error");
  assert.equal(page.url(), `${server.url}/set-password`);
  await page.fill("#new_password", PASSWORD);
  await submit(page);
  await page.waitForURL(/done=password_set/);
  const token = new URL(link).searchParams.get("token");
  assert.ok(!server.log().includes(token), "nor in the log");
});

test("the first administrator is made by the page", async () => {
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(`${fresh.url}/setup`);
  await fill(page, { secret: "wrong", username: "root", password: PASSWORD });
  await submit(page);
  await page.waitForSelector("#secret-error");
  const secret = readFileSync(join(data, "data/setup-secret"), "utf8").trim();
  await fill(page, { secret, username: "root", password: PASSWORD });
  await submit(page);
  await page.waitForURL(/done=set_up/);
  const gone = await page.goto(`${fresh.url}/setup`);
  assert.equal(gone.status(), 404);
});

test("the sign-in page is small: at most three requests", async () => {
  const context = await newContext();
  const page = await context.newPage();
  const loaded = [];
  page.on("response", async (response) => {
    const url = new URL(response.url());
    if (url.protocol !== "data:") loaded.push({ path: url.pathname, body: response.body() });
  });
  await page.goto(`${server.url}/login`, { waitUntil: "networkidle" });
  let [plain, packed] = [0, 0];
  for (const { path, body } of loaded) {
    const bytes = await body;
    const small = gzipSync(bytes).length;
    console.log(`${path}: ${bytes.length} bytes, ${small} with gzip`);
    plain += bytes.length;
    packed += small;
  }
  console.log(`the sign-in page: ${loaded.length} requests, ${plain} bytes, ${packed} with gzip`);
  assert.ok(loaded.length <= 3, loaded.map((one) => one.path).join(" "));
});
