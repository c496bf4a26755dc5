"""MarketActor: drives the market core and publishes one MarketState per bar."""

from __future__ import annotations

from nautilus_trader.common.actor import Actor

from actors.config import RuntimeActorConfig
from bot.market.core import MarketCore
from bot.market.state import MarketState
from bot.messages import TOPIC_MARKET, TOPIC_QUALITY, MarketUpdate, QualityUpdate
from bot.runtime import runtime_of


class MarketActor(Actor):
    """A rejected bar is not understood: the last good state goes with it."""

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._core = MarketCore(runtime.contracts, runtime.calendar)
        self._state: MarketState | None = None

    def on_start(self) -> None:
        """Listen to scored bars."""
        self.msgbus.subscribe(TOPIC_QUALITY, self._on_quality)

    def _on_quality(self, quality: QualityUpdate) -> None:
        if quality.bar is not None:
            self._state = self._core.update(quality.bar, quality.dvs, quality.eqs)
        self.msgbus.publish(TOPIC_MARKET, MarketUpdate(quality, self._state))
