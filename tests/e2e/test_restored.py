"""A state folder that was backed up while a trade was open is restored elsewhere: the next start adopts the trade."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from restart_rig import rig

from bot.journal.verify import verify


@pytest.mark.slow
def test_a_backup_taken_in_the_middle_of_a_trade_is_gone_on_with_as_after_any_restart(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path / "home", 400) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0 and bool(r.rows("fill")))
            code, printed = await r.verb("journal", "backup", "--to", str(tmp_path / "restored"))
            assert code == 0, printed
            held, intents = r.position, len(r.rows("intent"))
            assert held, "the backup took so long that the trade was over"
            await r.kill_node()
            working = r.working
            r.home = tmp_path / "restored"  # the machine is another one, with the backup in its place
            await r.start_node()
            assert (r.working, r.position, len(r.rows("intent"))) == (working, held, intents)
            await r.to_the_end()
            assert r.position == 0 and not r.working
            told = sorted((json.loads(row.body)["client_order_id"], json.loads(row.body)["quantity"]) for row in r.rows("fill"))
            assert told == sorted((each["ref"], each["shares"]) for each in r.truth["executions"])
            verify(r.journal)

    asyncio.run(day())
