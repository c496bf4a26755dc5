"""MarketActor: drives the market core and publishes one MarketState per bar."""

from __future__ import annotations

from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.market.core import BARS_ONLY_TICKS, MarketCore
from bot.market.state import MarketState
from bot.messages import TOPIC_MARKET, TOPIC_QUALITY, TOPIC_SPREAD, MarketUpdate, QualityUpdate, Spread
from bot.runtime import runtime_of


class MarketActor(Actor):
    """A rejected bar is not understood: the last good state goes with it."""

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._core = MarketCore(runtime.contracts, runtime.calendar)
        self._state: MarketState | None = None
        self._spreads: dict[int, float] = {}

    def on_start(self) -> None:
        """Listen to scored bars and, live, to what the quote's spread was at their close."""
        self.msgbus.subscribe(TOPIC_QUALITY, self._on_quality)
        self.msgbus.subscribe(TOPIC_SPREAD, self._on_spread)

    def _on_spread(self, spread: Spread) -> None:
        self._spreads[spread.ts_ns] = spread.ticks

    def _on_quality(self, quality: QualityUpdate) -> None:
        spread_ticks = self._spreads.pop(quality.ts_ns, BARS_ONLY_TICKS)
        if quality.bar is not None:
            self._state = self._core.update(quality.bar, quality.dvs, quality.eqs, spread_ticks)
        self.msgbus.publish(TOPIC_MARKET, MarketUpdate(quality, self._state))
