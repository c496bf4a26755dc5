"""A backtest killed after any commit of an hour with a trade, resumed with all bars, reaches the same head."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import killed_run
import pytest
from whole_runs import ROOT, records

from bot.errors import JournalBroken
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.journal.verify import VerifyReport, verify


@dataclass(frozen=True)
class Whole:
    """The uninterrupted run, and its journal as it stood after each commit of the hour."""

    journal: Path
    head: str
    snapshots: dict[int, Path]
    entry_commit: int
    exit_commit: int


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    snapshots: dict[int, Path] = {}

    def committed(number: int, journal: Journal) -> None:
        if killed_run.HOUR[0] <= _last_ns(journal.path) <= killed_run.HOUR[1]:
            snapshots[number] = folder / f"after-{number}" / journal.path.name
            killed_run.copy(journal.path, snapshots[number].parent)

    head = killed_run.run(folder, committed)
    journal = folder / "journal.sqlite"
    open_at = [number for number, path in snapshots.items() if _in_trade(path)]
    return Whole(journal, head, snapshots, min(open_at), max(open_at))


def _last_ns(path: Path) -> int:
    return records(path)[-1][1]


def _in_trade(path: Path) -> bool:
    fills = sum(1 for _ in records(path, Kind.FILL))
    done = sum('"shadow":false' in body for *_, body in records(path, Kind.OUTCOME))
    return fills > 0 and not done


def test_the_hour_has_sixty_bars_an_intent_and_a_trade(whole: Whole) -> None:
    hour = killed_run.HOUR
    assert len({row[1] for row in records(whole.journal, Kind.BAR) if row[1] >= hour[0]}) == 60
    assert [row[1] for row in records(whole.journal, Kind.INTENT) if row[1] >= hour[0]]
    assert len(whole.snapshots) >= 60
    assert whole.exit_commit - whole.entry_commit >= 5


@pytest.mark.slow
def test_resumed_after_any_commit_of_the_hour_it_reaches_the_same_head(whole: Whole) -> None:
    expected = verify(whole.journal)
    left = [verify(path) for path in whole.snapshots.values()]
    assert any(records(path)[-1][2] == Kind.INTENT for path in whole.snapshots.values()), "no journal ends inside a bar"
    assert len({report.records for report in left}) == len(left)
    for number, path in whole.snapshots.items():
        assert killed_run.run(path.parent, resume=True) == whole.head, f"after commit {number}"
        assert verify(path) == expected, f"after commit {number}"


@pytest.mark.parametrize("part", ["at the intent", "after the entry", "in the middle", "at the last bar of the trade"])
def test_killed_with_signal_nine_in_a_trade_and_resumed_it_reaches_the_same_head(part: str, whole: Whole, tmp_path: Path) -> None:
    first, last = whole.entry_commit, whole.exit_commit
    commit = {"at the intent": first - 2, "after the entry": first, "in the middle": (first + last) // 2}.get(part, last)
    command = [sys.executable, killed_run.__file__, str(tmp_path), str(commit)]
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run(command, timeout=120, env={"PYTHONPATH": paths, "PYTHONHASHSEED": str(commit)})
    assert done.returncode == -signal.SIGKILL
    journal = tmp_path / "journal.sqlite"
    left: VerifyReport = verify(journal)
    assert left.records < verify(whole.journal).records
    assert records(journal) == records(whole.journal)[: left.records], "what a killed run leaves is a prefix of the whole"
    assert killed_run.run(tmp_path, resume=True) == whole.head
    assert verify(journal) == verify(whole.journal)


def test_resumed_with_other_bars_it_stops_and_appends_nothing(whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = killed_run.bars()
    other = replace(made, frame=made.frame.copy())
    other.frame.loc[len(other.frame) - 30, "volume"] += 1
    monkeypatch.setattr(killed_run, "bars", lambda: other)
    killed_run.copy(whole.journal, tmp_path / "other")
    journal = tmp_path / "other" / "journal.sqlite"
    before = verify(journal)
    with pytest.raises(JournalBroken, match="does not re-derive"):
        killed_run.run(tmp_path / "other", resume=True)
    assert verify(journal) == before
