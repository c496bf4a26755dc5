"""Bars of 2025-09-15 to 17 on the real calendar, as they would arrive."""

import datetime as dt
from functools import cache

from bot.calendar import SessionCalendar, clock_ns
from bot.contracts import load_contracts
from bot.market.bar import RawBar
from bot.market.rolling import MinuteMedians
from bot.quality.dvs import DvsResult, DvsScorer
from bot.units import MINUTE_NS, SECOND_NS

MONDAY, TUESDAY, WEDNESDAY = dt.date(2025, 9, 15), dt.date(2025, 9, 16), dt.date(2025, 9, 17)
QUIET = (6600.0, 6600.75, 6599.5, 6600.25, 1000.0)


@cache
def contracts():
    return load_contracts()


@cache
def calendar() -> SessionCalendar:
    return SessionCalendar(contracts().session, dt.date(2025, 9, 12), dt.date(2025, 9, 19))


def at(clock: str, date: dt.date = TUESDAY, seconds: float = 0.0) -> int:
    """UTC ns of a New York time, some seconds later."""
    return clock_ns(date, dt.time.fromisoformat(clock)) + round(seconds * SECOND_NS)


def raw(ts_ns: int, prices=QUIET, late_seconds: float = 0.0, synthetic: bool = False) -> RawBar:
    return RawBar(ts_ns, *prices, received_ns=ts_ns + round(late_seconds * SECOND_NS), synthetic=synthetic)


def minutes(first_ns: int, count: int) -> list[int]:
    return [first_ns + index * MINUTE_NS for index in range(count)]


def ranges() -> MinuteMedians:
    """Medians of true ranges over as many sessions as the contract says."""
    signals = contracts().strategies.signals
    return MinuteMedians(signals.atr_norm_sessions, signals.atr_norm_min_sessions)


def scorer() -> DvsScorer:
    return DvsScorer(contracts().data_contract, calendar(), ranges())


def warmed(count: int = 61, last: str = "10:31") -> DvsScorer:
    """A scorer that has seen `count` quiet minutes of Tuesday, the last one closing at `last`."""
    made = scorer()
    for ts_ns in minutes(at(last) - (count - 1) * MINUTE_NS, count):
        made.score(raw(ts_ns))
    return made


def names(result: DvsResult) -> list[str]:
    return [name for name, _ in result.events]
