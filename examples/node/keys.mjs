// The issuer's public keys. jose keeps them, asks for them once at a time, and for a key that it does
// not know at most once in 30 s after an answer. Here is what it leaves open: after a failure nobody
// asks for 5 s, and no answer is too long.

import { createLocalJWKSet, createRemoteJWKSet, customFetch } from "jose";
import { bounded } from "./bounded.mjs";

const PAUSE = 5000;
const MOST = 64 * 1024;

async function fetchKeys(url, options) {
  const response = await fetch(url, options);
  if (response.status !== 200) throw new Error(`${response.status}`);
  const text = await bounded(response, MOST);
  const set = JSON.parse(text);
  createLocalJWKSet(set);
  if (set.keys.length === 0) throw new Error("no keys");
  return new Response(text);
}

export function remoteKeys(issuer) {
  let failed = -Infinity;

  async function fetchSeldom(url, options) {
    if (performance.now() - failed < PAUSE) throw new Error("asked a moment ago");
    try {
      return await fetchKeys(url, options);
    } catch (error) {
      failed = performance.now();
      throw error;
    }
  }

  return createRemoteJWKSet(new URL("/.well-known/jwks.json", issuer), { [customFetch]: fetchSeldom });
}
