// How the server is.

import { call } from "./api.js";
import { badge, button, card, el } from "./dom.js";
import { t } from "./texts.js";
import { exactly, when } from "./time.js";

/** Facts with their names. */
const facts = (rows) => el("dl", {}, rows.filter(Boolean).map(([name, ...value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

const state = (good, text) => badge(text, good ? "good" : "bad");

function backups(backup) {
  if (!backup) return card(t.backups, el("p", { class: "empty" }, t.no_backups));
  return card(t.backups, facts([
    [t.state, state(!backup.failing, backup.failing ? t.failing : t.works)],
    [t.last_backup, backup.latest ? when(backup.latest) : t.never],
    [t.failed_backups, String(backup.failures)],
  ]));
}

function clockCard(clock) {
  return card(t.clock, facts([
    [t.state, state(clock.issuing, clock.issuing ? t.works : t.failing), " ", t.clock_states[clock.state]],
    [t.machine_time, exactly(clock.wall)],
    clock.state !== "set" && [t.effective_time, exactly(clock.effective)],
  ]));
}

export async function show({ signal, go }) {
  const [status, clock] = await Promise.all(["/admin/status", "/admin/clock"].map((one) => call("GET", one, undefined, signal)));
  const { passwords } = status;
  return [
    t.status,
    card(t.server, facts([
      [t.sign_ins, state(status.ready, status.ready ? t.possible : t.impossible)],
      [t.store, state(status.store_writable, status.store_writable ? t.works : t.failing)],
      [t.started, when(Date.now() - status.uptime * 1000)],
      [t.registration, status.registration_open ? t.open : t.closed],
    ])),
    backups(status.backup),
    clockCard(clock),
    card(t.password_checks, facts([
      [t.running, String(passwords.running)],
      [t.waiting, String(passwords.queued)],
      [t.refused_since_start, String(passwords.refused)],
    ])),
    button(t.reload, () => go("/console/status"), { class: "quiet" }),
  ];
}
