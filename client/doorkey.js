// The browser's side of doorkey. What it promises stands in doorkey.d.ts, why in README.md.

/** What the server refused, or could not do. */
export class DoorkeyError extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.title || "doorkey answered with status " + status);
    this.name = "DoorkeyError";
    Object.assign(this, { status, code: problem?.code, problem, retryAfter });
  }
}

// Time is a pair of readings. The first clock may stand still while a laptop sleeps, the second
// may be set: the one that says more has passed is believed.
const stamp = () => [performance.now(), Date.now()];
const since = ([steady, wall]) => Math.max(performance.now() - steady, Date.now() - wall);
const nothing = () => {};

function claims(text) {
  const payload = text.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const { sub, sid, roles } = JSON.parse(atob(payload));
  return Object.freeze({ id: sub, session: sid, roles: Object.freeze(roles) });
}

export function createClient({ server = location.origin, resources = [] } = {}) {
  const base = new URL(server).origin;
  const trusted = [base, location.origin, ...resources.map((url) => new URL(url).origin)];
  const name = "doorkey " + base;
  const channel = globalThis.BroadcastChannel && new BroadcastChannel(name);
  const listeners = new Set();

  let token; // { text, at, life }
  let user; // undefined: not known yet; null: nobody
  let era = 0; // an answer to a question of an earlier era is dropped
  let renewal; // the one in flight
  let failure; // of the last renewal: { error, at, wait }
  let failures = 0;
  let timer;
  let action = Promise.resolve(); // logins and logouts, one after the other

  async function call(path, form) {
    const response = await fetch(base + path, {
      method: "POST",
      credentials: "include",
      cache: "no-store",
      redirect: "error",
      keepalive: path == "/auth/logout",
      signal: AbortSignal.timeout(3e4),
      ...(form && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(form) }),
    });
    if (response.status == 204) return;
    const body = await response.json().catch(nothing);
    if (response.ok && body) return body;
    throw new DoorkeyError(response.status, body, +response.headers.get("Retry-After") || undefined);
  }

  const hear = (listener, who) => queueMicrotask(() => listeners.has(listener) && listener(who));

  function tell(who) {
    const same = JSON.stringify(user) == JSON.stringify(who);
    user = who;
    if (!same) listeners.forEach((listener) => hear(listener, who));
  }

  function forget() {
    era++;
    token = renewal = failure = undefined;
    failures = 0;
    clearTimeout(timer);
  }

  function keep(at, { access_token: text, expires_in: seconds }) {
    const who = claims(text);
    token = { text, at, life: seconds * 1e3 };
    failure = undefined;
    failures = 0;
    plan(token.life * 0.9 || 6e4);
    tell(who);
  }

  const fits = (part) => token && since(token.at) < token.life * part;

  // A timer is for pages that are seen; a hidden one looks when it is used or shown again.
  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => globalThis.document?.hidden || look(), wait);
  }

  function look() {
    if ((user || failure) && !fits(0.9)) renew().catch(nothing);
  }

  function renew() {
    if (failure && since(failure.at) < failure.wait) return Promise.reject(failure.error);
    const born = era;
    const mine = (renewal ??= alone(() => ask(born)).finally(() => {
      if (renewal == mine) renewal = undefined;
    }));
    return mine;
  }

  // One at a time over all tabs; but a tab that hangs does not stop the others for ever.
  async function alone(work) {
    let begun;
    try {
      const turn = { signal: AbortSignal.timeout(2e4) };
      return await navigator.locks.request(name, turn, () => (begun = work()));
    } catch (error) {
      if (begun) throw error;
      return work();
    }
  }

  async function ask(born) {
    for (let sure = !user; born == era; sure = true) {
      const at = stamp();
      try {
        const body = await call("/auth/refresh");
        return born == era && keep(at, body);
      } catch (error) {
        if (born != era) return;
        if (error.code != "session_ended") return fail(error);
        if (sure) return ended();
      }
      // Perhaps a login elsewhere is just putting its session in the place of this one.
      await new Promise((done) => setTimeout(done, 300));
    }
  }

  function fail(error) {
    const wait = Math.max(error.retryAfter * 1e3 || 0, Math.min(1e3 * 2 ** failures++, 6e4));
    failure = { error, at: stamp(), wait: Math.min(wait, 6e5) };
    plan(failure.wait + 99);
    throw error;
  }

  function ended() {
    const out = user?.session;
    forget();
    tell(null);
    if (out) channel?.postMessage({ out });
  }

  // The server knows better: whoever may have changed, it is asked.
  function check() {
    forget();
    user ??= undefined;
    renew().catch(nothing);
  }

  async function getAccessToken({ fresh } = {}) {
    for (;;) {
      await action;
      if (!fresh && user === null) return null;
      if (!fresh && fits(0.9)) return token.text;
      const born = era;
      try {
        await renew();
        if (born == era) return token.text;
        if (user === null) return null;
      } catch (error) {
        if (born != era) continue;
        if (!fresh && fits(1)) return token.text;
        throw error;
      }
    }
  }

  async function send(input, init) {
    const redirect = init?.redirect || (input.redirect == "manual" ? "manual" : "error");
    const request = new Request(input, { ...init, redirect });
    const { origin } = new URL(request.url);
    if (!trusted.includes(origin)) throw new TypeError(`${origin} is not among the client's resources`);
    const text = await getAccessToken();
    if (!text) return fetch(request);
    const who = user.id;
    const authorize = (r, t) => (r.headers.set("Authorization", "Bearer " + t), r);
    const again = !(init?.body instanceof ReadableStream) && request.clone();
    const response = await fetch(authorize(request, text));
    if (response.status != 401 || !again) return response;
    const challenge = response.headers.get("WWW-Authenticate") || "";
    const mine = origin == base;
    const used = token?.text == text;
    // A resource that refuses the newest token has another reason.
    if (mine ? !challenge.includes("invalid_token") : /error="?(?!"?invalid_token)/.test(challenge) || (used && since(token.at) < 5e3))
      return response;
    const next = await getAccessToken({ fresh: used }).catch(nothing);
    if (!next || user?.id != who) return response;
    response.body?.cancel();
    return fetch(authorize(again, next));
  }

  function act(work) {
    const done = action.then(work);
    action = done.catch(nothing);
    return done;
  }

  const login = ({ username, password }) =>
    act(async () => {
      const at = stamp();
      const body = await call("/auth/login", { username, password });
      forget();
      keep(at, body);
      channel?.postMessage({ in: user.session });
      return body.user;
    });

  const logout = () =>
    act(async () => {
      const out = user?.session || "?";
      forget();
      await call("/auth/logout");
      forget();
      tell(null);
      channel?.postMessage({ out });
    });

  const register = async (form) => (await call("/auth/register", form)).user;

  function onChange(listener) {
    listeners.add(listener);
    if (user !== undefined) hear(listener, user);
    return () => void listeners.delete(listener);
  }

  if (channel)
    channel.onmessage = ({ data }) => {
      const known = user?.session;
      if (data?.in) {
        if (data.in != known || !token) check();
      } else if (data?.out) {
        if (known && data.out != known) return check();
        forget();
        if (known) tell(null);
      }
    };
  globalThis.addEventListener?.("pageshow", (event) => event.persisted && check());
  globalThis.addEventListener?.("online", () => failure && ((failure.wait = 0), look()));
  globalThis.document?.addEventListener("visibilitychange", () => document.hidden || look());

  return Object.freeze({ login, logout, register, getAccessToken, fetch: send, onChange });
}
