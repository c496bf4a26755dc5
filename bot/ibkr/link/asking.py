"""Questions that outlive a connection: what a start must know is asked until it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.ibkr.errors import ConnectionTrouble
from bot.ibkr.link.link import Link

AGAIN_SECONDS = 0.5


async def until_told[T](link: Link, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, and after trouble with the connection again once the way out is open. Raises any other BrokerError; cancel it to give up."""
    while True:
        try:
            return await ask()
        except ConnectionTrouble as error:
            if link.allows_way_out:  # of a connection that is lost the link itself tells
                link.report(error)
        await link.delay(AGAIN_SECONDS)
        await link.until(lambda: link.allows_way_out)
