/**
 * The browser's side of a doorkey server.
 *
 * The access token is in a closure and nowhere else: not in storage, a cookie, a URL, the page or
 * a message to another tab. The refresh token is in an httpOnly cookie that no script sees.
 */

/** Who is signed in, as the access token says. Frozen. */
export interface User {
  /** The account: permanent, never used again. `sub` of the token. */
  readonly id: string;
  /** The session, which a login begins and a renewal goes on. `sid` of the token. */
  readonly session: string;
  /** A hint for what to show. What a user may do is decided by the server. */
  readonly roles: readonly string[];
}

/** An account as `/auth/me`, a login and a registration answer it. */
export interface Account {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly email_verified: boolean;
  readonly display_name: string | null;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  /** RFC 3339, UTC. */
  readonly created_at: string;
}

/** A problem document (RFC 9457) of the server. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** A stable word, explained at `/problems/<code>`. */
  readonly code: string;
  readonly detail?: string;
  /** Names the request in the server's log. */
  readonly request_id: string;
  /** The members of a form that were refused, with `invalid_request`. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** The server answered, and it was no. What is no answer at all is a `TypeError` or a
 * `DOMException`, as from the browser's own `fetch`. */
export class DoorkeyError extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** The code of the problem, such as `invalid_credentials`; absent when the answer was none of
   * doorkey's, but a proxy's. */
  readonly code?: string;
  /** The whole problem, where there is one. */
  readonly problem?: Problem;
  /** How many seconds to wait, where the server said so. */
  readonly retryAfter?: number;
}

export interface Options {
  /** Where doorkey is. Default: the origin of the page. */
  server?: string;
  /** Origins beside the page's own and the server's to which {@link Client.fetch} may send the
   * access token, such as `["https://api.example.org"]`. Compared as whole origins. */
  resources?: string[];
}

export interface Client {
  /**
   * Signs in, in every tab of this origin. The session of whoever was signed in here before ends.
   *
   * @throws DoorkeyError `invalid_credentials` (the same for every reason), `too_many_attempts`
   * (wait for `retryAfter` seconds). Whoever was signed in stays so.
   */
  login(form: { username: string; password: string }): Promise<Account>;

  /**
   * Ends the session at the server, with all its access tokens, and signs out every tab of this
   * origin. A renewal that is on its way is dropped.
   *
   * @throws when the server could not be reached or could not do it. Then the session lives on and
   * nobody is told otherwise: say so, and let the user try again.
   */
  logout(): Promise<void>;

  /**
   * Makes an account, where the server allows it. Does not sign in.
   *
   * @throws DoorkeyError `registration_closed`, `username_taken`, `email_taken`, `invalid_request`
   * with `problem.errors`, `too_many_attempts`.
   */
  register(form: { username: string; password: string; email?: string }): Promise<Account>;

  /**
   * An access token that is good for a while yet; `null` when nobody is signed in. The first call
   * of a page asks the server. Renews when a tenth of the token's life is left; when that fails,
   * the old token is given as long as it is good.
   *
   * Ask each time a token is needed. Do not keep it.
   *
   * @param options `fresh` asks the server whatever is known: for roles that have just changed,
   * or a login at another origin of the site.
   * @throws when it cannot be known: the network or the server failed. Nobody is signed out by
   * that; it is tried again by itself, later and later, and at once when the network is back.
   */
  getAccessToken(options?: { fresh?: boolean }): Promise<string | null>;

  /**
   * As `fetch`, with the access token in the `Authorization` header; without one when nobody is
   * signed in.
   *
   * - Only to the origins of the page, of the server and of {@link Options.resources}: for any
   *   other it throws before anything is sent.
   * - Redirects fail, because not every browser drops the token on the way to another origin. Set
   *   `redirect: "follow"` where you know where they lead.
   * - After a 401 that is about the token it renews and repeats once. A `body` that is a stream
   *   cannot be repeated, and nothing is repeated for another user than the one who asked: then
   *   the 401 is the answer.
   *
   * @throws TypeError for an origin that is not listed; all that `fetch` and
   * {@link Client.getAccessToken} throw.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /**
   * Calls `listener` when somebody signs in or out, here or in another tab, when the session has
   * ended, and when the roles have changed; once at the beginning if it is known who is there.
   * `null` is nobody. A renewal is no change.
   *
   * @returns ends it.
   */
  onChange(listener: (user: User | null) => void): () => void;
}

/** A client of one server. One for a page is enough; several do not disturb each other. */
export function createClient(options?: Options): Client;
