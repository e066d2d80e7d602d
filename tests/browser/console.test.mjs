// The administration.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asAdmin, dialog, part, quiet, settled, signedIn, told } from "./app.mjs";
import { newContext, PASSWORD, placesOf, register, startServer, until } from "./harness.mjs";

const server = await startServer();
const NEW = "a quiet old place by the sea";

/** Opens the account of this name from the list. */
async function openUser(page, name) {
  await page.getByRole("link", { name: "Accounts" }).click();
  await settled(page);
  await page.getByLabel("Search by the beginning").fill(name);
  await page.getByRole("main").getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

test("who is no administrator sees nothing of it", async () => {
  await register(server, "ann");
  const { context, page } = await signedIn(server, "ann", { path: "/console" });
  await page.getByText("This part is for administrators.").waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0);
  quiet(context);
});

test("a round: an invite is used, roles are given, the account is disabled and deleted", async () => {
  const { context, page } = await asAdmin(server);
  await page.getByRole("button", { name: "New account" }).click();
  await dialog(page).getByLabel("User name").fill("admin");
  await dialog(page).getByRole("button", { name: "Create account" }).click();
  await dialog(page).getByText("Somebody has this name.").waitFor();
  await dialog(page).getByLabel("User name").fill("carla");
  await dialog(page).getByLabel("E-mail address (optional)").fill("carla@example.org");
  await dialog(page).getByRole("button", { name: "Create account" }).click();
  const link = await dialog(page).getByLabel("Link", { exact: true }).inputValue();
  await dialog(page).getByRole("button", { name: "Copy link" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  await dialog(page).getByText(/It works once, and ends in \d+ minutes/).waitFor();
  await dialog(page).getByRole("button", { name: "Done" }).click();
  await page.getByRole("heading", { level: 1, name: "carla" }).waitFor();
  assert.equal((await page.content()).includes(link), false);

  const invited = await newContext({ baseURL: server.url, locale: "en-GB" });
  const theirs = await invited.newPage();
  await theirs.goto(link);
  await theirs.getByLabel("New password", { exact: true }).fill(NEW);
  await theirs.locator("main form [type=submit]").click();
  await theirs.waitForURL(/\/login/);
  const carla = await signedIn(server, "carla", { password: NEW });

  const roles = part(page, "Roles");
  await roles.getByLabel("editor").check();
  await roles.getByRole("button", { name: "Save" }).click();
  await told(page, "Saved.");
  await carla.page.reload();
  await carla.page.waitForURL(/\/login/);
  const again = await signedIn(server, "carla", { password: NEW });
  await page.reload();
  await settled(page);
  assert.equal(await roles.getByLabel("editor").isChecked(), true);
  await part(page, "Sessions").getByText("Chrome on Linux").waitFor();

  const access = part(page, "Access");
  await access.getByRole("button", { name: "Disable account" }).click();
  await dialog(page).getByRole("button", { name: "Disable account" }).click();
  await told(page, "The account is disabled.");
  await part(page, "Sessions").getByText("There are no sessions.").waitFor();
  await again.page.reload();
  await again.page.waitForURL(/\/login/);
  await access.getByRole("button", { name: "Enable account" }).click();
  await dialog(page).getByRole("button", { name: "Enable account" }).click();
  await told(page, "The account is enabled.");

  await access.getByRole("button", { name: "Delete account" }).click();
  await dialog(page).getByRole("button", { name: "Delete account" }).click();
  await dialog(page).getByText("This is not the same text.").waitFor();
  await dialog(page).getByLabel("To confirm, type carla").fill("carla");
  await dialog(page).getByRole("button", { name: "Delete account" }).click();
  await told(page, "The account carla is deleted.");
  assert.equal(new URL(page.url()).pathname, "/console");
  await page.getByLabel("Search by the beginning").fill("carla");
  await page.getByText(`No user name and no e-mail address begins with "carla".`).waitFor();
  quiet(context);
});

test("an account is created with a password, and a link gives it another", async () => {
  const { context, page } = await asAdmin(server);
  await page.getByRole("button", { name: "New account" }).click();
  await dialog(page).getByLabel("User name").fill("dora");
  await dialog(page).getByLabel("With a password that you choose").check();
  await dialog(page).getByRole("button", { name: "Create account" }).click();
  await dialog(page).getByText("This is needed.").waitFor();
  await dialog(page).getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog(page).getByRole("button", { name: "Create account" }).click();
  await told(page, "The account dora is there.");
  await signedIn(server, "dora");
  await part(page, "Access").getByRole("button", { name: "Make a link" }).click();
  await dialog(page).getByRole("button", { name: "Make a link" }).click();
  const link = await dialog(page).getByLabel("Link", { exact: true }).inputValue();
  assert.match(link, /\/set-password\?token=/);
  await dialog(page).getByText(/ends in 15 minutes/).waitFor();
  quiet(context);
});

test("one's own roles cannot be changed, and the last administrator stays one", async () => {
  const { context, page } = await asAdmin(server);
  await openUser(page, "admin");
  assert.equal(await part(page, "Roles").getByLabel("editor").isDisabled(), true);
  await part(page, "Roles").getByText("Nobody changes their own roles.").waitFor();
  assert.equal(await part(page, "Roles").getByRole("button").count(), 0);
  await part(page, "Access").getByRole("button", { name: "Disable account" }).click();
  await dialog(page).getByRole("button", { name: "Disable account" }).click();
  await dialog(page).getByText("This is the last administrator.").waitFor();
  quiet(context);
});

test("many accounts come page by page, and a search drops the answer to an older one", async () => {
  for (let n = 10; n < 65; n++) await register(server, `many${n}`);
  const { context, page } = await asAdmin(server);
  const rows = page.getByRole("main").getByRole("listitem");
  await page.getByText("The first 50 are shown").waitFor();
  await page.getByRole("button", { name: "Show more" }).click();
  await until(async () => (await rows.count()) > 50, "the second page");
  const focus = await page.evaluate(() => document.activeElement.textContent);
  assert.equal(focus, await rows.nth(50).getByRole("link").textContent());

  let release;
  const held = new Promise((done) => (release = done));
  await context.route("**/admin/users?q=many1", async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  const asked = page.waitForRequest("**/admin/users?q=many1");
  await page.getByLabel("Search by the beginning").fill("many1");
  await asked;
  await page.getByLabel("Search by the beginning").fill("many2");
  await until(async () => (await rows.count()) === 10, "the second answer");
  release();
  await page.waitForTimeout(300);
  assert.equal(await rows.first().getByRole("link").textContent(), "many20");
  await page.reload();
  await settled(page);
  assert.equal(await rows.count(), 10);
  quiet(context);
});

test("sessions of another account are ended, one and all", async () => {
  await register(server, "rob");
  const [one, two] = [await signedIn(server, "rob"), await signedIn(server, "rob")];
  const { context, page } = await asAdmin(server);
  await openUser(page, "rob");
  const sessions = part(page, "Sessions");
  assert.equal(await sessions.getByRole("listitem").count(), 2);
  await sessions.getByRole("button", { name: /^Sign out/ }).first().click();
  await told(page, "The session has ended.");
  assert.equal(await sessions.getByRole("listitem").count(), 1);
  await sessions.getByRole("button", { name: "End all sessions" }).click();
  await dialog(page).getByRole("button", { name: "End all sessions" }).click();
  await told(page, "All sessions have ended.");
  for (const { page } of [one, two]) {
    await page.reload();
    await page.waitForURL(/\/login/);
  }
  quiet(context);
});

test("a key is rotated, and one that got out is revoked", async () => {
  const { context, page } = await asAdmin(server, "/console/keys");
  const keys = page.getByRole("main").getByRole("listitem");
  assert.equal(await keys.count(), 1);
  await page.getByRole("button", { name: "Change to a new key" }).click();
  await dialog(page).getByRole("button", { name: "Change to a new key" }).click();
  await told(page, "The new key is published.");
  await until(async () => (await dialog(page).count()) === 0, "the dialog is closed");
  assert.equal(await keys.count(), 2);
  await page.getByText("A new key is waiting already.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Change to a new key" }).count(), 0);
  const old = keys.filter({ hasText: "Has been signing since" });
  const kid = await old.locator("code").textContent();
  await old.getByRole("button", { name: /^Revoke key/ }).click();
  await dialog(page).getByLabel(`To confirm, type ${kid.slice(0, 8)}`).fill(kid.slice(0, 8));
  await dialog(page).getByRole("button", { name: "Revoke key" }).click();
  await told(page, "The key is revoked.");
  assert.equal(await keys.filter({ hasText: kid }).count(), 0);
  // The token of this page was signed by the key that is gone; the page goes on.
  await page.getByRole("link", { name: "Status" }).click();
  await part(page, "Server").waitFor();
  quiet(context);
});

test("the audit trail tells what happened, of whom and of which request", async () => {
  await register(server, "eva");
  const { page: theirs } = await signedIn(server, "eva");
  await theirs.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await theirs.waitForURL(/\/login/);
  const { context, page } = await asAdmin(server, "/console/events");
  const rows = page.getByRole("main").getByRole("listitem");
  await rows.filter({ hasText: "eva signed out." }).first().waitFor();

  await page.getByLabel("Account (name, address or id)").fill("nobody-here");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByText("There is no account with this name or address.").waitFor();
  await page.getByLabel("Account (name, address or id)").fill("eva");
  await page.getByLabel("What happened").selectOption({ label: "Signed in" });
  await page.getByRole("button", { name: "Filter" }).click();
  await until(async () => (await rows.count()) === 1, "one event");
  await rows.getByText("eva signed in.").waitFor();
  assert.match(page.url(), /user=.+&kind=logged_in/);
  assert.equal(await page.getByLabel("What happened").inputValue(), "logged_in");

  const id = await rows.locator("code").textContent();
  const all = page.getByRole("link", { name: "Show all events" });
  await all.click();
  // The form of before stays until the events are there; what is typed into it goes with it.
  await all.waitFor({ state: "detached" });
  await page.getByLabel("Request id").fill(id);
  await page.getByRole("button", { name: "Look up" }).click();
  await until(async () => (await rows.count()) === 1, "the events of the request");
  await rows.getByText("eva signed in.").waitFor();
  await page.getByLabel("Request id").fill("q1w2e3r4t5y6u7i8o9p0aA");
  await page.getByRole("button", { name: "Look up" }).click();
  await page.getByText("The audit trail knows nothing of this request.").waitFor();
  await page.goBack();
  await rows.getByText("eva signed in.").waitFor();
  quiet(context);
});

test("why a request was refused stands under its id, and is told to administrators only", async () => {
  const form = { username: "nobody-here", password: "wrong" };
  const headers = { "Content-Type": "application/json" };
  const refused = await fetch(`${server.url}/auth/login`, { method: "POST", headers, body: JSON.stringify(form) });
  const { request_id: id } = await refused.json();
  const { context, page } = await asAdmin(server, "/console/events");
  await page.getByLabel("Request id").fill(id);
  await page.getByRole("button", { name: "Look up" }).click();
  const row = page.getByRole("main").getByRole("listitem").filter({ hasText: "POST /auth/login was answered with 401 (invalid_credentials)." });
  await row.getByText("refused", { exact: true }).waitFor();
  assert.notEqual((await row.locator("[lang=en]").textContent()).trim(), "");
  quiet(context);
});

test("the status says how the server is", async () => {
  const { context, page } = await asAdmin(server, "/console/status");
  await part(page, "Server").getByText("possible").waitFor();
  await part(page, "Clock").getByText("works").waitFor();
  await part(page, "Backups").waitFor();
  await part(page, "Password checks").waitFor();
  quiet(context);
});

test("names and devices are text, and the token is nowhere at rest", async () => {
  await register(server, "mallory");
  const markup = `<script>document.title="broken"</script><img src=x onerror="document.title='broken'">`;
  const mallory = await signedIn(server, "mallory", { userAgent: markup });
  await part(mallory.page, "Profile").getByLabel("Display name").fill(markup);
  await part(mallory.page, "Profile").getByRole("button", { name: "Save" }).click();
  await told(mallory.page, "Saved.");
  const { context, page } = await asAdmin(server);
  const sent = new Set();
  page.on("request", (request) => sent.add(request.headers().authorization));
  await page.getByLabel("Search by the beginning").fill("mallory");
  await page.getByText(markup).waitFor();
  await openUser(page, "mallory");
  await part(page, "Sessions").getByText("<script>").waitFor();
  assert.equal(await page.locator("main script, main img").count(), 0);
  assert.equal((await page.title()).startsWith("mallory"), true);
  const tokens = [...sent].filter(Boolean).map((text) => text.slice("Bearer ".length));
  assert.ok(tokens.length > 0);
  assert.deepEqual(await placesOf(page, tokens), []);
  quiet(context);
});

test("going from part to part loads no page, moves the focus and can be taken back", async () => {
  const { context, page } = await asAdmin(server);
  await page.evaluate(() => (globalThis.same = true));
  await page.getByRole("link", { name: "Signing keys" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Signing keys" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Signing keys");
  assert.equal(await page.getByRole("link", { name: "Signing keys" }).getAttribute("aria-current"), "page");
  assert.match(await page.title(), /^Signing keys/);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.same), true);
  quiet(context);
});

test("the keyboard is enough to disable an account, and the focus comes back", async () => {
  await register(server, "walt");
  const { context, page } = await asAdmin(server);
  await openUser(page, "walt");
  await part(page, "Access").getByRole("button", { name: "Disable account" }).focus();
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  await page.keyboard.press("Escape");
  await until(async () => (await dialog(page).count()) === 0, "the dialog is closed");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Disable account");
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await told(page, "The account is disabled.");
  quiet(context);
});

test("an unknown account and an unknown address are told", async () => {
  const { page } = await asAdmin(server);
  await page.goto("/console/users/q1w2e3r4t5y6u7i8o9p0aA");
  await page.getByRole("alert").filter({ hasText: "This is not there any more." }).waitFor();
  assert.equal((await page.goto("/console/nothing")).status(), 404);
});
