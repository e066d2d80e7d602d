// To whom the token is sent, when a request is repeated, and what pages of other origins can do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blankPage, counting, freePort, newContext, PASSWORD, register, startServer, until } from "./harness.mjs";
import { clientPage, login, payload, resource, send, token } from "./pages.mjs";

const [listed, elsewhere] = [`http://127.0.0.1:${await freePort()}`, `http://localhost:${await freePort()}`];
const server = await startServer({ DOORKEY_HTTP__CORS_ORIGINS: `${listed},${elsewhere}` });
for (const name of ["ann", "bob"]) await register(server, name);

async function signedIn(options) {
  const context = await newContext();
  const page = await clientPage(context, server, options);
  await login(page, "ann");
  return { context, page };
}

/** Every access token that was made so far is refused from now on; the sessions live. */
async function refuseAllTokens() {
  const post = (path, headers, body) =>
    fetch(server.url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const signIn = { username: "admin", password: server.passwords.admin };
  const { access_token: text } = await (await post("/auth/login", {}, signIn)).json();
  const { kid } = JSON.parse(Buffer.from(text.split(".")[0], "base64url"));
  const done = await post("/admin/keys/rotate", { Authorization: `Bearer ${text}` }, { revoke: kid });
  assert.equal(done.status, 200);
}

test("the token goes to the page's origin, the server and the listed resources, and to nobody else", async () => {
  const [api, foreign] = [await resource(() => 200), await resource(() => 200)];
  const { page } = await signedIn({ resources: [`${api.url}/v1/`] });
  assert.equal(await send(page, `${api.url}/notes`), 200);
  assert.match(api.asked[0].authorization, /^Bearer ey/);
  for (const url of [foreign.url, api.url.replace("127.0.0.1", "localhost"), "data:,x"]) {
    assert.match(await send(page, url), /^TypeError: \S+ is not among the client's resources$/);
  }
  assert.deepEqual(foreign.asked, []);
});

test("a redirect fails unless it is asked for, and then the token stays behind", async () => {
  const foreign = await resource(() => 200);
  const api = await resource(() => [302, { Location: foreign.url }]);
  const { page } = await signedIn({ resources: [api.url] });
  assert.match(await send(page, api.url), /^TypeError/);
  assert.deepEqual(foreign.asked, []);
  assert.equal(await send(page, api.url, { redirect: "follow" }), 200);
  assert.deepEqual(foreign.asked.map(({ authorization }) => authorization), [undefined]);
});

test("nobody's request goes without a token", async () => {
  const api = await resource(() => 200);
  const page = await clientPage(await newContext(), server, { resources: [api.url] });
  assert.equal(await send(page, api.url), 200);
  assert.deepEqual(api.asked.map(({ authorization }) => authorization), [undefined]);
});

test("a token that the server refuses is renewed and the request repeated, its body too", async () => {
  const { context, page } = await signedIn();
  const [renewals, asked] = [counting(context, "/auth/refresh"), counting(context, "/auth/me")];
  await refuseAllTokens();
  const name = await page.evaluate(async () => {
    const request = new Request("/auth/me", {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ display_name: "Ann of the Sea" }),
    });
    return (await (await auth.fetch(request)).json()).display_name;
  });
  assert.equal(name, "Ann of the Sea");
  assert.deepEqual([renewals.count, asked.count], [1, 2]);
});

test("many requests that are refused at once are one renewal", async () => {
  const { context, page } = await signedIn();
  const renewals = counting(context, "/auth/refresh");
  await refuseAllTokens();
  const all = await page.evaluate(async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => auth.fetch("/auth/me")));
    return answers.map(({ status }) => status);
  });
  assert.deepEqual([all, renewals.count], [[200, 200, 200, 200, 200], 1]);
});

test("a 401 that is not about the token is the answer, and is asked for once", async () => {
  const { context, page } = await signedIn();
  const [renewals, asked] = [counting(context, "/auth/refresh"), counting(context, "/auth/password")];
  const status = await send(page, "/auth/password", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ current_password: "wrong", new_password: PASSWORD }),
  });
  assert.deepEqual([status, renewals.count, asked.count], [401, 0, 1]);
});

test("a resource that refuses every token is asked twice at most, and does not make the client renew and renew", async () => {
  const api = await resource(() => [401, { "WWW-Authenticate": 'Bearer error="invalid_token"' }]);
  const { context, page } = await signedIn({ resources: [api.url] });
  const renewals = counting(context, "/auth/refresh");
  await page.evaluate(() => (clocks.steady += 60_000));
  assert.deepEqual([await send(page, api.url), api.asked.length, renewals.count], [401, 2, 1]);
  for (let n = 0; n < 5; n++) await send(page, api.url);
  assert.deepEqual([api.asked.length, renewals.count], [7, 1], "a new token was refused: no use");
});

for (const [challenge, times] of [
  ["Bearer", 2],
  ['Bearer realm="a", error="invalid_token"', 2],
  ["Bearer error=invalid_token", 2],
  ['Bearer error="insufficient_user_authentication"', 1],
  ['Bearer error="invalid_request"', 1],
]) {
  test(`a resource that says ${challenge} is asked ${times === 2 ? "twice" : "once"}`, async () => {
    const api = await resource(() => [401, { "WWW-Authenticate": challenge }]);
    const { page } = await signedIn({ resources: [api.url] });
    await page.evaluate(() => (clocks.steady += 60_000));
    assert.equal(await send(page, api.url), 401);
    assert.equal(api.asked.length, times);
  });
}

