"""What a service answers, bounded: so much of it, for so long. The rest is not read, and its connection is closed."""

from __future__ import annotations

import io
import time
from contextlib import suppress
from typing import Any

import requests
import urllib3

MOST_BYTES, MOST_SECONDS = 1_000_000, 16.0


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """An answer that has no end, or drips for ever, ends here; what its first line said counts."""

    def send(self, *words: Any, **how: Any) -> requests.Response:
        """Send a request; the response holds what came of its body in time."""
        response = super().send(*words, **how)
        until, body = time.monotonic() + MOST_SECONDS, bytearray()
        with suppress(urllib3.exceptions.HTTPError):  # that it breaks off is no other answer
            while len(body) < MOST_BYTES and time.monotonic() < until and (piece := response.raw.read1(MOST_BYTES, decode_content=True)):
                body += piece
        response.raw.close()
        response.raw = io.BytesIO(bytes(body[:MOST_BYTES]))
        return response
