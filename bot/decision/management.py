"""Trade management: the exit rules in their order (spec 6), on a closed bar.

Session flatten, quality holds, thesis, time, volatility, profit protection: the first that
speaks decides. A stop only tightens, at most as often as the execution contract says; a
safety tightening that is not to be had any more becomes an exit. Kill triggers are not
here: the risk engine acts on them by itself.
"""

from __future__ import annotations

import math

import msgspec

from bot.contracts.models import Contracts
from bot.decision.plan import Act, ExitPlan, ExitReason, ManagementAction, TradeView
from bot.market.state import MarketState
from bot.units import MINUTE_NS, TOLERANCE

FIRST_TARGET = "first target"


class ManagementLimits(msgspec.Struct, frozen=True):
    """The numbers of trade management, from constitution, execution contract and strategies."""

    dvs_hold: float
    eqs_hold: float
    max_stop_changes: int
    protect_at_r: float
    volatility_tighten: float
    volatility_exit: float

    @classmethod
    def of(cls, contracts: Contracts) -> ManagementLimits:
        """The limits of these contracts."""
        gates, rules = contracts.constitution.quality_gates, contracts.strategies.management
        return cls(
            gates.dvs.hold,
            gates.eqs.hold,
            contracts.execution_contract.exit.max_stop_changes,
            rules.protect_at_r,
            rules.volatility_tighten,
            rules.volatility_exit,
        )


def manage(
    trade: TradeView, state: MarketState, flatten_due: bool, thesis_exit: ExitPlan | None, limits: ManagementLimits
) -> ManagementAction:
    """What to do with `trade` on the bar of `state`: the first rule that speaks."""
    if flatten_due:
        return _exit(ExitReason.SESSION, "the session's flatten time")
    return (
        _quality(trade, state, limits)
        or _thesis(trade, state, thesis_exit)
        or _time(trade, state)
        or _volatility(trade, state, limits)
        or _protection(trade, state, limits)
        or ManagementAction(Act.HOLD, "thesis holds")
    )


def half_distance(trade: TradeView) -> int:
    """The stop at half its distance from the entry, rounded toward less risk."""
    middle = (trade.entry + trade.stop) / 2.0
    return math.ceil(middle) if trade.side > 0 else math.floor(middle)


def at_entry(trade: TradeView) -> int:
    """The stop at the entry price, rounded toward less risk."""
    return math.ceil(trade.entry) if trade.side > 0 else math.floor(trade.entry)


def _exit(reason: ExitReason, why: str) -> ManagementAction:
    return ManagementAction(Act.EXIT, why, reason=reason)


def _quality(trade: TradeView, state: MarketState, limits: ManagementLimits) -> ManagementAction | None:
    for cause, score, hold in (("DVS", state.dvs, limits.dvs_hold), ("EQS", state.eqs, limits.eqs_hold)):
        if cause not in trade.causes and not score >= hold - TOLERANCE:
            why = f"{cause} {score:.2f} below hold {hold:.2f}"
            return _tighten(trade, state, limits, half_distance(trade), cause, why, ExitReason.QUALITY)
    return None


def _thesis(trade: TradeView, state: MarketState, thesis_exit: ExitPlan | None) -> ManagementAction | None:
    thesis = trade.plan.thesis
    if thesis.exit_belief is not None:
        belief = state.belief(thesis.belief, trade.side).effective
        if not belief >= thesis.exit_belief - TOLERANCE:
            return _exit(ExitReason.THESIS, f"{thesis.belief} {belief:.2f} below {thesis.exit_belief:.2f}")
    return None if thesis_exit is None else _exit(thesis_exit.reason, thesis_exit.why)


def _time(trade: TradeView, state: MarketState) -> ManagementAction | None:
    minutes = (state.ts_ns - trade.opened_ns) / MINUTE_NS
    return _exit(ExitReason.TIME, f"{minutes:.0f} minutes in trade") if minutes >= trade.plan.max_minutes else None


def _volatility(trade: TradeView, state: MarketState, limits: ManagementLimits) -> ManagementAction | None:
    if not trade.atr_at_entry > 0:
        return _exit(ExitReason.VOLATILITY, "the volatility at entry is unknown")
    multiple = state.atr_14 / trade.atr_at_entry
    if multiple >= limits.volatility_exit:
        return _exit(ExitReason.VOLATILITY, f"ATR {multiple:.1f} times its value at entry")
    if multiple >= limits.volatility_tighten and "ATR" not in trade.causes:
        why = f"ATR {multiple:.1f} times its value at entry"
        return _tighten(trade, state, limits, half_distance(trade), "ATR", why, ExitReason.VOLATILITY)
    return None


def _protection(trade: TradeView, state: MarketState, limits: ManagementLimits) -> ManagementAction | None:
    gained = (state.bar.close - trade.entry) * trade.side
    if trade.first_target_hit and FIRST_TARGET not in trade.causes:
        return _tighten(trade, state, limits, at_entry(trade), FIRST_TARGET, "the first target is home", None)
    if gained >= limits.protect_at_r * trade.plan.stop_ticks and "+1R" not in trade.causes:
        return _tighten(trade, state, limits, at_entry(trade), "+1R", f"{gained:.0f} ticks in profit", None)
    return None


def _tighten(
    trade: TradeView,
    state: MarketState,
    limits: ManagementLimits,
    stop: int,
    cause: str,
    why: str,
    otherwise: ExitReason | None,
) -> ManagementAction | None:
    """Move the stop to `stop`; where that cannot be, exit for `otherwise` (None: leave the stop as it is)."""
    if (stop - trade.stop) * trade.side <= 0:
        return None  # already as close
    if (state.bar.close - stop) * trade.side <= 0 or trade.stop_changes >= limits.max_stop_changes:
        return None if otherwise is None else _exit(otherwise, f"{why}; the stop cannot come closer")
    return ManagementAction(Act.TIGHTEN, why, stop=stop, cause=cause)
