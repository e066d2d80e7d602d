// When the client renews, what it does when that fails, and which clock it believes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { counting, newContext, register, startServer, until } from "./harness.mjs";
import { clientPage, load, login, payload, send, token } from "./pages.mjs";

const server = await startServer();
await register(server, "ann");
const MINUTE = 60_000;
const TEN_YEARS = 10 * 365 * 24 * 60 * MINUTE;

const session = async (context) => (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join();

/** A page that is signed in, with the renewals of its context counted. */
async function signedIn(options) {
  const context = await newContext();
  const page = await clientPage(context, server, options);
  await login(page, "ann");
  const renewals = counting(context, "/auth/refresh");
  return { context, page, renewals };
}

const pass = (page, clocks) => page.evaluate((by) => Object.assign(clocks, by), clocks);

test("a token is used until a tenth of its life is left", async () => {
  const { page, renewals } = await signedIn();
  const first = await token(page);
  await pass(page, { steady: 8.9 * MINUTE });
  assert.equal(await token(page), first);
  await pass(page, { steady: 9.1 * MINUTE });
  const second = await token(page);
  assert.notEqual(second, first);
  assert.deepEqual([payload(second).sid, renewals.count], [payload(first).sid, 1]);
  assert.equal(await page.evaluate(() => heard.length), 1, "a renewal is no change of who is there");
});

for (const [what, wall] of [["years ahead", TEN_YEARS], ["years behind", -TEN_YEARS]]) {
  test(`a device whose clock is ${what} is served like any other`, async () => {
    const { page, renewals } = await signedIn({ prepare: `clocks.wall = ${wall}` });
    assert.equal(await send(page, "/auth/me"), 200);
    assert.equal(renewals.count, 0, "what the token says of its end is not asked");
    await pass(page, { steady: 9.5 * MINUTE });
    assert.equal(await send(page, "/auth/me"), 200);
    assert.equal(renewals.count, 1);
  });
}

test("a clock that is set back while the page is open does not keep a token alive", async () => {
  const { page, renewals } = await signedIn();
  await pass(page, { steady: 11 * MINUTE, wall: -60 * MINUTE });
  assert.equal(await send(page, "/auth/me"), 200);
  assert.equal(renewals.count, 1);
});

test("a laptop that slept, with its steady clock standing still, renews when it is used", async () => {
  const { page, renewals } = await signedIn();
  await pass(page, { wall: 20 * MINUTE });
  assert.equal(await send(page, "/auth/me"), 200);
  assert.equal(renewals.count, 1);
});

test("a page that is seen renews by itself, one that is hidden when it is shown again", async () => {
  const context = await newContext();
  const seen = await clientPage(context, server, {
    prepare: `Object.defineProperty(Document.prototype, "hidden", { get: () => globalThis.away ?? false })`,
  });
  await seen.clock.install();
  await seen.reload();
  await load(seen, server);
  await login(seen, "ann");
  const renewals = counting(context, "/auth/refresh");
  await seen.clock.fastForward(9.2 * MINUTE);
  await until(() => renewals.count === 1, "the renewal of a page that is seen");
  await token(seen);
  await seen.evaluate(() => (globalThis.away = true));
  await seen.clock.fastForward(9.2 * MINUTE);
  assert.equal(renewals.count, 1, "a hidden page is quiet");
  await seen.evaluate(() => {
    globalThis.away = false;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await until(() => renewals.count === 2, "the renewal of a page that is shown again");
});

test("a page from the back-forward cache asks who is signed in now", async () => {
  const { context, page, renewals } = await signedIn();
  const headers = { Cookie: await session(context), Origin: server.url };
  await fetch(`${server.url}/auth/logout`, { method: "POST", headers });
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await until(() => page.evaluate(() => heard.at(-1) === null), "it learns of the logout");
  assert.equal(renewals.count, 2, "the end of a session is asked for twice");
});

/** Answers the next renewals so; the real server after that. */
async function answering(context, ...answers) {
  await context.route("**/auth/refresh", (route) => {
    const answer = answers.shift();
    if (!answer) return route.fallback();
    return answer === "abort" ? route.abort() : route.fulfill(answer);
  });
}

const html = { contentType: "text/html", body: "<h1>Welcome to our hotel</h1>" };
const problem = (status, code) => ({
  status,
  contentType: "application/problem+json",
  body: JSON.stringify({ code, status, title: "No." }),
});

for (const [what, answer] of [
  ["a network that is gone", "abort"],
  ["an internal error", problem(500, "internal")],
  ["a server that is busy", problem(503, "busy")],
  ["a proxy's bad gateway", { status: 502, ...html }],
  ["a proxy's own 401", { status: 401, ...html }],
  ["a 401 of another code", problem(401, "invalid_token")],
  ["too many requests", problem(429, "too_many_attempts")],
  ["the login page of a hotel", { status: 200, ...html }],
  ["an answer that is JSON and no token", { status: 200, contentType: "application/json", body: "{}" }],
  ["a refused origin", problem(403, "foreign_origin")],
]) {
  test(`${what} signs nobody out, and it is tried again`, async () => {
    const { context, page } = await signedIn();
    await answering(context, answer);
    const good = await token(page);
    assert.equal(typeof (await token(page, { fresh: true })), "object", "the failure is told");
    assert.equal(await token(page), good, "a token that is good is given all the same");
    await pass(page, { steady: 11 * MINUTE });
    assert.notEqual(await token(page), good);
    assert.deepEqual(await page.evaluate(() => heard.map((user) => user !== null)), [true]);
  });
}

test("a token near its end is still given while the server cannot be reached", async () => {
  const { context, page } = await signedIn();
  const good = await token(page);
  await answering(context, "abort", "abort", "abort");
  await pass(page, { steady: 9.5 * MINUTE });
  assert.equal(await token(page), good);
  await pass(page, { steady: 10.1 * MINUTE });
  assert.equal((await token(page)).name, "TypeError", "but not beyond it");
});

test("a page that starts without a network does not take that for being signed out", async () => {
  const context = await newContext();
  const page = await clientPage(context, server);
  await login(page, "ann");
  await answering(context, "abort");
  const later = await clientPage(context, server);
  assert.equal((await token(later)).name, "TypeError");
  assert.deepEqual(await later.evaluate(() => heard), []);
  await later.evaluate(() => dispatchEvent(new Event("online")));
  await until(() => later.evaluate(() => heard.at(-1)?.id), "it tries again when the network is back");
});

test("as long as Retry-After says nothing is sent", async () => {
  const { context, page, renewals } = await signedIn();
  const wait = { ...problem(429, "too_many_attempts"), headers: { "Retry-After": "30" } };
  await answering(context, wait);
  await pass(page, { steady: 11 * MINUTE });
  for (const by of [0, 10_000, 29_000]) {
    await pass(page, { steady: 11 * MINUTE + by });
    assert.equal((await token(page)).code, "too_many_attempts");
  }
  assert.equal(renewals.count, 1);
  await pass(page, { steady: 11 * MINUTE + 31_000 });
  assert.equal(typeof (await token(page)), "string");
});

test("a server that stays away is asked less and less often", async () => {
  const { context, page, renewals } = await signedIn();
  await answering(context, ...Array(20).fill("abort"));
  await pass(page, { steady: 11 * MINUTE });
  const counts = [];
  for (let second = 0; second < 60; second++) {
    await pass(page, { steady: 11 * MINUTE + second * 1_000 });
    await token(page);
    counts.push(renewals.count);
  }
  assert.ok(counts.at(-1) <= 7, `${counts}`);
  assert.ok(counts[10] >= 3, `${counts}`);
});

test("a session that the server has ended is over, in every tab", async () => {
  const { context, page } = await signedIn();
  const second = await clientPage(context, server);
  await token(second);
  const headers = { Cookie: await session(context), Origin: server.url };
  await fetch(`${server.url}/auth/logout`, { method: "POST", headers });
  assert.equal(await send(page, "/auth/me"), 401);
  assert.equal(await token(page), null);
  await until(() => second.evaluate(() => heard.at(-1) === null), "the other tab is told");
});

test("when the life of the cookie is over nobody is signed in", async () => {
  const { context, page } = await signedIn();
  const [cookie] = await context.cookies();
  const rest = cookie.expires - Date.now() / 1_000;
  assert.ok(Math.abs(rest - 12 * 3_600) < 60, `${rest} seconds`);
  const soon = Math.floor(Date.now() / 1_000) + 2;
  await context.addCookies([{ ...cookie, expires: soon }]);
  await until(async () => (await context.cookies()).length === 0, "the end of the cookie");
  await pass(page, { steady: 10 * MINUTE });
  assert.equal(await token(page), null);
  assert.equal(await page.evaluate(() => heard.at(-1)), null);
});

test("a renewal that lost against a login elsewhere signs nobody out", async () => {
  const { context, page } = await signedIn();
  await answering(context, problem(401, "session_ended"));
  assert.equal(typeof (await token(page, { fresh: true })), "string");
  assert.deepEqual(await page.evaluate(() => heard.map((user) => user !== null)), [true]);
});

test("a logout wins over a renewal that is on its way", async () => {
  const { context, page } = await signedIn();
  let release;
  const held = new Promise((done) => (release = done));
  const answered = new Promise((done) => {
    context.route("**/auth/refresh", async (route) => {
      const response = await route.fetch();
      await held;
      await route.fulfill({ response });
      done();
    });
  });
  const renewed = token(page, { fresh: true });
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
  await page.evaluate(() => auth.logout());
  release();
  await answered;
  assert.equal(await renewed, null, "the good answer that came too late is dropped");
  assert.equal(await token(page), null);
  const heard = await page.evaluate(() => heard.map((user) => user !== null));
  assert.deepEqual(heard, [true, false], "it was not even for a moment believed");
});

test("a logout that does not reach the server is told, and nobody is shown as signed out", async () => {
  const { context, page } = await signedIn();
  let [broken, reached] = [true, 0];
  await context.route("**/auth/logout", (route) => (broken ? route.abort() : (reached++, route.fallback())));
  const failed = await page.evaluate(() => auth.logout().catch((error) => error.name));
  assert.equal(failed, "TypeError");
  assert.deepEqual(await page.evaluate(() => heard.map((user) => user !== null)), [true]);
  assert.equal(await send(page, "/auth/me"), 200, "the session is alive, and the page says so");
  broken = false;
  await page.evaluate(() => auth.logout());
  assert.deepEqual([reached, await token(page)], [1, null]);
});
