// The signing keys: what each is doing, the change to a new one, and the end of one that got out.

import { call } from "./api.js";
import { ask } from "./dialog.js";
import { badge, button, el, pieces, tell } from "./dom.js";
import { t } from "./texts.js";
import { when } from "./time.js";

/** How much of a key's id has to be typed. */
const PROOF = 8;
const MARKS = { signing: "good", next: "fair" };

function since(key) {
  const time = key.state === "retiring" ? key.served_until : key.signs_from;
  return pieces(t.key_times[key.state], { time: time ? when(time) : "" });
}

export async function show({ signal }) {
  const list = el("ul", { class: "rows" });
  const waits = el("p", { class: "hint" }, t.key_waits);
  const rotate = button(t.rotate, () =>
    ask({
      title: t.rotate,
      text: t.rotate_text,
      action: t.rotate,
      send: async () => {
        draw(await call("POST", "/admin/keys/rotate"));
        tell(t.rotated);
      },
    }));

  const revoke = (key) =>
    ask({
      title: t.revoke_title,
      text: [t.revoke_text, key.state === "signing" ? t.revoke_signing : t.revoke_other],
      action: t.revoke,
      kind: "danger",
      typed: key.kid.slice(0, PROOF),
      places: { not_found: "typed" },
      send: async () => {
        draw(await call("POST", "/admin/keys/rotate", { revoke: key.kid }));
        tell(t.revoked);
      },
    });

  const row = (key) =>
    el("li", {},
      el("div", { class: "what" },
        el("strong", {}, el("code", {}, key.kid)),
        el("p", { class: "hint" }, since(key), ` · ${key.alg} · `, pieces(t.created_at, { time: when(key.created_at) }))),
      el("div", { class: "badges" }, badge(t.key_states[key.state], MARKS[key.state])),
      button(t.revoke, () => revoke(key), { class: "quiet danger", "aria-label": `${t.revoke}: ${key.kid}` }));

  function draw({ keys }) {
    list.replaceChildren(...keys.map(row));
    const isWaiting = keys.some((key) => key.state === "next");
    rotate.hidden = isWaiting;
    waits.hidden = !isWaiting;
  }

  draw(await call("GET", "/admin/keys", undefined, signal));
  return [t.keys, el("p", {}, t.keys_lead), el("div", { class: "card" }, list), waits, rotate];
}
