// How /account and /console look, and what axe-core says of each view, in the light and in the dark.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, asAdmin, dialog, looks, part, quiet, settled, signedIn } from "./app.mjs";
import { register, startServer } from "./harness.mjs";

const server = await startServer();
const LONG = `${"a-very-long-name-".repeat(3)}indeed`;
for (const name of ["ann", "bob", LONG]) await register(server, name);

test("the own account", async () => {
  const { context, page } = await signedIn(server, "ann");
  await looks(page, "account");
  await page.getByRole("button", { name: "Change password" }).click();
  await part(page, "Password").getByText("This is needed.").first().waitFor();
  await looks(page, "account-errors");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await looks(page, "account-dialog");
  quiet(context);
});

for (const [name, path] of [["users", "/console"], ["keys", "/console/keys"], ["events", "/console/events"], ["status", "/console/status"]]) {
  test(`the administration: ${name}`, async () => {
    const { context, page } = await asAdmin(server, path);
    await page.getByRole("main").getByRole("link").first().waitFor({ timeout: 2000 }).catch(() => {});
    await looks(page, `console-${name}`);
    quiet(context);
  });
}

test("the administration: an account, and its dialogs", async () => {
  const { context, page } = await asAdmin(server);
  await page.getByRole("link", { name: LONG }).click();
  await page.getByRole("heading", { level: 1, name: LONG }).waitFor();
  await looks(page, "console-user");
  await part(page, "Access").getByRole("button", { name: "Delete account" }).click();
  await looks(page, "console-user-delete");
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  await part(page, "Access").getByRole("button", { name: "Make a link" }).click();
  await dialog(page).getByRole("button", { name: "Make a link" }).click();
  await dialog(page).getByLabel("Link", { exact: true }).waitFor();
  await looks(page, "console-user-link");
  quiet(context);
});

test("the administration: a new account", async () => {
  const { context, page } = await asAdmin(server);
  await page.getByRole("button", { name: "New account" }).click();
  await dialog(page).getByRole("button", { name: "Create account" }).click();
  await dialog(page).getByText("This is needed.").waitFor();
  await looks(page, "console-new-user");
  quiet(context);
});

test("in German, narrow, and with text twice as large", async () => {
  const { context, page } = await asAdmin(server, "/console", { locale: "de-DE" });
  await looks(page, "console-users-de");
  await page.setViewportSize({ width: 640, height: 800 });
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  await accessible(page, "twice as large");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false);
  quiet(context);
});

test("while nothing is known yet the page is accessible, too", async () => {
  const { context, page } = await signedIn(server, "bob");
  await context.route("**/auth/refresh", () => {});
  await page.reload({ waitUntil: "domcontentloaded" });
  await page.waitForSelector("main[aria-busy=true]");
  await accessible(page, "loading");
  await context.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  await settled(page);
});