test("a resource that takes the new token is asked twice and answers", async () => {
  const api = await resource((_, nth) => (nth === 1 ? 401 : 200));
  const { page } = await signedIn({ resources: [api.url] });
  await page.evaluate(() => (clocks.steady += 60_000));
  assert.equal(await send(page, api.url, { method: "POST", body: "x" }), 200);
  assert.deepEqual(api.asked.map(({ body }) => body), ["x", "x"]);
  assert.notEqual(api.asked[0].authorization, api.asked[1].authorization);
});

// Chromium sends streams over HTTP/2 only, so the browser's own fetch is stood in for.
test("a body that is a stream is sent once", async () => {
  const { page } = await signedIn();
  const sent = await page.evaluate(async () => {
    clocks.steady += 60_000;
    const real = fetch;
    const seen = [];
    globalThis.fetch = async (input, init) => {
      if (!input.url?.endsWith("/upload")) return real(input, init);
      seen.push(await input.text());
      const headers = { "WWW-Authenticate": 'Bearer error="invalid_token"' };
      return new Response("", { status: 401, headers });
    };
    const body = () => new Blob(["a stream"]).stream();
    const { status } = await auth.fetch("/upload", { method: "POST", duplex: "half", body: body() });
    return [status, ...seen];
  });
  assert.deepEqual(sent, [401, "a stream"]);
});

test("what one user asked is not repeated for another who has signed in meanwhile", async () => {
  let arrived, release;
  const [there, held] = [new Promise((done) => (arrived = done)), new Promise((done) => (release = done))];
  const api = await resource(async () => (arrived(), await held, 401));
  const { context, page } = await signedIn({ resources: [api.url] });
  await page.evaluate(() => (clocks.steady += 60_000));
  const second = await clientPage(context, server);
  const status = send(page, api.url, { method: "POST", body: "Ann's" });
  await there;
  const bob = await login(second, "bob");
  await until(() => page.evaluate((id) => heard.at(-1)?.id === id, bob.id), "bob reaches the page");
  release();
  assert.equal(await status, 401);
  assert.equal(api.asked.length, 1);
});

test("a page of a listed origin of the same site does all of it", async () => {
  const context = await newContext();
  const page = await clientPage(context, server, { origin: listed });
  const { id } = await login(page, "ann");
  assert.equal(payload(await token(page, { fresh: true })).sub, id);
  assert.equal(await send(page, `${server.url}/auth/me`), 200);
  await refuseAllTokens();
  assert.equal(await send(page, `${server.url}/auth/me`), 200, "it sees why a token was refused");
  const own = await clientPage(context, server);
  assert.equal(payload(await token(own)).sub, id, "the session is the site's");
  await page.evaluate(() => auth.logout());
  assert.equal(await token(page), null);
  assert.equal(await send(own, "/auth/me"), 401, "messages do not cross origins, the end does");
  assert.equal(await token(own), null);
});

test("a listed origin of another site gets no session, because the cookie is Strict", async () => {
  const context = await newContext();
  const page = await clientPage(context, server, { origin: elsewhere });
  await login(page, "ann");
  assert.equal(await token(page, { fresh: true }), null);
  assert.deepEqual(await context.cookies(), []);
});

for (const [what, host] of [["the same site", "127.0.0.1"], ["another site", "localhost"]]) {
  test(`a page of a foreign origin of ${what} can neither renew nor sign out`, async () => {
    const { context, page } = await signedIn();
    const foreign = await blankPage(context, `http://${host}:${await freePort()}`);
    const tried = await foreign.evaluate(async (url) => {
      const init = { method: "POST", credentials: "include" };
      const all = [];
      for (const path of ["/auth/refresh", "/auth/logout"]) {
        all.push(await fetch(url + path, init).then(({ status }) => status, ({ name }) => name));
        const unseen = fetch(url + path, { ...init, mode: "no-cors" });
        all.push(await unseen.then(({ type }) => type, ({ name }) => name));
      }
      return all;
    }, server.url);
    assert.deepEqual(tried, Array(4).fill("TypeError"));
    await foreign.evaluate((url) => {
      document.body.innerHTML = `<form method="post" action="${url}/auth/logout"></form>`;
      document.querySelector("form").submit();
    }, server.url);
    await foreign.waitForURL(`${server.url}/auth/logout`);
    assert.equal(typeof (await token(page, { fresh: true })), "string");
    assert.equal(await send(page, "/auth/me"), 200);
  });
}

test("a page of another origin cannot show a page of the server in a frame", async () => {
  const { context } = await signedIn();
  const foreign = await blankPage(context, `http://127.0.0.1:${await freePort()}`);
  for (const path of ["/login", "/register", "/account", "/console", "/demo/"]) {
    const [shown, refusals] = [await foreign.evaluateHandle(() => document.createElement("iframe")), context.noise.length];
    await foreign.evaluate(
      ([frame, url]) =>
        new Promise((done) => {
          frame.onload = done;
          frame.src = url;
          document.body.append(frame);
        }),
      [shown, server.url + path],
    );
    const frame = await shown.asElement().contentFrame();
    assert.match(frame.url(), /^chrome-error:/, path);
    assert.doesNotMatch(await frame.content(), /doorkey/, path);
    const refused = () => context.noise.slice(refusals).some((text) => text.includes("frame-ancestors"));
    await until(refused, `${path}: the browser says that the policy refused it`);
  }
});
