// The accounts: searched as one types, page by page; and new ones.

import { call, query, why } from "./api.js";
import { ask, showLink } from "./dialog.js";
import { badge, button, el, fill, tell } from "./dom.js";
import { t } from "./texts.js";

/** Searches wait for the next letter, in milliseconds. */
const PAUSE = 200;

/** An account's name and state. */
export function row(user) {
  const link = el("a", { href: `/console/users/${user.id}` }, user.username);
  return el("li", {},
    el("div", { class: "what" },
      el("strong", {}, link), user.display_name && ` ${user.display_name}`,
      el("p", { class: "hint" }, user.email ?? t.no_email)),
    el("div", { class: "badges" }, user.disabled && badge(t.disabled, "bad"), user.roles.map((role) => badge(role))));
}

/** Asks for a new account, and goes to it. */
function create(roles, go) {
  const made = ask({
    title: t.new_user,
    action: t.create,
    fields: [
      { name: "username", label: t.username, hint: t.username_hint, required: true },
      { name: "email", label: t.email_optional, type: "email" },
      { name: "roles", label: t.roles, type: "checkbox", value: ["user"], options: roles.map((role) => [role, role]) },
      { name: "way", label: t.way_in, type: "radio", value: ["invite"], options: [["invite", t.by_invite], ["password", t.by_password]] },
      { name: "password", label: t.password, type: "password", autocomplete: "new-password", required: true, least: true },
    ],
    places: { username_taken: "username", email_taken: "email" },
    send: async ({ username, email, roles, way, password }) => {
      const form = { username, roles, email: email.trim() || undefined };
      if (way === "password") form.password = password;
      const { user, invite } = await call("POST", "/admin/users", form);
      await go(`/console/users/${user.id}`);
      tell(fill(t.created, { name: user.username }));
      if (invite) showLink(t.invite, fill(t.invite_text, { name: user.username }), invite);
    },
  });
  const secret = made.field("password");
  const toggle = () => (secret.hidden = !made.node.querySelector("[value=password]").checked);
  made.field("way").addEventListener("change", toggle);
  toggle();
}

export async function show({ parameters, signal, go }) {
  const { roles } = await call("GET", "/admin/status", undefined, signal);
  const list = el("ul", { class: "rows" });
  const empty = el("p", { class: "empty", hidden: true });
  const alert = el("p", { class: "alert", role: "alert", hidden: true });
  const count = el("p", { class: "hint", role: "status" });
  const more = button(t.more, () => load(false), { class: "quiet", hidden: true });
  const input = el("input", { id: "search", type: "search", autocomplete: "off", autocapitalize: "none", spellcheck: "false", value: parameters.get("q") ?? "" });
  let cursor;
  let asked; // the search in flight
  let timer;

  async function load(isNew) {
    asked?.abort();
    asked = new AbortController();
    const mine = AbortSignal.any([asked.signal, signal]);
    const q = input.value.trim();
    try {
      const page = await call("GET", query("/admin/users", { q, cursor: isNew ? null : cursor }), undefined, mine);
      const rows = page.users.map(row);
      if (isNew) list.replaceChildren();
      list.append(...rows);
      cursor = page.next_cursor;
      more.hidden = !cursor;
      alert.hidden = true;
      empty.hidden = list.children.length > 0;
      empty.textContent = fill(t.no_users, { q });
      count.textContent = fill(cursor ? t.users_shown_more : t.users_shown, { n: list.children.length });
      if (!isNew) rows[0]?.querySelector("a").focus();
    } catch (error) {
      if (mine.aborted) return;
      alert.textContent = why(error);
      alert.hidden = false;
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(null, "", query("/console", { q: input.value.trim() }));
      load(true);
    }, PAUSE);
  });
  await load(true);
  const search = el("form", { role: "search", class: "search", onsubmit: (event) => event.preventDefault() },
    el("div", { class: "field" }, el("label", { for: "search" }, t.search_users), input),
    button(t.new_user, () => create(roles, go)));
  return [t.users, search, alert, count, el("div", { class: "card" }, list, empty), more];
}
