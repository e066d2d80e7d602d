// A resource server that verifies doorkey's access tokens offline. It fetches the public keys, once
// and when an unknown one appears, and once a minute a list of which sessions have ended.
//
//   npm install && node server.mjs http://127.0.0.1:8080 8090

import { createServer } from "node:http";
import { errors, jwtVerify } from "jose";
import { remoteKeys } from "./keys.mjs";
import { NoList, statusLists } from "./status.mjs";

const [issuer = "http://127.0.0.1:8080", port = "8090"] = process.argv.slice(2);
const keys = remoteKeys(issuer);
const rules = { issuer, audience: issuer, typ: "at+jwt", algorithms: ["ES256"], requiredClaims: ["exp", "sub"] };
const isLive = statusLists(issuer, keys);

class Refusal extends Error {
  constructor(status, challenge) {
    super(`${status}`);
    Object.assign(this, { status, challenge });
  }
}

/** Who calls. A token that is missing, bad or of an ended session is 401; keys or a list that cannot
 * be had are not its fault. */
async function caller(request) {
  const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (!token) throw new Refusal(401, "Bearer");
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    if (await isLive(payload)) return payload;
    throw new Refusal(401, 'Bearer error="invalid_token"');
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof NoList) throw new Refusal(503);
    const ofToken = /^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT|JWKS_NO)/.test(error.code);
    if (error instanceof errors.JOSEError && ofToken) throw new Refusal(401, 'Bearer error="invalid_token"');
    throw new Refusal(503);
  }
}

function needRole(user, role) {
  if (!user.roles?.includes(role)) throw new Refusal(403, 'Bearer error="insufficient_scope"');
}

const routes = {
  "/notes": (user) => ({ notes: [], owner: user.sub }),
  "/reports": (user) => {
    needRole(user, "admin");
    return { reports: [], reader: user.sub };
  },
};

function send(response, status, body, challenge) {
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
  if (challenge) response.setHeader("WWW-Authenticate", challenge);
  if (status === 503) response.setHeader("Retry-After", "5");
  response.end(JSON.stringify(body));
}

const server = createServer(async (request, response) => {
  const route = request.method === "GET" && Object.hasOwn(routes, request.url) && routes[request.url];
  if (!route) return send(response, 404, { error: "not found" });
  try {
    send(response, 200, route(await caller(request)));
  } catch ({ status = 500, challenge }) {
    send(response, status, { error: status }, challenge);
  }
});

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
