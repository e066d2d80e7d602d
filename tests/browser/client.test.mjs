// The client against the real server: signing in and out, over tabs and users.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blankPage, complaints, counting, newContext, PASSWORD, placesOf, register, startServer, until } from "./harness.mjs";
import { clientPage, load, login, payload, send, token } from "./pages.mjs";

const server = await startServer();
for (const name of ["ann", "bob"]) await register(server, name);
const other = (text) => payload(text).sub;

test("a login gives a token that a protected route takes, and it is nowhere at rest", async () => {
  const context = await newContext();
  const page = await clientPage(context, server);
  assert.equal(await token(page), null);
  const account = await login(page, "ann");
  assert.equal(account.username, "ann");
  const text = await token(page);
  assert.equal(payload(text).sub, account.id);
  assert.equal(await send(page, "/auth/me"), 200);
  const [cookie] = await context.cookies();
  assert.equal(cookie.httpOnly && cookie.sameSite, "Strict");
  const parts = [text, text.split(".")[2], cookie.value];
  assert.deepEqual(await placesOf(page, parts), []);
  assert.deepEqual(complaints(context), []);
});

test("the search for tokens at rest finds one wherever it is", async () => {
  const page = await blankPage(await newContext(), server.url);
  await page.evaluate(async (text) => {
    localStorage.a = sessionStorage.b = window.name = window.kept = text;
    document.cookie = `c=${text}`;
    document.body.innerHTML = "<input>";
    document.querySelector("input").value = text;
    await (await caches.open("d")).put("/e", new Response(text));
    await new Promise((done) => {
      const request = indexedDB.open("f");
      request.onupgradeneeded = () => request.result.createObjectStore("g").put(text, 1);
      request.onsuccess = () => done(request.result.close());
    });
  }, "needle");
  const all = ["localStorage", "sessionStorage", "cookie", "url", "page", "globals", "caches", "indexedDB"];
  assert.deepEqual(await placesOf(page, ["needle"]), all);
  assert.deepEqual(await placesOf(page, ["thread"]), []);
});

test("a page that is loaded again is still signed in", async () => {
  const page = await clientPage(await newContext(), server);
  const { id } = await login(page, "ann");
  await page.reload();
  await load(page, server);
  assert.equal(other(await token(page)), id);
  assert.equal((await page.evaluate(() => heard)).at(-1).id, id);
});

test("a refused login says why, and whoever was signed in stays so", async () => {
  const page = await clientPage(await newContext(), server);
  await login(page, "ann");
  const refused = await page.evaluate(async () => {
    const error = await auth.login({ username: "bob", password: "wrong" }).catch((error) => error);
    return [error instanceof DoorkeyError, error.status, error.code, error.problem.status];
  });
  assert.deepEqual(refused, [true, 401, "invalid_credentials", 401]);
  assert.equal(await send(page, "/auth/me"), 200);
});

test("a registration makes an account and signs nobody in", async () => {
  const page = await clientPage(await newContext(), server);
  const form = { username: "cleo", password: PASSWORD };
  const made = await page.evaluate((form) => auth.register(form), form);
  assert.equal(made.username, "cleo");
  assert.equal(await token(page), null);
  const code = await page.evaluate((form) => auth.register(form).catch(({ code }) => code), form);
  assert.equal(code, "username_taken");
  const errors = await page.evaluate(
    (form) => auth.register(form).catch(({ problem }) => problem.errors),
    { username: "dora", password: "short" },
  );
  assert.equal(errors[0].field, "password");
});

test("a logout kills the token, clears the cookie and reaches every tab", async () => {
  const context = await newContext();
  const [first, second] = [await clientPage(context, server), await clientPage(context, server)];
  await login(first, "ann");
  await until(() => second.evaluate(() => heard.at(-1)?.id), "the login reaches the second tab");
  const old = await token(second);
  const refreshes = counting(context, "/auth/refresh");
  await first.evaluate(() => auth.logout());
  await until(() => second.evaluate(() => heard.at(-1) === null), "the logout reaches it");
  assert.deepEqual([await token(first), await token(second)], [null, null]);
  assert.equal(refreshes.count, 0, "a tab that was told needs not ask");
  assert.deepEqual(await context.cookies(), []);
  const headers = { Authorization: `Bearer ${old}` };
  assert.equal((await fetch(`${server.url}/auth/me`, { headers })).status, 401);
});

