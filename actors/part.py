"""Part: what mesbot's actors have in common beside their configuration."""

from __future__ import annotations

from typing import Any

from nautilus_trader.common.actor import Actor

from bot.risk_engine.parts import require_risk_engine


class Part(Actor):
    """An actor with a place in the order of parts. `part` is its name there (bot.risk_engine.parts)."""

    part: str

    def register_base(self, portfolio: Any, msgbus: Any, cache: Any, clock: Any) -> None:
        """Called by Nautilus when the actor is added. Raises RiskEngineError if the contract risk engine was not added before it."""
        super().register_base(portfolio, msgbus, cache, clock)
        require_risk_engine(self.part, msgbus)
