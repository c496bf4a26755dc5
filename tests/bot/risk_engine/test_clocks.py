"""Timers that come back in a moment are work under way; those that come back later are patience."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

from bot.risk_engine.clocks import SOON_NS, ClockTime, Once, StampTime


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


def test_a_clock_that_keeps_what_it_has_called_keeps_nobody_who_asked():
    class Part:
        def work(self) -> None:
            raise AssertionError

    clock, part = Alerts(), Part()
    time, gone = ClockTime(clock), ref(part)
    time.call_at("x", 2_000, part.work)
    del time, part
    gc.collect()
    assert gone() is None
    clock.callbacks[0](None)  # too late, and nobody is there


def test_a_callback_that_waits_already_is_not_asked_for_twice_and_may_be_asked_for_again_once_it_has_come():
    time, once, called = StampTime(100), Once(), []
    for name, after_ns in (("a", 10), ("a", 5), ("b", 20), ("a", 30)):
        once.after(time, name, after_ns, lambda name=name: called.append((name, time.now_ns)))
    for now_ns in (109, 110, 119, 120, 500):
        time.advance(now_ns)
    assert called == [("a", 110), ("b", 120)]

    def again() -> None:
        called.append(("again", time.now_ns))
        if time.now_ns < 600:
            once.after(time, "a", 100, again)

    once.after(time, "a", 10, again)
    time.advance(510)
    time.advance(610)
    assert called[2:] == [("again", 510), ("again", 610)]
