"""Makes the clients for a TradingNode. Register the classes, or name them in an ImportableFactoryConfig.

The class attribute `__name__` is for Nautilus 1.231, which asks it of an instance when the factory comes from JSON.
"""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory

from bot.ibkr.config import IbkrDataClientConfig, IbkrExecClientConfig
from bot.ibkr.data_client import IbkrDataClient
from bot.ibkr.execution_client import IbkrExecutionClient
from bot.ibkr.session import session_of


class IbkrDataClientFactory(LiveDataClientFactory):
    """Makes IbkrDataClient on the session that its config names."""

    __name__ = "IbkrDataClientFactory"

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop, name: str, config: IbkrDataClientConfig, msgbus: Any, cache: Any, clock: Any
    ) -> IbkrDataClient:
        """A data client; both clients of one gateway and client id share one connection."""
        return IbkrDataClient(loop, name, session_of(loop, config.broker), msgbus, cache, clock, config)


class IbkrExecClientFactory(LiveExecClientFactory):
    """Makes IbkrExecutionClient on the session that its config names."""

    __name__ = "IbkrExecClientFactory"

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop, name: str, config: IbkrExecClientConfig, msgbus: Any, cache: Any, clock: Any
    ) -> IbkrExecutionClient:
        """An execution client on the same connection as the data client."""
        return IbkrExecutionClient(loop, name, session_of(loop, config.broker), msgbus, cache, clock, config)
