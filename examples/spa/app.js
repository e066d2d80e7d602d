// The demonstration. What an app needs of it are the lines that name `auth`; the rest shows what
// they do. The access token itself is never put on the page, only what it says.

import { createClient, DoorkeyError } from "/client/doorkey.js";

const auth = createClient();
const $ = (id) => document.getElementById(id);

/** Each request that the page's scripts make, in words. */
const MEANING = {
  "/auth/login 200": "Both tokens: one for the memory of this page, one in an httpOnly cookie.",
  "/auth/login 401": "Not accepted. The answer is the same for every reason.",
  "/auth/login 429": "Too many wrong passwords: wait a while.",
  "/auth/register 201": "A new account. It is not signed in yet.",
  "/auth/register 409": "The name is taken.",
  "/auth/register 422": "Something of the form was refused.",
  "/auth/refresh 200": "The cookie for a new access token. The session stays as long as it was.",
  "/auth/refresh 401": "There is no live session behind the cookie.",
  "/auth/logout 204": "The session has ended, its tokens are dead, the cookie is gone.",
  "/auth/me 200": "The protected route took the token.",
  "/auth/me 401": "The protected route refused the token.",
  "/admin/keys 200": "You have the role admin.",
  "/admin/keys 403": "The token is good, the role admin is missing.",
};

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** Adds a line to what happened; the newest is first, and fifty are kept. */
function note(text, head = []) {
  $("empty").hidden = true;
  const item = document.createElement("li");
  const line = element("div", "head", "");
  line.append(element("time", "", new Date().toLocaleTimeString("en-GB")), ...head);
  item.append(line);
  if (text) item.append(element("p", head.length ? "quiet" : "", text));
  $("log").prepend(item);
  while ($("log").children.length > 50) $("log").lastChild.remove();
}

function noteRequest({ name, responseStatus: status, duration }) {
  const path = new URL(name).pathname;
  const method = path === "/auth/me" || path.startsWith("/admin/") ? "GET" : "POST";
  // That nobody is signed in is an answer like any other.
  const usual = path === "/auth/refresh" && status === 401;
  const colour = usual ? "" : status >= 200 && status < 300 ? "good" : "bad";
  const head = [
    element("span", "path", `${method} ${path}`),
    element("span", `status ${colour}`, status || "no answer"),
    element("span", "duration", `${Math.round(duration)} ms`),
  ];
  note(MEANING[`${path} ${status}`], head);
}

/** What the token says (it is signed, not secret to its owner). */
function claimsOf(token) {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  return JSON.parse(atob(payload));
}

const CLAIMS = {
  iss: "Issued by",
  aud: "Meant for",
  sub: "Account",
  sid: "Session",
  roles: "Roles",
  iat: "Issued at",
  exp: "Good until",
};

let life; // { seconds, since } of the token that is shown
let shown; // its claims, as text

/** Shows what the newest token says. */
async function showToken() {
  const token = await auth.getAccessToken().catch(() => null);
  if (!token) return;
  const claims = claimsOf(token);
  const text = JSON.stringify(claims);
  if (text === shown) return;
  shown = text;
  life = { seconds: claims.exp - claims.iat, since: performance.now() };
  const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
  const rows = Object.entries(CLAIMS).flatMap(([name, title]) => {
    const value = ["iat", "exp"].includes(name) ? time(claims[name]) : [claims[name]].flat().join(", ");
    return [element("dt", "", title), element("dd", "", value)];
  });
  $("claims").replaceChildren(...rows);
  tick();
}

function tick() {
  if (!life) return;
  const gone = (performance.now() - life.since) / 1000;
  const left = Math.max(0, Math.ceil(life.seconds - gone));
  $("life").max = life.seconds;
  $("life").value = left;
  const renewal = Math.max(0, Math.ceil(life.seconds * 0.9 - gone));
  $("left").textContent = `${left} seconds left; renewed by itself in ${renewal}.`;
}

/** Shows the one section that fits. */
function showOnly(id) {
  for (const section of ["unknown", "nobody", "somebody"]) $(section).hidden = section !== id;
}

let before; // who was there; undefined at the start
let acted = false; // whether this tab did it

async function changed(user) {
  const elsewhere = before !== undefined && !acted;
  const inHand = acted;
  [before, acted] = [user, false];
  shown = life = undefined;
  if (!user) {
    if (elsewhere) note("Signed out in another tab, or by the server.");
    showOnly("nobody");
    if (inHand) $("form").elements.username.focus();
    return;
  }
  if (elsewhere) note("Somebody signed in in another tab, and this one is theirs now.");
  $("name").textContent = "…";
  showOnly("somebody");
  if (inHand) $("somebody-title").focus();
  await showToken();
  const me = await auth.fetch("/auth/me").catch(() => null);
  if (me?.ok) $("name").textContent = (await me.json()).username;
}

function sentence(error) {
  if (!(error instanceof DoorkeyError)) return "The server cannot be reached. Nothing has changed.";
  const fields = error.problem?.errors?.map(({ field, message }) => `${field} ${message}`);
  const wait = error.retryAfter ? ` Wait for ${error.retryAfter} seconds.` : "";
  return (fields?.join(", ") || error.problem?.detail || error.message) + wait;
}

/** Does `work` unless the button is at it already; what goes wrong is told. */
async function by(button, work) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  $("refused").textContent = "";
  try {
    await work();
  } catch (error) {
    acted = false;
    if ($("nobody").hidden) note(sentence(error));
    else $("refused").textContent = sentence(error);
  }
  button.removeAttribute("aria-disabled");
}

const form = $("form");
const filled = () => ({
  username: form.elements.username.value,
  password: form.elements.password.value,
});

async function signIn() {
  acted = true;
  await auth.login(filled());
  form.reset();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  by(form.querySelector(".main"), signIn);
});
$("register").addEventListener("click", (event) => {
  if (!form.reportValidity()) return;
  by(event.currentTarget, async () => {
    await auth.register(filled());
    await signIn();
  });
});
const onClick = (id, work) => $(id).addEventListener("click", () => by($(id), work));
const read = async (path) => (await auth.fetch(path)).text();
onClick("call", () => read("/auth/me"));
onClick("call-admin", () => read("/admin/keys"));
onClick("renew", () => auth.getAccessToken({ fresh: true }));
onClick("logout", () => {
  acted = true;
  return auth.logout();
});

// The browser itself tells what was sent: nothing here stands between the client and the network.
new PerformanceObserver((list) => {
  const requests = list.getEntries().filter(({ initiatorType }) => initiatorType === "fetch");
  requests.forEach(noteRequest);
  if (requests.some(({ name }) => name.endsWith("/auth/refresh")) && before) showToken();
}).observe({ type: "resource", buffered: true });

auth.onChange(changed);
setInterval(tick, 1000);
auth.getAccessToken().catch((error) => note(sentence(error)));
