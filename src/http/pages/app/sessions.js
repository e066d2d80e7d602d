// The list of somebody's sessions: on which device, from where, when; and their end.

import { call, path, why } from "./api.js";
import { badge, button, card, el, fill, pieces, tell } from "./dom.js";
import { t } from "./texts.js";
import { when } from "./time.js";

const BROWSERS = [
  ["Edge", /\bEdg(e|A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Samsung Internet", /\bSamsungBrowser\//],
  ["Firefox", /\b(Firefox|FxiOS)\//],
  ["Chrome", /\b(Chrome|CriOS|HeadlessChrome)\//],
  ["Safari", /\bVersion\/.*Safari\//],
  ["curl", /^curl\//],
];
const SYSTEMS = [
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Android", /\bAndroid\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["Linux", /\bLinux\b/],
];
const first = (list, text) => list.find(([, pattern]) => pattern.test(text))?.[0];

/** A device in words, by what the browser called itself: coarse, since browsers tell stories. */
export function device(agent) {
  const [browser, system] = [first(BROWSERS, agent), first(SYSTEMS, agent)];
  if (browser && system) return fill(t.browser_on, { browser, system });
  return browser ?? system ?? (agent.slice(0, 80) || t.unknown_device);
}

function row(session, end) {
  const name = device(session.user_agent);
  const ends = button(t.end_session, () => end(session), { class: "quiet", "aria-label": `${t.end_session}: ${name}` });
  return el("li", {},
    el("div", { class: "what" },
      el("strong", { title: session.user_agent }, name), " ",
      session.current && badge(t.this_session, "good"),
      el("p", { class: "hint" },
        session.ip && [fill(t.from_ip, { ip: session.ip }), " · "],
        pieces(t.last_used, { time: when(session.last_used_at) }), " · ",
        pieces(t.signed_in_at, { time: when(session.created_at) }), " · ",
        pieces(t.session_ends, { time: when(session.expires_at) }))),
    ends);
}

/**
 * The part of the page with the sessions below `base` of the API. `endCurrent` ends the one of
 * this page, `everything` asks for the end of all.
 */
export function sessionsCard(base, { lead, empty, endCurrent, everything }) {
  const list = el("ul", { class: "rows" });
  const alert = el("p", { class: "alert", role: "alert", hidden: true });
  const all = button(everything.text, () => everything.ask(load), { class: "quiet danger" });
  const none = el("p", { class: "empty", hidden: true }, empty);
  const node = card(t.sessions, el("p", { class: "lead" }, lead), alert, list, none, el("div", { class: "buttons" }, all));

  const failed = (error) => ((alert.textContent = why(error)), (alert.hidden = false));

  async function end(session) {
    try {
      if (session.current) return await endCurrent();
      await call("DELETE", path(`${base}/{}`, session.id)).catch((error) => {
        // Who comes too late wanted the same.
        if (error.code !== "not_found") throw error;
      });
      await load();
      node.querySelector("h2").focus();
      tell(t.session_ended);
    } catch (error) {
      failed(error);
    }
  }

  async function load() {
    const { sessions } = await call("GET", base);
    alert.hidden = true;
    list.replaceChildren(...sessions.map((session) => row(session, end)));
    none.hidden = sessions.length > 0;
    list.hidden = all.hidden = sessions.length === 0;
  }
  return { node, load: () => load().catch(failed) };
}
