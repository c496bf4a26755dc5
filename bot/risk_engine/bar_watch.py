"""What each closed bar says of the trades that are held: how far they went, and whether the scores are a kill."""

from __future__ import annotations

from collections.abc import Iterable

from bot.market.bar import Bar
from bot.market.update import QualityUpdate
from bot.runtime.runtime import Runtime
from bot.supervision.excursion import follow_excursion
from bot.supervision.trade import Trade
from bot.supervision.watch import KillWatch


class BarWatch:
    """Counts bars in a row with bad scores; one for a run."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watch = KillWatch()

    def follow(self, trades: Iterable[Trade], bar: Bar | None) -> None:
        """Widen the excursions of open trades by a bar; None if it was rejected."""
        for trade in trades:
            if bar is not None and not trade.done and bar.ts_ns >= trade.opened_ns:
                follow_excursion(trade, bar)

    def kill(self, trades: Iterable[Trade], quality: QualityUpdate) -> str:
        """Why the scores of this bar trip the kill switch, by the law of the trade that is held; "" if they do not."""
        held = (trade for trade in trades if trade.net)
        limits = next((self._runtime.law_of(trade.intent_id).limits for trade in held), None)
        return self._watch.on_scores(quality.own_dvs, quality.eqs, limits)
