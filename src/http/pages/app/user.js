// One account: profile, roles, sessions, and the ways in and out.

import { call, path } from "./api.js";
import { ask, showLink } from "./dialog.js";
import { badge, button, card, el, fill, pieces, tell } from "./dom.js";
import { form, profileForm } from "./form.js";
import { sessionsCard } from "./sessions.js";
import { t } from "./texts.js";
import { when } from "./time.js";

export async function show({ me, id, signal, go }) {
  const here = path("/admin/users/{}", id);
  const [first, { roles }] = await Promise.all([
    call("GET", here, undefined, signal),
    call("GET", "/admin/status", undefined, signal),
  ]);
  const isMe = first.id === me.id;
  let user = first;
  const name = { name: user.username };
  const body = el("div", {});
  const sessions = theirSessions(here, name);

  async function change(what, told) {
    if (Object.keys(what).length) user = await call("PATCH", here, what);
    draw();
    await sessions.load();
    tell(told);
  }

  function state() {
    const word = user.disabled ? badge(t.disabled, "bad") : badge(t.enabled, "good");
    const made = pieces(t.created_at, { time: when(user.created_at) });
    const trail = el("a", { href: `/console/events?user=${user.id}` }, t.their_events);
    return el("p", { class: "facts" }, word, el("span", {}, made), el("code", {}, user.id), trail);
  }

  function profile() {
    return card(t.profile, profileForm("profile", user, { hint: t.email_by_admin, send: (what) => change(what, t.saved) }));
  }

  function rolesCard() {
    const known = [...new Set([...roles, ...user.roles])];
    const field = { name: "roles", label: t.roles, type: "checkbox", bare: true, value: user.roles, options: known.map((role) => [role, role]) };
    if (isMe) return card(t.roles, form("roles", { fields: [{ ...field, disabled: true, hint: t.own_roles }] }).node);
    return card(t.roles, form("roles", {
      fields: [{ ...field, hint: t.roles_hint }],
      submit: t.save,
      places: { last_admin: "roles" },
      send: ({ roles: chosen }) => change({ roles: chosen }, t.saved),
    }).node);
  }

  const reset = () =>
    ask({
      title: t.reset,
      text: fill(t.reset_text, name),
      action: t.reset_make,
      send: async () => {
        const link = await call("POST", `${here}/password-reset`);
        showLink(t.reset, fill(t.reset_link_text, name), link);
      },
    });
  const disable = () =>
    ask({
      title: fill(t.disable_title, name),
      text: t.disable_text,
      action: t.disable,
      kind: "danger",
      send: () => change({ disabled: true }, t.is_disabled),
    });
  const enable = () =>
    ask({ title: fill(t.enable_title, name), text: t.enable_text, action: t.enable, send: () => change({ disabled: false }, t.is_enabled) });
  const remove = () =>
    ask({
      title: fill(t.delete_title, name),
      text: t.delete_text,
      action: t.delete,
      kind: "danger",
      typed: user.username,
      send: async () => {
        await call("DELETE", here);
        await go("/console");
        tell(fill(t.is_deleted, name));
      },
    });

  function ways() {
    return card(t.access,
      el("ul", { class: "rows" },
        act(t.reset, t.reset_hint, button(t.reset_make, reset, { class: "quiet" })),
        user.disabled
          ? act(t.enable, t.enable_text, button(t.enable, enable, { class: "quiet" }))
          : act(t.disable, t.disable_text, button(t.disable, disable, { class: "quiet danger" })),
        act(t.delete, t.delete_hint, button(t.delete, remove, { class: "quiet danger" }))));
  }

  function draw() {
    const place = body.querySelector("section:focus-within h2")?.textContent;
    body.replaceChildren(state(), profile(), rolesCard(), sessions.node, ways());
    for (const title of body.querySelectorAll("h2")) if (title.textContent === place) title.focus();
  }

  draw();
  await sessions.load();
  return [user.username, body];
}

/** Something to do, and what it does. */
function act(title, text, control) {
  return el("li", {}, el("div", { class: "what" }, el("strong", {}, title), el("p", { class: "hint" }, text)), control);
}

function theirSessions(here, name) {
  return sessionsCard(`${here}/sessions`, {
    lead: t.their_sessions_lead,
    empty: t.no_sessions,
    endCurrent: async () => {},
    everything: {
      text: t.end_all_sessions,
      ask: (load) =>
        ask({
          title: t.end_all_sessions,
          text: fill(t.end_all_sessions_text, name),
          action: t.end_all_sessions,
          kind: "danger",
          send: async () => {
            await call("DELETE", `${here}/sessions`);
            await load();
            tell(t.sessions_ended);
          },
        }),
    },
  });
}
