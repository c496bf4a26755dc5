"""A sign of life to a service that notices when it stops coming ("dead man's switch"): one GET a minute while all is well."""

from __future__ import annotations

import threading
import urllib.request

PERIOD_SECONDS, PATIENCE_SECONDS = 60.0, 20.0


class Heartbeat:
    """Asks for one address, "" for none. One that hangs is not asked for again before it has answered or given up."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._next = 0.0
        self._asking: threading.Thread | None = None

    def beat(self, now: float) -> bool:
        """Give a sign of life if one is due (monotonic seconds); whether it was given."""
        if not self._address or now < self._next or (self._asking is not None and self._asking.is_alive()):
            return False
        self._next = now + PERIOD_SECONDS
        self._asking = threading.Thread(target=_ask, args=(self._address,), name="mesbot-heartbeat", daemon=True)
        self._asking.start()
        return True


def _ask(address: str) -> None:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
            answer.read(1000)
    except Exception:  # that it does not come is what the service is there for; the error would name the address
        return
