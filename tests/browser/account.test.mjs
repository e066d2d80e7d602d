// The page of the own account.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dialog, part, quiet, settled, signedIn, told } from "./app.mjs";
import { newContext, PASSWORD, placesOf, register, startServer, until } from "./harness.mjs";

const server = await startServer();
const NEW = "a quiet old place by the sea";
const isAtLogin = (page) => page.waitForURL(/\/login/);

test("who is not signed in is sent to the sign-in page, and back here afterwards", async () => {
  await register(server, "ann");
  const context = await newContext({ baseURL: server.url, locale: "en-GB" });
  const page = await context.newPage();
  await page.goto("/account");
  await page.waitForURL("**/login?rd=%2Faccount");
  await page.fill("[name=username]", "ann");
  await page.fill("[name=password]", PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  await settled(page);
  assert.equal(await page.title(), "My account \u2013 doorkey");
  quiet(context);
});

test("a name and an address are changed, and what is wrong stands beside its field", async () => {
  await register(server, "bob");
  const { context, page } = await signedIn(server, "bob");
  const profile = part(page, "Profile");
  await profile.getByLabel("Display name").fill("Bob B.");
  await profile.getByLabel("E-mail address").fill("nonsense");
  await profile.getByRole("button", { name: "Save" }).click();
  const field = profile.getByLabel("E-mail address");
  await until(() => field.getAttribute("aria-invalid"), "a mark at the field");
  assert.equal(await field.evaluate((input) => document.activeElement === input), true);
  const error = await field.evaluate((input) => document.getElementById(input.getAttribute("aria-describedby").split(" ")[0]).textContent);
  assert.equal(error, "Write the address like name@example.org.");
  await field.fill("bob@example.org");
  await profile.getByRole("button", { name: "Save" }).click();
  await told(page, "Saved.");
  await page.reload();
  await settled(page);
  assert.equal(await profile.getByLabel("Display name").inputValue(), "Bob B.");
  assert.equal(await profile.getByLabel("E-mail address").inputValue(), "bob@example.org");
  quiet(context);
});

test("a login that is too old for a new address asks for the password, and then it is changed", async () => {
  await register(server, "kim");
  const { context, page } = await signedIn(server, "kim");
  let isOld = true;
  await context.route("**/auth/me", async (route) => {
    if (route.request().method() !== "PATCH" || !isOld) return route.continue();
    isOld = false;
    await route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ code: "reauthentication_required", title: "-" }) });
  });
  const profile = part(page, "Profile");
  await profile.getByLabel("E-mail address").fill("kim@example.org");
  await profile.getByRole("button", { name: "Save" }).click();
  const field = dialog(page).getByLabel("Password", { exact: true });
  await field.fill("wrong");
  await dialog(page).getByRole("button", { name: "Continue" }).click();
  await dialog(page).getByText("The password is not right.").waitFor();
  await field.fill(PASSWORD);
  await dialog(page).getByRole("button", { name: "Continue" }).click();
  await told(page, "Saved.");
  assert.equal(await dialog(page).count(), 0);
  assert.equal(await profile.getByLabel("E-mail address").inputValue(), "kim@example.org");
  quiet(context);
});

test("a wrong current password is told at its field, a new one ends the sessions elsewhere", async () => {
  await register(server, "eve");
  const [here, there] = [await signedIn(server, "eve"), await signedIn(server, "eve")];
  const card = part(here.page, "Password");
  const current = card.getByLabel("Current password", { exact: true });
  const next = card.getByLabel("New password", { exact: true });
  await current.fill("wrong");
  await next.fill("short");
  await card.getByText("Too short: 8 characters are needed.").waitFor();
  await next.fill(NEW);
  await card.getByText("Very good.").waitFor();
  await card.getByRole("button", { name: "Change password" }).click();
  await card.getByText("The password is not right.").waitFor();
  assert.equal(await current.getAttribute("aria-invalid"), "true");
  await current.fill(PASSWORD);
  await card.getByRole("button", { name: "Change password" }).click();
  await told(here.page, "The password is changed.");
  assert.equal(await current.inputValue(), "");
  const sessions = part(here.page, "Sessions").getByRole("listitem");
  assert.equal(await sessions.count(), 1);
  await there.page.reload();
  await isAtLogin(there.page);
  await signedIn(server, "eve", { password: NEW });
  quiet(here.context);
});

test("a password can be shown and hidden, and is hidden when it is sent", async () => {
  await register(server, "mia");
  const { page } = await signedIn(server, "mia");
  const field = page.locator("#password-current_password");
  await field.fill("wrong");
  const toggle = page.getByRole("button", { name: "Show: Current password" });
  await toggle.click();
  assert.equal(await field.getAttribute("type"), "text");
  await page.locator("#password-new_password").fill(NEW);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("The password is not right.").waitFor();
  assert.equal(await field.getAttribute("type"), "password");
});