test("another user in another tab is noticed by all, and their tokens are the new user's", async () => {
  const context = await newContext();
  const [first, second] = [await clientPage(context, server), await clientPage(context, server)];
  const ann = await login(first, "ann");
  await until(() => second.evaluate(() => heard.at(-1)?.id), "the login reaches the second tab");
  const bob = await login(second, "bob");
  await until(() => first.evaluate((id) => heard.at(-1)?.id === id, bob.id), "bob reaches the first");
  assert.equal(other(await token(first)), bob.id);
  const heard = await first.evaluate(() => heard.map((user) => user && user.id));
  assert.deepEqual(heard, [ann.id, bob.id], "nobody was signed out in between");
});

test("what the tabs tell each other holds no token", async () => {
  const context = await newContext();
  const listening = await blankPage(context, server.url);
  await listening.evaluate((url) => {
    globalThis.messages = [];
    new BroadcastChannel(`doorkey ${url}`).onmessage = ({ data }) => messages.push(data);
  }, server.url);
  const page = await clientPage(context, server);
  await login(page, "ann");
  const { sid } = payload(await token(page));
  await token(page, { fresh: true });
  await page.evaluate(() => auth.logout());
  await until(() => listening.evaluate(() => messages.length === 2), "both messages");
  assert.deepEqual(await listening.evaluate(() => messages), [{ in: sid }, { out: sid }]);
});

test("many questions at once are one renewal, over two tabs one after the other", async () => {
  const context = await newContext();
  const tabs = [await clientPage(context, server), await clientPage(context, server)];
  await login(tabs[0], "ann");
  await until(() => tabs[1].evaluate(() => heard.at(-1)?.id), "the login reaches the second tab");
  let [running, most, count] = [0, 0, 0];
  await context.route("**/auth/refresh", async (route) => {
    most = Math.max(most, ++running);
    count++;
    await new Promise((done) => setTimeout(done, 150));
    const response = await route.fetch();
    running--;
    await route.fulfill({ response });
  });
  const ask = (page) =>
    page.evaluate(async () => {
      clocks.steady += 595_000;
      const all = await Promise.all(Array.from({ length: 20 }, () => auth.getAccessToken()));
      return [...new Set(all)];
    });
  const [one, two] = await Promise.all(tabs.map(ask));
  assert.deepEqual([one.length, two.length], [1, 1]);
  assert.deepEqual([count, most], [2, 1]);
  for (const page of tabs) assert.equal(await send(page, "/auth/me"), 200);
});

test("without Web Locks and without messages it works in every tab by itself", async () => {
  const context = await newContext();
  const prepare = () => {
    Object.defineProperty(navigator, "locks", { value: undefined });
    delete globalThis.BroadcastChannel;
  };
  const tabs = [await clientPage(context, server, { prepare }), await clientPage(context, server, { prepare })];
  await login(tabs[0], "ann");
  const both = await Promise.all(tabs.map((page) => token(page, { fresh: true })));
  assert.equal(other(both[0]), other(both[1]));
  await tabs[0].evaluate(() => auth.logout());
  assert.equal(await send(tabs[1], "/auth/me"), 401);
  assert.equal(await token(tabs[1]), null);
});

test("a tab that holds the lock and hangs does not stop the others for ever", async () => {
  const context = await newContext();
  const stuck = await blankPage(context, server.url);
  await stuck.evaluate(
    (name) => new Promise((held) => navigator.locks.request(name, () => (held(), new Promise(() => {})))),
    `doorkey ${server.url}`,
  );
  const prepare = () => {
    const real = AbortSignal.timeout;
    AbortSignal.timeout = (wait) => real.call(AbortSignal, wait / 20);
  };
  const page = await clientPage(context, server, { prepare });
  await login(page, "ann");
  assert.equal(typeof (await token(page, { fresh: true })), "string");
});

test("a listener hears what is known, is not disturbed by another's exception, and can leave", async () => {
  const context = await newContext();
  const page = await clientPage(context, server);
  await login(page, "ann");
  const heard = await page.evaluate(async () => {
    const calls = [];
    auth.onChange(() => {
      throw new Error("on purpose");
    });
    const leave = auth.onChange((user) => calls.push(user?.roles.join() ?? null));
    await Promise.resolve();
    leave();
    await auth.logout();
    await Promise.resolve();
    return [calls, heard.at(-1)];
  });
  assert.deepEqual(heard, [["user"], null]);
  assert.equal(complaints(context).every((text) => text.includes("on purpose")), true);
});

test("the client cannot be changed, and who is signed in cannot either", async () => {
  const page = await clientPage(await newContext(), server);
  await login(page, "ann");
  const frozen = await page.evaluate(() => [auth, heard[0], heard[0].roles].every(Object.isFrozen));
  assert.equal(frozen, true);
});
