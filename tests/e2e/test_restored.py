"""A trade that is open while the program is upgraded or the machine is replaced is adopted by the next start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from restart_rig import Rig, rig

from bot import __version__
from bot.journal.read import headers, opened
from bot.journal.verify import verify

WHOLE_DAY = 400  # minutes
OLDER = "import bot; bot.__version__ = '0.0.9'; from bot.cli.main import main; main()"


async def to_a_flat_end(r: Rig) -> None:
    """The rest of the day; every execution was told once, and nothing is left."""
    await r.to_the_end()
    assert r.position == 0 and not r.working
    told = sorted((json.loads(row.body)["client_order_id"], json.loads(row.body)["quantity"]) for row in r.rows("fill"))
    assert told == sorted((each["ref"], each["shares"]) for each in r.truth["executions"])
    verify(r.journal)


@pytest.mark.slow
def test_a_backup_taken_in_the_middle_of_a_trade_is_gone_on_with_as_after_any_restart(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path / "home", WHOLE_DAY) as r:
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
            await to_a_flat_end(r)

    asyncio.run(day())


@pytest.mark.slow
def test_a_program_that_is_upgraded_while_a_trade_is_open_goes_on_with_it(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path, WHOLE_DAY) as r:
            await r.start_node(program=("-c", OLDER))
            await r.step_until(lambda: r.position != 0 and bool(r.rows("fill")))
            printed = await r.stop_node()  # as systemd and Docker do
            assert " stays " in printed and r.position
            held, working, intents = r.position, r.working, len(r.rows("intent"))
            await r.start_node()
            assert (r.working, r.position, len(r.rows("intent"))) == (working, held, intents)
            await to_a_flat_end(r)
            with opened(r.journal) as db:
                assert [each["mesbot_version"] for each in headers(db)] == ["0.0.9", __version__]

    asyncio.run(day())
