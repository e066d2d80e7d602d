"""Hooks of schemathesis: who calls, and how many cases were run.

CALLER is nobody, user or admin; PASSWORD is the account's; COUNTS is the file for the figures.
Most requests carry a session of the caller's own. Some keep what the fuzzer made of the
Authorization and Cookie headers, and some come from a page of another origin.
"""

import atexit
import collections
import json
import os

import requests
import schemathesis

CALLER = os.environ["CALLER"]
BASE = os.environ["BASE"]
COOKIE = "__Host-refresh"
# One request in so many keeps the headers that the fuzzer made.
OWN_HEADERS = 7
# Origins that the server must take or refuse; most requests have none.
ORIGINS = [None, None, BASE, None, None, "https://evil.example", None, None, "null", None, None]

session = {}
numbers = collections.Counter()
answers = collections.Counter()
operations = collections.defaultdict(set)


def log_in():
    form = {"username": CALLER, "password": os.environ["PASSWORD"]}
    answer = requests.post(f"{BASE}/auth/login", json=form, timeout=30)
    answer.raise_for_status()
    session["bearer"] = "Bearer " + answer.json()["access_token"]
    session["cookie"] = answer.headers["set-cookie"].split(";")[0]


@schemathesis.hook
def before_call(context, case, kwargs):
    number = numbers["cases"]
    numbers["cases"] += 1
    case.headers = case.headers if case.headers is not None else {}
    if CALLER != "nobody" and number % OWN_HEADERS:
        if not session:
            log_in()
        case.headers["Authorization"] = session["bearer"]
        # The fuzzer's own cookie would be a second one of the name.
        (case.cookies or {}).pop(COOKIE, None)
        case.headers["Cookie"] = session["cookie"]
    if origin := ORIGINS[number % len(ORIGINS)]:
        case.headers["Origin"] = origin


@schemathesis.hook
def after_call(context, case, response):
    answers[response.status_code] += 1
    operations[case.operation.label].add(response.status_code)
    ended = case.headers.get("Authorization") == session.get("bearer")
    if response.status_code == 401 and ended or case.path.startswith("/auth/logout"):
        session.clear()


@atexit.register
def write():
    by_operation = {label: sorted(found) for label, found in sorted(operations.items())}
    by_status = dict(sorted(answers.items()))
    figures = {"cases": numbers["cases"], "answers": by_status, "operations": by_operation}
    with open(os.environ["COUNTS"], "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=1)
