"""Synthetic minute bars in the likeness of MES, for demonstrations and tests. Not a model of any market.

A price walks in twelve steps a minute under a plan that changes every quarter of an hour or so: it
hovers around VWAP, trends, or stretches away from VWAP and comes back; now and then a recent extreme is run and
rejected (sweep, failed break) or broken on volume. Both sides are equally likely and nothing that
follows a setup favours it. Sizes by time of day resemble ES in autumn 2025: true ranges of 6
to 12 ticks in RTH and 2 to 5 overnight, volume in a U over the day.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from bot.calendar import Session, SessionCalendar
from bot.errors import CalendarError
from bot.market.bar import Bar
from bot.units import MINUTE_NS

STEPS = 12  # of a minute
RAMP = np.linspace(0.0, 1.0, STEPS + 1)[1:]
FIRST_PRICE = 25_600  # 6400.00 points
HOURS = np.arange(25)
VOLUME_BY_HOUR = np.array([35, 42, 75, 150, 130, 95, 95, 135, 220, 380, 420, 400, 0, 0, 0, 0, 200, 150, 55, 40, 65, 55, 40, 36, 35])
STEP_BY_HOUR = np.array([1.9, 1.9, 2.4, 2.8, 2.6, 2.4, 2.4, 2.5, 3.2, 4.4, 4.8, 4.6, 4, 4, 4, 4, 2.8, 2.5, 2.3, 2, 2.1, 2.1, 2, 2, 2])
SESSION_SHARE = np.array([0.0, 0.08, 0.2, 0.4, 0.6, 0.8, 0.93, 1.0])  # of the session gone by
SESSION_VOLUME = np.array([3600, 2700, 2100, 1500, 1250, 1300, 1600, 2600])
SESSION_STEP = np.array([9.0, 8.2, 7.4, 6.4, 5.8, 5.8, 6.1, 6.9])  # standard deviation of a minute's change, ticks
EVENT_MINUTES = 24  # on average between two scripted events of a session
RECENT = 20


def synthetic_bars(seed: int, sessions: int, first: dt.date, calendar: SessionCalendar) -> list[Bar]:
    """Every minute of CME's trading hours for `sessions` RTH sessions from `first` on, in whole ticks.

    The same arguments give the same bars, and more sessions only add bars at the end. No gaps, no
    empty minute. Raises CalendarError if the calendar holds too few sessions.
    """
    chosen = [session for session in calendar.sessions if session.date >= first.isoformat()][:sessions]
    if len(chosen) < sessions:
        raise CalendarError(
            f"{sessions} sessions from {first} were asked for and the calendar, which covers {calendar.first} to {calendar.last}, "
            f"holds {len(chosen)}; ask for fewer or for a later last date."
        )
    hours = [span for span in calendar.globex_hours if chosen and _starts(calendar, span, first) and span[0] < chosen[-1].open_ns]
    by_open = [session.open_ns for session in chosen]
    walk = _Walk()
    bars: list[Bar] = []
    for start, end in hours:
        index = bisect_left(by_open, start)
        session = chosen[index] if index < len(chosen) and chosen[index].open_ns < end else None
        bars += walk.day(_generator(seed, end), start, end, session)
    return bars


def _starts(calendar: SessionCalendar, span: tuple[int, int], first: dt.date) -> bool:
    return calendar.trading_day(span[0]).date >= first.isoformat()


def _generator(seed: int, day: int) -> np.random.Generator:
    """A generator named by seed and day, so that days do not depend on how many are drawn."""
    return np.random.default_rng([seed, day // MINUTE_NS])


class _Plan(NamedTuple):
    """What the market does: drift a minute and size of its changes (in usual sizes), pull to VWAP, volume factor."""

    drift: float
    pull: float
    size: float
    volume: float


PLANS = (  # with the share of each
    (0.35, _Plan(0.0, 0.10, 0.9, 1.0)),  # hover around VWAP
    (0.25, _Plan(0.28, 0.03, 0.85, 1.0)),  # stretch away from it
    (0.22, _Plan(0.65, 0.0, 0.85, 1.35)),  # trend
    (0.18, _Plan(0.0, 0.0, 1.0, 1.0)),  # wander
)


class _Walk:
    """The price through the days."""

    def __init__(self) -> None:
        self._price = FIRST_PRICE
        self._start_day()

    def _start_day(self) -> None:
        self._bars: list[Bar] = []
        self._product = self._volume = 0.0
        self._plan, self._minutes_left = PLANS[0][1], 0
        self._event: list[tuple[float, float]] = []  # moves in ticks and volume factors still to come

    def day(self, random: np.random.Generator, start: int, end: int, session: Session | None) -> list[Bar]:
        """The bars of one Globex day."""
        self._start_day()
        closes = np.arange(start + MINUTE_NS, end + 1, MINUTE_NS)
        steps, volumes = _profile(closes, start, session)
        steps *= np.exp(random.normal(0.0, 0.25)) * np.exp(_smooth(random, len(closes)))
        paths = np.cumsum(random.normal(0.0, 1.0 / np.sqrt(STEPS), (len(closes), STEPS)), axis=1)
        volumes *= np.exp(random.normal(0.0, 0.35, len(closes)))
        for index, ts_ns in enumerate(closes.tolist()):
            inside = session is not None and session.open_ns < ts_ns <= session.close_ns
            if inside and ts_ns == session.open_ns + MINUTE_NS:
                self._product = self._volume = 0.0
            self._minute(random, ts_ns, inside, float(steps[index]), paths[index], float(volumes[index]))
        return self._bars

    def _minute(self, random: np.random.Generator, ts_ns: int, inside: bool, step: float, path: np.ndarray, volume: float) -> None:
        if self._minutes_left <= 0:
            self._change_plan(random)
        self._minutes_left -= 1
        if inside and not self._event and len(self._bars) > RECENT and random.random() < 1.0 / EVENT_MINUTES:
            self._event = self._script(random, step)
        if self._event:
            (move, factor), size = self._event.pop(0), 0.35
        else:
            move, factor, size = self._drift(step), self._plan.volume if inside else 1.0, self._plan.size
        prices = self._price + move * RAMP + size * step * path
        self._close_bar(ts_ns, prices, volume * factor * (0.6 + 0.25 * abs(prices[-1] - self._price) / step))

    def _change_plan(self, random: np.random.Generator) -> None:
        plan = PLANS[random.choice(len(PLANS), p=[share for share, _ in PLANS])][1]
        self._plan = plan._replace(drift=plan.drift * random.choice((-1.0, 1.0)))
        self._minutes_left = int(random.integers(12, 40))

    def _drift(self, step: float) -> float:
        vwap = self._product / self._volume if self._volume else self._price
        return self._plan.drift * step + float(np.clip(self._plan.pull * (vwap - self._price), -step, step))

    def _script(self, random: np.random.Generator, step: float) -> list[tuple[float, float]]:
        """Moves and volume factors of minutes that run the nearer recent extreme: rejected at once, later, or not at all."""
        recent = self._bars[-RECENT:]
        high, low = max(bar.high for bar in recent), min(bar.low for bar in recent)
        side = 1 if high - self._price < self._price - low else -1
        distance = (high - self._price) if side > 0 else (self._price - low)
        if distance > 4.0 * step:
            return []
        beyond = distance + max(7.0, 1.2 * step) + float(random.integers(0, 4))
        back = beyond - distance + float(random.integers(3, 8))
        kind = random.choice(3)
        minutes = {
            0: [(beyond, 1.6), (-back, 2.6)],
            1: [(beyond, 1.4), (random.normal(0.0, 0.3) * step, 1.0), (-back, 1.8)],
            2: [(beyond, 2.4), (0.8 * step, 1.8), (0.5 * step, 1.5)],
        }[int(kind)]
        return [(side * move, factor) for move, factor in minutes]

    def _close_bar(self, ts_ns: int, prices: np.ndarray, volume: float) -> None:
        opening = round(self._price)
        ticks = np.rint(prices)
        high, low, close = max(opening, int(ticks.max())), min(opening, int(ticks.min())), int(ticks[-1])
        contracts = max(1, round(volume))
        self._bars.append(Bar(ts_ns, opening, high, low, close, contracts))
        self._product += (high + low + close) / 3.0 * contracts
        self._volume += contracts
        self._price = close


def _profile(closes: np.ndarray, start: int, session: Session | None) -> tuple[np.ndarray, np.ndarray]:
    """Usual size of a minute's change in ticks and usual volume, by minute; Globex opens at 18:00."""
    hour = (18.0 + (closes - start) / (60 * MINUTE_NS)) % 24.0
    steps, volumes = np.interp(hour, HOURS, STEP_BY_HOUR), np.interp(hour, HOURS, VOLUME_BY_HOUR).clip(30)
    if session is not None:
        inside = (closes > session.open_ns) & (closes <= session.close_ns)
        share = (closes[inside] - session.open_ns) / (session.close_ns - session.open_ns)
        steps[inside] = np.interp(share, SESSION_SHARE, SESSION_STEP)
        volumes[inside] = np.interp(share, SESSION_SHARE, SESSION_VOLUME)
    return steps, volumes


def _smooth(random: np.random.Generator, count: int) -> np.ndarray:
    """A slow wave around zero: volatility comes in spells of about an hour."""
    knots = count // 60 + 2
    return np.interp(np.arange(count), np.arange(knots) * 60, random.normal(0.0, 0.25, knots))
