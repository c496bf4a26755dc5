"""What the gates look at: one frozen picture of the moment. Money is whole cents, times UTC ns."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from bot.calendar import new_york
from bot.decision.verdict import Refused
from bot.market.state import MarketState


class KillState(StrEnum):
    """States of the kill switch; only ARMED lets an entry pass."""

    ARMED = "ARMED"
    TRIPPED = "TRIPPED"
    FLAT = "FLAT"
    HALTED = "HALTED"


class EntryLock(msgspec.Struct, frozen=True, gc=False):
    """A person has locked entries: why, and when (market time, UTC ns). Only a person ends it."""

    reason: str
    since_ns: int

    @property
    def told(self) -> str:
        """Who, when (New York) and why, in words."""
        return f"by a person since {new_york(self.since_ns):%Y-%m-%d %H:%M}: {self.reason}"


class Trust(Protocol):
    """What the gates may know of the learning loop: a state, a multiplier and two counts."""

    state: str
    cost_multiplier: float
    wins: float
    losses: float


class BookView(msgspec.Struct, frozen=True, gc=False):
    """The counters of spec 2 at one moment.

    `realised_*_cents` are net of fees. `hour_entries` counts submissions of this clock hour.
    `last_entry_ns` is 0 before the first. `last_loser_contracts` is 0 before the day's first loss.
    """

    position_open: bool
    in_flight: bool
    trades_today: int
    submissions_today: int
    hour_entries: int
    last_entry_ns: int
    losing_streak: int
    streak_locked: bool
    overrun_locked: bool
    last_loser_contracts: int
    realised_day_cents: int
    realised_week_cents: int
    realised_month_cents: int


class LockoutView(msgspec.Struct, frozen=True, gc=False):
    """When each regime lockout was last triggered, UTC ns; 0 means never."""

    volatility_ns: int
    execution_ns: int
    news_ns: int


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """Everything `evaluate` may look at. `dvs` is nan while UNKNOWN; equity and funds None while unknown.

    `entry_refusal` is the session contract's answer ("" when entries are allowed), `window_end_ns`
    when they stop being so. `veto` is the filter's, if it vetoes this bar. `observe`: this run sends nothing.
    `broker` is what stands against entries at the broker, "" if nothing does; `margin_cents` its own initial margin of one
    contract, 0 where there is no broker to ask. `entry_lock` is a person's, None if there is none.
    """

    ts_ns: int
    kill_state: KillState
    market: MarketState
    dvs: float
    eqs: float
    entry_refusal: str
    window_end_ns: int
    book: BookView
    lockouts: LockoutView
    equity_cents: int | None
    available_cents: int | None
    trust: dict[str, Trust]
    veto: Refused | None
    observe: bool = False
    broker: str = ""
    margin_cents: int = 0
    entry_lock: EntryLock | None = None
