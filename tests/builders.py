"""Plans, bars, market states and snapshots as short as a test can say them.

Prices are ticks, minutes count from MOMENT, a Tuesday 10:41 in New York: inside the entry
window, not in lunch, not in the first or last hour's edge. Everything a gate may look at is
harmless unless a test says otherwise.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.calendar import SessionCalendar, clock_ns, new_york
from bot.contracts import Contracts, load_contracts
from bot.decision.euc import EucInputs, euc
from bot.decision.intent import Intent
from bot.decision.limits import Limits
from bot.decision.moment import Moment
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis, TradeView
from bot.decision.snapshot import BookView, KillState, LockoutView, Snapshot
from bot.journal.records import Kind, OperatorRecord
from bot.journal.store import Journal
from bot.market.bar import Bar
from bot.market.state import Belief, MarketState, Regime
from bot.units import MINUTE_NS, SECOND_NS

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS: Contracts = load_contracts(ROOT / "contracts")
LIMITS = Limits.of(CONTRACTS)
DAY = dt.date(2025, 9, 16)
MOMENT = clock_ns(DAY, dt.time(10, 41))


@lru_cache
def calendar() -> SessionCalendar:
    """August to December 2025."""
    return SessionCalendar(CONTRACTS.session, dt.date(2025, 8, 1), dt.date(2025, 12, 31))


def new_york_ns(text: str) -> int:
    """UTC ns of a New York moment written "2025-09-16 10:41[:30]"."""
    moment = dt.datetime.fromisoformat(text)
    return clock_ns(moment.date(), moment.time())


class TrustStub(NamedTuple):
    """What the learning loop says of a strategy."""

    state: str = "ACTIVE"
    cost_multiplier: float = 1.0
    wins: float = 0.0
    losses: float = 0.0


def bar(minute: int, open_: int, high: int, low: int, close: int, volume: int = 500) -> Bar:
    """A bar that closes `minute` minutes after the epoch."""
    return Bar(minute * MINUTE_NS, open_, high, low, close, volume)


def mirrored(seen: Bar, pivot: int) -> Bar:
    """The bar seen in a mirror at `pivot` ticks: p' = 2 pivot - p, high and low swapped."""
    twice = 2 * pivot
    return Bar(seen.ts_ns, twice - seen.open, twice - seen.low, twice - seen.high, twice - seen.close, seen.volume)


def plan(
    side: int = 1,
    limit: int = 1000,
    legs: tuple[tuple[int, int, int], ...] = ((1, 8, 16),),
    trigger: int | None = None,
    strategy: str = "K1",
    ttl: float = 90.0,
    minutes: int = 20,
    thesis: Thesis | None = None,
) -> EntryPlan:
    """A plan around `limit`; legs are (quantity, stop ticks, target ticks); `trigger` ticks before the limit make it a stop-limit."""
    return EntryPlan(
        strategy=strategy,
        side=side,
        entry_type=EntryType.LIMIT if trigger is None else EntryType.STOP_LIMIT,
        limit=limit,
        trigger=None if trigger is None else limit - trigger * side,
        legs=tuple(Leg(quantity, limit - stop * side, limit + target * side) for quantity, stop, target in legs),
        ttl_seconds=ttl,
        max_minutes=minutes,
        thesis=thesis or Thesis("F1", 0.9),
    )


def k4_plan(side: int = 1, stop: int = 6, **other: object) -> EntryPlan:
    """K4's two one-contract legs, targets 2 R and 3 R."""
    return plan(side, legs=((1, stop, 2 * stop), (1, stop, 3 * stop)), strategy="K4", trigger=1, thesis=Thesis("F4", 0.9), **other)


def belief(effective: float, instability: float = 0.0) -> Belief:
    """A belief of this effective value."""
    return Belief(effective, 1.0, effective, instability)


INPUTS = EucInputs(reward_ratio=2.0, belief=0.9, instability=0.0, dvs=1.0, eqs=1.0, wins=0.0, losses=0.0, cost_r=0.2, cost_multiplier=1.0)


def decided_at(ts_ns: int = MOMENT, **changes: object) -> Moment:
    """A decision on the bar that closed then: perfect scores, slippage 1 tick, no signals."""
    day = new_york(ts_ns).date().isoformat()
    values = dict(trading_day=day, ts_ns=ts_ns, slippage_ticks=1, dvs=1.0, eqs=1.0, euc=euc(INPUTS, LIMITS.euc), inputs=INPUTS)
    return Moment(**(values | changes))


