"""A process that is killed (SIGKILL) at any commit leaves a prefix from which the same head is reached."""

import subprocess
import sys
from pathlib import Path

import pytest
import scripted_run

import bot
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.verify import verify

BARS = 7


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, scripted_run.__file__, str(folder), str(BARS)]
    subprocess.run(command, check=True, timeout=120, env={"PYTHONPATH": str(Path(bot.__file__).parents[1])})
    return folder


def last_kind(path):
    with opened(path) as db:
        return [record.kind for record in read(db)][-1]


def test_killed_at_every_commit_and_resumed_it_reaches_the_same_head(killed, tmp_path):
    whole = scripted_run.run(tmp_path / "whole.sqlite", BARS)
    journals = sorted(killed.glob("killed-*.sqlite"))
    assert len(journals) >= BARS + 2  # a commit a bar, and one each intent
    before = [verify(path) for path in journals]
    assert any(last_kind(path) == Kind.INTENT for path in journals), "no journal was killed inside a bar"
    assert len({report.records for report in before}) > BARS
    for path in journals:
        assert scripted_run.run(path, BARS, resume=True) == whole
        assert verify(path) == verify(tmp_path / "whole.sqlite")


def test_killed_before_its_first_commit_it_starts_anew(tmp_path):
    path = tmp_path / "empty.sqlite"
    path.touch()
    assert scripted_run.run(path, 2, resume=True) == scripted_run.run(tmp_path / "whole.sqlite", 2)
