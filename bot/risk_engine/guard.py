"""One wrapper for every entrance of the risk engine: what is raised inside is caught, alarmed, and tried again where a timer asked."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from bot.risk_engine.clocks import Callback, Timeline
from bot.units import SECOND_NS
from bot.words import kind_of, plain

WHATEVER = (Exception, CancelledError, GeneratorExit)  # the latter two would end Nautilus' queue of events for good
AGAIN_NS = SECOND_NS  # a timer that failed is due again after this


class Guard:
    """Wraps handlers. `alarm` trips the kill switch with a sentence; `log` takes the exception. An alarm that fails is only logged."""

    def __init__(self, alarm: Callable[[str], None], log: Callable[[str, BaseException], None]) -> None:
        self._alarm, self._log = alarm, log

    def wrap(self, handler: Callable[..., Any]) -> Callable[..., None]:
        """The handler, that never raises."""

        def guarded(*given: Any) -> None:
            try:
                handler(*given)
            except WHATEVER as error:
                self._failed(error)

        return guarded

    def done(self, action: Callable[..., Any], *given: Any) -> bool:
        """Do it; False if it raised."""
        try:
            action(*given)
        except WHATEVER as error:
            self._failed(error)
            return False
        return True

    def _failed(self, error: BaseException) -> None:
        try:
            try:
                self._log("the risk engine failed", error)
            finally:  # an error that cannot be logged is an alarm all the same
                self._alarm(f"{kind_of(error)}: {plain(error)}")
        except Exception as again:
            self._log("the alarm failed as well", again)


class GuardedTime:
    """A Timeline whose callbacks are guarded; one that raises is called again a second later, unless it has asked for that itself by then:
    one that asks first and fails would be two, a second later four, and a minute later nothing else would run any more.
    """

    def __init__(self, inner: Timeline, guard: Guard) -> None:
        self._inner, self._guard = inner, guard
        self._asked: set[str] = set()  # names, since a callback began

    @property
    def now_ns(self) -> int:
        """See Timeline."""
        return self._inner.now_ns

    def call_at(self, name: str, at_ns: int, callback: Callback) -> None:
        """See Timeline."""

        def fire() -> None:
            self._asked.clear()
            if not self._guard.done(callback) and name not in self._asked:
                self.call_at(name, self._inner.now_ns + AGAIN_NS, callback)

        self._asked.add(name)
        self._inner.call_at(name, at_ns, fire)
