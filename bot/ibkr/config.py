"""Configuration of the Nautilus clients. Both carry the same BrokerConfig, and so share one connection."""

from __future__ import annotations

import msgspec
from nautilus_trader.live.config import LiveDataClientConfig, LiveExecClientConfig

from bot.ibkr.link.settings import LinkSettings
from bot.runtime.runtime import RuntimeSpec


class BrokerConfig(msgspec.Struct, frozen=True):
    """What is traded, over which connection, under which contracts.

    `instrument_id` names the front month inside Nautilus (other months keep their local symbol);
    `local_symbol` pins a month instead of the roll rule. `ids_path` is where the order ids' high-water
    mark is kept ("": the user's state folder; None: nowhere, for tests). `warm_up_days` of minutes are published before live ones.
    `nightly_restart` is the gateway's restart, "HH:MM" New York, or "". Seconds are of the wall clock.
    """

    runtime: RuntimeSpec
    link: LinkSettings = LinkSettings()
    symbol: str = "MES"
    exchange: str = "CME"
    local_symbol: str = ""
    instrument_id: str = "MES.CME"
    ids_path: str | None = ""
    warm_up_days: int = 0
    nightly_restart: str = ""
    start_timeout_seconds: float = 60.0
    watch_seconds: float = 1.0


class IbkrDataClientConfig(LiveDataClientConfig, frozen=True, kw_only=True):
    """Configuration of IbkrDataClient."""

    broker: BrokerConfig


class IbkrExecClientConfig(LiveExecClientConfig, frozen=True, kw_only=True):
    """Configuration of IbkrExecutionClient."""

    broker: BrokerConfig