def an_intent(chosen: EntryPlan | None = None, ts_ns: int = MOMENT, name: str = "", **changes: object) -> Intent:
    """An intent decided on the bar that closed then, with 90 seconds to live, named as the library does; `changes` are of its moment."""
    made, moment = chosen or plan(), new_york(ts_ns)
    return Intent(name or f"{moment:%Y%m%d}-{made.strategy}-{moment:%H%M}", made, ts_ns + 90 * SECOND_NS, decided_at(ts_ns, **changes))


STRONG = {name: (belief(0.9), belief(0.9)) for name in ("F1", "F2", "F3", "F4")} | {"F5": (belief(0.1), belief(0.1))}


def market(**changes: object) -> MarketState:
    """A quiet, fully defined state at MOMENT: close 1000 at VWAP, ATR 8 ticks, slippage 1 tick; every belief 0.9 on both sides."""
    ts_ns = changes.pop("ts_ns", MOMENT)
    values = dict(
        bar=Bar(ts_ns, 1000, 1004, 996, 1000, 1500), session=calendar().session_at(ts_ns), session_phase=calendar().phase(ts_ns),
        dvs=1.0, eqs=1.0, vwap=1000.0, vwap_sigma=8.0, vwap_z=0.0, true_range=8.0, atr_14=8.0, atr_30=8.0, atr_norm=0.33,
        trend_strength=0.0, rejection_wick=0.0, close_location=0.0, micro_trend=0.0, body_impulse=0.0, efficiency=0.2, volume_z=0.0,
        range_expansion=0.0, climax=False, participation=0.5, noise=0.4, lunch_void=False, volatility_shock=False, news_shock=False,
        spread_ticks=1.0, slippage_base_ticks=1, slippage_ticks=1, low_5=992, high_5=1008, prior_low_20=980, prior_high_20=1020,
        failed_break=None, sweep=None, regime=Regime.RANGE, beliefs=STRONG, levels={}, warming_up=(), vwap_anchor=1000,
        vwap_offset=0.0, minute_of_session=71,
    )  # fmt: skip
    return MarketState(**(values | changes))


def with_beliefs(**effective: tuple[float, float]) -> dict[str, tuple[Belief, Belief]]:
    """STRONG, but these beliefs have these (long, short) effective values."""
    return STRONG | {name: (belief(long), belief(short)) for name, (long, short) in effective.items()}


EMPTY_BOOK = BookView(
    position_open=False, in_flight=False, trades_today=0, submissions_today=0, hour_entries=0, last_entry_ns=0, losing_streak=0,
    streak_locked=False, overrun_locked=False, last_loser_contracts=0, realised_day_cents=0, realised_week_cents=0,
    realised_month_cents=0,
)  # fmt: skip


def snapshot(**changes: object) -> Snapshot:
    """A moment in which nothing stands against an entry: $10,000, an empty book, perfect scores."""
    book = changes.pop("book", {})
    lockouts = changes.pop("lockouts", {})
    values = dict(
        ts_ns=MOMENT, kill_state=KillState.ARMED, market=market(), dvs=1.0, eqs=1.0, entry_refusal="",
        window_end_ns=new_york_ns("2025-09-16 11:30"), book=msgspec.structs.replace(EMPTY_BOOK, **book),
        lockouts=msgspec.structs.replace(LockoutView(0, 0, 0), **lockouts), equity_cents=1_000_000, available_cents=1_000_000,
        trust={name: TrustStub() for name in ("K1", "K2", "K3", "K4")}, veto=None,
    )  # fmt: skip
    return Snapshot(**(values | changes))


def trade_view(entry_plan: EntryPlan | None = None, **changes: object) -> TradeView:
    """An open trade of the plan, filled at its limit at MOMENT, its stop as planned, ATR 8 at entry."""
    chosen = entry_plan or plan()
    values = dict(
        trade_id="20250916-K1-1040", plan=chosen, entry=float(chosen.limit), quantity_open=chosen.quantity, stop=chosen.legs[0].stop,
        opened_ns=MOMENT, atr_at_entry=8.0,
    )  # fmt: skip
    return TradeView(**(values | changes))


def drilled(folder: Path, wall_ns: int) -> None:
    """Leave a kill drill, that came to its end at this moment of the wall (UTC ns), in the journals of a state folder."""
    path = folder / "journals" / "paper-DU1-2025.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: wall_ns) as journal:
        journal.add(Kind.OPERATOR, 1, OperatorRecord("drill", "weekly", "over"))
