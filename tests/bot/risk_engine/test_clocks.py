"""Timers that come back in a moment are work under way; those that come back later are patience."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.risk_engine.clocks import SOON_NS, ClockTime


class Alerts:
    """Nautilus' clock: it keeps what is to be called."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Any], None]] = []

    def timestamp_ns(self) -> int:
        return 1_000

    def set_time_alert_ns(self, name: str, alert_time_ns: int, callback: Callable[[Any], None]) -> None:
        self.callbacks.append(callback)


def test_a_timer_that_is_due_in_a_moment_is_under_way_until_it_has_come_back():
    clock, called = Alerts(), []
    time = ClockTime(clock)
    for after_ns in (0, SOON_NS, SOON_NS + 1, -5):
        time.call_at("x", time.now_ns + after_ns, lambda: called.append(time.soon))
    assert time.soon == 3
    for callback in clock.callbacks:
        callback(None)
    assert called == [2, 1, 1, 0] and time.soon == 0
