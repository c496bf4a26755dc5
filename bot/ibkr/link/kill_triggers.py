"""The kill trigger of the constitution that the link alone can see: a connection lost for too long.

It only tells; whether a position is held, and what follows, is the risk engine's. It does not promise to be heard while
the process itself hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState

Tell = Callable[[str, str], None]


class KillTriggers:
    """Watches a link; `tell` takes the trigger and its detail. `timeout_seconds` of patience pass `pace` times as fast."""

    def __init__(self, link: Link, timeout_seconds: float, pace: float, tell: Tell) -> None:
        self._link, self._timeout_seconds, self._pace, self._tell = link, timeout_seconds, pace, tell
        self._timer: asyncio.TimerHandle | None = None
        link.state_changed.append(self._on_state)

    def stop(self) -> None:
        """The session ends of our own will."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_state(self, state: LinkState, _previous: LinkState) -> None:
        if state.allows_way_out:
            self.stop()
        elif self._timer is None and self._link.begun:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_seconds / self._pace, self._too_long)

    def _too_long(self) -> None:
        self._tell("connection lost for too long", f"{self._timeout_seconds:g} s, it is {self._link.state}")
