"""What is checked at the broker: a session is started as the bot would start it, looked at, and stopped. No order is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.calendar import new_york
from bot.contracts import Contracts
from bot.errors import MesbotError, UsageError
from bot.ibkr import errors as e
from bot.ibkr.config import BrokerConfig
from bot.ibkr.link.endpoint import Endpoint, endpoint_of
from bot.ibkr.session import BrokerSession
from bot.node.check.items import CheckItem, all_skipped, failed, passed
from bot.node.check.machine import bare_spec
from bot.node.check.session_items import BROKER_ITEMS, judged, market_open, trouble_item
from bot.node.journals import journals_of, year_at
from bot.node.probe import Probe, link_settings, probe
from bot.runtime.past import past_of
from bot.runtime.recover import recovered

START_SECONDS = 45.0
BAR_SECONDS, REFUSAL_SECONDS = 20.0, 2.0  # how long a first bar is waited for, and a refusal while the market is shut
BESIDE_A_BOT = (
    "While a bot runs it holds this id; a check sends no order and may have its own: TWS_CLIENT_ID=8 mesbot check. "
    "Where no bot runs, close the program that holds it."
)
NO_BROKER = "no broker configured (TWS_HOST, TWS_PORT)"


async def broker_items(contracts: Contracts, environ: Mapping[str, str], state: Path, *, paper: bool) -> tuple[str, list[CheckItem]]:
    """The account, as far as it is known, and the broker's items. Nothing is raised: what is wrong is in them."""
    try:
        endpoint = endpoint_of(environ)
    except UsageError as error:
        return "", [failed("connection", str(error), "Correct the environment."), *all_skipped(BROKER_ITEMS[1:], "no connection")]
    if endpoint is None:
        return "", all_skipped(BROKER_ITEMS, NO_BROKER)
    try:
        found = await probe(endpoint, contracts.execution_contract, paper=paper)
    except e.AccountNotFound as error:
        connected = passed("connection", f"{endpoint} answers")
        return endpoint.account, [connected, trouble_item("account", error), *all_skipped(BROKER_ITEMS[2:], "no account")]
    except e.ClientIdInUse as error:
        held = failed("connection", trouble_item("connection", error).found, BESIDE_A_BOT)
        return endpoint.account, [held, *all_skipped(BROKER_ITEMS[1:], "no connection")]
    except e.BrokerError as error:
        return endpoint.account, [trouble_item("connection", error), *all_skipped(BROKER_ITEMS[1:], "no connection")]
    return found.account, await _session(contracts, endpoint, found, _explained(state, contracts, found, paper=paper), paper=paper)


def _explained(state: Path, contracts: Contracts, found: Probe, *, paper: bool) -> int:
    """Signed contracts that the journal has open; a journal that cannot be read explains nothing (its own item says so)."""
    try:
        journals = journals_of(state, "PAPER" if paper else "LIVE", found.account, year_at(contracts, found.broker_ns))
        return sum(recovered(story).net for story in past_of(journals.earlier).unfinished)
    except MesbotError:
        return 0


async def _session(contracts: Contracts, endpoint: Endpoint, found: Probe, explained: int, *, paper: bool) -> list[CheckItem]:
    """Start, look, stop.

    A clock that is hours off is taken for the market's on a live account too: the clock's own item fails there,
    and the others are judged by the gateway's time instead of all failing for this one cause.
    """
    replay = found.replays
    link = link_settings(endpoint, contracts.execution_contract, paper=paper, replay=replay)
    spec = bare_spec(contracts, new_york(found.broker_ns).date())
    session = BrokerSession(BrokerConfig(runtime=spec, link=link, ids_path=None, start_timeout_seconds=START_SECONDS))
    trouble: e.BrokerError | None = None
    try:
        await session.start()
        await _first_bar(session, BAR_SECONDS if market_open(session) else REFUSAL_SECONDS)
        trouble = session.entry_block()
    except e.BrokerError as error:
        trouble = error
    finally:
        await session.stop()
    return judged(session, contracts, endpoint, found, trouble, BAR_SECONDS, explained)


async def _first_bar(session: BrokerSession, seconds: float) -> None:
    """Wait for the first five-second bar, for trouble, for the end of the link, or for so many seconds of the wall."""
    try:
        async with asyncio.timeout(seconds):
            while session.link.allows_entries and not session.feed.pieces and session.feed.trouble is None:
                await asyncio.sleep(0.02)
    except TimeoutError:
        pass  # what did not come is judged afterwards
