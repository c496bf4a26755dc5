"""The owner of a terminal while a node runs: a view that is drawn anew, or, where nobody looks (a pipe), a line an event."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self, TextIO, cast

from rich.console import Console
from rich.live import Live

from bot.node.output import Screen
from bot.node.screen import Glance, rendered
from bot.units import SECOND_NS

MEASURED_SECONDS = 2.0  # of the wall, before a speed is believed


class LiveView:
    """Shows glances on a console; `replayed`: market time may run at another speed than the wall's, which is measured for the estimate.

    `spoken` makes of a sentence the one that is shown.
    """

    def __init__(self, console: Console, *, replayed: bool, spoken: Callable[[str], str] = str) -> None:
        self._console, self._replayed, self._spoken = console, replayed, spoken
        self._stream = console.file
        self._screen = Screen(cast(TextIO, console.file))
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._first: tuple[int, float] | None = None  # market time (UTC ns) and wall (s) of the session's first bar seen

    def __enter__(self) -> Self:
        self._console.file = cast(IO[str], self._screen)
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()  # the last view stays on the screen
        self._screen.close()
        self._console.file = self._stream

    def show(self, glance: Glance) -> None:
        """Draw it, or print what is new in it."""
        if self._live is not None:
            self._live.update(rendered(glance, self.remaining(glance), self._spoken), refresh=True)
            return
        for line in glance.news():
            self.say(line)

    def say(self, text: str) -> None:
        """A line for a person, above the view."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def remaining(self, glance: Glance) -> str:
        """How long the session goes on, by the wall; "" while that is not known."""
        if glance.update is None or glance.session is None:
            return ""
        ts_ns, now = glance.update.quality.ts_ns, time.monotonic()
        if self._first is None or self._first[0] < glance.session.open_ns:  # bars of earlier days only warm up, at a speed of their own
            self._first = ts_ns, now
        left = (glance.session.close_ns - ts_ns) / SECOND_NS
        if self._replayed:
            gone, seconds = (ts_ns - self._first[0]) / SECOND_NS, now - self._first[1]
            if gone <= 0 or seconds < MEASURED_SECONDS:
                return ""
            left *= seconds / gone
        return duration(left)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 12 min, 5 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
