// Pages with the client on them, clocks that the tests move, and a resource server.

import { createServer } from "node:http";
import { after } from "node:test";
import { blankPage, PASSWORD } from "./harness.mjs";

/** Clocks that a test moves: `clocks.steady` and `clocks.wall`, in milliseconds. */
const CLOCKS = `
  globalThis.clocks = { steady: 0, wall: 0 };
  const steady = performance.now.bind(performance), wall = Date.now;
  performance.now = () => steady() + clocks.steady;
  Date.now = () => wall() + clocks.wall;
`;

/** A page of `origin` with a client of `server`: `auth`, and in `heard` what `onChange` told. */
export async function clientPage(context, server, { origin = server.url, prepare, ...options } = {}) {
  const page = await blankPage(context, origin);
  await page.addInitScript(CLOCKS);
  if (prepare) await page.addInitScript(prepare);
  await page.reload();
  await load(page, server, options);
  return page;
}

/** Puts the client on the page, as its own script would. */
export function load(page, server, options = {}) {
  return page.evaluate(
    async ([url, options]) => {
      const { createClient, DoorkeyError } = await import(`${url}/client/doorkey.js`);
      const auth = createClient({ server: url, ...options });
      const heard = [];
      auth.onChange((user) => heard.push(user));
      Object.assign(globalThis, { auth, heard, createClient, DoorkeyError });
    },
    [server.url, options],
  );
}

/** Signs in by the page's client; the account. */
export function login(page, username, password = PASSWORD) {
  return page.evaluate((form) => auth.login(form), { username, password });
}

/** The access token, `null`, or the name and code of what was thrown. */
export function token(page, options) {
  return page.evaluate(async (options) => {
    try {
      return await auth.getAccessToken(options);
    } catch (error) {
      return { name: error.name, status: error.status, code: error.code };
    }
  }, options);
}

/** What the page's client gets from `fetch`: the status, or what was thrown. */
export function send(page, url, init) {
  return page.evaluate(
    async ([url, init]) => {
      try {
        return (await auth.fetch(url, init)).status;
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    },
    [url, init],
  );
}

/** The payload of a token. */
export function payload(text) {
  return JSON.parse(Buffer.from(text.split(".")[1], "base64url"));
}

/** A server of some other origin that answers every page as `answer` says, and keeps what it was
 * asked. `answer` gives a status, or `[status, headers]`. */
export async function resource(answer, host = "127.0.0.1") {
  const asked = [];
  const server = createServer(async (request, response) => {
    const cors = {
      "Access-Control-Allow-Origin": request.headers.origin ?? "*",
      "Access-Control-Allow-Headers": "authorization, content-type",
      "Access-Control-Expose-Headers": "www-authenticate",
    };
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    let body = "";
    for await (const part of request) body += part;
    asked.push({ path: request.url, authorization: request.headers.authorization, body });
    const [status, headers] = [await answer(request, asked.length)].flat();
    response.writeHead(status, { ...cors, ...headers }).end("{}");
  });
  await new Promise((ready) => server.listen(0, host, ready));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://${host}:${server.address().port}`, asked };
}
