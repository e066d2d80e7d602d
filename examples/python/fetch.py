"""What the issuer publishes: bounded in size and time, and never from elsewhere."""

import time
import urllib.request

PATIENCE = 5  # seconds


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def fetch(url, most):
    """The body at `url`, of at most `most` bytes. Raises whatever the reason why it cannot be had."""
    end = time.monotonic() + PATIENCE
    body = b""
    with OPENER.open(url, timeout=PATIENCE) as answer:
        while part := answer.read1(most):
            body += part
            if len(body) > most or time.monotonic() > end:
                raise ValueError("too long")
    return body
