"""What a service answers, bounded: so much of it, for so long, and to what it was asked. The rest is not read, its connection closed."""

from __future__ import annotations

import http.client
import io
import time
from contextlib import suppress
from typing import Any

import requests
import urllib3

MOST_BYTES, MOST_SECONDS = 1_000_000, 16.0
MOST_CONTINUES = 20
THE_SAME_AGAIN = (307, 308)  # redirects that keep method and body
READS = ("GET", "HEAD")


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """An answer that has no end, or drips for ever, ends here; what its first line said counts."""

    def send(self, *words: Any, **how: Any) -> requests.Response:
        """Send a request; the response holds what came of its body in time.

        Raises requests.TooManyRedirects if a message is answered by the way to a page: a login, or the address that the service left.
        Whatever that page says, it was asked for without the message.
        """
        response = super().send(*words, **how)
        if response.is_redirect and response.request.method not in READS and response.status_code not in THE_SAME_AGAIN:
            response.close()
            raise requests.TooManyRedirects("the message would not go along")
        until, body = time.monotonic() + MOST_SECONDS, bytearray()
        with suppress(urllib3.exceptions.HTTPError):  # that it breaks off is no other answer
            while len(body) < MOST_BYTES and time.monotonic() < until and (piece := response.raw.read1(MOST_BYTES, decode_content=True)):
                body += piece
        response.raw.close()
        response.raw = io.BytesIO(bytes(body[:MOST_BYTES]))
        return response


class BoundedAnswer(http.client.HTTPResponse):
    """One that only ever begins ("100 Continue", again and again) is none."""

    _begun = 0

    def _read_status(self) -> tuple[str, int, str]:
        self._begun += 1
        if self._begun > MOST_CONTINUES:
            raise http.client.BadStatusLine("100 Continue, without an end")
        return super()._read_status()
