"""The execution contract's slippage of market and stop orders."""

from __future__ import annotations

from math import ceil

from bot.contracts.models import SlippageLaw


def slippage_ticks(model: SlippageLaw, atr_norm: float, spread_ticks: float, first_hour: bool, last_hour: bool) -> tuple[int, int]:
    """(estimate before its time-of-day factor, final estimate), whole ticks.

    The final one is rounded up and capped at `max_ticks`. Unknown is charged as bad: a nan
    `atr_norm` as extreme, a nan spread as wide. In a session so short that an hour is both first
    and last, the larger factor counts. Source: execution_contract.yaml: slippage.
    """
    base = model.base_ticks
    if not atr_norm <= model.extreme.atr_norm:
        base += model.extreme.extra_ticks
    elif atr_norm > model.elevated.atr_norm:
        base += model.elevated.extra_ticks
    if not spread_ticks < model.wide_spread.spread_ticks:
        base += model.wide_spread.extra_ticks
    factor = max(model.first_hour_factor if first_hour else 1.0, model.last_hour_factor if last_hour else 1.0)
    return base, min(ceil(base * factor - 1e-9), model.max_ticks)
