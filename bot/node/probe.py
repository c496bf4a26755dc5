"""One short connection before anything is built: is the gateway there, which accounts has it, what time is it there.

It asks nothing about orders or data and promises nothing about the next connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.contracts.models import ExecutionContract
from bot.ibkr.errors import ClientIdInUse, ConnectionLost, GatewayNotResponding
from bot.ibkr.link.connection import Connection, load_ib
from bot.ibkr.link.endpoint import Endpoint
from bot.ibkr.link.settings import LinkSettings, chosen_account
from bot.ibkr.link.taps import Taps
from bot.units import SECOND_NS

RETRY_SECONDS = 5.0
SIMULATED_SECONDS = 3600.0
CONNECT_SHARE, REQUEST_SHARE = 0.5, 0.3  # of the timeout, so that the one that is missing is named before time is up


@dataclass(frozen=True)
class Probe:
    """What the gateway said. `broker_ns` is its clock, UTC ns in whole seconds; `skew_seconds` is that clock less this machine's.

    Half a second is added for the whole seconds, so that a skew below one says nothing.
    """

    account: str
    accounts: tuple[str, ...]
    broker_ns: int
    skew_seconds: float

    @property
    def replays(self) -> bool:
        """Whether the gateway must be a simulated one on recorded time: no clock that somebody keeps is an hour wrong."""
        return abs(self.skew_seconds) > SIMULATED_SECONDS


def link_settings(endpoint: Endpoint, execution: ExecutionContract, **named: object) -> LinkSettings:
    """The settings of a connection to this endpoint under the execution contract; `named` are LinkSettings' other fields."""
    where = {"host": endpoint.host, "port": endpoint.port, "client_id": endpoint.client_id, "account": endpoint.account}
    return LinkSettings.under(execution, **where, **named)


async def probe(
    endpoint: Endpoint,
    execution: ExecutionContract,
    *,
    paper: bool,
    zone: str = "UTC",
    timeout_seconds: float = 20.0,
    id_in_use_seconds: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Probe:
    """Connect, ask and hang up; a client id in use is tried again every few seconds, because an old session may linger.

    `zone` is the gateway's, for stamps that carry none; `say` hears once that an old session is waited for. Raises the BrokerError that
    says why: GatewayUnreachable, GatewayNotResponding, AccountNotFound or WrongAccountKind (a live account if `paper`, or a paper one if
    not) within `timeout_seconds` of the wall, ClientIdInUse after `id_in_use_seconds` (default: the same), or the link's limit if shorter.
    """
    patience = {"connect_timeout_seconds": timeout_seconds * CONNECT_SHARE, "request_timeout_seconds": timeout_seconds * REQUEST_SHARE}
    settings = link_settings(endpoint, execution, paper=paper, zone=zone, **patience)
    wait = min(timeout_seconds if id_in_use_seconds is None else id_in_use_seconds, settings.id_in_use_limit_seconds)
    waits_since: float | None = None
    while True:
        try:
            async with asyncio.timeout(timeout_seconds):
                return await _ask(settings)
        except TimeoutError:
            raise GatewayNotResponding(f"{endpoint} did not answer within {timeout_seconds:g} s") from None
        except ClientIdInUse:
            now = time.monotonic()
            if waits_since is None:
                waits_since = now
                say(f"Our client id is in use at {endpoint}; waiting for the old session to end, {wait:g} s at most.")
            if now + RETRY_SECONDS - waits_since > wait:
                raise
        await asyncio.sleep(RETRY_SECONDS)


async def _ask(settings: LinkSettings) -> Probe:
    connection = Connection(load_ib(), Taps(lambda _: None), settings, lambda: None)
    accounts = await connection.open()
    try:
        account = chosen_account(settings, accounts)
        answer = await connection.ask_named("reqCurrentTime", "currentTime")
    except ConnectionLost:
        raise GatewayNotResponding(f"{settings.host}:{settings.port} closed the connection at once") from None
    finally:
        connection.close()
    broker_ns = answer[0][0] * SECOND_NS
    return Probe(account, tuple(accounts), broker_ns, (broker_ns + SECOND_NS // 2 - time.time_ns()) / SECOND_NS)
