// My account: profile, password, sessions.

import { call, renew, signInAgain, signOut } from "./api.js";
import { ask } from "./dialog.js";
import { card, el, fill, tell } from "./dom.js";
import { form, profileForm } from "./form.js";
import { sessionsCard } from "./sessions.js";
import { begin, present } from "./shell.js";
import { t } from "./texts.js";

/** Asks for the password where the last sign-in is too long ago, and goes on. */
function again(me, send) {
  ask({
    title: t.confirm_password,
    text: t.confirm_password_text,
    action: t.continue,
    fields: [
      el("input", { hidden: true, readonly: true, autocomplete: "username", value: me.username }),
      { name: "password", label: t.password, type: "password", autocomplete: "current-password", required: true },
    ],
    places: { invalid_credentials: "password" },
    send: async ({ password }) => {
      await signInAgain(me.username, password);
      await send();
    },
  });
}

function profile(me) {
  const verified = me.email_verified ? t.email_verified : t.email_unverified;
  const send = async (change) => {
    if (Object.keys(change).length) Object.assign(me, await call("PATCH", "/auth/me", change));
    fresh.replaceWith((fresh = profile(me)));
    fresh.querySelector("h2").focus();
    tell(t.saved);
  };
  const node = profileForm("profile", me, {
    hint: me.email ? verified : null,
    send: (change) =>
      send(change).catch((error) => {
        if (error.code !== "reauthentication_required") throw error;
        again(me, () => send(change));
      }),
  });
  let fresh = card(t.profile, el("p", { class: "lead" }, fill(t.username_is, { name: me.username })), node);
  return fresh;
}

function password(me, sessions) {
  const made = () =>
    form("password", {
      fields: [
        el("input", { hidden: true, readonly: true, name: "username", autocomplete: "username", value: me.username }),
        { name: "current_password", label: t.current_password, type: "password", autocomplete: "current-password", required: true },
        { name: "new_password", label: t.new_password, type: "password", autocomplete: "new-password", required: true, least: true },
      ],
      submit: t.change_password,
      places: { invalid_credentials: "current_password" },
      send: async (values) => {
        await call("POST", "/auth/password", values);
        await renew();
        node.replaceWith((node = made().node));
        part.querySelector("h2").focus();
        tell(t.password_changed);
        await sessions.load();
      },
    });
  let { node } = made();
  const part = card(t.password, el("p", { class: "lead" }, t.password_lead), node);
  return part;
}

function mySessions() {
  return sessionsCard("/auth/sessions", {
    lead: t.sessions_lead,
    empty: t.no_sessions,
    endCurrent: signOut,
    everything: {
      text: t.sign_out_everywhere,
      ask: () =>
        ask({
          title: t.sign_out_everywhere,
          text: t.sign_out_everywhere_text,
          action: t.sign_out_everywhere,
          kind: "danger",
          send: async () => {
            await call("DELETE", "/auth/sessions");
            await signOut();
          },
        }),
    },
  });
}

begin(async (me) => {
  const sessions = mySessions();
  await sessions.load();
  present(t.account, profile(me), password(me, sessions), sessions.node);
});
