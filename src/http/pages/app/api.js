// The JSON API, asked through the client that pages of other sites use, too.

import { createClient, DoorkeyError } from "/client/doorkey.js";
import { fill } from "./dom.js";
import { t } from "./texts.js";
import { span } from "./time.js";

const client = createClient();
const never = new Promise(() => {});

/** Asks for something; the answer's body.
 * @throws DoorkeyError for a refusal, and what `fetch` throws. */
export async function call(method, path, body, signal) {
  const init = { method, signal };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await client.fetch(path, init);
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer) return answer;
  throw new DoorkeyError(response.status, answer, +response.headers.get("Retry-After") || undefined);
}

/** A path of the API: `path` has a `{}` for each part. */
export const path = (text, ...parts) => text.replace(/\{\}/g, () => encodeURIComponent(parts.shift()));

/** A path with these parameters; empty ones are left out. */
export function query(text, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  return given.length ? `${text}?${new URLSearchParams(given)}` : text;
}

/** What went wrong, in words. */
export function why(error) {
  if (!(error instanceof DoorkeyError)) {
    console.error(error);
    return t.offline;
  }
  return fill(t.errors[error.code] ?? t.errors.other, { wait: span(error.retryAfter ?? 1) });
}

let leaving = false;

/** To the sign-in page, and later back here. Nobody returns from this. */
function leave(back = location.pathname) {
  if (!leaving) location.replace(query("/login", { rd: back }));
  leaving = true;
  return never;
}

/** The account that is signed in here; otherwise this page is left. From then on the page goes
 * where its account goes: signed out in another tab, it is left. */
export async function enter() {
  if ((await client.getAccessToken()) === null) return leave();
  const me = await call("GET", "/auth/me");
  client.onChange((user) => {
    if (!user) leave();
    else if (user.id !== me.id) location.reload();
  });
  return me;
}

/** Ends this session. */
export async function signOut() {
  await client.logout();
  return leave("");
}

/** Proves once more who is there: a new session takes the place of this one. */
export const signInAgain = (username, password) => client.login({ username, password });

/** Takes a new access token: the one from before a new password is void. */
export const renew = () => client.getAccessToken({ fresh: true });
