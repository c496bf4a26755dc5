"""From a finished trade to its TradeOutcome."""

from __future__ import annotations

import math

import msgspec

from bot.decision.euc import Euc
from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import ExitReason
from bot.supervision.orders import Role
from bot.supervision.trade import Fill, Trade
from bot.units import SECOND_NS, TICK_CENTS, to_points, to_ticks


class TradeContext(msgspec.Struct, frozen=True, gc=False):
    """What was true when the trade was decided (and whether its thesis held at the last bar before its end)."""

    regime: str
    time_of_day: str
    euc: Euc
    dvs: float
    eqs: float
    signals: dict[str, float]
    spread_ticks: float
    atr: float
    worst_case_cents: int


def context_of(intent: Intent, time_of_day: str, worst_case_cents: int) -> TradeContext:
    """The context of an intent at the moment it was decided; the same from a message and from its record."""
    return TradeContext(
        regime=intent.regime,
        time_of_day=time_of_day,
        euc=intent.euc,
        dvs=intent.dvs,
        eqs=intent.eqs,
        signals=intent.signals,
        spread_ticks=intent.signals.get("spread_ticks", math.nan),
        atr=to_ticks(intent.signals.get("atr_14", math.nan)),
        worst_case_cents=worst_case_cents,
    )


def outcome_of(trade: Trade, context: TradeContext) -> TradeOutcome:
    """The outcome of a trade that is over and had at least one fill."""
    entries = [fill for fill in trade.fills if fill.role is Role.ENTRY]
    exits = [fill for fill in trade.fills if fill.role is not Role.ENTRY]
    gross = round(sum(fill.price * fill.quantity * -fill.side for fill in trade.fills) * TICK_CENTS)
    net = gross - sum(fill.fee_cents for fill in trade.fills)
    risk = trade.plan.risk_cents * sum(fill.quantity for fill in entries) // trade.plan.quantity
    reason = exit_reason(trade, exits[-1])
    return TradeOutcome(
        trade_id=trade.intent_id,
        strategy=trade.plan.strategy,
        side=trade.side,
        quantity=sum(fill.quantity for fill in entries),
        legs=len(trade.legs),
        regime=context.regime,
        time_of_day=context.time_of_day,
        trading_day=trade.trading_day,
        opened_ns=trade.opened_ns,
        closed_ns=exits[-1].ts_ns,
        decided_ns=trade.decided_ns,
        entry_price=to_points(_mean(entries)),
        exit_price=to_points(_mean(exits)),
        gross_cents=gross,
        net_cents=net,
        risk_cents=risk,
        r=net / risk,
        target_r=trade.plan.reward_ratio,
        exit_reason=reason.value,
        thesis_valid_at_exit=reason is not ExitReason.THESIS,
        belief=trade.plan.thesis.entry_value,
        euc=msgspec.structs.asdict(context.euc),
        dvs=context.dvs,
        eqs=context.eqs,
        signals=context.signals,
        slippage_ticks=sum(fill.slippage_ticks * fill.quantity for fill in exits),
        spread_ticks=context.spread_ticks,
        mae_ticks=trade.mae_ticks,
        mfe_ticks=trade.mfe_ticks,
        naked_seconds=trade.naked_ns / SECOND_NS,
        budget_overrun=net < -context.worst_case_cents,
        shadow=False,
    )


def exit_reason(trade: Trade, last: Fill) -> ExitReason:
    """Why the trade ended: the last leg's exit, or what it was closed for."""
    if last.role is Role.TARGET:
        return ExitReason.TARGET
    if last.role is Role.STOP:
        return ExitReason.STOP
    return trade.closing or ExitReason.KILL


def _mean(fills: list[Fill]) -> float:
    return sum(fill.price * fill.quantity for fill in fills) / sum(fill.quantity for fill in fills)
