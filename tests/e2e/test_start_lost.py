"""`mesbot paper` starts over an open position and the gateway is not ready for it: the process stays, adopts the trade and closes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from restart_rig import Rig, rig

from bot.gateway.client import Client
from bot.journal.verify import verify

WHOLE_DAY = 400  # minutes


async def hang_up(r: Rig, unanswered: str) -> None:
    """Drop the connection once this answer is due."""
    r.gateway.side.verbs.do(f"swallow {unanswered}")
    async with asyncio.timeout(60):
        while r.gateway.frame_faults.active:
            await asyncio.sleep(0.02)
    r.gateway.side.verbs.do("drop")


async def let_go_once_refused(r: Rig) -> None:
    """The session that is left behind goes when somebody was refused for it, however long that takes to come."""
    admit, refused = r.gateway.admit, asyncio.Event()

    def noted(client: Client, client_id: int) -> bool:
        free = admit(client, client_id)
        if not free:
            refused.set()
        return free

    r.gateway.admit = noted
    await refused.wait()
    r.gateway.side.verbs.do("hold-id 0")
    r.gateway._held_ids.clear()


@pytest.mark.slow
def test_a_restart_over_an_open_position_survives_a_drop_while_it_waits_for_history(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path, WHOLE_DAY) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            working = r.working
            await r.kill_node()
            hanging_up = asyncio.ensure_future(hang_up(r, "historicalData"))
            await r.start_node()
            await hanging_up
            assert (r.working, r.position != 0) == (working, True)
            await r.to_the_end()
            assert r.position == 0 and not r.working
            verify(r.journal)

    asyncio.run(day())


@pytest.mark.slow
def test_a_restart_waits_for_the_session_that_a_kill_has_left_behind_under_its_client_id(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path, WHOLE_DAY) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            working = r.working
            r.gateway.side.verbs.do("hold-id 600")
            await r.kill_node()
            letting_go = asyncio.ensure_future(let_go_once_refused(r))
            await r.start_node("--start-seconds", "250")
            await letting_go
            assert (r.working, r.position != 0) == (working, True)
            printed = await r.to_the_end()
            assert printed.count("waiting for the old session") == 1
            assert r.position == 0 and not r.working

    asyncio.run(day())