test("sessions are listed with device and place, and one elsewhere is ended", async () => {
  await register(server, "tom");
  const { page } = await signedIn(server, "tom");
  const userAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";
  const there = await signedIn(server, "tom", { userAgent });
  const odd = await signedIn(server, "tom", { userAgent: "<script>alert(1)</script>" });
  await page.reload();
  await settled(page);
  const list = part(page, "Sessions").getByRole("listitem");
  assert.equal(await list.count(), 3);
  const phone = list.filter({ hasText: "Safari on iPhone" });
  assert.match(await phone.textContent(), /from 127\.0\.0\.1 · used now · signed in now · ends in 12 hours/);
  const exact = await phone.locator("time").last().getAttribute("title");
  assert.match(exact, /^\w+day,? \d+ \w+ \d{4} at \d\d:\d\d:\d\d /);
  await list.filter({ hasText: "<script>alert(1)</script>" }).waitFor();
  await list.filter({ hasText: "Chrome on Linux" }).getByText("this browser").waitFor();
  await phone.getByRole("button", { name: "Sign out: Safari on iPhone" }).click();
  await told(page, "The session has ended.");
  assert.equal(await list.count(), 2);
  await there.page.reload();
  await isAtLogin(there.page);
  quiet(odd.context);
});

test("signing out everywhere asks, ends every session and leaves the page in all tabs", async () => {
  await register(server, "pia");
  const { context, page } = await signedIn(server, "pia");
  const there = await signedIn(server, "pia");
  const tab = await context.newPage();
  await tab.goto("/account");
  await settled(tab);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  assert.equal(await dialog(page).count(), 0);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await dialog(page).getByRole("button", { name: "Sign out everywhere" }).click();
  await isAtLogin(page);
  await isAtLogin(tab);
  assert.deepEqual(await context.cookies().then((all) => all.filter(({ name }) => name.endsWith("refresh"))), []);
  await there.page.reload();
  await isAtLogin(there.page);
});

test("signing out in one tab leaves the page in the other", async () => {
  await register(server, "leo");
  const { context, page } = await signedIn(server, "leo");
  const tab = await context.newPage();
  await tab.goto("/account");
  await settled(tab);
  await tab.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await isAtLogin(page);
  await page.goBack();
  await isAtLogin(page);
});

test("the token is nowhere at rest, and what people call themselves is text", async () => {
  await register(server, "zoe");
  const { context, page } = await signedIn(server, "zoe");
  const sent = [];
  page.on("request", (request) => sent.push(request.headers().authorization));
  const name = `<img src=x onerror="document.title='broken'"><script>alert(1)</script>`;
  await part(page, "Profile").getByLabel("Display name").fill(name);
  await part(page, "Profile").getByRole("button", { name: "Save" }).click();
  await told(page, "Saved.");
  await page.reload();
  await settled(page);
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.equal(await part(page, "Profile").getByLabel("Display name").inputValue(), name);
  const tokens = [...new Set(sent.filter(Boolean))].map((text) => text.slice("Bearer ".length));
  assert.ok(tokens.length > 0);
  assert.deepEqual(await placesOf(page, tokens), []);
  quiet(context);
});

test("the content policy takes no text for markup", async () => {
  await register(server, "ian");
  const { page } = await signedIn(server, "ian");
  const refused = await page.evaluate(() => {
    try {
      document.body.innerHTML = "<p>x";
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  });
  assert.equal(refused, true);
});

test("the keyboard is enough for a new password", async () => {
  await register(server, "kay");
  const { page } = await signedIn(server, "kay");
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(key);
  };
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
  await press("Enter");
  // Past the profile: two fields and a button.
  await press("Tab", 4);
  assert.equal(await page.evaluate(() => document.activeElement.id), "password-current_password");
  await page.keyboard.type(PASSWORD);
  await press("Tab", 2);
  assert.equal(await page.evaluate(() => document.activeElement.id), "password-new_password");
  await page.keyboard.type(NEW);
  await press("Enter");
  await told(page, "The password is changed.");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Password");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid");
});

test("without a network it says so and offers to try again", async () => {
  await register(server, "ned");
  const { context, page } = await signedIn(server, "ned");
  await context.route("**/auth/me", (route) => route.abort());
  await page.reload();
  await page.getByRole("alert").filter({ hasText: "The server cannot be reached." }).waitFor();
  await context.unroute("**/auth/me");
  await page.getByRole("button", { name: "Try again" }).click();
  await part(page, "Profile").waitFor();
});

test("German is spoken to whoever asks for it", async () => {
  await register(server, "ute");
  const { context, page } = await signedIn(server, "ute", { locale: "de-AT" });
  assert.equal(await page.getAttribute("html", "lang"), "de");
  await part(page, "Sitzungen").getByText("Chrome unter Linux").waitFor();
  await page.getByRole("button", { name: "Überall abmelden" }).waitFor();
  quiet(context);
});
