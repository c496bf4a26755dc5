"""MarketActor: drives the market core and publishes one MarketState per bar."""

from __future__ import annotations

import math
from collections.abc import Mapping

from actors.config import RuntimeActorConfig
from actors.part import Part
from bot.market.core import BARS_ONLY_TICKS, MarketCore
from bot.market.state import MarketState
from bot.market.update import MarketUpdate, QualityUpdate
from bot.messages import NEVER, TOPIC_BEGIN, TOPIC_MARKET, TOPIC_QUALITY, TOPIC_SPREAD, Spread
from bot.runtime.runtime import runtime_of


class MarketActor(Part):
    """A rejected bar is not understood: the last good state goes with it.

    History has bars only. Once a live run decides, a bar whose spread was not seen has none (nan), and no entry rests on it.
    """

    part = "MARKET"

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._begin_level = lambda: MarketCore(runtime.contracts, runtime.calendar)
        self._core = self._begin_level()
        self._state: MarketState | None = None
        self._spreads: dict[int, float] = {}
        self._seen_from_ns = NEVER
        self._told: set[str] = set()

    def on_start(self) -> None:
        """Listen to scored bars and, live, to what the quote's spread was at their close."""
        self.listen(TOPIC_QUALITY, self._on_quality)
        self.listen(TOPIC_SPREAD, self._on_spread)
        self.listen(TOPIC_BEGIN, self._on_begin)

    def _on_begin(self, from_ns: int) -> None:
        self._seen_from_ns = from_ns

    def _on_spread(self, spread: Spread) -> None:
        self._spreads[spread.ts_ns] = spread.ticks

    def _on_quality(self, quality: QualityUpdate) -> None:
        unseen = BARS_ONLY_TICKS if quality.ts_ns < self._seen_from_ns else math.nan
        spread_ticks = self._spreads.pop(quality.ts_ns, unseen)
        for bar in quality.passed:
            self._core.pass_over(bar)
        if quality.bar is None:
            self.tell(TOPIC_MARKET, MarketUpdate(quality, self._state))
            return
        if quality.new_level:
            self._core = self._begin_level()  # nothing is carried over from another level's prices
        elif quality.roll:
            self._core.forget_levels()
        self._state = self._core.update(quality.bar, quality.dvs, quality.eqs, spread_ticks)
        self._tell(self._core.faults)
        self.tell(TOPIC_MARKET, MarketUpdate(quality, self._state, self._core.faults))

    def _tell(self, faults: Mapping[str, str]) -> None:
        """Each belief once; the decisions of the strategies that stand on it say it on every bar."""
        for belief in faults.keys() - self._told:
            self._told.add(belief)
            self.log.error(f"{belief} is closed: {faults[belief]}")
