"""From a finished trade to its TradeOutcome."""

from __future__ import annotations

import math

from msgspec import UNSET

from bot.decision.outcome import TradeOutcome
from bot.decision.plan import ExitReason
from bot.supervision.orders import Role
from bot.supervision.trade import Fill, Trade
from bot.units import SECOND_NS, TICK_CENTS


def outcome_of(trade: Trade, *, on_market_time: bool) -> TradeOutcome:
    """The outcome of a trade that is over and had at least one fill.

    `on_market_time`: its naked time was counted by the market's clock, as in a backtest. A duration of the wall is of this run alone, and
    no part of what two runs of the same bars have in common: it stands beside the records (bot.runtime.kill_times).
    """
    entries = [fill for fill in trade.fills if fill.role is Role.ENTRY]
    exits = [fill for fill in trade.fills if fill.role is not Role.ENTRY]
    entered = sum(fill.quantity for fill in entries)
    gross = round(sum(fill.price * fill.quantity * -fill.side for fill in trade.fills) * TICK_CENTS)
    net = gross - sum(fill.fee_cents for fill in trade.fills)
    return TradeOutcome.of(
        trade.intent_id,
        trade.plan,
        trade.intent.decided,
        trade.time_of_day,
        exit_reason(trade, exits[-1]),
        quantity=entered,
        opened_ns=trade.opened_ns,
        closed_ns=exits[-1].ts_ns,
        entry_ticks=_mean(entries),
        exit_ticks=_mean(exits),
        gross_cents=gross,
        net_cents=net,
        risk_cents=trade.plan.risk_cents * entered // trade.plan.quantity,
        slippage_ticks=sum(fill.slippage_ticks * fill.quantity for fill in exits),
        mae_ticks=trade.mae_ticks,
        mfe_ticks=trade.mfe_ticks,
        naked_seconds=trade.naked_ns / SECOND_NS if on_market_time else math.nan,
        budget_overrun=net < -trade.worst_case_cents,
        shadow=False,
        mark=trade.mark or UNSET,
    )


def exit_reason(trade: Trade, last: Fill) -> ExitReason:
    """Why the trade ended: the last leg's exit, or what it was closed for; RECONCILED if nobody has said, for then the broker did it."""
    if last.role is Role.TARGET:
        return ExitReason.TARGET
    if last.role is Role.STOP:
        return ExitReason.STOP
    return trade.closing or ExitReason.RECONCILED


def _mean(fills: list[Fill]) -> float:
    return sum(fill.price * fill.quantity for fill in fills) / sum(fill.quantity for fill in fills)
