// The administration: which part of it the address names. Going from one to the other loads no
// page, so that the access token stays where it is.

import { begin, failed, main, present } from "./shell.js";
import { el } from "./dom.js";
import { t } from "./texts.js";

const PARTS = {
  "/console": [() => import("./users.js"), t.users],
  "/console/keys": [() => import("./keys.js"), t.keys],
  "/console/events": [() => import("./events.js"), t.events],
  "/console/status": [() => import("./status.js"), t.status],
};
const USER = [() => import("./user.js"), t.user];

let me;
let shown; // ends when another part is shown

/** Shows what the address says. `isFirst`: the page is new, and the browser has put the focus. */
async function show(isFirst) {
  shown?.abort();
  const { signal } = (shown = new AbortController());
  const { pathname, search } = location;
  const [load, title] = PARTS[pathname] ?? USER;
  for (const link of document.querySelectorAll("nav a")) {
    const is = link.pathname === pathname || (load === USER[0] && link.pathname === "/console");
    if (is) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  main.ariaBusy = "true";
  let heading;
  try {
    const { show: part } = await load();
    const parameters = new URLSearchParams(search);
    const [name, ...content] = await part({ me, id: pathname.split("/")[3], parameters, signal, go });
    if (signal.aborted) return;
    heading = present(name, ...content);
  } catch (error) {
    if (signal.aborted) return;
    heading = failed(title, error, () => show());
  }
  if (!isFirst) {
    heading.focus();
    scrollTo(0, 0);
  }
}

/** Goes to another part. */
export async function go(address) {
  history.pushState(null, "", address);
  await show();
}

const isOurs = ({ pathname }) => pathname in PARTS || pathname.startsWith("/console/users/");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!me || !link || !plain || link.hash || link.origin !== location.origin || !isOurs(link)) return;
  event.preventDefault();
  go(link.href);
});
addEventListener("popstate", () => me && show());

begin(async (account) => {
  if (!account.roles.includes("admin")) {
    document.querySelector("nav").remove();
    return present(t.console, el("p", {}, t.no_admin), el("p", {}, el("a", { href: "/account" }, t.account)));
  }
  me = account;
  await show(true);
});
