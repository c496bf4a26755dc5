"""The end of the system, as anybody may ask Nautilus for it: never before what is held has been left.

The desk ends a run when its time has come, and what is held then keeps its stop and target at the venue. Whoever else asks has met with
something that he cannot go on after: that is a kill, and the system ends when nothing is held any more, or after a minute. The minute is
no contract: no plan is judged by it, and a set of contracts with one key more would be another law for every run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nautilus_trader.common.messages import ShutdownSystem

from bot.risk_engine.clocks import Timeline
from bot.risk_engine.path import FIRST
from bot.runtime.said import Handler, Said
from bot.units import SECOND_NS
from bot.words import kind_of, plain

TOPIC = "commands.system.shutdown"  # Nautilus'; its kernel ends the run on it
PATIENCE_NS = 60 * SECOND_NS
AGAIN_NS = SECOND_NS


class Shutdown:
    """Hears the commands in the kernel's place. `trip` trips the kill switch, `at_rest` says whether nothing is held or works."""

    def __init__(self, msgbus: Any, said: Said, trip: Callable[[str, str], None], at_rest: Callable[[], bool]) -> None:
        self._msgbus, self._trip, self._at_rest = msgbus, trip, at_rest
        self.hear: Handler = said.only(TOPIC, self._pass, self._asked)
        self._kernel: list[Handler] = []
        self._wall: Timeline | None = None
        self._since_ns = 0

    def stand(self, wall: Timeline) -> None:
        """Take the kernel's place; it hears from us alone."""
        self._wall = wall
        for each in self._msgbus.subscriptions(TOPIC):
            if each.priority != FIRST:
                self._msgbus.unsubscribe(TOPIC, each.handler)
                self._kernel.append(each.handler)

    def _pass(self, command: Any) -> None:
        for end in self._kernel:
            end(command)

    def _asked(self, command: Any) -> None:
        try:
            self._trip("a shutdown was asked for", plain(getattr(command, "component_id", kind_of(command))))
        finally:
            if type(command) is ShutdownSystem and not self._since_ns:
                self._since_ns = self._wall.now_ns
                self._await(command)

    def _await(self, command: ShutdownSystem) -> None:
        if self._at_rest() or self._wall.now_ns > self._since_ns + PATIENCE_NS:
            self._pass(command)
        else:
            self._wall.call_at("shutdown", self._wall.now_ns + AGAIN_NS, lambda: self._await(command))
