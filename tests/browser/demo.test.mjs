// The demonstration, as a person goes through it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, counting, newContext, PASSWORD, placesOf, register, screenshot, startServer, until } from "./harness.mjs";

const server = await startServer();
await register(server, "ann");

async function open(context) {
  const page = await context.newPage();
  await page.goto(`${server.url}/demo/`);
  return page;
}

async function signIn(page, name, password = PASSWORD) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: `Signed in as ${name}` }).waitFor();
}

const title = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();
const log = (page, text) => page.getByRole("log").getByText(text).first().waitFor();

/** The tokens that the page was sent, for the search at rest. */
function tokensOf(context) {
  const found = [];
  context.on("response", async (response) => {
    if (!/\/auth\/(login|refresh)$/.test(response.url()) || response.status() !== 200) return;
    const { access_token: text } = await response.json().catch(() => ({}));
    if (text) found.push(text, text.split(".")[2]);
  });
  return found;
}

test("login, claims, a protected call, renewal, logout: with no token at rest and no complaint", async () => {
  const context = await newContext();
  const tokens = tokensOf(context);
  const page = await open(context);
  await title(page, "Nobody is signed in");
  await log(page, "There is no live session behind the cookie.");
  await signIn(page, "ann");
  await log(page, "Both tokens: one for the memory of this page, one in an httpOnly cookie.");
  const claims = await page.locator("#claims").innerText();
  assert.match(claims, new RegExp(`Issued by\\s+${server.url}`));
  assert.match(claims, /Roles\s+user/);
  await page.getByRole("button", { name: "Call a protected route" }).click();
  await until(async () => (await page.getByText("The protected route took the token.").count()) === 2, "the call");
  await page.getByRole("button", { name: "Call an admin’s route" }).click();
  await log(page, "The token is good, the role admin is missing.");
  await page.getByRole("button", { name: "Renew now" }).click();
  await log(page, "The cookie for a new access token. The session stays as long as it was.");
  await until(async () => /^(600|59\d) seconds left/.test(await page.locator("#left").innerText()), "the life");
  const [cookie] = await context.cookies();
  assert.ok(tokens.length === 4, "a login and a renewal");
  assert.deepEqual(await placesOf(page, [...tokens, cookie.value, PASSWORD]), []);
  await page.getByRole("button", { name: "Sign out" }).click();
  await title(page, "Nobody is signed in");
  await log(page, "The session has ended, its tokens are dead, the cookie is gone.");
  assert.deepEqual(await placesOf(page, [...tokens, cookie.value, PASSWORD]), []);
  assert.deepEqual(complaints(context), []);
});

test("a reload keeps the session, and the name is there again", async () => {
  const context = await newContext();
  const page = await open(context);
  await signIn(page, "ann");
  await page.reload();
  await page.getByRole("heading", { name: "Signed in as ann" }).waitFor();
});

test("two tabs renew for themselves, and a logout in one reaches the other", async () => {
  const context = await newContext();
  const first = await open(context);
  await signIn(first, "ann");
  const renewals = counting(context, "/auth/refresh");
  const [second] = await Promise.all([
    context.waitForEvent("page"),
    first.getByRole("link", { name: "Open a second tab" }).click(),
  ]);
  await second.getByRole("heading", { name: "Signed in as ann" }).waitFor();
  assert.equal(renewals.count, 1);
  const both = [first, second].map((page) => page.getByRole("button", { name: "Renew now" }).click());
  await Promise.all(both);
  await until(() => renewals.count === 3, "both renewals");
  await second.getByRole("button", { name: "Sign out" }).click();
  await title(first, "Nobody is signed in");
  await log(first, "Signed out in another tab, or by the server.");
  assert.deepEqual(complaints(context), []);
});

test("an account is made and signed in in one go, and what is refused is told at the form", async () => {
  const page = await open(await newContext());
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("The login was not accepted.").waitFor();
  await page.getByRole("button", { name: "Make an account" }).click();
  await page.getByRole("alert").getByText("password").waitFor();
  await page.getByLabel("Name").fill("new-here");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make an account" }).click();
  await page.getByRole("heading", { name: "Signed in as new-here" }).waitFor();
});

test("without a network the page says so and stays signed in", async () => {
  const context = await newContext();
  const page = await open(context);
  await signIn(page, "ann");
  await context.setOffline(true);
  await page.getByRole("button", { name: "Renew now" }).click();
  await log(page, "The server cannot be reached. Nothing has changed.");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Signed in as ann" }).waitFor();
  await context.setOffline(false);
  await page.getByRole("button", { name: "Sign out" }).click();
  await title(page, "Nobody is signed in");
});

test("the keyboard is enough, and the focus goes where the eye goes", async () => {
  const page = await open(await newContext());
  await title(page, "Nobody is signed in");
  await page.keyboard.press("Tab");
  await page.keyboard.type("ann");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Signed in as ann" }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.name);
  assert.equal(await focused(), "somebody-title");
  for (let n = 0; n < 5; n++) await page.keyboard.press("Tab");
  assert.equal(await focused(), "logout");
  await page.keyboard.press("Enter");
  await title(page, "Nobody is signed in");
  assert.equal(await focused(), "username");
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 768, 1280]) {
    test(`it fits a window of ${width} px, ${colorScheme}`, async () => {
      const context = await newContext({ colorScheme, viewport: { width, height: 800 } });
      const page = await open(context);
      await title(page, "Nobody is signed in");
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok((await overflow()) <= 0);
      await screenshot(page, `demo-nobody-${width}-${colorScheme}`);
      await signIn(page, "admin", server.passwords.admin);
      await page.getByRole("button", { name: "Call an admin’s route" }).click();
      await log(page, "You have the role admin.");
      assert.ok((await overflow()) <= 0);
      await screenshot(page, `demo-somebody-${width}-${colorScheme}`);
      const narrow = await page.evaluate(() =>
        [...document.querySelectorAll("button, a, input")].filter((it) => it.offsetParent && it.offsetHeight < 24).length,
      );
      assert.equal(narrow, 0, "everything that is pressed is large enough");
    });
  }
}
