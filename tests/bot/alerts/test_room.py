"""A disk that is nearly full is told once, and once that it is over."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

from bot.alerts import room
from bot.alerts.room import ENOUGH_BYTES, LEAST_BYTES, Room


def test_it_is_told_once_each_time_it_begins_and_ends_and_not_in_between(tmp_path, monkeypatch):
    free = [0]
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[0]))
    look, told = Room(tmp_path / "journal.sqlite"), []
    for each in (LEAST_BYTES, LEAST_BYTES - 1, 0, ENOUGH_BYTES - 1, ENOUGH_BYTES, LEAST_BYTES, LEAST_BYTES - 1):
        free[0] = each
        told.append([said.text.split(" MB")[0] for said in look.look()])
    assert told[0] == told[2] == told[3] == told[5] == [] and told[1] == told[6] == ["Only 100"], told
    assert told[4] == ["There is room on the disk of the journal again: 150"]


def test_a_disk_that_cannot_be_asked_says_nothing(tmp_path):
    assert list(Room(tmp_path / "nowhere" / "journal.sqlite").look()) == []


def test_it_asks_for_the_journals_own_disk(tmp_path):
    assert bool(list(Room(tmp_path / "journal.sqlite").look())) == (shutil.disk_usage(tmp_path).free < LEAST_BYTES)
