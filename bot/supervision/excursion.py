"""Maximum adverse and favourable excursion of an open trade, bar by bar."""

from __future__ import annotations

import math

from bot.market.bar import Bar
from bot.supervision.trade import Trade


def follow_excursion(trade: Trade, bar: Bar) -> None:
    """Widen the trade's MAE and MFE (ticks, >= 0) by a bar that closed while it was open.

    The entry's own bar counts against us only: what came before the fill is not known.
    """
    entry = trade.entry_price
    if math.isnan(entry):
        return
    worst, best = (bar.low, bar.high) if trade.side > 0 else (bar.high, bar.low)
    follow_price(trade, worst)
    if bar.ts_ns > trade.opened_ns:
        follow_price(trade, best)


def follow_price(trade: Trade, price: float) -> None:
    """Widen the trade's MAE and MFE by a price (ticks) that it has seen, e.g. that of its exit."""
    gained = (price - trade.entry_price) * trade.side
    if not math.isnan(gained):
        trade.mae_ticks = max(trade.mae_ticks, math.ceil(-gained))
        trade.mfe_ticks = max(trade.mfe_ticks, math.floor(gained))
