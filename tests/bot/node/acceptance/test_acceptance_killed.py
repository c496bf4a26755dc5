"""An acceptance that is ended by kill -9 while its orders work: the next one begins with none of it forgotten."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from builders import CONTRACTS

from bot.gateway.gateway import Gateway
from bot.gateway.source import SYNTHETIC_DATE
from bot.ibkr.link.endpoint import Endpoint
from bot.node.acceptance.contact import AcceptanceRefused
from bot.node.acceptance.hand import until
from bot.node.acceptance.place import config_at
from bot.node.acceptance.run import AcceptanceRequest, accept


@pytest.mark.slow
def test_what_a_killed_acceptance_has_left_is_named_and_nothing_is_sent_beside_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with Gateway(config_at(CONTRACTS, SYNTHETIC_DATE, None, begin="subscribed")) as gateway:
            await _killed(gateway, tmp_path)
            left = {order.request.order_ref for order in gateway.broker.open_orders()}
            assert left
            before = len(gateway.broker.orders)
            again = AcceptanceRequest(tmp_path / "out", tmp_path / "state", Endpoint("127.0.0.1", gateway.port, "", 7))
            with pytest.raises(AcceptanceRefused) as refused:
                await accept(again, lambda _: None)
            assert all(ref in str(refused.value) for ref in left), (left, str(refused.value))
            assert (refused.value.exit_code, len(gateway.broker.orders)) == (2, before)

    asyncio.run(play())


async def _killed(gateway: Gateway, folder: Path) -> None:
    """`mesbot acceptance` at this gateway, killed as soon as orders of it work."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TWS_", "MESBOT_"))}
    where = {"TWS_HOST": "127.0.0.1", "TWS_PORT": str(gateway.port), "MESBOT_HOME": str(folder / "state")}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "acceptance", "--out", str(folder / "out"),
        cwd=folder, env=clean | where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert await until(lambda: bool(gateway.broker.open_orders()) or running.returncode is not None, 60.0)
        assert running.returncode is None, (await running.stdout.read()).decode()
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()
    assert await until(lambda: not gateway.clients(), 10.0)
