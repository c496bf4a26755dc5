"""What each closed bar says of the trades that are held: how far they went, whether they were seen, and whether the scores are a kill."""

from __future__ import annotations

from collections.abc import Iterable

from bot.decision.outcome import Mark
from bot.decision.plan import ExitReason
from bot.market.bar import Bar
from bot.market.update import QualityUpdate
from bot.quality.price_level import is_void
from bot.risk_engine.way_out import WayOut
from bot.runtime.runtime import Runtime
from bot.supervision.excursion import follow_excursion
from bot.supervision.trade import Trade
from bot.supervision.watch import KillWatch


class BarWatch:
    """Counts bars in a row with bad scores; one for a run."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watch = KillWatch()
        self._level = runtime.contracts.data_contract.price_level
        self._rejected = 0  # bars in a row

    def follow(self, trades: Iterable[Trade], bar: Bar | None) -> None:
        """Widen the excursions of open trades by a bar; None if it was rejected. History counts: a restart ends no row of rejected bars."""
        self._rejected = self._rejected + 1 if bar is None else 0
        for trade in trades:
            if bar is not None and not trade.done and bar.ts_ns >= trade.opened_ns:
                follow_excursion(trade, bar)

    def _unseen(self, trades: Iterable[Trade], quality: QualityUpdate, way_out: WayOut) -> ExitReason | None:
        """Why what is held must be left, because nobody saw where the market went; marks the trades that this makes worthless.

        SESSION on the first bar after a hole, QUALITY on the last of too many rejected ones in a row.
        """
        for trade in trades:
            if trade.net and is_void(quality.new_level, self._level):
                way_out.mark(trade, Mark.VOID)
            elif trade.net and quality.hole and trade.closing is None:
                way_out.mark(trade, Mark.HELD_OVER_GAP)
        if quality.hole:
            return ExitReason.SESSION
        return ExitReason.QUALITY if self._rejected >= self._level.close_after_rejected_bars else None

    def leave_unseen(self, trades: Iterable[Trade], quality: QualityUpdate, way_out: WayOut, *, simulated: bool) -> None:
        """Leave what was held while bars stopped or were not believed. A simulated venue closes nothing on a bar that is not believed."""
        reason = self._unseen(trades, quality, way_out)
        way_out.blind = simulated and quality.bar is None
        for trade in [trade for trade in trades if not trade.done and trade.net]:
            if reason is not None and trade.closing is None:
                way_out.leave(trade, reason)
            elif trade.closing is not None and simulated:  # what waited for a bar that is believed
                way_out.act(trade)

    def kill(self, trades: Iterable[Trade], quality: QualityUpdate) -> str | None:
        """Why the scores of this bar trip the kill switch, by the law of the trade that is held; None if they do not."""
        for trade in trades:
            if trade.net:
                return self._watch.on_scores(quality.own_dvs, quality.eqs, self._runtime.law_of(trade.intent_id).limits)
        return self._watch.on_scores(quality.own_dvs, quality.eqs, None)
