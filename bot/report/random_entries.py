"""The run's trades repeated at moments drawn by lot, from the journal's own bars (spec 4; bot/learning/baseline.py)."""

from __future__ import annotations

from datetime import date as Date

from msgspec import convert

from bot.calendar import SessionCalendar
from bot.journal.build import plan_of
from bot.journal.records import PlanRecord
from bot.learning.baseline import Baseline, Tape, random_entries
from bot.market.bar import Bar
from bot.report.run import Run
from bot.units import TICK_POINTS, to_cents

SEED = 1


def baseline_of(run: Run) -> Baseline | str:
    """1,000 draws of random entries of the same number, sides and brackets; or the sentence why there are none.

    Bars are those of the journal's trading window that DVS did not reject; an entry may be drawn
    wherever session.yaml allows one. Same journal, same draws.
    """
    planned = [(trade, intent) for trade in run.trades if (intent := run.intent_of(trade)) is not None]
    if not planned:
        return "There are no random entries to compare with: no trade was made."
    plans = [plan_of(trade.strategy, convert(intent["plan"], PlanRecord)) for trade, intent in planned]
    fee_cents = to_cents(run.contracts.risk_model.fee_per_side_usd)
    net_cents = sum(trade.net_cents for trade, _ in planned)
    try:
        return random_entries(plans, _tape(run), fee_cents, net_cents, SEED)
    except ValueError as error:
        return f"There are no random entries to compare with: {error}."


def _tape(run: Run) -> Tape:
    bars = [bar for bar in run.bars if not bar.rejected]
    calendar = SessionCalendar(run.contracts.session, Date.fromisoformat(bars[0].day), Date.fromisoformat(bars[-1].day))
    base_ticks = run.contracts.execution_contract.slippage.base_ticks
    rows = []
    for bar in bars:
        session = calendar.session_at(bar.ts_ns)
        slippage_ticks = bar.signals.get("slippage_ticks")
        rows.append(
            (
                Bar(bar.ts_ns, *(round(price / TICK_POINTS) for price in (bar.open, bar.high, bar.low, bar.close)), bar.volume),
                base_ticks if slippage_ticks is None else round(slippage_ticks),
                session is None or bar.ts_ns >= calendar.flatten_ns(session),
                calendar.entry_refusal(session, bar.ts_ns) is None,
            )
        )
    return Tape(*zip(*rows, strict=True))
