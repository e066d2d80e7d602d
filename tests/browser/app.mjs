// What the tests of /account and /console share: signing in by the page, questions to axe-core, and
// pictures.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { complaints, newContext, PASSWORD, screenshot } from "./harness.mjs";

const target = process.env.DOORKEY_TARGET ?? join(process.cwd(), "target");
const axe = readFileSync(join(target, "browser/node_modules/axe-core/axe.min.js"), "utf8");

/** A context with a page on which `username` has signed in, at `path`. */
export async function signedIn(server, username, { path = "/account", password = PASSWORD, ...options } = {}) {
  const context = await newContext({ baseURL: server.url, locale: "en-GB", ...options });
  context.grantPermissions(["clipboard-read", "clipboard-write"]).catch(() => {});
  const page = await context.newPage();
  await page.goto(`/login?rd=${encodeURIComponent(path)}`);
  await page.fill("[name=username]", username);
  await page.fill("[name=password]", password);
  await page.click("main form [type=submit]");
  await settled(page);
  return { context, page };
}

/** Signs in as the administrator of the server, at `path`. */
export const asAdmin = (server, path = "/console", options = {}) =>
  signedIn(server, "admin", { path, password: server.passwords.admin, ...options });

/** Waits until the page has been filled by its scripts. */
export async function settled(page) {
  await page.waitForSelector("main[aria-busy=false] h1");
}

/** The part of the page under a heading. */
export const part = (page, title) => page.getByRole("region", { name: title, exact: true });

/** The dialog that is open. */
export const dialog = (page) => page.getByRole("dialog");

/** Waits for what the page tells everyone. */
export const told = (page, text) => page.locator("#told", { hasText: text }).waitFor();

/** Asks axe-core for whatever it knows of WCAG 2.2 A and AA and its best practices. */
export async function accessible(page, what) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  });
  assert.deepEqual(violations, [], what);
}

/** What is wider than the page, and what can be pressed and is too small (WCAG 2.2, 2.5.8). */
export async function misfits(page) {
  return page.evaluate(() => {
    const found = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const node of document.querySelectorAll("a[href], button, input, select, label.choice")) {
      const box = node.getBoundingClientRect();
      if (!box.width || node.closest(".skip, .choice:not(label)") || (node.matches("input") && node.closest(".choice"))) continue;
      if (box.height < 24 || box.width < 24) found.push(`${node.outerHTML} is ${box.width} x ${box.height}`);
    }
    return found;
  });
}

/** Pictures of a view at the usual widths and in the dark, each asked whether it fits and is
 * accessible. */
export async function looks(page, name) {
  for (const [width, scheme] of [[320, "light"], [768, "light"], [1280, "light"], [1280, "dark"], [320, "dark"]]) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    const what = `${name}-${width}-${scheme}`;
    await accessible(page, what);
    assert.deepEqual(await misfits(page), [], what);
    await screenshot(page, what);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light" });
}

/** Nothing was thrown and no content policy was broken. */
export const quiet = (context) => assert.deepEqual(complaints(context), []);
