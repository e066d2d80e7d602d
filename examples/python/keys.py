"""The issuer's public keys, kept. One thread at a time asks for them, and not for every token."""

import json
import threading
import time

import jwt

from fetch import fetch

PAUSE = 5  # seconds: after a failure nobody asks for so long
UNKNOWN_PAUSE = 30  # for a key that is not known they are asked for this often at most
FRESH = 300  # keys that are older are asked for anew, so that one that was withdrawn goes
MOST = 64 * 1024


class NoKeys(Exception):
    """The keys cannot be had: nothing is known of the token."""


class Keys:
    def __init__(self, issuer):
        self.url = issuer + "/.well-known/jwks.json"
        self.known = {}
        self.tried = None
        self.failed = False
        self.turn = threading.Lock()

    def is_due(self, kid):
        pause = PAUSE if self.failed else FRESH if kid in self.known else UNKNOWN_PAUSE
        return self.tried is None or time.monotonic() - self.tried >= pause

    def renew(self):
        try:
            keys = jwt.PyJWKSet.from_dict(json.loads(fetch(self.url, MOST))).keys
            self.known, self.failed = {key.key_id: key.key for key in keys}, False
        except Exception:
            # Whatever is wrong with the answer, the keys of before stay.
            self.failed = True
        self.tried = time.monotonic()

    def of(self, token):
        """The key that a JWT names. Who has his key waits for nobody else's answer."""
        kid = jwt.get_unverified_header(token).get("kid")
        if self.turn.acquire(blocking=kid not in self.known):
            try:
                if self.is_due(kid):
                    self.renew()
            finally:
                self.turn.release()
        failed, key = self.failed, self.known.get(kid)
        if key is None and failed:
            raise NoKeys
        if key is None:
            raise jwt.InvalidTokenError("nobody's key")
        return key
