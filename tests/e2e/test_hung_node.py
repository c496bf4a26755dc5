"""A whole node whose loop one of its own tasks never gives back: it ends by itself, says where it hung, and the next start goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from restart_rig import PATIENCE_SECONDS, rig
from test_restart_live import told_once

from bot.node.watchdog import EXIT_CODE, hung_path

HUNG_RUN = str(Path(__file__).with_name("hung_run.py"))


@pytest.mark.slow
@pytest.mark.parametrize("told_to_end", [False, True], ids=["left alone", "told to end"])
def test_a_node_that_hangs_with_a_position_ends_itself_and_the_next_start_adopts_the_trade(tmp_path, monkeypatch, told_to_end):
    monkeypatch.setenv("HANG", str(tmp_path / "hang"))

    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node(program=(HUNG_RUN,))
            await r.step_until(lambda: r.position != 0)
            working = r.working
            (tmp_path / "hang").touch()
            if told_to_end:
                await r.until(lambda: not (tmp_path / "hang").exists())
                r.node.terminate()
            printed, _ = await asyncio.wait_for(r.node.communicate(), PATIENCE_SECONDS)
            assert r.node.returncode == EXIT_CODE, printed
            for said in (printed.decode(), hung_path(r.journal).read_text(encoding="utf-8")):
                assert "its event loop has not turned for 10 s" in said and "in hang" in said and "start it again" in said
            assert (r.working, r.position != 0) == (working, True), "the bracket stays at the broker"
            await r.all_gone()
            await r.start_node()
            assert (r.working, r.position != 0) == (working, True)
            assert len(r.rows("intent")) == 1
            await r.to_the_end()
            assert r.position == 0 and not r.working
            assert not hung_path(r.journal).exists()
            told_once(r)

    asyncio.run(day())
