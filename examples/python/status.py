"""Token Status Lists (draft-ietf-oauth-status-list): whether the session behind a verified token
has ended. A list is fetched once for as long as it counts, whoever asks."""

import base64
import threading
import time
import urllib.error
import zlib

import jwt

from fetch import fetch

MOST_LISTS = 256
MOST_TEXT = 512 * 1024
MOST_BITS = 128 * 1024


class NoList(Exception):
    """The list cannot be had, or is none that counts: nothing is known of the token."""


def inflate(text):
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    inflater = zlib.decompressobj()
    bits = inflater.decompress(packed, MOST_BITS + 1)
    if len(bits) > MOST_BITS or not inflater.eof:
        raise NoList("too long, or cut off")
    return bits


class StatusLists:
    def __init__(self, issuer, keys):
        self.prefix = issuer + "/.well-known/status-list/"
        self.keys = keys
        self.known = {}
        self.lock = threading.Lock()

    def read(self, uri):
        """The bits of a list, and until when they count."""
        asked = time.time()
        try:
            text = fetch(uri, MOST_TEXT).decode()
            checked = jwt.decode_complete(
                text, self.keys.of(text), algorithms=["ES256"],
                options={"require": ["sub", "iat", "exp", "ttl"], "verify_aud": False},
            )
            said = checked["payload"]
            if checked["header"].get("typ") != "statuslist+jwt" or said["sub"] != uri:
                raise NoList("another list")
            if said["status_list"]["bits"] != 1 or not said["ttl"] > 0:
                raise NoList("another form")
            bits = inflate(said["status_list"]["lst"])
            return bits, min(said["exp"], said["iat"] + said["ttl"], asked + said["ttl"])
        except Exception as error:
            if isinstance(error, urllib.error.HTTPError) and error.code == 404:
                # No session is in it any more.
                return b"", asked + 1
            # Whatever is wrong with a list, nothing is known by it.
            raise NoList(error) from None

    def bits(self, uri):
        with self.lock:
            bits, until = self.known.get(uri, (None, 0))
            if until <= time.time():
                if len(self.known) >= MOST_LISTS:
                    self.known.clear()
                # Asked again in a second, whatever comes.
                self.known[uri] = (None, time.time() + 1)
                bits, until = self.known[uri] = self.read(uri)
        if bits is None or until <= time.time():
            raise NoList("asked a moment ago")
        return bits

    def is_live(self, claims):
        """Whether the token of these verified claims still counts. One without a place cannot be
        checked."""
        place = claims.get("status", {}).get("status_list", {})
        index, uri = place.get("idx"), place.get("uri")
        if type(index) is not int or index < 0 or not str(uri).startswith(self.prefix):
            return False
        bits = self.bits(uri)
        return index // 8 < len(bits) and not bits[index // 8] >> index % 8 & 1
