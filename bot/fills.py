"""The one fill rule of mesbot on one-minute bars (pessimistic), for trades, shadows and random entries.

All prices are whole ticks; side is +1 for a long trade, -1 for a short one. The order of
prices inside a bar is unknown, so every doubt is settled against us:

- a limit entry fills only if the bar traded *through* its limit, never on a touch, and never
  on the bar that decided it; it gets its limit, no better;
- a stop-limit entry fills if the bar reached the trigger and traded on the better side of
  the limit; it gets its limit;
- a stop fills if touched, at its price, or at the bar's open if the bar gapped through it (it
  was there at the open and the open is worse), less slippage;
- a target fills only if traded through, not in the entry's own bar, and never in a bar that
  touches the stop;
- a market order fills at the close of the bar it was sent on, less slippage.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.decision.plan import EntryType
from bot.market.bar import Bar


class Judged(NamedTuple):
    """What a bar may do to orders: fill those that work; if not, a closing order gets its open (`at_open`), or its entry back (`void`)."""

    fills: bool = True
    at_open: bool = False
    void: bool = False


def entry_fills(side: int, entry_type: EntryType, limit: int, trigger: int | None, bar: Bar) -> bool:
    """Whether a working entry fills in `bar` (a bar after the one that decided it), at its limit."""
    if side > 0:
        through, reached = bar.low < limit, trigger is None or bar.high >= trigger
    else:
        through, reached = bar.high > limit, trigger is None or bar.low <= trigger
    return through and (entry_type is EntryType.LIMIT or reached)


def stop_touched(side: int, stop: int, bar: Bar) -> bool:
    """Whether the bar reaches the stop of a trade of this side."""
    return bar.low <= stop if side > 0 else bar.high >= stop


def stop_price(side: int, stop: int, bar: Bar, slippage_ticks: int, entry_bar: bool) -> int:
    """Price a touched stop gets: its own, or the open if the bar gapped through it, less slippage.

    In the entry's own bar the stop was not there at the open, so nothing can have gapped through it.
    """
    if entry_bar:
        return stop - slippage_ticks * side
    return min(stop, bar.open) - slippage_ticks if side > 0 else max(stop, bar.open) + slippage_ticks


def target_fills(side: int, target: int, stop: int, bar: Bar, entry_bar: bool) -> bool:
    """Whether the target of a trade fills in `bar`, at its own price."""
    if entry_bar or stop_touched(side, stop, bar):
        return False
    return bar.high > target if side > 0 else bar.low < target


def market_exit_price(side: int, bar: Bar, slippage_ticks: int, *, at_open: bool = False) -> int:
    """Price a market order gets that closes a trade of this side, sent on the close of `bar`; `at_open`: due since before the bar."""
    return (bar.open if at_open else bar.close) - slippage_ticks * side
