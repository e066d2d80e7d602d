// Token Status Lists (draft-ietf-oauth-status-list): whether the session behind a verified token has
// ended. A list is fetched once for as long as it counts, whoever asks.

import { inflateSync } from "node:zlib";
import { jwtVerify } from "jose";
import { bounded } from "./bounded.mjs";

const MOST_LISTS = 256;
const MOST_TEXT = 512 * 1024;
const MOST_BITS = 128 * 1024;

/** The list cannot be had, or is none that counts: nothing is known of the token. */
export class NoList extends Error {}

async function fetchList(uri, keys) {
  const asked = Date.now() / 1000;
  const response = await fetch(uri, { redirect: "error", signal: AbortSignal.timeout(5000) });
  // No session is in it any more.
  if (response.status === 404) return { bits: Buffer.alloc(0), until: asked + 1 };
  if (response.status !== 200) throw new NoList(`${response.status}`);
  const rules = { typ: "statuslist+jwt", algorithms: ["ES256"], subject: uri, requiredClaims: ["iat", "exp", "ttl"] };
  const { payload } = await jwtVerify(await bounded(response, MOST_TEXT), keys, rules);
  const { bits, lst } = payload.status_list ?? {};
  if (bits !== 1 || typeof lst !== "string" || !(payload.ttl > 0)) throw new NoList("another form");
  const until = Math.min(payload.exp, payload.iat + payload.ttl, asked + payload.ttl);
  return { bits: inflateSync(Buffer.from(lst, "base64url"), { maxOutputLength: MOST_BITS }), until };
}

export function statusLists(issuer, keys) {
  const known = new Map();

  function list(uri) {
    const now = Date.now() / 1000;
    const before = known.get(uri);
    if (before && (before.until === undefined || before.until > now)) return before.list;
    if (known.size >= MOST_LISTS) known.clear();
    const entry = { until: undefined };
    entry.list = fetchList(uri, keys).then(
      (fetched) => {
        entry.until = fetched.until;
        if (fetched.until <= Date.now() / 1000) throw new NoList("over");
        return fetched;
      },
    ).catch((error) => {
      // Asked again in a second, whatever comes.
      entry.until = Date.now() / 1000 + 1;
      throw error instanceof NoList ? error : new NoList(String(error));
    });
    known.set(uri, entry);
    return entry.list;
  }

  /** Whether the token of these verified claims still counts. One without a place cannot be checked. */
  return async function isLive({ status }) {
    const { idx, uri } = status?.status_list ?? {};
    if (!Number.isSafeInteger(idx) || idx < 0 || !String(uri).startsWith(`${issuer}/.well-known/status-list/`)) return false;
    const { bits } = await list(uri);
    const byte = bits[Math.floor(idx / 8)];
    return byte !== undefined && ((byte >> (idx % 8)) & 1) === 0;
  };
}
