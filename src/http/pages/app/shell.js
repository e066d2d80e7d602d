// What both pages have around their content.

import { enter, signOut, why } from "./api.js";
import { button, el, tell } from "./dom.js";
import { t } from "./texts.js";

export const main = document.getElementById("main");
const site = document.title.slice(document.title.lastIndexOf("\u2013"));

/** Puts content under a heading. */
export function present(title, ...content) {
  document.title = `${title} ${site}`;
  const heading = el("h1", { tabindex: -1 }, title);
  main.replaceChildren(heading, ...content.filter(Boolean));
  main.ariaBusy = "false";
  return heading;
}

/** Instead of the content: what went wrong, and the way to try again. */
export function failed(title, error, again) {
  return present(title, el("p", { class: "alert", role: "alert" }, why(error)), button(t.try_again, again));
}

/** Begins a page: `show` gets the account that is signed in. */
export async function begin(show) {
  main.ariaBusy = "true";
  const title = main.querySelector("h1").textContent;
  try {
    const me = await enter();
    const out = button(t.sign_out, () => signOut().catch((error) => tell(why(error))), { class: "quiet" });
    const is = el("a", { href: "/account" }, me.display_name ?? me.username);
    const admin = me.roles.includes("admin") && el("a", { href: "/console" }, t.console);
    document.getElementById("me").replaceChildren(...[document.body.dataset.page === "account" ? admin : is, out].filter(Boolean));
    await show(me);
  } catch (error) {
    failed(title, error, () => begin(show));
  }
}
