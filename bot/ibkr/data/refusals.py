"""What of the feed the broker has refused and not served since, and how long to wait before it is asked for again."""

from __future__ import annotations

from bot.ibkr.errors import BrokerError

BACK_OFF_SECONDS, BACK_OFF_MOST_SECONDS = 15.0, 60.0


class Refusals:
    """By what is refused (bars, quotes); `waits` counts those after which asking itself may be the cause."""

    def __init__(self) -> None:
        self._denied: dict[str, BrokerError] = {}
        self._waits = 0

    @property
    def errors(self) -> list[BrokerError]:
        """Why, the oldest first; empty if nothing is refused."""
        return list(self._denied.values())

    def deny(self, what: str, error: BrokerError) -> None:
        """It is refused, until it comes."""
        self._denied[what] = error

    def served(self, what: str) -> bool:
        """It has come; whether it was refused before."""
        if self._denied.pop(what, None) is None:
            return False
        self._waits = 0
        return True

    def forget(self) -> None:
        """All of it is asked for anew."""
        self._denied.clear()

    def wait_seconds(self) -> float:
        """How long to wait now; longer each time, until something that was refused comes."""
        self._waits += 1
        return min(BACK_OFF_SECONDS * 2 ** (self._waits - 1), BACK_OFF_MOST_SECONDS)
