"""When a strategy may decide an entry on a full day: its phases less what the session closes (spec 2, session.yaml)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from datetime import timedelta
from typing import NamedTuple

from bot.contracts.models import Contracts


class Window(NamedTuple):
    """[start, end) on the clock of New York."""

    start: Time
    end: Time


def minutes_before(clock: Time, minutes: int) -> Time:
    """The time of day some minutes (less than a day) before another."""
    return (DateTime.combine(Date.min, clock) - timedelta(minutes=minutes)).time()


def entry_windows(contracts: Contracts, strategy: str) -> list[Window]:
    """When a strategy that orders may decide an entry on a full day: half-open [start, end) in New York, in order.

    Its phases and its own earliest time, less the session's no-entry windows and the day's end.
    """
    session, rules = contracts.session, contracts.trader(strategy)
    starts = [phase.start for phase in session.phases]
    spans = {phase.code: Window(phase.start, end) for phase, end in zip(session.phases, [*starts[1:], session.rth.close], strict=True)}
    windows = [spans[code] for code in sorted(rules.phases)]
    last = minutes_before(session.rth.close, session.last_entry_minutes_before_close)
    closed = [Window(Time.min, getattr(rules, "not_before", Time.min)), Window(last, Time.max)]
    for hole in [*(Window(each.start, each.end) for each in session.no_entry), *closed]:
        windows = [part for window in windows for part in _without(window, hole)]
    return _joined(windows)


def _without(window: Window, hole: Window) -> list[Window]:
    """What is left of a window around a hole: nothing, one part or two."""
    parts = (Window(window.start, min(window.end, hole.start)), Window(max(window.start, hole.end), window.end))
    return [part for part in parts if part.start < part.end]


def _joined(windows: list[Window]) -> list[Window]:
    """Windows in order, those that touch made one."""
    joined: list[Window] = []
    for window in windows:
        if joined and joined[-1].end == window.start:
            joined[-1] = Window(joined[-1].start, window.end)
        else:
            joined.append(window)
    return joined
