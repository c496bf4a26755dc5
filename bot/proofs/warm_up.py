"""How much history each signal needs: a session decided after so many sessions of warm-up, beside the same after all there are."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from bot.bars.source import Bars
from bot.calendar import Session
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.plural import counted
from bot.units import TOLERANCE

STEPS = (0, 1, 2, 3, 5, 8, 13, 20, 30, 40)  # sessions of warm-up
Signals = dict[tuple[int, str], float]  # by bar (UTC ns) and name; nan while undefined


class Need(msgspec.Struct, frozen=True):
    """One signal: the largest difference from the full warm-up at any bar, by steps, and the first step from which on there is none.

    A difference is inf where only one of the two is defined. `sessions` None: it differs after every step there is.
    """

    name: str
    apart: list[float]
    sessions: int | None


class WarmUp(msgspec.Struct, frozen=True):
    """`day` (ISO date) after so many `steps` sessions of warm-up, beside the same day after `full` of them."""

    day: str
    steps: list[int]
    full: int
    needs: list[Need]

    @property
    def sentence(self) -> str:
        """What it comes to."""
        told = f"Beside {counted(self.full, 'session')} of warm-up, {self.day}:"
        open_ended = [each.name for each in self.needs if each.sessions is None]
        if open_ended:
            differ = "differs" if len(open_ended) == 1 else "differ"
            return f"{told} {', '.join(open_ended)} still {differ} after {counted(self.steps[-1], 'session')}."
        most = max((each.sessions or 0 for each in self.needs), default=0)
        last = ", ".join(each.name for each in self.needs if each.sessions == most)
        return f"{told} every signal is the same from {counted(most, 'session')} on; the last to be: {last}."

    def rows(self) -> list[tuple[str, ...]]:
        """A table: heading, then a row a signal; a difference as it is, `=` for none, `–` where only one of the two is defined."""
        heading = ("signal", *map(str, self.steps), "same from")
        return [
            heading,
            *((each.name, *map(_shown, each.apart), "–" if each.sessions is None else str(each.sessions)) for each in self.needs),
        ]


def warm_up(bars: Bars, sessions: Sequence[Session], run: Callable[[Bars], Path], say: Callable[[str], None]) -> WarmUp:
    """Decide the last of the `sessions` (rising) that bars hold after steps of warm-up; `run` gives the journal of a run over bars."""
    day, earlier = sessions[-1], sessions[:-1]
    full = _signals(run(bars))
    steps = [step for step in STEPS if step < len(earlier)]
    found = []
    for step in steps:
        say(f"Warm-up of {counted(step, 'session')}.")
        first_ns = earlier[-step - 1].close_ns if step < len(earlier) else 0
        frame = bars.frame[bars.frame["ts_ns"] > first_ns]
        found.append(_signals(run(replace(bars, frame=frame))))
    names = sorted({name for _, name in full})
    return WarmUp(day.date, steps, len(earlier), [need_of(name, full, found, steps) for name in names])


def need_of(name: str, full: Signals, found: Sequence[Signals], steps: Sequence[int]) -> Need:
    """One signal's row: its values after the full warm-up beside those `found` after each step."""
    keys = [key for key in full if key[1] == name]
    apart = [max(_distance(full[key], some.get(key, math.nan)) for key in keys) for some in found]
    same_from = len(steps)
    while same_from and apart[same_from - 1] <= TOLERANCE:
        same_from -= 1
    return Need(name, apart, steps[same_from] if same_from < len(steps) else None)


def _distance(a: float, b: float) -> float:
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    return abs(a - b)


def _signals(journal: Path) -> Signals:
    with opened(journal) as db:
        return {(ts_ns, name): math.nan if value is None else float(value) for ts_ns, name, value in _values(db)}


def _values(db: sqlite3.Connection) -> Iterator[tuple[int, str, float | None]]:
    for record in read(db, Kind.BAR, Kind.DECISION):
        if record.kind is Kind.BAR:
            yield record.ts_ns, "DVS", record.body["dvs"]
            for name, value in record.body["signals"].items():
                yield record.ts_ns, name, value
        elif (beliefs := record.body.get("beliefs")) is not None:
            yield record.ts_ns, f"{record.strategy} belief long", beliefs[0]
            yield record.ts_ns, f"{record.strategy} belief short", beliefs[1]


def _shown(value: float) -> str:
    return "–" if math.isinf(value) else "=" if value <= TOLERANCE else f"{value:.2g}"
