"""A lock of entries on a running replay and on a live node that dies: nothing of it is ever lost, and nothing ends it but a person."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from replay_watched import PATIENCE_SECONDS, replayed
from restart_rig import ROOT, rig

from bot.journal.verify import verify
from bot.node.kill_request import STOP_ENTRIES, leave_request, request_path
from bot.runtime.past import past_of


@pytest.mark.slow
def test_a_lock_that_a_process_died_with_is_obeyed_by_the_next_start_and_outlives_the_one_after(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node(program=(str(ROOT / "tests/e2e/node_that_dies_locking.py"),))
            leave_request(r.journal, "payrolls", STOP_ENTRIES)
            await asyncio.wait_for(r.node.wait(), PATIENCE_SECONDS)
            await r.all_gone()
            assert past_of([r.journal]).entry_lock is None and request_path(r.journal, STOP_ENTRIES).exists()
            for _ in range(2):
                await r.start_node()
                await r.until(lambda: not request_path(r.journal, STOP_ENTRIES).exists())
                assert past_of([r.journal]).entry_lock.reason == "payrolls"
                await r.kill_node()
            await r.start_node()
            await r.to_the_end()
            assert not r.rows("intent") and r.rows("decision") and not verify(r.journal).unlinked
            code, printed = await r.verb("unlock", "--reason", "over")
            assert code == 0 and "no bot runs; entries may pass again" in printed, printed

    asyncio.run(day())


@pytest.mark.slow
def test_a_replay_that_runs_is_locked_and_unlocked_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    typed = ["lock", "--reason", "a"], ["unlock", "--reason", "b", "--json"], ["kill", "--reason", "c"]
    journal, _, said = replayed(tmp_path, monkeypatch, 300, *typed)
    locked, unlocked, killed = said
    assert [each.exit_code for each in said] == [0, 0, 0], [each.output for each in said]
    assert "The replay in" in locked.output and "entries are locked until mesbot unlock" in locked.output
    assert json.loads(unlocked.output)["unlocked"] is True and "HALTED" in killed.output
    assert past_of([journal]).entry_lock is None
