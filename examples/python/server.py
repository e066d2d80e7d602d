"""A resource server that verifies doorkey's access tokens offline. It fetches the public keys, once
and when an unknown one appears, and once a minute a list of which sessions have ended.

    pip install -r requirements.txt && python server.py http://127.0.0.1:8080 8090
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

from keys import Keys, NoKeys
from status import NoList, StatusLists

ISSUER, PORT = (sys.argv[1:] + ["http://127.0.0.1:8080", "8090"][len(sys.argv) - 1 :])[:2]
KEYS = Keys(ISSUER)
LISTS = StatusLists(ISSUER, KEYS)


class Refusal(Exception):
    def __init__(self, status, challenge=None):
        super().__init__(status)
        self.status = status
        self.challenge = challenge


def caller(header):
    """Who calls. A token that is missing, bad or of an ended session is 401; keys or a list that
    cannot be had are not its fault."""
    found = re.fullmatch(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)", header or "")
    if not found:
        raise Refusal(401, "Bearer")
    token = found[1]
    try:
        checked = jwt.decode_complete(
            token, KEYS.of(token), algorithms=["ES256"], issuer=ISSUER, audience=ISSUER,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except NoKeys:
        raise Refusal(503) from None
    except jwt.PyJWTError:
        raise Refusal(401, 'Bearer error="invalid_token"') from None
    if checked["header"].get("typ") != "at+jwt":
        raise Refusal(401, 'Bearer error="invalid_token"')
    try:
        if LISTS.is_live(checked["payload"]):
            return checked["payload"]
    except NoList:
        raise Refusal(503) from None
    raise Refusal(401, 'Bearer error="invalid_token"')


def need_role(user, role):
    if role not in user.get("roles", []):
        raise Refusal(403, 'Bearer error="insufficient_scope"')


def notes(user):
    return {"notes": [], "owner": user["sub"]}


def reports(user):
    need_role(user, "admin")
    return {"reports": [], "reader": user["sub"]}


ROUTES = {"/notes": notes, "/reports": reports}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        route = ROUTES.get(self.path)
        if route is None:
            return self.answer(404, {"error": "not found"})
        try:
            self.answer(200, route(caller(self.headers.get("Authorization"))))
        except Refusal as refusal:
            self.answer(refusal.status, {"error": refusal.status}, refusal.challenge)

    def answer(self, status, body, challenge=None):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        if status == 503:
            self.send_header("Retry-After", "5")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
