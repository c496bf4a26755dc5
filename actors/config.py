"""The configuration that every actor of mesbot shares."""

from __future__ import annotations

from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.data import BarType

from bot.runtime.runtime import RuntimeSpec


class RuntimeActorConfig(ActorConfig, frozen=True):
    """Where the contracts are, and the bars that drive the run."""

    runtime: RuntimeSpec
    bar_type: BarType = BarType.from_str("MES.CME-1-MINUTE-LAST-EXTERNAL")
