// The audit trail, newest first: each event as a sentence.

import { call, path, query, why } from "./api.js";
import { badge, button, el, fill, pieces } from "./dom.js";
import { form } from "./form.js";
import { t } from "./texts.js";
import { when } from "./time.js";

/** An account's permanent id, for accounts that are gone. */
const ID = /^[A-Za-z0-9_-]{22}$/;

const names = new Map();

/** The name of an account, which is asked for once. */
function nameOf(id) {
  if (!names.has(id)) {
    const asked = call("GET", path("/admin/users/{}", id)).then((user) => user.username);
    names.set(id, asked.catch((error) => {
      if (error.code !== "not_found") names.delete(id);
      return null;
    }));
  }
  return names.get(id);
}

/** An account in a sentence: its id, and its name as soon as that is known. */
function person(id) {
  const link = el("a", { href: `/console/users/${id}` }, id);
  nameOf(id).then((name) => {
    if (name) link.textContent = name;
    else link.replaceWith(el("code", {}, id));
  });
  return link;
}

function sentence(event) {
  const { actor, user, kind, count } = event;
  const who = actor.kind === "user" ? person(actor.id) : t.actors[actor.kind];
  return pieces(t.kinds[kind], { who, user: user ? person(user) : t.no_account, n: count });
}

function row(event) {
  const id = event.request_id;
  return el("li", {},
    el("div", { class: "what" },
      el("span", {}, sentence(event)), " ",
      event.outcome === "refused" && badge(t.refused, "bad"),
      event.count > 1 && [" ", badge(fill(t.times, { n: event.count }))],
      el("p", { class: "hint" },
        when(event.time),
        event.ip && ` · ${fill(t.from_ip, { ip: event.ip })}`,
        id && [" · ", pieces(t.request_is, { id: el("a", { href: query("/console/events", { request: id }) }, el("code", {}, id)) })],
        event.detail && [" · ", el("span", { lang: "en" }, event.detail)])));
}

/** Why a request was refused, which its sender is not told. The rules have English words alone. */
function refusal({ time, ip, method, route, status, code, why, detail, user }) {
  const what = method ? fill(t.request_refused, { method, route: route ?? "-", status: status ?? "-", code: code ?? "-" }) : t.connection_refused;
  return el("li", {},
    el("div", { class: "what" },
      el("span", {}, what), " ", badge(t.refused, "bad"),
      el("p", { lang: "en" }, detail ? `${why}: ${detail}` : why),
      el("p", { class: "hint" }, when(time), ip && ` · ${fill(t.from_ip, { ip })}`, user && [" · ", person(user)])));
}

/** The account that somebody typed: a whole name or address, or the id of one that is gone. */
async function find(text) {
  const { users } = await call("GET", query("/admin/users", { q: text, limit: 100 }));
  const wanted = text.toLowerCase();
  const found = users.find((user) => user.username === wanted || user.email?.toLowerCase() === wanted);
  return found?.id ?? (ID.test(text) ? text : null);
}

function filters({ user, name, kind, go }) {
  const { compare } = new Intl.Collator(document.documentElement.lang);
  const kinds = Object.entries(t.kind_names).sort(([, one], [, other]) => compare(one, other));
  const select = el("select", { id: "filter-kind" },
    el("option", { value: "" }, t.every_kind),
    kinds.map(([word, text]) => el("option", { value: word, selected: word === kind }, text)));
  const made = form("filter", {
    fields: [
      { name: "user", label: t.filter_user, value: name ?? user ?? "" },
      el("div", { class: "field" }, el("label", { for: "filter-kind" }, t.filter_kind), select),
    ],
    submit: t.filter,
    send: async ({ user: text }) => {
      const id = text.trim() && (await find(text.trim()));
      if (id === null) return made.show({ user: t.no_such_user });
      await go(query("/console/events", { user: id, kind: select.value }));
    },
  });
  return made.node;
}

function lookup(request, go) {
  return form("lookup", {
    fields: [{ name: "request", label: t.filter_request, hint: t.filter_request_hint, value: request ?? "", required: true }],
    submit: t.look_up,
    send: ({ request: text }) => go(query("/console/events", { request: text.trim() })),
  }).node;
}

export async function show({ parameters, signal, go }) {
  const [user, kind, request] = ["user", "kind", "request"].map((name) => parameters.get(name));
  const list = el("ul", { class: "rows" });
  const alert = el("p", { class: "alert", role: "alert", hidden: true });
  const more = button(t.more, () => next(true).catch((error) => ((alert.textContent = why(error)), (alert.hidden = false))), { class: "quiet", hidden: true });
  const empty = el("p", { class: "empty", hidden: true }, request ? t.no_request : t.no_events);
  let cursor;

  async function next(isMore) {
    const from = request ? path("/admin/events/{}", request) : query("/admin/events", { user, kind, cursor });
    const page = await call("GET", from, undefined, signal).catch((error) => {
      if (request && error.code === "not_found") return { events: [] };
      throw error;
    });
    const rows = [...page.events.map(row), ...(page.refusals ?? []).map(refusal)];
    list.append(...rows);
    cursor = page.next_cursor;
    more.hidden = !cursor;
    empty.hidden = list.children.length > 0;
    alert.hidden = true;
    if (isMore && rows[0]) {
      rows[0].tabIndex = -1;
      rows[0].focus();
    }
  }

  const [name] = await Promise.all([user && nameOf(user), next()]);
  const all = (user || kind || request) && el("p", {}, el("a", { href: "/console/events" }, t.all_events));
  return [
    t.events,
    el("div", { class: "card filters" }, filters({ user, name, kind, go }), lookup(request, go)),
    all,
    alert,
    el("div", { class: "card" }, list, empty),
    more,
  ];
}
