"""The Runtime of a spec: built once, and anew when what it was built from says something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import CONTRACTS
from journal_steps import at

from bot.decision.snapshot import KillState
from bot.journal.latch import Latch, Latched
from bot.journal.records import KillRecord
from bot.journal.store import Journal
from bot.runtime.runtime import RuntimeSpec, runtime_of


def spec_of(path: Path) -> RuntimeSpec:
    with Journal.append(path, "paper", CONTRACTS, {}, lambda: at(0)):
        pass
    return RuntimeSpec(CONTRACTS.directory, CONTRACTS.sha256, "2025-09-01", "2025-09-30", str(path), earlier=(str(path),))


def test_all_parts_of_a_run_share_one_runtime(tmp_path):
    spec = spec_of(tmp_path / "paper-DU1-2025.sqlite")
    assert runtime_of(spec) is runtime_of(spec)


@pytest.mark.parametrize("state", [KillState.TRIPPED, KillState.HALTED])
def test_a_kill_that_only_the_latch_could_hold_is_what_the_next_run_in_this_process_begins_with(tmp_path, state):
    spec = spec_of(tmp_path / "paper-DU1-2025.sqlite")
    before = runtime_of(spec)
    Latch.of(Path(spec.journal_path), Latched(state, "manual"))  # the disk was full
    after = runtime_of(spec)
    assert (before.past.kill_state, after.past.kill_state) == (KillState.ARMED, state)
    assert after.said is before.said


def test_a_latch_that_says_again_what_it_said_changes_nothing(tmp_path):
    spec = spec_of(tmp_path / "paper-DU1-2025.sqlite")
    before = runtime_of(spec)
    Latch.of(Path(spec.journal_path), Latched(KillState.ARMED, "")).tell(KillRecord("ARMED", ""), 0, "")
    assert runtime_of(spec) is before
