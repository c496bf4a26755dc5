"""The execution contract's slippage of market and stop orders."""

from __future__ import annotations

from math import ceil

from bot.contracts.models import SlippageLaw


def slippage_ticks(law: SlippageLaw, atr_norm: float, spread_ticks: float, first_hour: bool, last_hour: bool) -> tuple[int, int]:
    """(estimate before its time-of-day factor, final estimate), whole ticks.

    The final one is rounded up and capped at `max_ticks`. Unknown is charged as bad: a nan
    `atr_norm` as extreme, a nan spread as wide. In a session so short that an hour is both first
    and last, the larger factor counts. Source: execution_contract.yaml: slippage.
    """
    base = law.base_ticks
    if not atr_norm <= law.extreme.atr_norm:
        base += law.extreme.extra_ticks
    elif atr_norm > law.elevated.atr_norm:
        base += law.elevated.extra_ticks
    if not spread_ticks < law.wide_spread.spread_ticks:
        base += law.wide_spread.extra_ticks
    factor = max(law.first_hour_factor if first_hour else 1.0, law.last_hour_factor if last_hour else 1.0)
    return base, min(ceil(base * factor - 1e-9), law.max_ticks)
