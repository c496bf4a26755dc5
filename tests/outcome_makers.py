"""Outcomes, plans and bars as short as a test can say them. Prices are ticks, times minutes."""

from bot.contracts import load_contracts
from bot.decision.euc import Euc
from bot.decision.intent import RefusedPlan
from bot.decision.moment import Moment
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.market.bar import Bar
from bot.units import MINUTE_NS, SECOND_NS

CONTRACTS = load_contracts()
RISK_CENTS = 1000
EUC = Euc(0.5, 0.4, 0.3, 0.1, 0.1, 0.1)


def outcome(r, *, strategy="K1", shadow=False, day="2025-09-15", minute=0, decided=None, dvs=1.0, target_r=1.5, gates=(), **other):
    """A trade that came to `r` on 10 dollars of risk and closed at a minute."""
    net_cents = round(r * RISK_CENTS)
    values = dict(
        trade_id="t", strategy=strategy, side=1, quantity=1, legs=1, regime="range", time_of_day="opening", trading_day=day,
        opened_ns=(minute - 5) * MINUTE_NS, closed_ns=minute * MINUTE_NS,
        decided_ns=(minute - 6 if decided is None else decided) * MINUTE_NS,
        entry_price=6600.0, exit_price=6600.0, gross_cents=net_cents + 124, net_cents=net_cents, risk_cents=RISK_CENTS,
        r=net_cents / RISK_CENTS, target_r=target_r, exit_reason="STOP", thesis_valid_at_exit=True, belief=0.7, euc={},
        dvs=dvs, eqs=1.0, signals={}, slippage_ticks=0.0, spread_ticks=1.0, mae_ticks=0, mfe_ticks=0, naked_seconds=0.0,
        budget_overrun=False, shadow=shadow, gates=tuple(gates),
    )  # fmt: skip
    return TradeOutcome(**(values | other))


def plan(side=1, limit=1000, legs=((1, 8, 12),), trigger=None, minutes=20, strategy="K1", ttl=90.0) -> EntryPlan:
    """A plan around `limit`; `legs` are (quantity, stop ticks, target ticks); `trigger` in ticks before the limit makes it a stop-limit."""
    return EntryPlan(
        strategy=strategy,
        side=side,
        entry_type=EntryType.LIMIT if trigger is None else EntryType.STOP_LIMIT,
        limit=limit,
        trigger=None if trigger is None else limit - trigger * side,
        legs=tuple(Leg(quantity, limit - stop * side, limit + target * side) for quantity, stop, target in legs),
        ttl_seconds=ttl,
        max_minutes=minutes,
        thesis=Thesis("F1", 0.7),
    )


def bar(minute, open_, high, low, close) -> Bar:
    return Bar(minute * MINUTE_NS, open_, high, low, close, 500)


def refused(chosen, minute=0, gates=(), slippage=1, dvs=1.0, parts=EUC) -> RefusedPlan:
    """A plan that was refused on the bar that closed at a minute; its entry would have had 90 seconds."""
    signals = {"vwap_z": -1.6, "spread_ticks": 1.0}
    decided = Moment("2025-09-15", minute * MINUTE_NS, slippage, dvs, 0.9, parts, None, "range", 1, signals)
    return RefusedPlan(chosen, minute * MINUTE_NS + 90 * SECOND_NS, gates, decided)
